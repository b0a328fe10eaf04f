"""Stand-in servers, started once and lent to one configuration after the other.

Comes in: what a server's line says of it. Goes out: a running stand-in that answers with what it saw. Called by `placing`.
"""

from __future__ import annotations

from integration.importing import papers
from integration.importing.placing import Kind
from support import certificates, servers, standin

ANSWERS = {"/missing": 404, "/broken": 500, "/moved": 302, "/nothing": 204}
"""Paths that are not answered with 200."""


class Pool:
    """Stand-ins by kind, by whether they take a PROXY header, and by number."""

    def __init__(self, stand: servers.Stand) -> None:
        self._stand = stand
        self._started: dict[tuple[Kind, bool, int], standin.Server] = {}

    def lend(self, kind: Kind, proxied: bool, number: int) -> standin.Server:
        """The stand-in of that kind and number."""
        key = kind, proxied, number
        if key not in self._started:
            self._started[key] = self._start(kind, f"{kind}{'-proxied' if proxied else ''}-{number}", proxied=proxied)
        return self._started[key]

    def _start(self, kind: Kind, name: str, *, proxied: bool) -> standin.Server:
        policy = "optional" if proxied else "never"
        match kind:
            case "web":
                server = self._stand.http(name, proxy=policy)
            case "tls":
                leaf = certificates.authority().issue(*papers.NAMES)
                server = self._stand.https(name, leaf, alpn=("h2", "http/1.1"), proxy=policy)
            case "line":
                server = self._stand.tcp(name, "tcp-line", proxy=policy)
        server.answers.update(ANSWERS)
        return server
