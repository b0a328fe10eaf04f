"""What came of talking to a server: always a value, also when the connection broke.

Made by the clients, read by tests. An assertion on a whole Outcome shows all of it when it fails.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["response", "bytes", "closed", "reset", "refused", "unreachable", "tls-alert", "untrusted", "timeout", "garbage"]
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one exchange.

    response: an HTTP answer. bytes: what arrived, where no HTTP was spoken (also the good end of a handshake, with an
    empty body). closed, reset: the server ended or aborted the connection. refused, unreachable: no connection.
    tls-alert: the server sent an alert (its name is in ``detail``). untrusted: we refused the server's certificate.
    timeout: nothing (more) came. garbage: the answer is not of the protocol. ``body`` holds what had arrived so far.
    """

    kind: Kind
    status: int = 0
    headers: Headers = ()
    body: bytes = b""
    peer_names: tuple[str, ...] = ()
    alpn: str | None = None
    detail: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing broke: an HTTP answer of any status, or bytes."""
        return self.kind in ("response", "bytes")

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def standin(self) -> str | None:
        """Which stand-in answered: its ``X-Standin`` header, else the ``server`` in its JSON line, else None."""
        if self.kind == "response":
            return self.header("x-standin")
        try:
            return str(self.json()["server"])
        except (ValueError, KeyError, TypeError):
            return None

    def json(self) -> Any:
        """The body (or its last line, where no HTTP was spoken) as JSON."""
        if self.kind == "response":
            return json.loads(self.body)
        return json.loads(self.body.splitlines()[-1] if self.body else b"")


class Broken(Exception):
    """Carries the outcome of a broken exchange up to the client's public method, which returns it."""

    def __init__(self, kind: Kind, detail: str = "", body: bytes = b"") -> None:
        super().__init__(kind, detail)
        self.outcome = Outcome(kind, detail=detail, body=body)


@contextmanager
def broken_by_the_network() -> Generator[None]:
    """Turn the exceptions of sockets and of ssl into Broken; the TLS engine's wish for more bytes passes as it is."""
    try:
        yield
    except ssl.SSLWantReadError:
        raise
    except TimeoutError as problem:
        raise Broken("timeout") from problem
    except ssl.SSLError as problem:
        raise _from_ssl(problem) from problem
    except ConnectionRefusedError as problem:
        raise Broken("refused") from problem
    except (ConnectionResetError, BrokenPipeError) as problem:
        raise Broken("reset") from problem
    except OSError as problem:
        raise Broken("unreachable", str(problem)) from problem


def _from_ssl(problem: ssl.SSLError) -> Broken:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return Broken("untrusted", problem.verify_message)
    reason = str(problem.reason or problem)
    if isinstance(problem, ssl.SSLZeroReturnError | ssl.SSLEOFError) or "UNEXPECTED_EOF" in reason:
        return Broken("closed", reason)
    # OpenSSL names the reasons of received alerts after the protocol, all others after what it could not do.
    is_alert = reason.startswith(("TLSV1_", "TLSV13_", "SSLV3_"))
    return Broken("tls-alert" if is_alert else "garbage", reason)
