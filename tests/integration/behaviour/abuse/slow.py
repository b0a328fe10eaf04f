"""Clients that keep a connection for themselves: silent, or a byte now and then. Many at once, in one thread.

Comes in: an address and, for each client, what it says at first and what it goes on to say, byte by byte. Goes out: an `End` for each:
after how many seconds HAProxy ended it, and its last words. Called by test_slow.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from integration.behaviour import visits
from support import certificates
from support.client import Address

_STEP = 0.05


@dataclass(frozen=True, slots=True)
class Script:
    """``first`` is sent at once, of ``then`` one byte every ``pause`` seconds. ``alpn`` starts TLS before that."""

    first: bytes = b""
    then: bytes = b""
    pause: float = 0.1
    alpn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class End:
    """``seconds`` is None if it was still open when nobody waited any longer."""

    seconds: float | None
    said: bytes


@dataclass(slots=True)
class _Client:
    script: Script
    plug: socket.socket
    began: float
    said: bytearray = field(default_factory=bytearray)
    sent: int = 0
    end: float | None = None

    def speak(self, now: float) -> None:
        wanted = min(int((now - self.began) / self.script.pause), len(self.script.then))
        if wanted > self.sent:
            try:
                self.plug.send(self.script.then[self.sent : wanted])
            except OSError:
                return  # reading will tell
            self.sent = wanted

    def listen(self, now: float) -> None:
        try:
            data = self.plug.recv(65_536)
        except (ssl.SSLWantReadError, BlockingIOError):
            return
        except OSError:
            data = b""
        self.said += data
        if not data:
            self.end = now - self.began


def watch(addresses: Mapping[str, Address], scripts: Mapping[str, Script], seconds: float) -> dict[str, End]:
    """Play every script against the address of its name, until all connections ended or ``seconds`` have passed."""
    clients = {name: _start(addresses[name], script) for name, script in scripts.items()}
    with selectors.DefaultSelector() as selector:
        for one in clients.values():
            selector.register(one.plug, selectors.EVENT_READ, one)
        stop = time.monotonic() + seconds
        while selector.get_map() and (now := time.monotonic()) < stop:
            for key, _ in selector.select(_STEP):
                key.data.listen(time.monotonic())
            for one in [key.data for key in selector.get_map().values()]:
                one.speak(now)
                if one.end is not None:
                    selector.unregister(one.plug)
    for one in clients.values():
        one.plug.close()
    return {name: End(one.end, bytes(one.said)) for name, one in clients.items()}


def _start(address: Address, script: Script) -> _Client:
    plug = socket.create_connection(address, 5)
    plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if script.alpn:
        plug = certificates.trusting_nobody(script.alpn).wrap_socket(plug, server_hostname="web.example.test")
    plug.sendall(script.first)
    plug.setblocking(False)
    return _Client(script, plug, time.monotonic())


def hello() -> bytes:
    """The first flight of a TLS client."""
    return b"\x16\x03\x01" + (len(message := visits.start_of_message("web.example.test"))).to_bytes(2) + message
