"""Stand-ins that speak no HTTP: echo, line, ssh-like, and one that speaks first.

Each takes a `Visit` whose PROXY header and TLS are done, and returns when the conversation is over.
"""

from __future__ import annotations

import json
from dataclasses import replace

from support.standin import Visit

BANNER = b"SSH-2.0-standin\r\n"


async def echo(visit: Visit) -> None:
    """Send back what comes."""
    if data := await visit.channel.read():
        visit.server.record(replace(visit.seen, body=data))
        await visit.channel.write(data)
        await _echo_on(visit)


async def line(visit: Visit) -> None:
    """Answer each line with one line of JSON that says what was seen; ``body`` is the line."""
    while text := await visit.channel.read_until(b"\n"):
        seen = replace(visit.seen, body=text)
        visit.server.record(seen)
        await visit.channel.write(seen.line())


async def ssh(visit: Visit) -> None:
    """Like an ssh server: banner at once, then the client's banner, then one line of JSON, then echo."""
    await visit.channel.write(BANNER)
    banner = await visit.channel.read_until(b"\n")
    if banner:
        seen = replace(visit.seen, body=banner)
        visit.server.record(seen)
        await visit.channel.write(seen.line())
        await _echo_on(visit)


async def silent_first(visit: Visit) -> None:
    """A protocol in which the client is silent at first: one line of JSON at once, then echo."""
    visit.server.record(visit.seen)
    greeting = {**visit.seen.as_json(), "greeting": f"220 {visit.server.name}"}
    await visit.channel.write(json.dumps(greeting).encode() + b"\n")
    await _echo_on(visit)


async def _echo_on(visit: Visit) -> None:
    while data := await visit.channel.read():
        await visit.channel.write(data)
