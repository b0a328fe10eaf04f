"""Timeouts that are not there, or are not what they look like."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hapilot.base.diagnostics import Severity
from hapilot.lint import options, routing
from hapilot.lint.context import Context, Directive, Section
from hapilot.lint.finding import Hit
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule

_LEAST = 100
"""Milliseconds; a number without unit below this was meant to be seconds (HAProxy 3.0 and later warn as well)."""
_OLD = {"client": ("clitimeout",), "connect": ("contimeout",), "server": ("srvtimeout",)}
_WEBSOCKET = re.compile(r"(?i)websocket|upgrade")
_PLACE = re.compile(r"(?i)/(?:wss?|websockets?|socket\.io|sockjs|signalr)(?:/.*)?|wss?\.?")
"""Paths, and starts of host names, that are for WebSockets by custom."""
_PLACE_FETCHES = frozenset({"path", "path_beg", "path_dir", "hdr", "hdr_beg", "req.hdr"})
_SHORT = frozenset({"connect", "client", "server", "queue", "http-request", "http-keep-alive", "tunnel"})


def _missing(context: Context) -> Iterator[Hit]:
    with_servers = context.once(options.servers_by_section)
    for section in context.proxies:
        if section.mode not in ("tcp", "http"):
            continue
        needed = ["client"] if section.is_front and any(True for _ in section.lines("bind")) else []
        needed += ["connect", "server"] if section in with_servers else []
        lacking = [name for name in needed if not _is_set(section, name)]
        if lacking:
            names = " and ".join(f"`timeout {name}`" for name in lacking)
            yield Hit(section.head.line, f"{section.kind} {section.name!r} has no {names}", 0)


def _is_set(section: Section, name: str) -> bool:
    return section.last("timeout", name) is not None or any(section.last(old) for old in _OLD[name])


def _unit(context: Context) -> Iterator[Hit]:
    for section in context.of_kind("defaults", "frontend", "listen", "backend"):
        for directive in section.lines("timeout"):
            value = directive.number(2)
            if directive.word(1) in _SHORT and value is not None and 0 < value < _LEAST:
                yield Hit(
                    directive.line,
                    f"a number without unit counts milliseconds: this is {value / 1000:g} s",
                    2,
                    f"write `{value}s` if seconds are meant",
                )


def _tunnel(context: Context) -> Iterator[Hit]:
    seen: set[Section] = set()
    for back, directive, word in (*_routes_of_websockets(context), *_servers_of_websockets(context)):
        if back not in seen and back.last("timeout", "tunnel") is None:
            seen.add(back)
            message = f"{back.kind} {back.name!r} gets WebSockets and has no `timeout tunnel`: silent ones end after `timeout server`"
            yield Hit(directive.line, message, word, f"add `timeout tunnel 1h` to {back.kind} {back.name!r}")


def _routes_of_websockets(context: Context) -> Iterator[tuple[Section, Directive, int]]:
    """Backends to which a rule sends WebSockets; where a frontend asks for them and no route does, the default one."""
    backends = context.once(routing.backends_by_name)
    for section in context.of_kind("frontend", "listen"):
        acls = [each for each in section.lines("acl") if len(each.words) > 1 and _is_about_websockets(each)]
        names = {each.word(1) for each in acls}
        routed = [each for each in section.lines("use_backend") if _asks(each, names)]
        default = section.last("default_backend")
        for directive in routed or ([default] if default is not None and acls else []):
            back = backends.get(directive.word(1))
            if back is not None:
                yield back, directive, 1


def _asks(directive: Directive, names: set[str]) -> bool:
    terms = directive.condition.terms if directive.condition else ()
    return any(not term.negated and (term.name in names or _is_of_websockets(term.words)) for term in terms)


def _is_of_websockets(words: tuple[str, ...]) -> bool:
    """Whether a criterion is about WebSockets: by the header that asks for them, or by a place that is theirs."""
    is_place = words[:1] != () and words[0].partition("(")[0] in _PLACE_FETCHES
    return any(_WEBSOCKET.fullmatch(word) or (is_place and _PLACE.fullmatch(word)) for word in words[1:])


def _servers_of_websockets(context: Context) -> Iterator[tuple[Section, Directive, int]]:
    """Backends with a server whose line says how WebSockets are passed on."""
    for server in context.once(options.servers):
        if "ws" in server.places:
            yield server.section, server.directive, server.places["ws"]


def _is_about_websockets(directive: Directive) -> bool:
    return _is_of_websockets(directive.words[2:])


_SITE = """\
frontend web
    bind :8080
    default_backend app

backend app
    server app1 10.0.0.20:8080
"""
_SOCKETS = """\
frontend web
    bind :8080
    use_backend live if {{ hdr(Upgrade) -i websocket }}
    default_backend app

backend app
    server app1 10.0.0.20:8080

backend live
{}    server live1 10.0.0.30:8080
"""

RULES = (
    Rule(
        code="timeout-missing",
        title="A proxy without the timeouts it needs",
        severity=Severity.WARNING,
        reason="Connections of clients that have gone stay for ever, until `maxconn` is reached and nobody gets in any more. HAProxy "
        "warns too.",
        hint="set `timeout connect`, `timeout client` and `timeout server` in `defaults`",
        source=f"{MANUAL}#4.2-timeout%20client",
        failing="defaults\n    mode http\n    timeout connect 5s\n    timeout server 30s\n" + _SITE,
        passing=TIMEOUTS + _SITE,
        check=_missing,
    ),
    Rule(
        code="timeout-unit",
        title="A timeout of a few milliseconds",
        severity=Severity.WARNING,
        reason="`timeout connect 5` is five milliseconds. It works on an idle local network, and under load every connection fails.",
        hint="write the unit: `5s`",
        source=f"{MANUAL}#2.5",
        failing=TIMEOUTS.replace("connect 5s", "connect 5") + _SITE,
        passing=TIMEOUTS + _SITE,
        check=_unit,
    ),
    Rule(
        code="timeout-tunnel-missing",
        title="WebSockets without `timeout tunnel`",
        severity=Severity.WARNING,
        reason="After the upgrade a WebSocket may be silent for minutes. Without `timeout tunnel` the timeouts of requests end it.",
        hint="add `timeout tunnel 1h`",
        source=f"{MANUAL}#4.2-timeout%20tunnel",
        failing=TIMEOUTS + _SOCKETS.format(""),
        passing=TIMEOUTS + _SOCKETS.format("    timeout tunnel 1h\n"),
        check=_tunnel,
    ),
)
