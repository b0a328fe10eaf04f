"""Says the visits to a running HAProxy and writes down the answers, without what differs from one run to the next by its nature.

Comes in: doors, visits, names of proxies. Goes out: one `Answer` per request (and one where a connection did not get that far). Left out
are the ports of clients, times, unique ids, and the numbers on pages of statistics; everything else of an answer is kept: status, all
headers in their order, the body, and of a stand-in's answer which server it is and what reached it.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from integration.importing.placing import Door
from integration.importing.traffic import Ask, Visit
from support import certificates, client, client_http2, proxy_protocol
from support.outcome import Outcome

_TIMES = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d[ -]\w{3}[ -]\d{2,4} \d\d:\d\d:\d\d GMT"
    r"|\b\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d[.0-9]*( [+-]\d{4})?"
    r"|\b1[6-9]\d{8}(\d{3})?\b"
)
_IDS = re.compile(
    r"\b[0-9A-F]{8}:[0-9A-F]{2,4}_[0-9A-F]{8}:[0-9A-F]{2,4}_[0-9A-F]{8}_[0-9A-F]{4}:[0-9A-F]+\b"
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b"
)
_LENGTHS = frozenset({"content-length", "age", "date"})
_SLOW = ("silent-drop", "tarpit")
PATIENCE = 2.0
"""Seconds to wait for an answer; less where a configuration lets clients wait on purpose."""


Body = str | list[str] | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``body`` is text, or what a stand-in saw."""

    kind: str
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: Body = ""
    shown: tuple[str, ...] = ()
    alpn: str | None = None

    def __str__(self) -> str:
        return json.dumps([self.kind, self.status, self.headers, self.body, self.shown, self.alpn], indent=1, ensure_ascii=False)


@dataclass(slots=True)
class Asker:
    """A client that remembers the cookies of each door."""

    doors: Sequence[Door]
    names: Sequence[str]
    patience: float = PATIENCE
    cookies: dict[int, dict[str, str]] = field(default_factory=dict[int, dict[str, str]])

    def all(self, visits: Sequence[Visit]) -> list[list[Answer]]:
        """The answers of every visit."""
        return [self.visit(visit) for visit in visits]

    def visit(self, visit: Visit) -> list[Answer]:
        """The answers to all that a visit asks; where a connection ends, the next one goes on."""
        found: list[Answer] = []
        left = visit.asks
        while left:
            answers = self._connection(replace(visit, asks=left))
            found += answers
            left = left[max(1, len(answers)) :]
        return found

    def _connection(self, visit: Visit) -> list[Answer]:
        """The answers on one connection, up to its end."""
        door = self.doors[visit.door]
        is_local = isinstance(door.place, str)
        header = proxy_protocol.build_v1((visit.told, 4321), ("127.0.0.1", 80)) if visit.told else None
        with client.connect(door.place, proxy=header, source=None if is_local or ":" in door.place[0] else visit.source) as plug:
            port = str(plug.local[1]) if plug.failure is None and not is_local else ""
            if visit.tls:
                alpn = ("h2",) if visit.http2 else tuple(one for one in door.alpn if one != "h2")
                shaken = plug.start_tls(client.Tls(certificates.trusting_nobody(alpn), visit.sni), self.patience)
                if not shaken.ok:
                    return [self._answer(shaken, port)]
                if visit.http2 and shaken.alpn == "h2":
                    return self._streams(visit, plug, port)
            return self._requests(visit, plug, port)

    def _requests(self, visit: Visit, plug: client.Connection, port: str) -> list[Answer]:
        found: list[Answer] = []
        for ask in visit.asks:
            plug.send(self._data(ask, visit.door))
            if ask.is_line:
                outcome = plug.read_until(b"\n", timeout=self.patience)
            else:
                outcome = plug.read_response(has_body=ask.has_body, timeout=self.patience)
            found.append(self._answer(outcome, port))
            self._keep(outcome, visit.door)
            if not outcome.ok or outcome.status == 101 or (outcome.header("connection") or "").lower() == "close":
                break
        return found

    def _streams(self, visit: Visit, plug: client.Connection, port: str) -> list[Answer]:
        talk = client_http2.Http2(plug)
        found: list[Answer] = []
        for ask in visit.asks:
            outcome = talk.request(ask.request or client.Request(host=None), self.patience)
            found.append(self._answer(outcome, port))
            if outcome.kind not in ("response", "reset"):
                break
        return found

    def _data(self, ask: Ask, door: int) -> bytes:
        jar = self.cookies.get(door)
        if not ask.keeps_cookies or not jar or b"\r\nCookie:" in ask.data:
            return ask.data
        line = "Cookie: " + "; ".join(f"{name}={value}" for name, value in jar.items())
        return ask.data.replace(b"\r\n", f"\r\n{line}\r\n".encode(), 1)

    def _keep(self, outcome: Outcome, door: int) -> None:
        for name, value in outcome.headers:
            if name.lower() == "set-cookie" and "=" in value:
                key, _, content = value.partition(";")[0].partition("=")
                self.cookies.setdefault(door, {})[key.strip()] = content.strip()

    def _answer(self, outcome: Outcome, port: str) -> Answer:
        kind = "ended" if outcome.kind in ("closed", "reset") else outcome.kind
        headers = tuple((name, _plain(value, port)) for name, value in outcome.headers if name.lower() not in _LENGTHS)
        return Answer(kind, outcome.status, headers, self._body(outcome, port), outcome.peer_names, outcome.alpn)

    def _body(self, outcome: Outcome, port: str) -> Body:
        data = outcome.body
        try:
            match outcome.header("content-encoding"):
                case "gzip":
                    data = gzip.decompress(data)
                case "deflate":
                    data = zlib.decompress(data)
                case _:
                    pass
        except (OSError, EOFError, zlib.error) as problem:
            return f"not compressed as it says: {problem}"
        text = data.decode("latin-1")
        if outcome.kind == "garbage":  # how much of it is there is a matter of time
            text = text.partition("\n")[0]
        if "Statistics Report for HAProxy" in text:
            return sorted(name for name in self.names if f'name="{name}/' in text or f'name="{name}"' in text)
        if "# TYPE haproxy_" in text:
            return "metrics"
        if text.startswith('{"server"'):
            return _seen(text, port)
        return _plain(text, port)


def renamed(answer: Answer, backends: Mapping[str, str]) -> Answer:
    """The answer of a stand-in that has a backend, with that in place of its name and address. Cookies that name servers go too."""
    body: dict[str, Any] = dict(answer.body) if isinstance(answer.body, dict) else {}
    header = next((value for name, value in answer.headers if name.lower() == "x-standin"), "")
    backend = backends.get(str(body.get("server", header)))
    if backend is None:
        return answer
    kept = [(name, value) for name, value in answer.headers if name.lower() != "set-cookie"]
    headers = tuple((name, backend if name.lower() == "x-standin" else value) for name, value in kept)
    return replace(answer, headers=headers, body=body | {"server": backend, "local": None} if body else answer.body)


def patience_for(text: str) -> float:
    """How long to wait for an answer of a configuration."""
    return 0.6 if any(word in text for word in _SLOW) else PATIENCE


def _plain(text: str, port: str) -> str:
    text = _IDS.sub("<id>", _TIMES.sub("<time>", text))
    return re.sub(rf"\b{port}\b", "<port>", text) if port else text


def _seen(text: str, port: str) -> Body:
    try:
        seen = json.loads(text)
    except ValueError:
        return _plain(text, port)
    seen["peer"] = seen["peer"][0]
    if seen["proxy"] and seen["proxy"]["src"]:
        seen["proxy"]["src"] = seen["proxy"]["src"][0]
    return json.loads(_plain(json.dumps(seen), port))
