"""Looks at the data plane from outside until a change is seen: a fresh TLS connection for each look, and a request where one is needed.

In: a port and a name. Out: what a client gets. Called by the rows about changes. Certificates are not verified: which one it is, is what
is asked.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import client

from bench import processes, servers, values

ROUND_HEADER = "x-round"
"""A response header that sites set to tell which version of them answered."""

_PAUSE_SECONDS = 0.001
"""Between two looks. A look takes about 2 ms."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client got: ``certificate`` in DER, ``body`` and :data:`ROUND_HEADER` of the answer to WHO, where one was asked for."""

    certificate: bytes
    status: int = 0
    body: str = ""
    round: str = ""


def _context() -> ssl.SSLContext:
    made = ssl.create_default_context()
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made


_CONTEXT = _context()


def shake_hands(port: int, name: str) -> Answer:
    """The certificate for ``name`` alone."""
    with processes.connect(port) as plain, _CONTEXT.wrap_socket(plain, server_hostname=name) as secured:
        return Answer(secured.getpeercert(binary_form=True) or b"")


def ask(port: int, name: str) -> Answer:
    """Ask ``name`` who answers, over a connection of its own."""
    with processes.connect(port) as plain, _CONTEXT.wrap_socket(plain, server_hostname=name) as secured:
        asking = client.HTTPConnection(name)
        asking.sock = secured
        asking.request("GET", servers.WHO, headers={"Connection": "close"})
        answer = asking.getresponse()
        certificate = secured.getpeercert(binary_form=True) or b""
        return Answer(certificate, answer.status, answer.read().decode("utf-8", "replace"), answer.getheader(ROUND_HEADER, ""))


def until(look: Callable[[], Answer], seen: Callable[[Answer], bool], patience: float) -> float:
    """Look until ``seen`` says yes; gives the time (seconds since 1970) at which the answer was there. A connection that fails is not
    seen; whether any failed is for clients to tell. NotMeasured after ``patience`` seconds."""
    deadline = time.monotonic() + patience
    last: Answer | None = None
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, client.HTTPException):
            last = look()
            if seen(last):
                return time.time()
        time.sleep(_PAUSE_SECONDS)
    got = f"{last.status} {last.body[:60]}" if last is not None else "no answer"
    raise values.NotMeasured(f"a change was not seen in {patience:g} s; the last answer: {got.strip()}")
