"""``hapilot explain``: where a connection goes and why."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hapilot.cli import options, output

if TYPE_CHECKING:
    from hapilot.compile import build
    from hapilot.explain import explain, explanation, probe
    from hapilot.reconcile import live


@click.command("explain")
@click.argument("arguments", nargs=-1, required=True, metavar="[SITE] TARGET")
@click.option("--from", "source", default="", metavar="IP", help="The client's address.")
@click.option("--header", "-H", "headers", multiple=True, metavar="K:V", help="A header that the client sends; may be repeated.")
@click.option("--listener", default="", metavar="NAME", help="Where it arrives, if the target does not tell: a unix socket, for example.")
@click.option("--no-proxy", is_flag=True, help="Where a PROXY header is required: the client connects itself, and sends none.")
@click.option("--live", is_flag=True, help="Also make the connection to the running site and compare.")
@options.haproxy
@options.state
@options.as_json
def command(arguments: tuple[str, ...], source: str, headers: tuple[str, ...], **given: object) -> None:
    """TARGET is https://host/path, http://host/path, tls://host:port, ssh://host:port or tcp://:port."""
    from hapilot.explain import explain
    from hapilot.reconcile import live, pipeline

    if len(arguments) not in (1, 2):
        raise click.UsageError("explain takes a site and one target")
    target_text = arguments[-1]
    site = Path(arguments[0] if len(arguments) == 2 else options.DEFAULT_SITE)
    # With --live it is this machine that connects, which is no load balancer.
    behind = not (given["no_proxy"] or given["live"])
    asked = replace(_asked(target_text, source, headers), listener=str(given["listener"]), behind_balancer=behind)
    state_path = given["state_path"] if isinstance(given["state_path"], Path) else None
    _, target = options.compile_target(str(given["haproxy_wanted"]) if given["haproxy_wanted"] else None)
    prepared = pipeline.prepare(site, target, options.kept_authority(state_path), options.environment(), reads_only=True)
    # A site whose expectations fail can be explained; that is how one finds out why.
    made = prepared.build if prepared.build and prepared.bundle else prepared.require()[0]
    explainer = explain.Explainer(made, _pages(made))
    _require_listener(explainer, asked.listener)
    answer = explainer.explain(asked, target_text)
    seen = live.compare(made, asked, answer, options.state_directory(state_path)) if given["live"] else None
    if given["as_json"]:
        output.print_json(answer.as_json() | ({"live": seen.as_json()} if seen else {}))
    else:
        for line in (*lines(answer), *(live_lines(seen) if seen else ())):
            click.echo(line)
    sys.exit(1 if seen and not seen.agrees else 0)


def _asked(target: str, source: str, headers: tuple[str, ...]) -> probe.Probe:
    """The connection in question; one that is none is wrong usage, as a wrong option is."""
    from hapilot.base import errors
    from hapilot.explain import probe

    try:
        return probe.parse_target(target, source=source, headers=tuple(_header(text) for text in headers))
    except errors.HapilotError as problem:
        raise click.UsageError(f"{problem}\n    {problem.hint}" if problem.hint else str(problem)) from problem


def _require_listener(explainer: explain.Explainer, name: str) -> None:
    known = explainer.listeners
    if name and name not in known:
        raise click.UsageError(f"the site has no listener {name!r}; its listeners are {', '.join(known)}")


def _pages(made: build.Build) -> dict[str, bytes]:
    """The pages for errors that lines of a user's own name, as far as they can be read here."""
    from hapilot.explain import own_pages

    found: dict[str, bytes] = {}
    for named, path in own_pages.find(made).items():
        with contextlib.suppress(OSError):
            found[named] = Path(path).read_bytes()
    return found


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise click.UsageError(f"{text!r} is not a header: write NAME:VALUE")
    return name.strip(), value.strip()


def lines(answer: explanation.Explanation) -> Iterator[str]:
    """The answer for people: first what, then why, then what else was considered."""
    colour = {"forward": "green", "redirect": "cyan", "respond": "yellow", "reject": "red"}[answer.outcome]
    yield f"{answer.target}  {output.style(_headline(answer), colour, bold=True)}"
    yield f"  because    {answer.reason}"
    if answer.route:
        yield f"  route      {answer.route.match}  ({answer.route.origin.short})"
    if answer.service and answer.outcome != "forward":
        yield f"  service    {answer.service}"
    yield from _way(answer)
    if answer.tls:
        yield f"  TLS        {_tls(answer)}"
    for server in answer.servers:
        yield f"  server     {server.name}" + (f" ({server.address})" if server.name != server.address else "")
    if answer.outcome == "forward":
        known = answer.client_ip or "not known: a unix socket tells no address"
        yield f"  client     {known}" + (f", told by PROXY {answer.send_proxy}" if answer.send_proxy else "")
    if answer.request_path and not answer.target.endswith(answer.request_path):
        yield f"  path       {answer.request_path}"
    for name, value in answer.request_headers:
        yield f"  header     {name}: {value}"
    for other in answer.considered[:8]:
        yield f"  not        {other.match} -> {other.service} ({other.origin.short}): {other.why}"
    if len(answer.considered) > 8:
        yield f"  not        … and {len(answer.considered) - 8} more"


def _way(answer: explanation.Explanation) -> Iterator[str]:
    """How it comes in."""
    if answer.listener:
        yield f"  listener   {answer.listener}, {answer.protocol}"
    if answer.proxy:
        sender = answer.proxy.peer or "the unix socket's client"
        yield f"  PROXY      a header from {sender} says: client {answer.proxy.source}, port {answer.proxy.destination.rpartition(':')[2]}"
    for number, hop in enumerate(answer.hops, 1):
        yield f"  hop {number}      {hop.frontend}: {hop.why}"


def live_lines(seen: live.Comparison) -> Iterator[str]:
    """What came of the real connection, for people."""
    word = output.style("agrees", "green", bold=True) if seen.agrees else output.style("differs", "red", bold=True)
    yield f"  live       {word}: {seen.words}"
    for difference in seen.differences:
        yield f"             {difference}"


def _headline(answer: explanation.Explanation) -> str:
    if answer.outcome == "forward":
        return f"-> {answer.service or f'backend {answer.backend}'}"
    if answer.raw_line is not None:
        return "not known"
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
