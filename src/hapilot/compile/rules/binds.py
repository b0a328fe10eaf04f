"""The addresses of frontends: public ones, and the sockets over which one layer hands connections to the next."""

from __future__ import annotations

import hashlib
from typing import Literal

from hapilot.compile import draft
from hapilot.compile.passes import certificates
from hapilot.compile.target import Target
from hapilot.languages.haproxy import tree
from hapilot.model import values

Second = Literal[".tls", ".streams", ".plain"]
"""The kinds of second layer, as the names of their sockets end."""
Kind = Second | Literal[".again"]
"""The same, and the way back into the first layer for connections that bring their own PROXY header. No socket has a listener's bare
name: a listener may be called like a socket that HAProxy has for itself.
"""

SOCKET_NAME_LIMIT = 24
"""Longer listener names are shortened in socket names: a path has 97 usable bytes (manual, section 4.2, bind)."""


def requests(entrance: draft.Entrance) -> tuple[str, ...]:
    """Termination for HTTP, with HTTP/2 offered first (RFC 7301)."""
    return (*streams(entrance), "alpn", "h2,http/1.1")


def streams(entrance: draft.Entrance) -> tuple[str, ...]:
    """Termination for other protocols. Without a certificate for the name there is no handshake (strict-sni), unless a service is there
    for what nothing else matches."""
    strict = () if entrance.default_hosts else ("strict-sni",)
    return ("ssl", "crt-list", certificates.list_path(entrance), *strict)


def public(entrance: draft.Entrance, target: Target, *, tls: tuple[str, ...] = ()) -> list[tree.Line]:
    """The listener's own addresses."""
    more: tuple[str, ...] = ("accept-proxy",) if entrance.listener.accept_proxy == "required" else ()
    lines: list[tree.Line] = []
    for bind in entrance.listener.bind:
        # Others connect by being in the worker's group; the user that starts HAProxy may be root.
        group = ("group", target.drop_to_group) if bind.kind == "unix" and target.drop_to_group else ()
        lines += [tree.line("bind", *words, *group, *more, *tls) for words in addresses(bind, target)]
    return lines


def stranger(entrance: draft.Entrance, trusted: str) -> tuple[str, ...]:
    """The test for a peer that is not on the list ``trusted``. Who may connect to a unix socket is for its file's mode to say: there
    the peer has no address, and is trusted."""
    known = ("{", "src", "-m", "found", "}") if any(bind.kind != "tcp" for bind in entrance.listener.bind) else ()
    return (*known, *(("!{", "src", "-f", trusted, "}") if entrance.listener.trusted else ()))


def addresses(bind: values.BindAddress, target: Target) -> list[tuple[str, ...]]:
    """The ``bind`` words for one address. Every address means one socket for each family, so that IPv4 clients
    are seen as IPv4 and not as mapped IPv6 addresses.

    A path is the one outside of a chroot: sockets are opened before it. The file's mode is all that guards such a socket (unix(7)).
    """
    if bind.kind == "unix":
        return [(f"unix@{bind.path}", "mode", "660")]
    if bind.kind == "fd":
        return [(f"fd@{bind.fd}",)]
    if bind.host:
        return [(str(bind), *(("v6only",) if ":" in bind.host else ()))]
    both = [(f"0.0.0.0:{bind.port}",)]
    return [*both, (f"[::]:{bind.port}", "v6only")] if target.ipv6 else both


def descriptors(config: tree.Config) -> frozenset[int]:
    """The open descriptors that the configuration takes from whoever starts HAProxy, also those of verbatim lines."""
    return frozenset(
        int(number)
        for section in config.sections
        if section.kind != "backend"
        for line in section.lines
        for address in _addresses_in(line)
        if (number := address.removeprefix("fd@")) != address and number.isdecimal()
    )


def _addresses_in(line: tree.Line) -> list[str]:
    words = str(line.words[0]).split() if line.opaque else line.words
    return words[1].split(",") if len(words) > 1 and words[0] == "bind" and isinstance(words[1], str) else []


def socket_name(listener: str, kind: Kind) -> str:
    """The file name of a hand-over socket."""
    if len(listener) > SOCKET_NAME_LIMIT:
        listener = f"{listener[:15]}-{hashlib.sha256(listener.encode()).hexdigest()[:8]}"
    return f"{listener}{kind}.sock"


def handed_over(listener: str, kind: Kind, target: Target, tls: tuple[str, ...] = ()) -> tree.Line:
    """The receiving end of a hand-over: a private socket that takes the client's address from a PROXY header."""
    owner = ("user", target.drop_to) if target.drop_to else ()
    socket = tree.Env("unix@", "HAPILOT_RUN", f"/{socket_name(listener, kind)}")
    return tree.line("bind", socket, "mode", "600", *owner, "accept-proxy", *tls)


def hand_over(listener: str, kind: Kind, target: Target, *, announce: bool) -> tree.Line:
    """The sending end. ``announce``: add a PROXY v2 header; not where the client's own one is passed on."""
    return tree.line("server", "next", reached(socket_name(listener, kind), target), *(("send-proxy-v2",) if announce else ()))


def reached(name: str, target: Target) -> tree.Word:
    """The address of a private socket as the worker finds it: from inside its chroot, the folder of sockets is the root."""
    return f"unix@/{name}" if target.drop_to and target.chroot else tree.Env("unix@", "HAPILOT_RUN", f"/{name}")
