"""``hapilot explain``: where a connection goes and why."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hapilot.cli import options, output

if TYPE_CHECKING:
    from hapilot.explain import explanation


@click.command("explain")
@click.argument("arguments", nargs=-1, required=True, metavar="[SITE] TARGET")
@click.option("--from", "source", default="", metavar="IP", help="The client's address.")
@click.option("--header", "-H", "headers", multiple=True, metavar="K:V", help="A header that the client sends; may be repeated.")
@click.option("--live", is_flag=True, help="Also make the connection to the running site and compare.")
@options.haproxy
@options.state
@options.as_json
def command(arguments: tuple[str, ...], source: str, headers: tuple[str, ...], **given: object) -> None:
    """TARGET is https://host/path, http://host/path, tls://host:port, ssh://host:port or tcp://:port."""
    from hapilot.explain import explain, probe
    from hapilot.reconcile import live, pipeline

    if len(arguments) > 2:
        raise click.UsageError("explain takes a site and one target")
    *sites, target_text = arguments
    site = Path(sites[0] if sites else options.DEFAULT_SITE)
    asked = probe.parse_target(target_text, source=source, headers=tuple(_header(text) for text in headers))
    state_path = given["state_path"] if isinstance(given["state_path"], Path) else None
    _, target = options.compile_target(str(given["haproxy_wanted"]) if given["haproxy_wanted"] else None)
    prepared = pipeline.prepare(site, target, options.kept_authority(state_path), options.environment())
    build, _ = prepared.require()
    answer = explain.Explainer(build).explain(asked, target_text)
    seen = live.compare(build, asked, answer, options.state_directory(state_path)) if given["live"] else None
    if given["as_json"]:
        output.print_json(answer.as_json() | ({"live": seen.as_json()} if seen else {}))
    else:
        for line in (*lines(answer), *(seen.lines() if seen else ())):
            click.echo(line)
    sys.exit(1 if seen and not seen.agrees else 0)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise click.UsageError(f"{text!r} is not a header: write NAME:VALUE")
    return name.strip(), value.strip()


def lines(answer: explanation.Explanation) -> Iterator[str]:
    """The answer for people: first what, then why, then what else was considered."""
    colour = {"forward": "green", "redirect": "cyan", "respond": "yellow", "reject": "red"}[answer.outcome]
    yield f"{answer.target}  {click.style(_headline(answer), fg=colour, bold=True)}"
    yield f"  because    {answer.reason}"
    if answer.route:
        yield f"  route      {answer.route.match}  ({answer.route.origin.short})"
    if answer.listener:
        yield f"  listener   {answer.listener}, {answer.protocol}"
    for number, hop in enumerate(answer.hops, 1):
        yield f"  hop {number}      {hop.frontend}: {hop.why}"
    if answer.tls:
        yield f"  TLS        {_tls(answer)}"
    for server in answer.servers:
        yield f"  server     {server.name}" + (f" ({server.address})" if server.name != server.address else "")
    if answer.outcome == "forward":
        yield f"  client     {answer.client_ip}" + (f", told by PROXY {answer.send_proxy}" if answer.send_proxy else "")
    for name, value in answer.request_headers:
        yield f"  header     {name}: {value}"
    for other in answer.considered[:8]:
        yield f"  not        {other.match} -> {other.service} ({other.origin.short}): {other.why}"
    if len(answer.considered) > 8:
        yield f"  not        … and {len(answer.considered) - 8} more"


def _headline(answer: explanation.Explanation) -> str:
    if answer.outcome == "forward":
        return f"-> {answer.service}"
    if answer.outcome == "redirect":
        return f"{answer.status} -> {answer.location}"
    return f"{answer.status}" if answer.status else "refused"


def _tls(answer: explanation.Explanation) -> str:
    facts = answer.tls
    if facts is None:
        return "none"
    parts = [facts.mode or "ends here"]
    if facts.certificate:
        parts.append(f"certificate {facts.certificate}")
    if answer.server_tls:
        parts.append(f"the server must prove to be {answer.server_tls}")
    return ", ".join(parts)
