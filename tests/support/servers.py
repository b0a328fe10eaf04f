"""`Stand`: many stand-in servers in one background thread.

Comes in: `Spec`s. Goes out: running `Server`s that tell what they see. One thread with one event loop serves them all;
leaving the ``with`` cuts every connection, joins the thread, and raises what was a bug in a stand-in. Also a program,
for use inside a network namespace: ``python -m support.servers --spec JSON`` prints the ports as one line of JSON and
serves until its standard input ends. Called by tests and by support.netns.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from support import certificates, ports, standin_http, standin_http2, standin_tcp
from support.channel import Channel, ProxyPolicy, Refused
from support.standin import SERVER_FIRST, Kind, Seen, Server, Spec, Visit

_BACKLOG = 1024
_PATIENCE = 0.3
"""How long a server that speaks first waits for an optional PROXY header, in seconds."""

_CONVERSATIONS: dict[Kind, Callable[[Visit], Coroutine[Any, Any, None]]] = {
    "http": standin_http.serve,
    "tcp-echo": standin_tcp.echo,
    "tcp-line": standin_tcp.line,
    "ssh": standin_tcp.ssh,
    "silent-first": standin_tcp.silent_first,
}


@dataclass(slots=True)
class _Running:
    """A listening server's part in the event loop."""

    listener: socket.socket
    visits: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])


class Stand:
    """Runs stand-in servers; use it in a ``with``. ``keep`` is how many requests each server remembers."""

    def __init__(self, keep: int = 500) -> None:
        self._keep = keep
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stand-ins", daemon=True)
        self._running: dict[Server, _Running] = {}
        self._bugs: list[Exception] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._call(self._close_all())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()
        if self._bugs and value is None:
            raise ExceptionGroup("a stand-in server has a bug", self._bugs)

    def start(self, spec: Spec) -> Server:
        """Start a server; it listens when this returns. Raises OSError if it can't."""
        if spec.port == 0:
            spec = replace(spec, port=ports.free_port())
        server = Server(spec, self._control, self._keep)
        server.start()
        return server

    def http(self, name: str, address: str = "127.0.0.1", *, proxy: ProxyPolicy = "never", port: int = 0) -> Server:
        """A plain HTTP/1.1 (and prior-knowledge HTTP/2) server."""
        return self.start(Spec("http", name, address, port, proxy))

    def https(
        self,
        name: str,
        certificate: certificates.Leaf | ssl.SSLContext,
        address: str = "127.0.0.1",
        *,
        alpn: tuple[str, ...] = ("http/1.1",),
        proxy: ProxyPolicy = "never",
    ) -> Server:
        """An HTTP server behind TLS, with that certificate or context; HTTP/2 too where ``alpn`` has ``h2``."""
        is_context = isinstance(certificate, ssl.SSLContext)
        context = certificate if is_context else certificate.server_context(alpn)
        return self.start(Spec("http", name, address, 0, proxy, context))

    def tcp(self, name: str, kind: Kind = "tcp-line", address: str = "127.0.0.1", *, proxy: ProxyPolicy = "never") -> Server:
        """A server of one of the kinds that speak no HTTP."""
        return self.start(Spec(kind, name, address, 0, proxy))

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _control(self, server: Server, shall_run: bool) -> None:  # the two states of one switch
        self._call(self._start(server) if shall_run else self._stop(server))

    async def _start(self, server: Server) -> None:
        if server in self._running:
            return
        listener = _listen(server.spec)
        running = self._running[server] = _Running(listener)
        self._loop.add_reader(listener, self._accept, server, running)

    async def _stop(self, server: Server) -> None:
        running = self._running.pop(server, None)
        if running is None:
            return
        self._loop.remove_reader(running.listener)
        running.listener.close()
        visits = tuple(running.visits)
        for visit in visits:
            visit.cancel()
        if visits:
            await asyncio.wait(visits)

    async def _close_all(self) -> None:
        for server in tuple(self._running):
            await self._stop(server)

    def _accept(self, server: Server, running: _Running) -> None:
        """Take every connection that waits. Not a task of its own: one that is cancelled could lose a connection."""
        while True:
            try:
                plug, _ = running.listener.accept()
            except OSError:
                return  # none left, one that was aborted while it waited, or no file descriptor: the loop calls again
            plug.setblocking(False)
            server.connection_opened()
            task = self._loop.create_task(self._visit(server, plug))
            running.visits.add(task)
            task.add_done_callback(functools.partial(_part, server, running, plug))

    async def _visit(self, server: Server, plug: socket.socket) -> None:
        try:
            plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await _converse(server, plug)
        except Refused as problem:
            server.record_refusal(str(problem))
        except OSError:
            pass  # the client went away: its business
        except Exception as problem:  # kept, and raised by __exit__ in the test's thread
            self._bugs.append(problem)


def _part(server: Server, running: _Running, plug: socket.socket, task: asyncio.Task[None]) -> None:
    """The end of a visit, also of one that was cancelled before its first step."""
    running.visits.discard(task)
    plug.close()
    server.connection_closed()


async def _converse(server: Server, plug: socket.socket) -> None:
    spec = server.spec
    channel = Channel(plug)
    patience = _PATIENCE if spec.kind in SERVER_FIRST and spec.tls is None else None
    header = await channel.read_proxy(spec.proxy, patience)
    tls = await channel.start_tls(spec.tls) if spec.tls is not None else None
    seen = Seen(spec.name, plug.getpeername()[:2], plug.getsockname()[:2], header, tls)
    visit = Visit(channel, server, seen)
    if spec.kind == "http" and tls is not None and tls.alpn == "h2":
        await standin_http2.serve(visit)
    else:
        await _CONVERSATIONS[spec.kind](visit)


def _listen(spec: Spec) -> socket.socket:
    family = socket.AF_INET6 if ":" in spec.address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((spec.address, spec.port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def spec_from_json(data: dict[str, Any]) -> Spec:
    """A Spec from JSON: its fields by name, with ``tls`` as ``{certificate: PATH, key: PATH, alpn: […]}``."""
    fields = dict(data)
    if (tls := fields.pop("tls", None)) is not None:
        files = certificates.Files(Path(tls["certificate"]), Path(tls["key"]), Path(tls["certificate"]))
        fields["tls"] = certificates.server_context(files, tls.get("alpn", ()))
    return Spec(**fields)


def main() -> None:
    """Run the stand-ins of ``--spec`` (a JSON list) until standard input ends."""
    parser = argparse.ArgumentParser(description="Run stand-in servers until standard input ends.")
    parser.add_argument("--spec", required=True, help="JSON list of specs")
    wanted = json.loads(parser.parse_args().spec)
    with Stand() as stand:
        servers = [stand.start(spec_from_json(spec)) for spec in wanted]
        print(json.dumps({server.name: server.port for server in servers}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
