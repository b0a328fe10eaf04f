"""Cookies that bring a client back to its server: ``cookie NAME insert …`` and ``server … cookie VALUE``.

Comes in: the words of a ``cookie`` line, servers, and the request. Goes out: the server that the request asks for, and the Set-Cookie of
the others. Used by ``sections``, ``servers`` and ``responses``. Configuration manual, section 4.2 "cookie";
``http_manage_client_side_cookies`` and ``http_process_res_common`` are its code. Modes other than ``insert`` are not modelled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate.binds import Server
from hapilot.languages.haproxy.evaluate.message import Answer, Message
from hapilot.languages.haproxy.evaluate.values import Unknown

_PIECE = re.compile(r'[^;,="]*(?:=(?:[^;,"]|"(?:[^"\\]|\\.)*"?)*)?')
"""One cookie up to the delimiter behind it; delimiters between quotes belong to the value (``http_find_cookie_value_end``)."""
_CACHEABLE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_CACHEABLE_STATUSES = frozenset({200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501})
_UNCACHED = frozenset({"private", "no-cache", "no-store", "max-age=0", "s-maxage=0"})
_GONE = "; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/"


@dataclass(frozen=True, slots=True)
class Persistence:
    """A ``cookie`` line. ``attributes`` stand behind the path; ``dated`` says that the value holds times."""

    line: tree.Line
    name: str
    flags: frozenset[str]
    attributes: str = ""
    dated: bool = False

    def set_cookie(self, server: Server) -> str | None:
        """The Set-Cookie that a server's clients get, or None where it holds the time."""
        value = server.options.get("cookie")
        if value is None:
            return f"{self.name}={_GONE}{self.attributes}"
        return None if self.dated else f"{self.name}={value}; path=/{self.attributes}"


@dataclass(frozen=True, slots=True)
class Offer:
    """The Set-Cookie that the client gets along with the server's answer, by the server's name."""

    section: str
    line: tree.Line
    by_server: tuple[tuple[str, str | None], ...]
    nocache: bool
    """An answer that caches may keep is marked as private."""
    safe: bool
    """Caches may keep answers to this method by themselves."""

    def of(self, server: str) -> str | None:
        """The Set-Cookie of a server; of the only one there is, where the name is empty."""
        if not server and len(self.by_server) == 1:
            return self.by_server[0][1]
        return dict(self.by_server).get(server)


def parse(line: tree.Line, words: Sequence[str]) -> Persistence:
    """``cookie NAME insert indirect nocache httponly secure domain D attr A …``. Raises Unknown for modes that are not modelled."""
    name, flags, valued = words[1], set[str](), dict[str, list[str]]()
    at = 2
    while at < len(words):
        takes = words[at] in ("domain", "attr", "maxidle", "maxlife") and at + 1 < len(words)
        if takes:
            valued.setdefault(words[at], []).append(words[at + 1])
        else:
            flags.add(words[at])
        at += 2 if takes else 1
    if "insert" not in flags or flags & {"rewrite", "prefix", "dynamic", "preserve"}:
        raise Unknown(f"the mode of the cookie {name}")
    tail = [*(f"domain={one}" for one in valued.get("domain", ())), *(["HttpOnly"] if "httponly" in flags else [])]
    tail += [*(["Secure"] if "secure" in flags else []), *valued.get("attr", ())]
    return Persistence(line, name, frozenset(flags), "".join(f"; {each}" for each in tail), "maxidle" in valued or "maxlife" in valued)


def asked_for(cookie: Persistence, servers: Iterable[Server], message: Message) -> Server | None:
    """The server that the request's cookie names, the last cookie first; only one that is not down counts."""
    values = [value for line in message.lines("cookie") for name, value, _ in _pieces(line) if name == cookie.name]
    alive = [server for server in servers if not server.has("disabled")]
    # Every cookie of the name is looked at until one has found a server (SF_ASSIGNED).
    found = (server for value in values for server in alive if value and server.options.get("cookie") == value.partition("|")[0])
    return next(found, None)


def pass_on(cookie: Persistence, message: Message) -> None:
    """Leaves the cookies as the server gets them: without blanks around equal signs, and with ``indirect`` without our own. A line that
    holds no other goes as a whole."""
    own = cookie.name if "indirect" in cookie.flags else None
    kept = ((name, _line_without(own, value) if name.lower() == "cookie" else value) for name, value in message.headers)
    message.headers = [(name, value) for name, value in kept if value is not None]


def _line_without(name: str | None, line: str) -> str | None:
    pieces = [(own, _tidy(text)) for own, _, text in _pieces(line)]
    rest = [text for own, text in pieces if name is None or own != name]
    if len(rest) == len(pieces):
        return ";".join(rest)
    return ";".join(rest).lstrip(" \t") if rest else None


def _tidy(text: str) -> str:
    name, equal, value = text.partition("=")
    return text if not equal or name.lstrip(" \t").startswith("$") else name.rstrip(" \t") + equal + value.lstrip(" \t")


def _pieces(line: str) -> Iterator[tuple[str, str, str]]:
    """The cookies of a line: name, value, and the text between the delimiters."""
    at = 0
    while at <= len(line):
        found = _PIECE.match(line, at)
        text = found[0] if found else ""
        name, equal, value = text.partition("=")
        yield (name.strip(" \t") if equal else ""), value.strip(" \t"), text
        at += len(text) + 1


def offer(section: str, cookie: Persistence, servers: Sequence[Server], message: Message) -> Offer | None:
    """What the client is to get where it has not come back with a cookie."""
    if "postonly" in cookie.flags and message.first_method != "POST":
        return None
    by_server = tuple((server.name, cookie.set_cookie(server)) for server in servers)
    return Offer(section, cookie.line, by_server, "nocache" in cookie.flags, message.first_method in _CACHEABLE)


def cacheable(answer: Answer, *, safe: bool) -> bool:
    """Whether a cache may keep an answer (``http_check_response_for_cacheability``): by its status and the method, if these headers do not
    say otherwise, and only where they say how long or with what to compare it. (2.6.0 and 2.8.0 did not ask for the latter yet.)"""
    if any(value.lower() == "no-cache" for value in answer.lines("pragma")):
        return False
    keeps = safe and answer.status in _CACHEABLE_STATUSES
    lasts = any(answer.lines(name) for name in ("expires", "etag", "last-modified"))
    for part in (part.strip(" \t").lower() for line in answer.lines("cache-control") for part in line.split(",")):
        if part in _UNCACHED:
            keeps = False
        elif part == "public":
            keeps = True
        elif part.startswith(("max-age", "s-maxage")):
            lasts = True
    return keeps and lasts
