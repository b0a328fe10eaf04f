"""``hapilot check``: everything that can be known without applying."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hapilot.cli import options, output


@click.command("check")
@options.site
@click.option("--expand", is_flag=True, help="Print the canonical form of the site.")
@click.option("--no-haproxy", is_flag=True, help="Leave out the check by HAProxy itself.")
@options.haproxy
@options.state
@options.as_json
def command(site: Path, haproxy_wanted: str | None, state_path: Path | None, **flags: bool) -> None:
    """Syntax, references, shadowed routes, certificates, expectations, and HAProxy's own check."""
    from hapilot.base import diagnostics
    from hapilot.model import expand
    from hapilot.reconcile import pipeline, room, verify

    haproxy, target = options.compile_target(haproxy_wanted)
    prepared = pipeline.prepare(site, target, options.kept_authority(state_path), options.environment(), reads_only=True)
    left: pipeline.Prepared | None = pipeline.tolerant(prepared, lambda: None)
    if prepared.ok and prepared.build:
        prepared = prepared.with_more(room.check_room_here(prepared.build))
    checked_by = ""
    if prepared.ok and prepared.build and prepared.bundle and haproxy and not flags["no_haproxy"]:
        checked_by = haproxy.version_text
        with output.progress(f"asking HAProxy {haproxy.version_text}"):
            said = verify.verify(prepared.build, prepared.bundle, haproxy)
            if diagnostics.has_errors(said):
                left = pipeline.without_refused(left, said, verify.asking(haproxy))
            prepared = prepared.with_more(said)
    parts = [str(one.part) for one in left.quarantined] if left is not None else []
    if flags["as_json"]:
        canonical = {"site": expand.as_data(prepared.build.site.spec)} if flags["expand"] and prepared.build else {}
        found = [one.as_json() for one in prepared.diagnostics]
        verdict = {"ok": prepared.ok, "checked_by_haproxy": checked_by or None, "diagnostics": found, "quarantined": parts}
        output.print_json({**verdict, **canonical})
    elif flags["expand"] and prepared.build:
        click.echo(expand.dump(prepared.build.site.spec), nl=False)
    if not flags["as_json"]:
        output.diagnostics(prepared.diagnostics)
        if not flags["expand"] or not prepared.ok:
            by = f"HAProxy {checked_by}" if checked_by else "hapilot alone"
            output.message(f"{site}: {'ok' if prepared.ok else 'not ok'} ({output.summary(prepared.diagnostics)}; checked by {by})")
        if parts:
            output.message(f"`hapilot up` would do without {', '.join(parts)}, and serve the rest")
    sys.exit(1 if diagnostics.has_errors(prepared.diagnostics) or not prepared.build else 0)
