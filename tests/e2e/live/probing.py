"""Looks from outside whether a change is effective: real connections to the front door, one for each question.

Comes in: checks and the certificates as they were written last. Goes out: the seconds until all checks held, or AssertionError with what
was seen instead. Called by both tests.
"""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from e2e.live import checks
from support import certificates

SECONDS = 15.0
"""How long a change may take to be seen."""
_TIMES = 8
"""Requests in a row that must not meet a server that is gone."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one connection. ``problem`` says why there was no answer."""

    status: int = 0
    standin: str = ""
    changed: str = ""
    certificate: bytes = b""
    problem: str = ""

    def __str__(self) -> str:
        return self.problem or f"{self.status} by {self.standin or 'the proxy'}, X-Changed: {self.changed or '-'}"


class _Connection(http.client.HTTPConnection):
    """A connection to 127.0.0.1, whatever the host is called."""

    def __init__(self, place: checks.Place) -> None:
        super().__init__(place.host, place.port, timeout=5.0)
        self._place = place
        self.certificate = b""

    def connect(self) -> None:
        self.sock = socket.create_connection(("127.0.0.1", self._place.port), self.timeout)
        if self._place.is_tls:
            secured = certificates.trusting_nobody().wrap_socket(self.sock, server_hostname=self._place.host)
            self.certificate = secured.getpeercert(binary_form=True) or b""
            self.sock = secured


def ask(place: checks.Place) -> Seen:
    """One request on a new connection."""
    connection = _Connection(place)
    try:
        connection.request("GET", place.path, headers={"Host": place.host, "Connection": "close"})
        answer = connection.getresponse()
        headers = answer.headers
        return Seen(answer.status, headers.get("X-Standin", ""), headers.get("X-Changed", ""), connection.certificate)
    except (OSError, http.client.HTTPException) as problem:
        return Seen(certificate=connection.certificate, problem=f"{type(problem).__name__}: {problem}")
    finally:
        connection.close()


def wait_for(expected: Iterable[checks.Check], shown: Mapping[str, bytes], began: float) -> float:
    """Wait until each of ``expected`` has held; the seconds since ``began`` (of time.monotonic). ``shown`` are certificates, as DER,
    by the stem of their file."""
    end = time.monotonic() + SECONDS
    effective = began
    for check in expected:
        while True:
            looked = time.monotonic()
            holds, seen = _look(check, shown)
            if holds:
                effective = max(effective, looked)
                break
            assert looked < end, f"{check} does not hold after {SECONDS:g} s; seen last: {seen}"
    return effective - began


def _look(check: checks.Check, shown: Mapping[str, bytes]) -> tuple[bool, str]:
    """Whether it holds, and what was seen."""
    if isinstance(check, checks.Closed):
        return _is_closed(check.port)
    if isinstance(check, checks.Never):
        return _never(check)
    if isinstance(check, checks.Redirected):
        seen = ask(checks.Place(check.port, check.host, is_tls=False))
        return seen.status == (308 if check.is_known else 404), str(seen)
    seen = ask(check.place)
    match check:
        case checks.Served():
            return seen.standin == str(check.by), str(seen)
        case checks.Unserved():
            return not seen.standin and "Timeout" not in seen.problem, str(seen)
        case checks.Shown():
            return seen.certificate == shown[check.stem], f"another certificate ({certificates.names_of(seen.certificate)}), {seen}"
        case checks.Marked():
            return seen.changed == check.header, str(seen)


def _never(check: checks.Never) -> tuple[bool, str]:
    for _ in range(_TIMES):
        seen = ask(check.place)
        if seen.standin in ("", str(check.by)):
            return False, str(seen)
    return True, ""


def _is_closed(port: int) -> tuple[bool, str]:
    try:
        socket.create_connection(("127.0.0.1", port), 5.0).close()
    except ConnectionRefusedError:
        return True, "refused"
    except OSError as problem:
        return False, str(problem)
    return False, "a connection"
