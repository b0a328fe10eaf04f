"""Long connections through the front door: WebSockets, slow downloads, ssh sessions, each of which must not break; and HTTP/2.

A program, so that neither load nor the tests' own work delay it: ``python -m e2e.live.streams --plan JSON`` (a `Plan`) runs until its
standard input ends, lets everything end in good order, and prints a `Tally` per kind as one line of JSON. Started by ``loads``.

A WebSocket and an ssh session send a counter each second and get it back. A download's body is paced by the server, and known. Some
live from start to end; the others are begun anew when they have ended, so that there is one in every state of the site.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import ssl
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field

from e2e.live import multiplexing, peers
from support import http1, standin_http, websocket

_STEP_SECONDS = 1.0
_PIECE, _PIECE_SECONDS = 16 * 1024, 0.25


@dataclass(frozen=True, slots=True)
class Plan:
    """How many there are to be, where, and for how long. ``hosts`` are taken in turn, ``ssh`` is the command of a session,
    ``browsed`` the host that is asked for by HTTP/2."""

    port: int
    authority: str
    hosts: Sequence[str]
    websockets: int
    downloads: int
    ssh: Sequence[str]
    sessions: int
    browsers: int
    browsed: str


@dataclass(slots=True)
class Tally:
    """What came of the connections of one kind. ``steps`` are counters that came back, requests, or pieces."""

    begun: int = 0
    ended: int = 0
    steps: int = 0
    broken: list[str] = field(default_factory=list[str])


class Streams:
    """Everything that runs, until it is told to end."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._context = ssl.create_default_context(cafile=plan.authority)
        self._multiplexed = ssl.create_default_context(cafile=plan.authority)
        self._multiplexed.set_alpn_protocols(["h2"])
        self._stop = asyncio.Event()
        self.tallies = {"WebSockets": Tally(), "downloads": Tally(), "ssh sessions": Tally(), "HTTP/2 connections": Tally()}

    async def run(self, until: Awaitable[object]) -> None:
        """Runs until ``until`` is over, and then until all has ended."""
        plan = self._plan
        lives = (self._chat, self._download, self._session, self._browse)
        counts = (plan.websockets, plan.downloads, plan.sessions, plan.browsers)
        async with asyncio.TaskGroup() as group:
            for tally, live, count in zip(self.tallies.values(), lives, counts, strict=True):
                for number in range(count):
                    group.create_task(self._again_and_again(tally, live, number))
            await until
            self._stop.set()

    async def _again_and_again(self, tally: Tally, live: Callable[[Tally, int], Awaitable[None]], number: int) -> None:
        await asyncio.sleep(number * 0.05)
        while not self._stop.is_set():
            began = time.monotonic()
            tally.begun += 1
            try:
                await live(tally, number)
            except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError, peers.Broken) as problem:
                said = f"{type(problem).__name__}: {problem}"
                tally.broken.append(f"number {number}, after {time.monotonic() - began:.1f} s, {time.strftime('%H:%M:%S')}: {said}")
                await self._pause(_STEP_SECONDS)
            else:
                tally.ended += 1

    async def _pause(self, seconds: float) -> None:
        """So long, or until it is time to end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    @contextlib.asynccontextmanager
    async def _asked(self, number: int, target: str, headers: http1.Headers = ()) -> AsyncGenerator[tuple[peers.Peer, int]]:
        """A request on a new connection, and the status of its answer."""
        plan = self._plan
        host = plan.hosts[number % len(plan.hosts)]
        async with peers.connected(plan.port, host, self._context) as peer:
            async with asyncio.timeout(peers.PATIENCE):
                peer.writer.write(http1.format_request("GET", target, host, headers, b""))
                head = await peer.reader.readuntil(b"\r\n\r\n")
            yield peer, http1.parse_status(head)[0]

    async def _chat(self, tally: Tally, number: int) -> None:
        """A WebSocket: every other one for as long as there is load, the rest for 5 to 14 seconds."""
        lasts = 5 + number // 2 % 10 if number % 2 else float("inf")
        end = time.monotonic() + lasts
        async with self._asked(number, "/chat", websocket.upgrade_headers()) as (peer, status):
            if status != 101:
                raise peers.Broken(f"status {status}")
            counter = 0
            while not self._stop.is_set() and time.monotonic() < end:
                counter += 1
                await _exchange(peer, websocket.Frame(websocket.TEXT, b"%d" % counter))
                tally.steps += 1
                await self._pause(_STEP_SECONDS)
            await _exchange(peer, websocket.Frame(websocket.CLOSE, b"\x03\xe8"))

    async def _download(self, tally: Tally, number: int) -> None:
        """A body that takes from 2 to 21 seconds."""
        pieces = 8 + number % 20 * 4
        async with self._asked(number, f"/paced?pieces={pieces}&size={_PIECE}&interval={_PIECE_SECONDS}") as (peer, status):
            if status != 200:
                raise peers.Broken(f"status {status}")
            digest, wanted = hashlib.sha256(), hashlib.sha256()
            for piece in range(pieces):
                async with asyncio.timeout(peers.PATIENCE):
                    digest.update(await peer.reader.readexactly(_PIECE))
                wanted.update(standin_http.paced_piece(piece, _PIECE))
            if digest.digest() != wanted.digest():
                raise peers.Broken("other bytes than were sent")
            tally.steps += pieces

    async def _browse(self, tally: Tally, number: int) -> None:
        """Requests by HTTP/2, until the connection's end is announced."""
        del number
        async with peers.connected(self._plan.port, self._plan.browsed, self._multiplexed) as peer:
            if (agreed := peer.writer.get_extra_info("ssl_object").selected_alpn_protocol()) != "h2":
                raise peers.Broken(f"no HTTP/2 but {agreed}")
            browsing = multiplexing.Browsing(peer, self._plan.browsed)
            try:
                await browsing.browse(self._stop)
            finally:
                tally.steps += browsing.answered

    async def _session(self, tally: Tally, number: int) -> None:
        """An ssh session in which ``cat`` gives back what it gets; the first two from start to end."""
        end = time.monotonic() + (10 + 5 * number if number > 1 else float("inf"))
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*self._plan.ssh, "cat", stdin=pipe, stdout=pipe, stderr=pipe)
        try:
            await self._count(tally, process, end)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as problem:
            raise peers.Broken(f"{type(problem).__name__}: {problem}; {await _said(process)}") from problem
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _count(self, tally: Tally, process: asyncio.subprocess.Process, end: float) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        counter = 0
        while not self._stop.is_set() and time.monotonic() < end:
            counter += 1
            line = b"%d\n" % counter
            process.stdin.write(line)
            async with asyncio.timeout(peers.PATIENCE):
                back = await process.stdout.readuntil(b"\n")
            if back != line:
                raise peers.Broken(f"{back!r} came back for {line!r}")
            tally.steps += 1
            await self._pause(_STEP_SECONDS)
        process.stdin.close()
        async with asyncio.timeout(peers.PATIENCE):
            if await process.wait():
                raise peers.Broken(await _said(process))


async def _exchange(peer: peers.Peer, frame: websocket.Frame) -> None:
    """Send a frame and get the same back."""
    async with asyncio.timeout(peers.PATIENCE):
        peer.writer.write(websocket.encode(frame, is_masked=True))
        received = b""
        while (found := websocket.decode(received)) is None:
            more = await peer.reader.read(4096)
            if not more:
                raise peers.Broken("the connection was closed")
            received += more
    if found[0] != frame:
        raise peers.Broken(f"{found[0]} came back for {frame}")


async def _said(process: asyncio.subprocess.Process) -> str:
    """The end of what a session had to say."""
    assert process.stderr is not None
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    said = await process.stderr.read()
    return f"ssh said: {said.decode(errors='replace').strip()[-300:]}"


async def _main(plan: Plan) -> dict[str, Tally]:
    streams = Streams(plan)
    await streams.run(asyncio.to_thread(sys.stdin.read))
    return streams.tallies


def main() -> None:
    """Run ``--plan`` until standard input ends."""
    parser = argparse.ArgumentParser(description="Hold long connections open until standard input ends.")
    parser.add_argument("--plan", required=True, help="JSON of a plan")
    plan = Plan(**json.loads(parser.parse_args().plan))
    print(json.dumps({kind: asdict(tally) for kind, tally in asyncio.run(_main(plan)).items()}), flush=True)


if __name__ == "__main__":
    main()
