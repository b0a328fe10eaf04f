"""An HTTP/2 client as browsers are: some requests at a time on one connection, until the server announces its end.

Comes in: a connection. Goes out: how many requests were answered, or `peers.Broken`. A request that was sent and is not answered well is
a failure, whatever the server has announced by then. RFC 9113, section 6.8: after GOAWAY what was begun is answered, and what is new goes
elsewhere. h2load can't be that strict: it counts as begun what it had not sent when GOAWAY came. Called by ``streams``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import h2.config
import h2.connection
import h2.events

from e2e.live import peers

_HEAD, _GOAWAY = 9, 7
_AT_A_TIME = 4
_PAUSE_SECONDS = 0.2


class Browsing:
    """One connection, on which `answered` requests have been answered so far."""

    def __init__(self, peer: peers.Peer, host: str) -> None:
        self._peer, self._host = peer, host
        self._engine = h2.connection.H2Connection(h2.config.H2Configuration())
        self._open: set[int] = set()
        self._received = b""
        self._is_ending = False
        self.answered = 0

    async def browse(self, stop: asyncio.Event) -> None:
        """Ask until the server wants no more on this connection, or until ``stop``."""
        self._engine.initiate_connection()
        while not stop.is_set() and not self._is_ending:
            for _ in range(_AT_A_TIME):
                self._ask()
            self._flush()
            async with asyncio.timeout(peers.PATIENCE):
                while self._open:
                    await self._hear()
            # GOAWAY may come meanwhile, as it may while a request is on its way.
            await asyncio.sleep(_PAUSE_SECONDS)

    def _ask(self) -> None:
        number = self._engine.get_next_available_stream_id()
        headers = [(":method", "GET"), (":path", "/"), (":scheme", "https"), (":authority", self._host)]
        self._engine.send_headers(number, headers, end_stream=True)
        self._open.add(number)

    def _flush(self) -> None:
        self._peer.writer.write(self._engine.data_to_send())

    async def _hear(self) -> None:
        data = await self._peer.reader.read(65_536)
        if not data:
            raise peers.Broken(f"closed with {len(self._open)} requests unanswered, {'after' if self._is_ending else 'without'} GOAWAY")
        self._received += data
        for event in [event for frame in self._frames() for event in self._engine.receive_data(frame)]:
            self._take(event)
        self._flush()

    def _frames(self) -> Iterator[bytes]:
        """Whole frames but GOAWAY, after which the engine would hear nothing more."""
        while len(self._received) >= _HEAD and len(self._received) >= (size := _HEAD + int.from_bytes(self._received[:3])):
            frame, self._received = self._received[:size], self._received[size:]
            if frame[3] == _GOAWAY:
                self._is_ending = True
            else:
                yield frame

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.ResponseReceived):
            status = dict(event.headers or ()).get(b":status")
            if status != b"200":
                raise peers.Broken(f"status {status!r}")
        elif isinstance(event, h2.events.StreamReset):
            raise peers.Broken(f"request {event.stream_id} was reset with {event.error_code!r}")
        elif isinstance(event, h2.events.StreamEnded):
            self._open.discard(event.stream_id or 0)
            self.answered += 1
