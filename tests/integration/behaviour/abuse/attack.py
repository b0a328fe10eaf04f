"""Sends a vector at a running site and says what became of it.

Comes in: a `Vector`, a site whose servers are `RawServer`s. Goes out: a `Result`, with everything that helps to understand a failure.
Called by test_vectors.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from integration.behaviour import sites, visits
from integration.behaviour.abuse import verdict
from integration.behaviour.abuse.vector import Vector
from support import client, clienthello, frames
from support.client import Request
from support.raw_server import RawServer

_QUIET = 0.15
"""Seconds without an answer after which a client gives up: HAProxy waits for more of the request."""
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Result:
    """``told`` is what the client got: each status, and how it ended."""

    verdict: verdict.Verdict
    told: tuple[str, ...]
    streams: verdict.Streams


def attack(site: sites.Running, servers: Mapping[str, RawServer], vector: Vector, pieces: clienthello.Sizes = ()) -> Result:
    """Send the vector, in TCP segments of those sizes, then harmless requests of somebody else, which may come over the same
    connections to the servers."""
    for server in servers.values():
        server.forget()
    told = (_http1 if vector.speaks == "http1" else _http2)(site, vector, pieces)
    for server in servers.values():
        server.wait(lambda streams: not any(one.is_open and one.reading.rest for one in streams), 1.0)
    innocent = {f"/innocent/{next(_numbers)}": host for host in verdict.HOST_OF.values() for _ in range(2)}
    told += _visit(site, innocent)
    streams = {name: server.streams for name, server in servers.items()}
    return Result(verdict.judge(vector, streams, innocent), tuple(told), streams)


def _http1(site: sites.Running, vector: Vector, pieces: clienthello.Sizes) -> list[str]:
    with client.connect(site.at("HTTP")) as connection:
        connection.send(vector.wire, pieces, 0.001)
        got = connection.read(_QUIET).body
        with contextlib.suppress(OSError):  # the end may have come between the two
            connection.end_sending()
        ended = connection.read_to_end(2)
        return [*(status.decode() for status in re.findall(rb"(?:^|\n)HTTP/1\.[01] (\d{3}) ", got + ended.body)), ended.kind]


def _http2(site: sites.Running, vector: Vector, pieces: clienthello.Sizes) -> list[str]:
    with client.connect(site.at("HTTPS")) as connection:
        connection.start_tls(visits.hello("web.example.test", ("h2",)))
        connection.send(frames.PREFACE + frames.settings() + vector.wire, pieces, 0.001)
        return frames.answers(connection, 1, 1)


def _visit(site: sites.Running, innocent: Mapping[str, str]) -> list[str]:
    """Requests of somebody else over one connection: all but the first may share the server connections of others."""
    with client.connect(site.at("HTTP")) as connection:
        for target, host in innocent.items():
            answer = connection.request(Request(target=target, host=host, headers=((verdict.MARK, target),)))
            if (answer.status, answer.body) != (200, target.encode()):
                return [f"somebody else's {target} got {answer}"]
    return []
