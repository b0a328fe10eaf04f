"""Who the client is, told to servers in headers that a client can't forge.

From a stranger, all X-Forwarded-*, X-Real-IP and Forwarded headers are removed, also in the spelling with underscores that
CGI-like servers can't tell from hyphens; then ours are set. From a trusted address the headers are kept and added to, and
the client is the right-most address in X-Forwarded-For that is not trusted itself.

A client on a unix socket has no address and came to no port, unless a PROXY header says them: then X-Forwarded-For has nothing
from us, for HAProxy would write an empty value, and X-Forwarded-Port is the one that the scheme has anyway.
"""

from __future__ import annotations

from typing import Literal

from hapilot.compile import draft
from hapilot.compile.passes import tables
from hapilot.compile.rules import http_rules
from hapilot.languages.haproxy import tree

TRUSTED_HOPS = 5
"""How many trusted proxies in a row are looked through, from the right."""

request = http_rules.request

NAMED_BY_CONNECTION = "Bad Request: Connection names headers that are not the client's"

UNKNOWN = "ipv4(0.0.0.0)"
"""The client's address where nobody knows it."""

ALIKE = "^x[-_](forwarded|real[-_]ip)"
"""Header names that servers which fold ``_`` and ``-`` take for ours; HAProxy compares names in lower case."""

PORTS = {"https": "443", "http": "80"}
"""What a scheme without a port means (RFC 9110, section 4.2)."""

_TRUSTED = ("{", "var(txn.trusted)", "-m", "bool", "}")
_UNTRUSTED = ("!{", "var(txn.trusted)", "-m", "bool", "}")


def headers(entrance: draft.Entrance, scheme: Literal["http", "https"]) -> list[tree.Line]:
    """The rules, for requests that arrive over ``scheme``."""
    trusts = bool(entrance.listener.trusted)
    unless = ("if", *_UNTRUSTED) if trusts else ()
    and_stranger = _UNTRUSTED if trusts else ()
    lines = [
        _connection_options(),
        request("del-header", "x-forwarded", "-m", "beg", *unless),
        request("del-header", "x-real-ip", *unless),
        request("del-header", "forwarded", *unless),
        request("del-header", ALIKE, "-m", "reg", "if", "{", "req.hdr_names", "-m", "sub", "_", "}", *and_stranger),
    ]
    sets = (
        ("X-Forwarded-Proto", scheme, ()),
        ("X-Forwarded-Host", "%[req.fhdr(host)]", ()),
        *(("X-Forwarded-Port", port, test) for port, test in _ports(entrance, scheme)),
    )
    if not trusts:
        # Whatever there was is gone, so adding is enough; setting would look through all headers again.
        lines.append(request("add-header", "X-Forwarded-For", "%[src]", *_if(*_where_known(entrance, "src"))))
        return [*lines, *(request("add-header", name, value, *_if(*test)) for name, value, test in sets)]
    lines.append(request("add-header", "X-Forwarded-For", "%[var(txn.peer)]", *_if(*_where_known(entrance, "var(txn.peer)"))))
    for name, value, test in sets:
        missing = ("!{", f"req.hdr({name.lower()})", "-m", "found", "}")
        lines.append(request("set-header", name, value, *(_if(*missing, *test) if test else ("unless", "{", *missing[1:]))))
    return lines


def _if(*test: str) -> tuple[str, ...]:
    return ("if", *test) if test else ()


def _where_known(entrance: draft.Entrance, sample: str) -> tuple[str, ...]:
    """The test for ``sample``, where it may be missing: on unix sockets. Of what kind an inherited socket is nobody knows before."""
    return ("{", sample, "-m", "found", "}") if any(bind.kind != "tcp" for bind in entrance.listener.bind) else ()


def _connection_options() -> tree.Line:
    """400 where ``Connection`` names our headers: a proxy behind us would take them out (RFC 9110, section 7.6.1)."""
    named = ("{", "req.hdr(connection)", "-m", "sub", "-i", "forwarded", "x-real-ip", "}")
    return http_rules.answer(400, NAMED_BY_CONNECTION, "if", *named)


def _ports(entrance: draft.Entrance, scheme: Literal["http", "https"]) -> list[tuple[str, tuple[str, ...]]]:
    """The port that the client connected to, each with the test for it: a constant where the listener has one, and no PROXY header
    says another."""
    binds = entrance.listener.bind
    ports = {str(bind.port) if bind.kind == "tcp" else PORTS[scheme] for bind in binds}
    if entrance.listener.accept_proxy == "never" and len(ports) == 1 and all(bind.kind != "fd" for bind in binds):
        return [(ports.pop(), ())]
    known = _where_known(entrance, "dst_port")
    return [("%[dst_port]", known), (PORTS[scheme], (f"!{known[0]}", *known[1:]))] if known else [("%[dst_port]", ())]


def client(entrance: draft.Entrance) -> list[tree.Line]:
    """Who the client is, where that is not simply the peer: remember the peer, then walk X-Forwarded-For from the right while
    addresses are trusted. Comes before the routes, which may ask for the client's address."""
    if not entrance.listener.trusted:
        return []
    trusted = tables.trusted_list(entrance)
    lines = [
        request("set-var(txn.peer)", "src"),
        request("set-var(txn.trusted)", "bool(true)", "if", "{", "src", "-f", trusted, "}"),
    ]
    before: tuple[str, ...] = _TRUSTED
    for hop in range(1, TRUSTED_HOPS + 1):
        found = ("{", f"var(txn.hop{hop})", "-m", "found", "}")
        still = before if hop == 1 else (*before, "{", "src", "-f", trusted, "}")
        lines.append(request(f"set-var(txn.hop{hop})", f"req.hdr_ip(x-forwarded-for,-{hop})", "if", *still))
        lines.append(request("set-src", f"var(txn.hop{hop})", "if", *found))
        # What a trusted proxy says and is no address leaves the client unknown: it is not the proxy, which may be allowed more.
        there = ("{", "req.hdr_cnt(x-forwarded-for)", "ge", str(hop), "}")
        lines.append(request("set-src", UNKNOWN, "if", *still, *there, "!{", f"var(txn.hop{hop})", "-m", "found", "}"))
        before = found
    return lines
