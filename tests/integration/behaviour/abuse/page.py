"""docs/abuse.md, written from the tables that the tests run.

Comes in: nothing. Goes out: the page's text. Called by test_page, which compares it with the file, or writes the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from integration.behaviour.abuse import floods, garbage, slow_clients, table
from integration.behaviour.abuse.vector import HIDDEN, Fate, Vector

PATH = Path(__file__).resolve().parents[4] / "docs" / "abuse.md"

_MOST = 180
"""Characters of a vector that are shown."""
_REPEATED = re.compile(r"(\S{1,4}?)\1{15,}")

_INTRO = """\
# Abuse

What clients can do wrong on purpose, and what becomes of it. Everything here is run against the HAProxys that hapilot is tested with
(2.6 and the embedded 2.8); this page is written from the tables of those tests (`tests/integration/behaviour/abuse`), and a test fails
while it is stale.

## The rule

Whatever bytes a client sends, a server gets well-formed requests or none: never two for one, never half of one that could pass for a
whole, never a byte of one in somebody else's.

The servers of the tests keep every byte they get. A reader that forgives nothing (RFC 9112, and none of what it lets readers tolerate)
takes each of their connections apart. Each vector is sent in one piece and in sixteen; then somebody else sends requests, over the same
connections to the servers where HAProxy shares them, which must arrive as they were sent. A request must have arrived at the server of its
host, with one copy of each header that tells who the client is, none of them the client's own, and without an offer to leave HTTP/1.1
(`Upgrade: h2c`, `CONNECT`).

Most vectors begin with a request for `/first` on `web.example.test` and hide `[second]` in it or behind it:
`GET /second HTTP/1.1\\r\\nHost: other.example.test\\r\\n\\r\\n`. What servers get is one of these:

| fate | means |
| --- | --- |
"""
_MEANS = {
    Fate.REFUSED: "400 or the like, or the end; no server sees the first request. The second is refused with it, or goes to its own server",
    Fate.CUT: "refused if HAProxy sees it in time; else the server gets the beginning of one request, and its connection ends before the "
    "request does, so that it is none (RFC 9112, section 8)",
    Fate.FIRST: "one request, well-formed; what follows it was its body, or the connection ends behind it",
    Fate.BOTH: "two requests, each well-formed and at its own server: the client has sent two",
}
_BEHIND_VECTORS = """\

## Limits

- Trailers go on as they are, whatever their name. A server must not take them for headers (RFC 9110, section 6.5.1), above all not
  `X-Forwarded-For`.
- `Connection` may name any header but ours; a server that is a proxy itself then takes that header out.

## Slow clients

Each of these is ended in its time, whatever it sends meanwhile. `timeout http-request` (10 s) is for the head of a request, and for the
silence between two; `sniff_timeout` for what nobody knows yet; `timeouts.client` for the rest. When all slots (`maxconn`) are taken,
others wait until one is free again.

| client | is ended after |
| --- | --- |
"""
_SLOW = (
    (slow_clients.HEADS, "10 s, with 408 where HTTP/1.1 is spoken"),
    (slow_clients.HANDSHAKES, "`timeouts.client`, all in all"),
    (slow_clients.SNIFFED, "`sniff_timeout`, all in all"),
    (slow_clients.BODIES, "`timeouts.client` with 400; before 2.8 `timeouts.server` with 504"),
    (slow_clients.BREATHING, "nothing: it may go on while a byte comes within `timeouts.client`. It holds one connection to its server"),
)
_BEHIND_SLOW = """\

A server sees an unfinished body as what it is: its connection ends before the request does. A hundred such requests hold up nobody
else, since none shares their connections; where a server can have few connections, `max_connections` says so.

Ten thousand connections that do nothing are held and counted by HAProxy, others are answered meanwhile, and ten seconds later they are
gone. A client takes one descriptor, and one more while a server works for it: HAProxy takes half as many clients as it may have
descriptors (`ulimit -Hn`).

## Floods

Half a second each, as fast as one client can, over HTTP/2; with and without reading the answers; again at once when HAProxy has ended
the connection. HAProxy lives on, grows by less than 64 MiB, and answers others meanwhile; the servers see whole requests only.

"""
_BEHIND_FLOODS = """\

## No TLS on a TLS port

The connection ends at once, or at the latest with `timeouts.client` where it may yet become TLS; no server gets a byte. A client may not
renegotiate TLS 1.2.

"""


def text() -> str:
    """The page."""
    return "".join(
        (
            _INTRO,
            _rows((f"{fate.value}", meaning) for fate, meaning in _MEANS.items()),
            *(_group(name, vectors) for name, vectors in table.GROUPS.items()),
            _BEHIND_VECTORS,
            _rows((_listener(name), end) for clients, end in _SLOW for name in clients),
            _BEHIND_SLOW,
            "".join(f"- {name}\n" for name in floods.FLOODS),
            _BEHIND_FLOODS,
            "".join(f"- {name}\n" for name in garbage.GARBAGE),
        )
    )


def _group(name: str, vectors: Iterable[Vector]) -> str:
    head = f"\n## {name}\n\n| vector | sent | fate | rule |\n| --- | --- | --- | --- |\n"
    return head + _rows((one.name, f"`{_sent(one)}`", _fate(one), one.source) for one in vectors)


def _fate(vector: Vector) -> str:
    older = f"; {vector.old.value} before 2.8" if vector.old and vector.old is not vector.fate else ""
    return f"{vector.fate.value}{older}"


def _sent(vector: Vector) -> str:
    shown = (vector.shows or vector.wire.replace(HIDDEN, b"[second]").decode("latin-1")).encode("unicode_escape").decode("ascii")
    shown = _REPEATED.sub(lambda found: found[1] * 3 + "…", shown.replace("\\u2026", "…").replace("\\\\", "\\"))
    return shown if len(shown) <= _MOST else f"{shown[:_MOST]}…"


def _listener(name: str) -> str:
    """The name of a slow client without the listener of the tests, where that says nothing more."""
    return re.sub("^MIXED", "on a port that sniffs:", re.sub("^(HTTP|HTTPS) ", r"\1: ", name))


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(_lines(rows))


def _lines(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n"
