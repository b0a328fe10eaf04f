"""What a stand-in says on one connection: it finds out what its client speaks, notes it, and answers with the number of the visit.

In: an accepted socket. Out: bytes to the client, and a :class:`Visit`. ``standins`` calls :func:`talk` in a thread for each connection.
A server that follows the client in this way can stand in for every service: TLS or not, HTTP/1.1, HTTP/2, SSH, or nothing known.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from hapilot.trial import http2, issuing, proxied, reading

HEADER = "X-Hapilot-Visit"
"""Of answers to HTTP."""

_TLS = b"\x16"
_METHOD = re.compile(rb"[A-Z]{2,20} ")
_REQUEST = re.compile(rb"[A-Z]+ \S+ HTTP/1\.[01]")
_VISIT = re.compile(rb'(?:hapilot[ _]visit[ _]|"visit": )(\d+)')
_BODYLESS = (204, 205, 304)


@dataclass(frozen=True, slots=True)
class Server:
    """Who a stand-in is: its ``number`` in the trial, what it stands for, and what it expects of those who connect."""

    number: int
    service: str
    name: str
    protocol: Literal["http", "tcp", "ssh"] = "http"
    proxied: bool = False
    http2: bool = False
    check: str = ""
    """The path of health checks, which get ``status``. Over HTTP/2, where paths are not known, everything does."""
    status: int = 200
    port: int = 0
    """0 takes any that is free."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, or where there are none one connection. ``over_tls`` and ``sni`` are about TLS that ended at the stand-in; the
    headers of requests over HTTP/2 are not known."""

    number: int
    server: Server
    protocol: Literal["http/1.1", "h2", "other"] = "other"
    told: proxied.Told | None = None
    over_tls: bool = False
    sni: str | None = None
    method: str = ""
    path: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def header(self, name: str) -> str | None:
        """The last header of that name."""
        return next((value for key, value in reversed(self.headers) if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a stand-in needs to talk: certificates, and where it notes visits (which gives them their number)."""

    issuer: issuing.Issuer
    note: Callable[[Visit], Visit]


def visit_in(data: bytes) -> int | None:
    """The number of the visit in what a stand-in said: a greeting, or the body of an answer."""
    found = _VISIT.search(data)
    return int(found[1]) if found else None


def talk(plain: socket.socket, server: Server, desk: Desk) -> None:
    """Everything on one connection, until the client goes. Raises reading.Refused, reading.Gone and OSError."""
    plain.settimeout(reading.PATIENCE)
    visit = Visit(0, server, told=_proxy_header(plain) if server.proxied else None)
    first = reading.peek(plain, 16)
    if not server.proxied and first.startswith((proxied.FIRST, proxied.SIGNATURE)):
        raise reading.Refused("it got a PROXY header that the site does not speak of")
    if not first:
        _greet(reading.Wire(plain), visit, desk)
        return
    if not first.startswith(_TLS):
        _inside(reading.Wire(plain), visit, desk)
        return
    context = desk.issuer.context(server.number, http2=server.http2)
    with context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False) as secure:
        secure.do_handshake()
        _inside(reading.Wire(secure), replace(visit, over_tls=True, sni=desk.issuer.name_of(secure.context)), desk)


def _proxy_header(plain: socket.socket) -> proxied.Told:
    """The header, which is taken from the connection. Raises Refused, Gone."""
    wire = reading.Wire(plain, ahead=False)
    head = wire.exactly(len(proxied.FIRST))
    try:
        if head == proxied.FIRST:
            line = head
            while not line.endswith(b"\r\n") and len(line) < proxied.LONGEST_V1:
                line += wire.exactly(1)
            return proxied.parse_v1(line.removesuffix(b"\r\n"))
        if proxied.SIGNATURE.startswith(head):
            head += wire.exactly(proxied.HEAD_V2 - len(head))
            return proxied.parse_v2(head, wire.exactly(proxied.length_v2(head)))
    except ValueError as problem:
        raise reading.Refused(str(problem)) from problem
    raise reading.Refused("it got no PROXY header, which send_proxy speaks of")


def _inside(wire: reading.Wire, visit: Visit, desk: Desk) -> None:
    """What the client has to say once TLS, if there is any, is set up."""
    first = wire.begin()
    if first and http2.PREFACE.startswith(first[: len(http2.PREFACE)]):
        _http2(wire, visit, desk)
    elif _METHOD.match(first) and _REQUEST.match(first.partition(b"\r\n")[0]):
        _http1(wire, visit, desk)
    else:
        _greet(wire, visit, desk)


def _greet(wire: reading.Wire, visit: Visit, desk: Desk) -> None:
    """As servers do that speak first (RFC 4253, section 4.2, for SSH); then listens for one more answer, so that nothing is cut."""
    noted = desk.note(visit)
    text = f"SSH-2.0-hapilot_visit_{noted.number}" if visit.server.protocol == "ssh" else f"hapilot visit {noted.number}"
    wire.connection.sendall(f"{text}\r\n".encode())
    wire.connection.settimeout(2.0)
    wire.connection.recv(4096)


def _http1(wire: reading.Wire, visit: Visit, desk: Desk) -> None:
    while True:
        lines = wire.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ", 2)
        headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:] if line))
        noted = desk.note(replace(visit, protocol="http/1.1", method=method, path=path, headers=headers))
        wire.exactly(int(noted.header("content-length") or 0))
        said, body = _answer(noted)
        status = visit.server.status if path == visit.server.check else 200
        head = "".join(f"{name}: {value}\r\n" for name, value in said)
        length = "" if status in _BODYLESS else f"Content-Length: {len(body)}\r\n"
        whole = f"HTTP/1.1 {status} Stand-in\r\n{head}{length}\r\n".encode()
        wire.connection.sendall(whole + (b"" if method == "HEAD" or status in _BODYLESS else body))
        if (noted.header("connection") or "").lower() == "close":
            return


def _http2(wire: reading.Wire, visit: Visit, desk: Desk) -> None:
    wire.exactly(len(http2.PREFACE))
    wire.connection.sendall(http2.SETTINGS)
    requests = http2.Requests()
    while True:
        frame, size = http2.head(wire.exactly(http2.FRAME_HEAD))
        frame = replace(frame, payload=wire.exactly(size))
        if http2.ends(frame):
            return
        reply = http2.replies(frame)
        if requests.completed(frame):
            said, body = _answer(desk.note(replace(visit, protocol="h2")))
            status = visit.server.status
            reply += http2.answer(frame.stream, status, said, b"" if status in _BODYLESS else body)
        if reply:
            wire.connection.sendall(reply)


def _answer(visit: Visit) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Headers and body: who answers, and what it was asked."""
    server = visit.server
    shape = {
        "service": server.service,
        "server": server.name,
        "visit": visit.number,
        "path": visit.path,
        "headers": dict(visit.headers),
    }
    body = json.dumps(shape, indent=2).encode() + b"\n"
    return (("Content-Type", "application/json"), (HEADER, str(visit.number)), ("X-Server", server.service)), body[:16384]
