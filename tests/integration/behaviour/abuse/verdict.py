"""Judges what servers were given of a vector, and of the harmless requests behind it. Pure.

Comes in: the vector, the streams of every server by its name, the harmless requests. Goes out: a `Verdict`. Called by `attack`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from integration.behaviour.abuse.vector import SECOND, Fate, Vector
from support.raw_server import Stream
from support.strict_http1 import Message

HOST_OF = {"web": "web.example.test", "other": "other.example.test"}
"""Which server each host leads to."""
MARK = "x-mine"
"""The header in which a harmless request repeats its target."""
FORGED = "192.0.2.1"
"""The address that vectors pretend to come from."""
_OURS = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port")

Streams = Mapping[str, Sequence[Stream]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``fate`` is None where what arrived is no fate. ``wrongs`` is empty where the rule holds."""

    fate: Fate | None
    wrongs: tuple[str, ...]


def judge(vector: Vector, streams: Streams, innocent: Mapping[str, str]) -> Verdict:
    """What became of the vector. ``innocent`` maps the targets of harmless requests to their hosts."""
    messages = [(name, message) for name, each in streams.items() for one in each for message in one.reading.messages]
    wrongs = [*_of_streams(streams), *_of_innocent(messages, innocent)]
    arrived = [(name, message) for name, message in messages if message.target not in innocent]
    for name, message in arrived:
        wrongs += [f"{name}: {wrong}: {message}" for wrong in _of_message(message, name)]
        if message.target == vector.arrives:
            wrongs += [f"{name}: {wrong}: {message}" for wrong in _of_first(message, vector)]
    rests = [one.reading.rest for each in streams.values() for one in each if one.reading.rest]
    return Verdict(_fate(vector, [message for _, message in arrived], rests), tuple(wrongs))


def _of_streams(streams: Streams) -> Iterator[str]:
    for name, each in streams.items():
        for one in each:
            if one.reading.problem:
                yield f"{name} was sent what is no request: {one.reading.problem}"
            if one.reading.rest and one.is_open:
                yield f"{name} still waits for the end of {one.reading.rest!r}"


def _of_innocent(messages: Sequence[tuple[str, Message]], innocent: Mapping[str, str]) -> Iterator[str]:
    """Each harmless request must have arrived once, at its server, as it was sent."""
    for target, host in innocent.items():
        found = [(name, message) for name, message in messages if message.target == target]
        if [name for name, _ in found] != [name for name, its in HOST_OF.items() if its == host]:
            yield f"somebody else's {target} arrived as {found}"
        for name, message in found:
            if message.body or message.all(MARK) != (target,):
                yield f"{name}: somebody else's request was changed: {message}"
            yield from (f"{name}: {wrong}: {message}" for wrong in _of_message(message, name))


def _of_message(message: Message, server: str) -> Iterator[str]:
    """What is wrong with a request for its server, whoever sent it."""
    hosts = [value.lower().partition(":")[0].rstrip(".") for value in message.all("host")]
    if hosts != [HOST_OF[server]]:
        yield f"a request for {hosts}"
    yield from (f"{len(message.all(name))} {name}" for name in _OURS if len(message.all(name)) != 1)
    if FORGED in "".join(message.all("x-forwarded-for")):
        yield "a forged client address"
    if message.method == "CONNECT" or "h2c" in "".join(message.all("upgrade")).lower() or message.all("http2-settings"):
        yield "an offer to leave HTTP/1.1, after which nothing is looked at"


def _of_first(message: Message, vector: Vector) -> Iterator[str]:
    if message.body != vector.body:
        yield "another body"
    yield from (f"header {name}" for name in vector.lacks if message.all(name))


def _fate(vector: Vector, arrived: Sequence[Message], rests: Sequence[bytes]) -> Fate | None:
    """None for what no fate describes: a request twice, one that nobody sent, more than one that is unfinished."""
    targets = sorted("" if one.target == vector.arrives else one.target for one in arrived)
    first, second = targets.count(""), targets.count(SECOND)
    if first + second < len(targets) or max(first, second) > 1 or len(rests) > 1 or (rests and first):
        return None
    if rests:
        return Fate.CUT
    if first:
        return Fate.BOTH if second else Fate.FIRST
    return Fate.REFUSED
