"""Certificates for stand-ins, made when a client asks for a name, from a CA that exists for one trial.

In: the name in a ClientHello and who the server is. Out: an ssl context that proves both. ``standins`` calls it; the private copy of
the site trusts :attr:`Issuer.authority` where the site trusts a CA of its own.
"""

from __future__ import annotations

import datetime
import re
import ssl
import tempfile
import threading
from pathlib import Path

from hapilot.model import values
from hapilot.sources.file import self_signed

_MARK = "standin.invalid"
"""Every certificate has a second name below this one, which tells who shows it. The name exists nowhere (RFC 6761, section 6.4)."""

_NAME = re.compile(r"(?:\*\.)?[A-Za-z0-9_.-]{1,253}")


class Issuer:
    """Issues and keeps contexts. Its files are in ``folder`` for no longer than it takes to read them."""

    def __init__(self, folder: Path, local: self_signed.LocalAuthority | None = None) -> None:
        self._folder = folder
        self._local = local or self_signed.LocalAuthority(None)
        self._lock = threading.Lock()
        self._made: dict[tuple[int, str, bool], ssl.SSLContext] = {}

    @property
    def authority(self) -> str:
        """The CA as PEM."""
        with self._lock:
            return self._local.ca_text(_now())

    def context(self, number: int, *, http2: bool) -> ssl.SSLContext:
        """For the server ``number``; what it shows depends on the name that its client asks for."""
        first = self._made_for(number, "", http2=http2)

        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            if name and _NAME.fullmatch(name):
                connection.context = self._made_for(number, name.lower(), http2=http2)

        first.sni_callback = choose  # pyright: ignore[reportAttributeAccessIssue] - typeshed: the first argument may be a socket too
        return first

    def name_of(self, context: ssl.SSLContext) -> str | None:
        """The name that the client asked for, after the handshake; None where it named none."""
        with self._lock:
            return next((name for (_, name, _), made in self._made.items() if made is context), "") or None

    def _made_for(self, number: int, name: str, *, http2: bool) -> ssl.SSLContext:
        with self._lock:
            key = number, name, http2
            if key not in self._made:
                self._made[key] = self._make(number, name, http2=http2)
            return self._made[key]

    def _make(self, number: int, name: str, *, http2: bool) -> ssl.SSLContext:
        names = [values.HostPattern(one) for one in (name, f"{number}.{_MARK}") if one]
        bundle = self._local.certificate(names, _now())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile("w", dir=self._folder, encoding="ascii") as file:
            file.write(bundle.text())
            file.flush()
            context.load_cert_chain(file.name)
        # Contexts are changed in the middle of a handshake, and the protocol is chosen after that.
        context.set_alpn_protocols(["h2", "http/1.1"] if http2 else ["http/1.1"])
        return context


def shown_by(names: tuple[str, ...]) -> int | None:
    """Which server shows a certificate with these names; None where it is none of ours."""
    for name in names:
        number, _, rest = name.partition(".")
        if rest == _MARK and number.isdecimal():
            return int(number)
    return None


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
