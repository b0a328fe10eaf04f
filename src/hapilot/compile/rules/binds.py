"""The addresses of frontends: public ones, and the sockets over which one layer hands connections to the next."""

from __future__ import annotations

import hashlib
from typing import Literal

from hapilot.compile import draft
from hapilot.compile.passes import certificates
from hapilot.compile.target import Target
from hapilot.languages.haproxy import tree
from hapilot.model import values

TLS = ("ssl", "crt-list", certificates.LIST, "strict-sni", "alpn", "h2,http/1.1")
"""Termination: no certificate for a name that is not covered (strict-sni), HTTP/2 offered first (RFC 7301)."""

SOCKET_NAME_LIMIT = 24
"""Longer listener names are shortened in socket names: a path has 97 usable bytes (manual, section 4.2, bind)."""


def public(entrance: draft.Entrance, target: Target, *, tls: bool = False) -> list[tree.Line]:
    """The listener's own addresses."""
    more: tuple[str, ...] = ("accept-proxy",) if entrance.listener.accept_proxy == "required" else ()
    lines: list[tree.Line] = []
    for bind in entrance.listener.bind:
        lines += [tree.line("bind", *words, *more, *(TLS if tls else ())) for words in addresses(bind, target)]
    return lines


def addresses(bind: values.BindAddress, target: Target) -> list[tuple[str, ...]]:
    """The ``bind`` words for one address. Every address means one socket for each family, so that IPv4 clients
    are seen as IPv4 and not as mapped IPv6 addresses."""
    if bind.host:
        return [(str(bind), *(("v6only",) if ":" in bind.host else ()))]
    both = [(f"0.0.0.0:{bind.port}",)]
    return [*both, (f"[::]:{bind.port}", "v6only")] if target.ipv6 else both


def socket_name(listener: str, kind: Literal["", ".tls", ".plain"]) -> str:
    """The file name of a hand-over socket."""
    if len(listener) > SOCKET_NAME_LIMIT:
        listener = f"{listener[:15]}-{hashlib.sha256(listener.encode()).hexdigest()[:8]}"
    return f"{listener}{kind}.sock"


def handed_over(listener: str, kind: Literal["", ".tls", ".plain"], target: Target) -> tree.Line:
    """The receiving end of a hand-over: a private socket that takes the client's address from a PROXY header."""
    owner = ("user", target.drop_to) if target.drop_to else ()
    tls = TLS if kind == ".tls" else ()
    socket = tree.Env("unix@", "HAPILOT_RUN", f"/{socket_name(listener, kind)}")
    return tree.line("bind", socket, "mode", "600", *owner, "accept-proxy", *tls)


def hand_over(listener: str, kind: Literal["", ".tls", ".plain"], target: Target, *, announce: bool) -> tree.Line:
    """The sending end. ``announce``: add a PROXY v2 header; not where the client's own one is passed on.

    The worker reaches the socket from inside its chroot, where the folder of sockets is the root.
    """
    name = socket_name(listener, kind)
    address: tree.Word = f"unix@/{name}" if target.drop_to and target.chroot else tree.Env("unix@", "HAPILOT_RUN", f"/{name}")
    return tree.line("server", "next", address, *(("send-proxy-v2",) if announce else ()))
