"""The TCP layer of a listener: tells protocols apart by the first bytes and reads the SNI, judging only complete evidence.

Each test that lacks bytes makes HAProxy wait, up to the inspect delay (manual, "tcp-request content"); then it counts as
false. The order matters: what needs fewer bytes comes first, what decides for silence comes last.
"""

from __future__ import annotations

from hapilot.compile import draft
from hapilot.compile.passes import tables
from hapilot.compile.rules import binds, hello, unaddressed
from hapilot.compile.target import Target
from hapilot.languages.haproxy import tree
from hapilot.model import values

HELLO = ("{", "req.ssl_hello_type", "1", "}")
"""A complete ClientHello (RFC 8446, section 4.1.2)."""
TLS = ("{", "var(txn.tls)", "-m", "bool", "}")
SSH = ("{", "req.payload(0,4)", "-m", "str", "SSH-", "}")
"""An SSH identification string (RFC 4253, section 4.2)."""
HTTP = ("{", "req.payload(0,8)", "-m", "reg", "^[A-Z-]+( |$)", "}")
"""The method of an HTTP/1 request or the HTTP/2 preface (RFC 9112, section 3; RFC 9113, section 3.4). Eight bytes hold
``PROPFIND``; every request is longer."""
PROXY = ("!{", "fc_rcvd_proxy", "}", "{", "req.payload(0,5)", "-m", "bin", "50524F5859", "0D0A0D0A00", "}")
"""A PROXY header, version 1 or 2, that was not read yet (proxy-protocol.txt, section 2)."""
LINE = ("!{", "fc_rcvd_proxy", "}", "{", "req.payload(0,5)", "-m", "bin", "50524F5859", "}")
"""The same, version 1 only."""
BINARY = ("!{", "fc_rcvd_proxy", "}", "{", "req.payload(0,5)", "-m", "bin", "0D0A0D0A00", "}")
"""The same, version 2 only."""
FOUND = ("{", "var(txn.to)", "-m", "found", "}")
NOT_FOUND = ("!{", "var(txn.to)", "-m", "found", "}")
SILENT = ("{", "req.len", "0", "}")


_NOTHING_SPOKEN = "nothing that is spoken on this listener"


def content(*words: tree.Word) -> tree.Line:
    """A ``tcp-request content`` rule."""
    return tree.line("tcp-request", "content", *words)


def refuse(why: str, *condition: tree.Word) -> tree.Line:
    """A rule that closes the connection; ``explain`` tells why."""
    return tree.line("tcp-request", "content", "reject", *condition, comment=why)


def sniff(entrance: draft.Entrance, target: Target) -> list[tree.Line]:
    """The rules of the TCP layer, from the inspect delay to ``use_backend``. ``txn.to`` holds the backend."""
    listener = entrance.listener
    lines = [tree.line("tcp-request", "inspect-delay", values.print_duration(listener.sniff_timeout))]
    if listener.accept_proxy == "optional":
        lines += _proxy_header(entrance, lua="LUA" in target.features)
    if "tls" in entrance.inner:
        lines += _tls(entrance, lua="LUA" in target.features)
    if entrance.ssh:
        lines += _class(SSH, entrance.ssh[0].backend)
    if entrance.answers_plain:
        lines += _class(HTTP, entrance.plain_frontend, quiet=True)
    lines += _rest(entrance)
    return [*lines, tree.line("use_backend", "%[var(txn.to)]")]


def _class(test: tuple[str, ...], backend: str, *, quiet: bool = False) -> list[tree.Line]:
    """Connections of one kind go to one backend; ``quiet`` where the next layer logs them."""
    lines = [content("set-var(txn.to)", f"str({backend})", "if", *test)]
    if quiet:
        lines.append(content("set-log-level", "silent", "if", *test))
    return [*lines, content("accept", "if", *test)]


def _proxy_header(entrance: draft.Entrance, *, lua: bool) -> list[tree.Line]:
    stranger = binds.stranger(entrance, tables.trusted_list(entrance))
    distrust = refuse("a PROXY header from an address that is not trusted", "if", *PROXY, *stranger)
    test = (*unaddressed.NOT_DROPPED, *PROXY) if lua else PROXY
    drop = [content("lua.drop_unaddressed", "if", *test, *unaddressed.HEADER)] if lua else []
    return [distrust, *_whole_header(), *drop, *_class(test, f"{entrance.name}.proxied", quiet=True)]


def _whole_header() -> list[tree.Line]:
    """Wait for all of a PROXY header: who reads it, at the other end of the hand-over, takes it in one piece or not at all."""
    endless = "the PROXY header does not end"
    return [
        content("set-var(txn.header)", "req.payload(14,2),hex,hex2i,add(16)", "if", *BINARY),
        refuse(endless, "if", *BINARY, "!{", "req.len,sub(txn.header)", "ge", "0", "}"),
        refuse(endless, "if", *LINE, "!{", "req.payload(0,0)", "-m", "reg", r"\n", "}"),
    ]


def _tls(entrance: draft.Entrance, *, lua: bool) -> list[tree.Line]:
    fallback = _fallback(entrance)
    if not entrance.looks_at_sni:
        return _class(hello.START, fallback or "", quiet=fallback in _second_layers(entrance))
    table = tables.sni_table(entrance)
    named = ("{", "var(txn.sni)", "-m", "found", "}")
    lines = [*(_joined() if lua else _whole()), content("set-var(txn.to)", f"var(txn.sni),map_str({table})", "if", *named)]
    # Also without a wildcard: a service that brings the first one changes the table alone.
    lines.append(content("set-var(txn.to)", f"var(txn.sni),regsub(^[^.]+,*),map_str({table})", "if", *named, *NOT_FOUND))
    if fallback:
        lines.append(content("set-var(txn.to)", f"str({fallback})", "if", *TLS, *NOT_FOUND))
    for frontend in _second_layers(entrance):
        lines.append(content("set-log-level", "silent", "if", "{", "var(txn.to)", "-m", "str", frontend, "}"))
    return [*lines, content("accept", "if", *FOUND), refuse("no service here has the name in the ClientHello", "if", *TLS)]


def _whole() -> list[tree.Line]:
    """``txn.tls`` and ``txn.sni`` from a ClientHello in one record."""
    return [
        content("set-var(txn.tls)", "bool(true)", "if", *HELLO),
        content("set-var(txn.sni)", "req.ssl_sni,lower,rtrim(.)", "if", *TLS),
    ]


def _joined() -> list[tree.Line]:
    """The same, with a message that is split over records put together first; it is waited for until it is complete."""
    split = "bool(true)"
    longer = ("{", "req.payload(6,3),hex,hex2i,add(4),sub(txn.record)", "gt", "0", "}")
    return [
        content("set-var(txn.record)", "req.payload(3,2),hex,hex2i", "if", *hello.START),
        content("set-var(txn.split)", split, "if", *hello.START, "{", "var(txn.record)", "-m", "int", "lt", "4", "}"),
        content("set-var(txn.split)", split, "if", *hello.START, *longer),
        content("set-var(txn.need)", "lua.hello_length", "if", *hello.SPLIT),
        refuse("the ClientHello does not end", "if", *hello.SPLIT, "!{", "req.len,sub(txn.need)", "ge", "0", "}"),
        content("set-var(txn.tls)", "bool(true)", "if", *hello.SPLIT),
        content("set-var(txn.sni)", "lua.hello_name,lower,rtrim(.)", "if", *hello.SPLIT),
        content("set-var(txn.tls)", "bool(true)", "if", *hello.NOT_SPLIT, *HELLO),
        content("set-var(txn.sni)", "req.ssl_sni,lower,rtrim(.)", "if", *hello.NOT_SPLIT, *TLS),
    ]


def _fallback(entrance: draft.Entrance) -> str | None:
    """Where TLS for a name that no table has goes: everything that is passed through without a name, else the frontend
    that terminates TLS, which knows its certificates; None refuses it."""
    for route in entrance.passed:
        if route.host is None:
            return route.backend
    if any(route.host is None for route in entrance.streams):
        return entrance.stream_frontend
    return next(iter(_second_layers(entrance)), None)


def _second_layers(entrance: draft.Entrance) -> list[str]:
    """The frontends behind this one that end TLS. They log, so this layer does not."""
    ends = ((entrance.terminated, entrance.tls_frontend), (entrance.streams, entrance.stream_frontend))
    return [frontend for routes, frontend in ends if routes]


def _rest(entrance: draft.Entrance) -> list[tree.Line]:
    """What is none of the kinds, and clients that say nothing: they wait for the server to speak first."""
    if entrance.tcp:
        return [content("set-var(txn.to)", f"str({entrance.tcp[0].backend})"), content("accept")]
    if entrance.ssh:
        return [*_class(SILENT, entrance.ssh[0].backend), refuse(_NOTHING_SPOKEN)]
    return [refuse(_NOTHING_SPOKEN)]


def why(entrance: draft.Entrance) -> str:
    """What the layer is there for, in words; ``explain`` and the comments show it."""
    reasons: list[str] = []
    if entrance.listener.accept_proxy == "optional":
        reasons.append("tells connections with a PROXY header from those without")
    names = {"tls": "TLS", "plain": "plain HTTP", "ssh": "SSH", "tcp": "other TCP"}
    if len(entrance.inner) > 1:
        reasons.append(f"tells {' and '.join(names[kind] for kind in entrance.inner)} apart by the first bytes")
    if entrance.looks_at_sni:
        because = "hosts are passed through" if entrance.passed else "TLS of several protocols ends here"
        reasons.append(f"reads the name in the ClientHello (SNI), because {because}")
    return "; ".join(reasons)
