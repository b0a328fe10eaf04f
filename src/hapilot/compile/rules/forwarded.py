"""Who the client is, told to servers in headers that a client can't forge.

From a stranger, all X-Forwarded-*, X-Real-IP and Forwarded headers are removed, also in the spelling with underscores that
CGI-like servers can't tell from hyphens; then ours are set. From a trusted address the headers are kept and added to, and
the client is the right-most address in X-Forwarded-For that is not trusted itself.
"""

from __future__ import annotations

from typing import Literal

from hapilot.compile import draft
from hapilot.compile.passes import tables
from hapilot.languages.haproxy import tree

TRUSTED_HOPS = 5
"""How many trusted proxies in a row are looked through, from the right."""

ALIKE = "^x[-_](forwarded|real[-_]ip)"
"""Header names that servers which fold ``_`` and ``-`` take for ours; HAProxy compares names in lower case."""

_TRUSTED = ("{", "var(txn.trusted)", "-m", "bool", "}")
_UNTRUSTED = ("!{", "var(txn.trusted)", "-m", "bool", "}")


def request(*words: tree.Word) -> tree.Line:
    """An ``http-request`` rule."""
    return tree.line("http-request", *words)


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
        ("X-Forwarded-Proto", scheme),
        ("X-Forwarded-Host", "%[req.fhdr(host)]"),
        ("X-Forwarded-Port", _port(entrance)),
    )
    if not trusts:
        # Whatever there was is gone, so adding is enough; setting would look through all headers again.
        return [*lines, request("add-header", "X-Forwarded-For", "%[src]"), *(request("add-header", *pair) for pair in sets)]
    lines.append(request("add-header", "X-Forwarded-For", "%[var(txn.peer)]"))
    for name, value in sets:
        lines.append(request("set-header", name, value, "unless", "{", f"req.hdr({name.lower()})", "-m", "found", "}"))
    return lines


def _connection_options() -> tree.Line:
    """400 where ``Connection`` names our headers: a proxy behind us would take them out (RFC 9110, section 7.6.1)."""
    named = ("{", "req.hdr(connection)", "-m", "sub", "-i", "forwarded", "x-real-ip", "}")
    text = "400 Bad Request: Connection names headers that are not the client's"
    return request("return", "status", "400", "content-type", "text/plain", "string", text, "if", *named)


def _port(entrance: draft.Entrance) -> str:
    """The port that the client connected to: a constant where the listener has one, and no PROXY header says another."""
    ports = {bind.port for bind in entrance.listener.bind if bind.kind == "tcp"}
    if entrance.listener.accept_proxy == "never" and len(ports) == 1:
        return str(ports.pop())
    return "%[dst_port]"


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
        before = found
    return lines
