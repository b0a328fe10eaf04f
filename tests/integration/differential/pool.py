"""Stand-in servers for random sites: started once, lent to one site after the other.

Comes in: what a service needs of its server. Goes out: a running `standin.Server` that answers with what it saw, under a
name that no other has, so that an answer tells which service it came from. Called by the lab.
"""

from __future__ import annotations

from typing import Literal

from support import certificates, servers, standin

Kind = Literal["web", "reencrypt", "reencrypt-h2", "passed", "ssh", "tcp"]
"""HTTP in clear, of either version; HTTPS for names of the sites, also with HTTP/2; HTTPS under its own name, for connections passed
through; and the two without HTTP."""

CERTIFIED = ("a.test", "b.test", "*.a.test", "*.test", "*.x.a.test", "fixed.test")
"""The names for which the stand-ins of kinds ``reencrypt`` and ``reencrypt-h2`` have a certificate."""


class Pool:
    """Stand-ins by kind, by whether they ask for a PROXY header, and by number."""

    def __init__(self, stand: servers.Stand) -> None:
        self._stand = stand
        self._started: dict[tuple[Kind, bool, int], standin.Server] = {}
        self._authority = certificates.authority()

    def lend(self, kind: Kind, number: int, *, proxied: bool) -> standin.Server:
        """The stand-in of that kind and number. ``proxied``: it refuses connections without a PROXY header."""
        key = kind, proxied, number
        if key not in self._started:
            self._started[key] = self._start(kind, f"{kind}-{'proxied' if proxied else 'bare'}-{number}", proxied=proxied)
        return self._started[key]

    def _start(self, kind: Kind, name: str, *, proxied: bool) -> standin.Server:
        policy = "required" if proxied else "never"
        match kind:
            case "web":
                return self._stand.http(name, proxy=policy)
            case "reencrypt":
                return self._stand.https(name, self._authority.issue(*CERTIFIED), proxy=policy)
            case "reencrypt-h2":
                return self._stand.https(name, self._authority.issue(*CERTIFIED), alpn=("h2", "http/1.1"), proxy=policy)
            case "passed":
                return self._stand.https(name, self._authority.issue(f"{name}.test"), alpn=("h2", "http/1.1"), proxy=policy)
            case "ssh":
                return self._stand.tcp(name, "ssh", proxy=policy)
            case "tcp":
                return self._stand.tcp(name, "silent-first", proxy=policy)
