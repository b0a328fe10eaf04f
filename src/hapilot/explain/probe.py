"""The question to ``explain``: one connection, in the words of its user."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from hapilot.base.errors import HapilotError
from hapilot.languages.haproxy.evaluate import connection

Kind = Literal["https", "http", "tls", "ssh", "tcp"]

PORTS: dict[str, int] = {"https": 443, "http": 80, "tls": 443, "ssh": 22}
"""What a target without a port means (RFC 9110, section 4.2; RFC 4251)."""

CLIENT = "192.0.2.77"
"""The client where nobody says one: an address for documentation (RFC 5737)."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One connection to ask about. ``host`` is a name or an IP address, "" where only the port matters."""

    kind: Kind
    host: str
    port: int
    path: str = "/"
    source: str = CLIENT
    headers: tuple[tuple[str, str], ...] = ()
    version: Literal["1.0", "1.1", "2"] = "1.1"
    method: str = "GET"
    sni: str | None = None
    """The name in the ClientHello, where it is not ``host``."""
    without_sni: bool = False
    authority: str | None = None
    """The Host header, where it is not ``host``."""
    without_host: bool = False
    """Send no Host header at all, as HTTP/1.0 allows."""
    listener: str = ""
    """Where it arrives, by the listener's name: behind something that changes ports, or at a unix socket. "" leaves it to the target."""
    behind_balancer: bool = False
    """Where a listener requires a PROXY header, a load balancer that it trusts connects, and its header says ``source`` and the target.
    Otherwise the client connects itself, and sends ``proxy`` or nothing."""
    proxy: connection.ProxyHeader | None = None
    """The header that the client itself sends."""
    data: bytes | None = None
    """With ``tcp``: what the client sends first; None says nothing and waits for the server."""
    client_certificate: connection.ClientCertificate | None = None
    """What the client shows where it is asked for a certificate."""

    @property
    def address(self) -> connection.Address | None:
        """``host`` as an IP address, if it is one."""
        try:
            return ipaddress.ip_address(self.host.strip("[]"))
        except ValueError:
            return None

    def first(self) -> connection.First:
        """What the client sends first."""
        if self.kind == "ssh":
            return connection.Ssh()
        if self.kind == "tcp":
            return connection.Silent() if self.data is None else connection.Raw(self.data)
        if self.kind == "http":
            return connection.Http(self._request())
        sni = None if self.without_sni or (self.address is not None and self.sni is None) else self.sni or self.host or None
        if self.kind == "tls":
            # Where TLS ends here, the question goes on to what a plain request would get.
            return connection.Tls(sni, ("h2", "http/1.1"), self._request(), self.client_certificate)
        alpn = ("h2", "http/1.1") if self.version == "2" else ("http/1.1",)
        return connection.Tls(sni, alpn, self._request(), self.client_certificate)

    def _request(self) -> connection.Request:
        usual = 443 if self.kind == "https" else 80
        host = None if self.without_host else self.authority
        if host is None and not self.without_host:
            shown = f"[{self.host}]" if ":" in self.host and not self.host.startswith("[") else self.host
            host = shown if self.port == usual else f"{shown}:{self.port}"
        return connection.Request(self.method, self.path, host, self.headers, self.version)


def parse_target(text: str, *, source: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Probe:
    """``https://host/path``, ``http://…``, ``tls://host:port``, ``ssh://host:port`` or ``tcp://:port``.

    Whoever asks in this way means the client, also where a load balancer is in front. A Host among the ``headers`` takes the place of
    the target's, as in curl. Raises HapilotError with a hint for anything else.
    """
    hint = "such as https://shop.example.test/cart, tls://vault.example.test:443, ssh://example.test:22 or tcp://:6443"
    scheme, separator, _ = text.partition("://")
    if not separator or scheme not in ("https", "http", "tls", "ssh", "tcp"):
        raise HapilotError(f"{text!r} is not a target", hint)
    try:
        parts = urlsplit(text)
        port = parts.port or PORTS.get(scheme)
    except ValueError as problem:
        raise HapilotError(f"{text!r} is not a target: {problem}", hint) from problem
    if port is None:
        raise HapilotError(f"{text!r} has no port", hint)
    hosts = [value for name, value in headers if name.lower() == "host"]
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Probe(
        kind=scheme,  # pyright: ignore[reportArgumentType] - one of Kind, checked above
        host=(parts.hostname or "").lower(),
        port=port,
        path=path,
        source=_source(source),
        headers=tuple((name, value) for name, value in headers if name.lower() != "host"),
        authority=hosts[-1] if hosts else None,
        version="2" if scheme == "https" else "1.1",
        behind_balancer=True,
    )


def _source(text: str) -> str:
    if not text:
        return CLIENT
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as problem:
        raise HapilotError(f"{text!r} is not an IP address", "--from takes the client's address, such as 203.0.113.9") from problem
