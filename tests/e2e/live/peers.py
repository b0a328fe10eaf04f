"""A TLS connection of asyncio to the front door, and what all that holds one open agrees on. Called by ``streams`` and ``multiplexing``."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator
from typing import NamedTuple

PATIENCE = 15.0
"""Seconds for each step that takes milliseconds on an idle machine."""


class Broken(Exception):
    """It did not go as it must. The text says how."""


class Peer(NamedTuple):
    """Both ends of a connection's bytes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@contextlib.asynccontextmanager
async def connected(port: int, host: str, context: ssl.SSLContext) -> AsyncGenerator[Peer]:
    """A connection whose certificate is right for ``host``; cut when the block ends."""
    async with asyncio.timeout(PATIENCE):
        peer = Peer(*await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=host))
    try:
        yield peer
    finally:
        peer.writer.transport.abort()
