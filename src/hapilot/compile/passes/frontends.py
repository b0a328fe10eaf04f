"""Pass: the frontends of each entrance, and the small backends that hand connections from one layer to the next."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from hapilot.compile import build
from hapilot.compile.draft import Draft, Entrance
from hapilot.compile.passes import globals_section, tables
from hapilot.compile.rules import (
    binds,
    client_certificates,
    forwarded,
    http_rules,
    logging,
    onward,
    requests,
    sniffing,
    streams,
    wellformed,
)
from hapilot.languages.haproxy import tree
from hapilot.model import values


def make_frontends(draft: Draft) -> Draft:
    """Add frontends and layers for every entrance: one layer where one is enough."""
    for entrance in draft.entrances:
        draft = _layered(draft, entrance) if entrance.sniffs else _single(draft, entrance)
    return draft


def _single(draft: Draft, entrance: Entrance) -> Draft:
    if entrance.terminated:
        layer = build.Layer(entrance.name, entrance.name, "tls", "terminates TLS and routes requests")
        return _with(
            draft, layer, _http_section(draft, entrance, "tls", binds.public(entrance, draft.target, tls=binds.requests(entrance)))
        )
    if entrance.streams:
        layer = build.Layer(entrance.name, entrance.name, "stream", streams.WHY)
        return _with(draft, layer, _stream_section(draft, entrance, binds.public(entrance, draft.target, tls=binds.streams(entrance))))
    if entrance.answers_plain:
        layer = build.Layer(entrance.name, entrance.name, "http", "routes plain requests")
        return _with(draft, layer, _http_section(draft, entrance, "plain", binds.public(entrance, draft.target)))
    lines = [*_tcp_head(draft, entrance), *binds.public(entrance, draft.target), *_gate(entrance), *_raw(draft, entrance)]
    if entrance.looks_at_sni:
        layer = build.Layer(entrance.name, entrance.name, "sni", sniffing.why(entrance))
        lines += sniffing.sniff(entrance, draft.target)
    else:
        layer = build.Layer(entrance.name, entrance.name, "tcp", "passes every connection on")
        lines.append(tree.line("default_backend", (*entrance.passed, *entrance.ssh, *entrance.tcp)[0].backend))
    return _with(draft, layer, _section(draft, entrance, entrance.name, lines, layer.why))


def _layered(draft: Draft, entrance: Entrance) -> Draft:
    name, target = entrance.name, draft.target
    lines = [*_tcp_head(draft, entrance), *binds.public(entrance, target)]
    loops = entrance.listener.accept_proxy == "optional" and _direct(entrance) is None
    if loops:
        lines.append(binds.handed_over(name, ".again", target))
    passes_only = not (entrance.terminated or entrance.streams or entrance.answers_plain)
    lines += [*_gate(entrance), *(_raw(draft, entrance) if passes_only else ()), *sniffing.sniff(entrance, target)]
    layer = build.Layer(name, name, "sniff", sniffing.why(entrance))
    draft = _with(draft, layer, _section(draft, entrance, name, lines, layer.why))
    if entrance.listener.accept_proxy == "optional":
        line = binds.hand_over(name, _direct(entrance) or ".again", target, announce=False)
        draft = draft.adding(_bridge(draft, entrance, f"{name}.proxied", line, "connections that bring their own PROXY header"))
    if entrance.terminated:
        address = binds.handed_over(entrance.name, ".tls", target, binds.requests(entrance))
        layer = build.Layer(entrance.tls_frontend, name, "tls", "terminates TLS and routes requests")
        draft = _second(draft, entrance, ".tls", layer, _http_section(draft, entrance, "tls", [address]))
    if entrance.streams:
        address = binds.handed_over(entrance.name, ".streams", target, binds.streams(entrance))
        layer = build.Layer(entrance.stream_frontend, name, "stream", streams.WHY)
        draft = _second(draft, entrance, ".streams", layer, _stream_section(draft, entrance, [address]))
    if entrance.answers_plain:
        layer = build.Layer(entrance.plain_frontend, name, "http", "answers plain HTTP")
        section = _http_section(draft, entrance, "plain", [binds.handed_over(entrance.name, ".plain", target)])
        draft = _second(draft, entrance, ".plain", layer, section)
    return draft


def _direct(entrance: Entrance) -> binds.Second | None:
    """Where connections with a PROXY header can go at once because nothing else is to be told apart."""
    if entrance.inner == ("tls",) and not entrance.looks_at_sni and not entrance.passed:
        return ".tls" if entrance.terminated else ".streams"
    return ".plain" if entrance.inner == ("plain",) else None


def _second(draft: Draft, entrance: Entrance, kind: binds.Second, layer: build.Layer, section: tree.Section) -> Draft:
    """A hand-over and the frontend at its other end."""
    over = binds.hand_over(entrance.name, kind, draft.target, announce=True)
    bridge = _bridge(draft, entrance, layer.frontend, over, f"hands over to frontend {layer.frontend}")
    return _with(draft.adding(bridge), layer, section)


def _http_section(draft: Draft, entrance: Entrance, side: Literal["tls", "plain"], addresses: list[tree.Line]) -> tree.Section:
    over_tls, logs = side == "tls", draft.site.spec.log is not None
    plan = tables.tls_plan(entrance, draft.memory) if over_tls else tables.plain_plan(entrance, draft.memory)
    table = tables.tls_table(entrance) if over_tls else tables.plain_table(entrance)
    own = _raw(draft, entrance)
    one_policy = list(client_certificates.one_policy(entrance)) if over_tls else []
    # What is refused is not looked at before, by the user's own rules or with another answer; elsewhere few requests need these rules.
    early = list(wellformed.targets()) if own or one_policy else []
    lines = [
        tree.line("mode", "http"),
        *logging.http(draft.site.spec.log, entrance.name),
        # A reload then closes an idle client connection only after its next response: no request is lost.
        tree.line("option", "idle-close-on-response"),
        *_client_timeout(draft, entrance),
        *addresses,
        *(_gate(entrance) if not entrance.sniffs else ()),
        *(client_certificates.remembered(entrance) if over_tls else ()),
        *wellformed.lines(draft.target),
        *early,
        requests.normal_host(),
        *one_policy,
        *(forwarded.client(entrance) if plan.forwards else ()),
        *own,
        *(requests.find(plan, table, logs=logs) if plan.targets else ()),
    ]
    if plan.forwards:
        lines += forwarded.headers(entrance, "https" if over_tls else "http")
        lines += client_certificates.removed(draft.services)
        lines.append(requests.let_through(plan))
    lines += () if early else wellformed.targets()
    if plan.targets:
        lines += requests.closer_look(plan, table, over_tls=over_tls, logs=logs)
    else:
        lines.append(http_rules.answer(404, requests.NOT_FOUND))
    if plan.forwards:
        lines += onward.lines(plan, entrance.terminated if over_tls else entrance.plain, draft.services)
    name = entrance.tls_frontend if over_tls else entrance.plain_frontend
    return _section(draft, entrance, name, lines, "terminates TLS and routes requests" if over_tls else "plain HTTP")


def _stream_section(draft: Draft, entrance: Entrance, addresses: list[tree.Line]) -> tree.Section:
    lines = [*_tcp_head(draft, entrance), *addresses]
    lines += [*(_gate(entrance) if not entrance.sniffs else ()), *client_certificates.remembered(entrance)]
    lines += [*_raw(draft, entrance), *streams.route(entrance)]
    return _section(draft, entrance, entrance.stream_frontend, lines, streams.WHY)


def _gate(entrance: Entrance) -> list[tree.Line]:
    """Where a PROXY header is required, only trusted addresses may bring one."""
    if entrance.listener.accept_proxy != "required" or not entrance.listener.trusted:
        return []
    stranger = ("if", *binds.stranger(entrance, tables.trusted_list(entrance)))
    why = "only trusted addresses may connect"
    return [tree.line("tcp-request", "connection", "reject", *stranger, comment=why)]


def _tcp_head(draft: Draft, entrance: Entrance) -> list[tree.Line]:
    return [tree.line("mode", "tcp"), *logging.tcp(draft.site.spec.log, entrance.name), *_client_timeout(draft, entrance)]


def _client_timeout(draft: Draft, entrance: Entrance) -> list[tree.Line]:
    """A service's own client timeout, where it has the listener to itself (``backends`` reports the other case)."""
    here = {route.service for route in draft.routes_on(entrance.name)}
    if len(here) != 1:
        return []
    own = [timeouts.client for name in here if (timeouts := draft.services[name].timeouts) and timeouts.client]
    common = draft.site.spec.defaults.timeouts.client
    if not own or own[0] == common:
        return []
    return [tree.line("timeout", "client", values.print_duration(own[0]))]


def _raw(draft: Draft, entrance: Entrance) -> list[tree.Line]:
    lines = draft.site.spec.raw.listener.get(entrance.name, [])
    return [tree.opaque(text, origin=draft.site.origins.at("raw", "listener", entrance.name, index)) for index, text in enumerate(lines)]


def _bridge(draft: Draft, entrance: Entrance, name: str, line: tree.Line, why: str) -> tree.Section:
    return tree.Section("backend", name, (tree.line("mode", "tcp"), *_patience(draft, entrance), line), comment=why)


def _patience(draft: Draft, entrance: Entrance) -> list[tree.Line]:
    """A hand-over waits as long as the most patient service behind it; for silent tunnels its own timeout counts first."""
    common = draft.site.spec.defaults.timeouts.tunnel or globals_section.TIMEOUTS["tunnel"]
    behind = {route.service for route in entrance.routes}
    said = [timeouts for name in behind if (timeouts := draft.services[name].timeouts)]
    longest = max((value for one in said for value in (one.tunnel, one.server) if value), default=0)
    return [tree.line("timeout", "tunnel", values.print_duration(longest))] if longest > common else []


def _section(draft: Draft, entrance: Entrance, name: str, lines: list[tree.Line], why: str) -> tree.Section:
    origin = draft.site.origins.key("listeners", entrance.name)
    lines = list(logging.with_reasons(lines, draft.site.spec.log))
    return tree.Section("frontend", name, tuple(lines), comment=f"listener {entrance.name} ({origin.short}): {why}", origin=origin)


def _with(draft: Draft, layer: build.Layer, section: tree.Section) -> Draft:
    return replace(draft.adding(section), layers=(*draft.layers, layer))
