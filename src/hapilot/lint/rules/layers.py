"""A configuration that connects to itself: what gets lost between one layer and the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hapilot.base.diagnostics import Severity
from hapilot.lint import acls, addresses, options, routing
from hapilot.lint.context import Context, Directive, Section
from hapilot.lint.finding import Hit
from hapilot.lint.options import Bind, Server
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule

_H2_BY_DEFAULT = (2, 8)
"""From here on a ``bind`` with ``ssl`` in HTTP mode offers HTTP/2 by itself (``alpn`` in the manual, section 5.1)."""
_SNI = frozenset({"req.ssl_sni", "req_ssl_sni"})
_HOSTS = frozenset({"hdr", "req.hdr", "hdr_end", "hdr_dom", "hdr_beg"})


@dataclass(frozen=True, slots=True)
class Link:
    """A server that is a ``bind`` of the same configuration."""

    server: Server
    bind: Bind


def links(context: Context) -> tuple[Link, ...]:
    """Every server that leads back into this configuration."""
    by_place: dict[tuple[str, str], Bind] = {}
    for bind in context.once(options.binds):
        for address in bind.addresses if bind.directive.is_known(1) else ():
            by_place.setdefault(_place(address), bind)
    found: list[Link] = []
    for server in context.once(options.servers):
        parsed = addresses.parse(server.address)
        if parsed.is_local and server.directive.is_known(2):
            bind = by_place.get(_place(server.address)) or (by_place.get(("", parsed.port)) if parsed.port else None)
            if bind is not None:
                found.append(Link(server, bind))
    return tuple(found)


def _place(address: str) -> tuple[str, str]:
    """Host and port; every address of the machine has no host."""
    parsed = addresses.parse(address)
    return (
        "" if parsed.is_everywhere else f"{parsed.family}@{parsed.host}" if parsed.is_local and not parsed.port else parsed.host
    ), parsed.port


def _sends(server: Server) -> bool:
    return any(name.startswith("send-proxy") for name in server.options)


def _takes(bind: Bind) -> str:
    """``always``, ``sometimes`` or nothing: whether a PROXY header is expected."""
    if "accept-proxy" in bind.options:
        return "always"
    rules = list(bind.section.all_lines("tcp-request", "connection", "expect-proxy"))
    return "" if not rules else "sometimes"


def _lost(context: Context) -> Iterator[Hit]:
    for link in context.once(links):
        server = link.server
        tells = server.section.mode == "http" and _adds_forwarded(context, server.section)
        if not _sends(server) and not _takes(link.bind) and not tells:
            inner = f"{link.bind.section.kind} {link.bind.section.name!r}"
            message = f"server {server.name!r} is {inner} of this configuration, which takes this proxy for the client"
            yield Hit(server.directive.line, message, 2)


def _adds_forwarded(context: Context, section: Section) -> bool:
    users = context.once(routing.fronts_by_backend).get(section.name, ())
    return any(
        each.option("forwardfor") is not None
        or any("x-forwarded-for" in word.lower() for line in each.all_lines("http-request") for word in line.words)
        for each in (section, *users)
    )


def _mismatched(context: Context) -> Iterator[Hit]:
    for link in context.once(links):
        bind = link.bind.directive
        if _sends(link.server) and not _takes(link.bind):
            yield Hit(
                link.server.directive.line, f"it sends a PROXY header, which the `bind` in line {bind.line.number} does not expect", 1
            )
        elif not _sends(link.server) and _takes(link.bind) == "always":
            yield Hit(link.server.directive.line, f"it sends no PROXY header, and the `bind` in line {bind.line.number} waits for one", 1)


def _coalesced(context: Context) -> Iterator[Hit]:
    ended = _ending_layers(context)
    for front, binds in ended.items():
        for directive, at, name in _passed_on(context, front):
            for bind in binds:
                covered = _covers(context, bind, name)
                if covered:
                    message = (
                        f"{name} is passed on here, and the certificate {covered}: over HTTP/2 a browser may ask for it where TLS ends"
                    )
                    yield Hit(directive.line, message, at)
                    break
                if covered is None and _has_sibling(context, bind.section, name):
                    message = f"{name} is passed on here; if a wildcard certificate covers it too, browsers may ask for it where TLS ends"
                    yield Hit(directive.line, message, at, severity=Severity.INFO)
                    break


def _ending_layers(context: Context) -> Mapping[Section, tuple[Bind, ...]]:
    """Frontends that pass TLS on, to the binds of this configuration behind them that end it and offer HTTP/2."""
    behind: dict[str, list[Bind]] = {}
    for link in context.once(links):
        bind = link.bind
        offers = "h2" in (bind.options.get("alpn") or ("",))[0] or ("alpn" not in bind.options and context.target >= _H2_BY_DEFAULT)
        if "ssl" in bind.options and bind.section.mode == "http" and offers and not _refuses_others(bind.section):
            behind.setdefault(link.server.section.name, []).append(bind)
    found: dict[Section, tuple[Bind, ...]] = {}
    for route in context.once(routing.routes):
        if route.name in behind and route.section.mode == "tcp":
            found[route.section] = (*found.get(route.section, ()), *behind[route.name])
    return found


def _refuses_others(section: Section) -> bool:
    """Whether it answers 421 to what is not meant for it (RFC 9110, section 15.5.20)."""
    return any("421" in each.words for each in section.all_lines("http-request"))


def _passed_on(context: Context, front: Section) -> Iterator[tuple[Directive, int, str]]:
    """The names that a frontend passes on to servers of others: line, word, name."""
    own = {link.server.section.name for link in context.once(links)}
    routes = [route for route in context.once(routing.routes_by_section).get(front, ()) if route.name and route.name not in own]
    asked = {term.name for route in routes if route.directive.condition for term in route.directive.condition.terms if not term.negated}
    lines = {route.directive for route in routes}
    for criterion in context.once(acls.criteria).get(front, ()):
        is_asked = criterion.directive in lines or (criterion.directive.keyword == "acl" and criterion.directive.words[1] in asked)
        if is_asked and criterion.expression.fetch.name in _SNI and criterion.method in ("", "str"):
            yield from ((criterion.directive, at, name) for at, name in criterion.patterns if "." in name)


def _covers(context: Context, bind: Bind, name: str) -> str | None:
    """The path of a certificate that covers the name; nothing if none does, None if nobody can tell."""
    path = (bind.options.get("crt") or ("",))[0]
    seen = context.certificates.look(path) if path else ()
    if not any(each.names for each in seen):
        return None
    wanted = {name.lower(), f"*.{name.lower().partition('.')[2]}"}
    return next((each.path for each in seen if wanted & {known.lower() for known in each.names}), "")


def _has_sibling(context: Context, section: Section, name: str) -> bool:
    """Whether TLS is ended here for another name of the same parent."""
    parent = name.lower().partition(".")[2]
    return any(
        criterion.expression.fetch.name in _HOSTS and any(pattern.lower().endswith(f".{parent}") for _, pattern in criterion.patterns)
        for criterion in context.once(acls.criteria).get(section, ())
    )


_LAYERS = """\
frontend outer
    mode tcp
    bind :8443
    default_backend inner

backend inner
    mode tcp
    server inner 127.0.0.1:12443{}

frontend web
    bind 127.0.0.1:12443{}
    default_backend app

backend app
    server app1 10.0.0.20:8080
"""
_MIXED = """\
frontend outer
    mode tcp
    bind :8443
    tcp-request inspect-delay 5s
    tcp-request content accept if {{ req.ssl_hello_type 1 }}
    use_backend vault if {{ req.ssl_sni -i vault.example.test }}
    default_backend inner

backend vault
    mode tcp
    server vault1 10.0.0.10:8200

backend inner
    mode tcp
    server inner 127.0.0.1:12443 send-proxy-v2

frontend web
    bind 127.0.0.1:12443 accept-proxy ssl crt wildcard.pem alpn h2,http/1.1
{}    default_backend app

backend app
    server app1 10.0.0.20:8080
"""

RULES = (
    Rule(
        code="client-address-lost",
        title="A second layer that does not learn who the client is",
        severity=Severity.WARNING,
        reason="HAProxy connects to itself over loopback, and the second frontend sees 127.0.0.1 as the client: in logs, in access "
        "rules, in X-Forwarded-For and in `balance source`.",
        hint="add `send-proxy-v2` to this server and `accept-proxy` to the `bind` it leads to",
        source=f"{MANUAL}#5.2-send-proxy-v2",
        failing=TIMEOUTS + _LAYERS.format("", ""),
        passing=TIMEOUTS + _LAYERS.format(" send-proxy-v2", " accept-proxy"),
        check=_lost,
    ),
    Rule(
        code="proxy-protocol-mismatch",
        title="A PROXY header on one side only",
        severity=Severity.ERROR,
        reason="A header that nobody expects is taken for the start of a request; one that is expected and does not come ends the "
        "connection.",
        hint="use `send-proxy-v2` and `accept-proxy` together",
        source=f"{MANUAL}#5.1-accept-proxy",
        failing=TIMEOUTS + _LAYERS.format(" send-proxy-v2", ""),
        passing=TIMEOUTS + _LAYERS.format(" send-proxy-v2", " accept-proxy"),
        check=_mismatched,
    ),
    Rule(
        code="certificate-covers-passthrough",
        title="A certificate that covers a name whose TLS is passed on",
        severity=Severity.WARNING,
        reason="Over HTTP/2 a browser uses an open connection for every name that its certificate covers (RFC 9113, section 9.1.1). "
        "With a wildcard certificate it then asks the layer that ends TLS for the site that should be passed on, and gets the "
        "wrong answer.",
        hint="answer such requests with 421 (`http-request return status 421 if { hdr(host) -i NAME }`), so that browsers open a new "
        "connection",
        source="https://www.rfc-editor.org/rfc/rfc9113#section-9.1.1",
        failing=TIMEOUTS + _MIXED.format(""),
        passing=TIMEOUTS + _MIXED.format("    http-request return status 421 if { hdr(host) -i vault.example.test }\n"),
        check=_coalesced,
    ),
)
