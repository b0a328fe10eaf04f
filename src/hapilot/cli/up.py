"""``hapilot up``: compile, run, watch and apply, in the foreground."""

from __future__ import annotations

from pathlib import Path

import click

from hapilot.cli import options, output


@click.command("up")
@options.site
@click.option("--stop-seconds", default=30.0, show_default=True, help="How long connections may finish when it ends.")
@options.haproxy
@options.state
def command(site: Path, stop_seconds: float, haproxy_wanted: str | None, state_path: Path | None) -> None:
    """Run the site. SIGTERM ends it gracefully, SIGHUP re-reads the site; a changed file is applied at once."""
    from hapilot.base import errors
    from hapilot.reconcile import loop, serve
    from hapilot.runtime import binary

    haproxy, target = options.compile_target(haproxy_wanted)
    if haproxy is None:
        haproxy = binary.choose(haproxy_wanted)
    state = options.state_directory(state_path)
    if not site.exists():
        raise errors.HapilotError(f"there is no site at {site}", "name a site file or a folder of them: hapilot up SITE")
    state.prepare(target.drop_to or None)
    settings = serve.Settings(site, loop.Operator(haproxy, state), target, options.environment(), stop_seconds)
    voice = serve.Voice(ready=click.echo, say=output.message, show=output.diagnostics)
    with state.lock(f"hapilot up {site}"):
        state.save_origin({"site": str(site.absolute()), "haproxy": str(haproxy.path), "version": haproxy.version_text})
        output.message(f"HAProxy {haproxy.version_text} ({haproxy.origin}), state in {state.root}")
        serve.serve(settings, voice)
