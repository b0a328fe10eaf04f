"""Makes the connection that a Probe describes, for real, and says what came back. Called by ``explain --live``, ``test`` and ``demo``."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from dataclasses import dataclass
from typing import Literal

from cryptography import x509

from hapilot.explain import probe

SECONDS = 10.0
"""Longer than the default sniff timeout, so that silence is answered too."""

_SOURCE_LINE = re.compile(r" \(_ssl\.c:\d+\)$")
"""What Python adds to some errors of TLS."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a client sees. ``certificate`` has the DNS names in the certificate that was shown; ``data`` what a server said first,
    or the start of a body."""

    kind: Literal["response", "data", "tls", "closed"]
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    certificate: tuple[str, ...] = ()
    data: bytes = b""
    problem: str = ""
    connected: bool = True
    """False where not even the connection could be opened."""

    def header(self, name: str) -> str | None:
        """A response header."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def attempt(address: str | tuple[str, int], asked: probe.Probe, timeout: float = SECONDS, before: bytes = b"") -> Seen:
    """Connect to ``address`` (an IP address and port, or the path of a unix socket) and do what ``asked`` says. Failures are values.

    ``before`` is sent in front of everything: a PROXY header, where one is taken.
    """
    try:
        plain = _connected(address, timeout)
    except OSError as problem:
        return Seen("closed", problem=_told(problem), connected=False)
    try:
        with plain:
            if before:
                plain.sendall(before)
            return _speak(plain, asked)
    except (OSError, http.client.HTTPException) as problem:
        return Seen("closed", problem=_told(problem))


def _told(problem: Exception) -> str:
    """Without the numbers and file names that only developers of the library can use."""
    if isinstance(problem, ssl.SSLError) and problem.reason:
        return problem.reason.replace("_", " ").lower()
    reason = problem.strerror if isinstance(problem, OSError) else None
    return _SOURCE_LINE.sub("", reason or str(problem)) or type(problem).__name__


def _connected(address: str | tuple[str, int], timeout: float) -> socket.socket:
    if not isinstance(address, str):
        made = socket.create_connection(address, timeout)
        # Two short writes in a row would wait for each other otherwise (RFC 9293, section 3.7.4).
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made
    made = socket.socket(socket.AF_UNIX)
    try:
        made.settimeout(timeout)
        made.connect(address)
    except OSError:
        made.close()
        raise
    return made


def _speak(plain: socket.socket, asked: probe.Probe) -> Seen:
    match asked.kind:
        case "http":
            return _request(plain, asked, ())
        case "ssh":
            plain.sendall(b"SSH-2.0-hapilot_probe\r\n")
            return _first_words(plain)
        case "tcp":
            return _first_words(plain)
        case "https" | "tls":
            with _context().wrap_socket(
                plain, server_hostname=None if asked.without_sni or asked.address else asked.sni or asked.host
            ) as secure:
                names = _names(secure.getpeercert(binary_form=True))
                return Seen("tls", certificate=names) if asked.kind == "tls" else _request(secure, asked, names)


def _context() -> ssl.SSLContext:
    """Looks at whatever certificate there is; whether it is the right one is what the caller compares."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


def _names(certificate: bytes | None) -> tuple[str, ...]:
    if certificate is None:
        return ()
    try:
        found = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (ValueError, x509.ExtensionNotFound):
        return ()
    return tuple(found.value.get_values_for_type(x509.DNSName))


def _first_words(connection: socket.socket) -> Seen:
    data = connection.recv(512)
    return Seen("data", data=data) if data else Seen("closed", problem="closed without a word")


def _request(connection: socket.socket, asked: probe.Probe, names: tuple[str, ...]) -> Seen:
    usual = 443 if asked.kind == "https" else 80
    client = http.client.HTTPConnection(asked.host, asked.port)
    client.sock = connection
    client.putrequest(asked.method, asked.path, skip_host=True, skip_accept_encoding=True)
    host = f"[{asked.host}]" if ":" in asked.host else asked.host
    client.putheader("Host", asked.authority or (host if asked.port == usual else f"{host}:{asked.port}"))
    for name, value in asked.headers:
        client.putheader(name, value)
    client.putheader("Connection", "close")
    client.endheaders()
    try:
        answer = client.getresponse()
    except http.client.BadStatusLine as problem:
        if isinstance(problem, http.client.RemoteDisconnected):
            raise
        # A server that greets in another protocol, and whoever asked for a page gets its first line.
        return Seen("data", certificate=names, data=str(problem.args[0]).encode("latin-1", "replace"))
    body = answer.read(65536)
    return Seen("response", answer.status, tuple(answer.getheaders()), names, body)
