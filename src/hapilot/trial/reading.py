"""How a stand-in reads: what was asked for, or an exception that says what kind of client this is. Called by ``talking``."""

from __future__ import annotations

import socket

PATIENCE = 20.0
"""Seconds for anything a client is to do."""
SILENCE = 0.3
"""Seconds after which a client that says nothing is taken to wait for the server; HAProxy sends what it has with the connection."""

LONGEST_HEAD = 65536
"""Bytes of the head of a request."""


class Refused(Exception):
    """The client did what the server does not expect. The text says what."""


class Gone(Exception):
    """The client went without a word, as those do who only look whether somebody is there."""


def peek(plain: socket.socket, size: int) -> bytes:
    """The first bytes, which stay where they are; none if the client waits. Raises Gone."""
    plain.settimeout(SILENCE)
    try:
        data = plain.recv(size, socket.MSG_PEEK)
    except TimeoutError:
        return b""
    finally:
        plain.settimeout(PATIENCE)
    if not data:
        raise Gone
    return data


class Wire:
    """Reads from a connection. With ``ahead`` it takes all that is there from the socket, else only what was asked for."""

    def __init__(self, connection: socket.socket, *, ahead: bool = True) -> None:
        self.connection = connection
        self._ahead = ahead
        self._data = b""

    def begin(self) -> bytes:
        """The first bytes, which will be read again; none if the client waits. Raises Gone."""
        self.connection.settimeout(SILENCE)
        try:
            self._more(0)
        except TimeoutError:
            return b""
        finally:
            self.connection.settimeout(PATIENCE)
        return self._data

    def exactly(self, size: int) -> bytes:
        """That many bytes. Raises Gone where fewer come."""
        while len(self._data) < size:
            self._more(size - len(self._data))
        found, self._data = self._data[:size], self._data[size:]
        return found

    def until(self, end: bytes) -> bytes:
        """Up to ``end`` and with it. Raises Gone where it does not come, Refused where too much comes before it."""
        while end not in self._data:
            if len(self._data) > LONGEST_HEAD:
                raise Refused("it got a head of a request that does not end")
            self._more(0)
        size = self._data.index(end) + len(end)
        return self.exactly(size)

    def _more(self, wanted: int) -> None:
        data = self.connection.recv(65536 if self._ahead else wanted)
        if not data:
            raise Gone
        self._data += data
