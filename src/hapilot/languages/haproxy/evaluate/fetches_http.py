"""Sample fetches of the HTTP request.

Comes in: a state. Where HAProxy speaks HTTP on this layer its message is read; in TCP mode the payload is tried as an HTTP/1 request, as
``smp_prefetch_htx`` does. Goes out: :class:`Fetched`. Used by ``fetches``. Configuration manual, section 7.3.6.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping

from hapilot.languages.haproxy.evaluate import values
from hapilot.languages.haproxy.evaluate.connection import Http, Request
from hapilot.languages.haproxy.evaluate.fetched import NO, NOTHING, YES, Fetched, one
from hapilot.languages.haproxy.evaluate.state import Message, State
from hapilot.languages.haproxy.evaluate.values import Unknown

HEADERS = frozenset({"req.hdr", "hdr", "req.hdr_ip", "hdr_ip", "req.hdr_val", "hdr_val", "req.fhdr"})
"""Fetches of which an action sees the last occurrence where it names none."""
COOKIES = frozenset({"req.cook", "cook"})
"""Fetches of which an action sees the last value."""

_PREFACE = Message("PRI", "*", "2.0", [], "PRI")


def message(state: State) -> Message | Fetched:
    """The request, or what a fetch says where there is none (yet)."""
    if state.message is not None:
        return state.message
    if not state.payload:
        return Fetched((), may_change=True)
    if state.unread:
        return NOTHING
    first = state.arriving
    request = first.request if isinstance(first, Http) else first
    if not isinstance(request, Request):
        return NOTHING
    return _PREFACE if request.version == "2" else Message.read(request, "http")


def _from_message(read: Callable[[Message], values.Value | None]) -> Callable[[State, tuple[str, ...]], Fetched]:
    """A fetch of one value that needs nothing but the message."""

    def fetch(state: State, arguments: tuple[str, ...]) -> Fetched:
        found = message(state)
        return found if isinstance(found, Fetched) else one(read(found))

    return fetch


def _query(found: Message) -> str | None:
    _, mark, query = (found.pathq or found.uri).partition("?")
    return query if mark else None


def _base(found: Message) -> str | None:
    """Host and path, without the query."""
    text = (found.line("host") or "") + (found.path or "")
    return text or None


def _split(lines: list[str]) -> list[str]:
    """The comma-separated values of header lines (RFC 9110, section 5.6.1); commas between quotes do not count."""
    return [part.strip(" \t") for line in lines for part in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', line)]


def _header(state: State, arguments: tuple[str, ...]) -> Fetched:
    return _occurrence(state, arguments, _split)


def _full_header(state: State, arguments: tuple[str, ...]) -> Fetched:
    return _occurrence(state, arguments, list)


def _occurrence(state: State, arguments: tuple[str, ...], cut: Callable[[list[str]], list[str]]) -> Fetched:
    """All values of a header, or the one that the second argument counts: from the front, or below zero from the back."""
    found = message(state)
    if isinstance(found, Fetched):
        return found
    every = cut(found.lines(arguments[0])) if arguments else []
    if len(arguments) < 2 or int(arguments[1]) == 0:
        return Fetched(tuple(every))
    occurrence = int(arguments[1])
    index = occurrence - 1 if occurrence > 0 else occurrence
    return Fetched((every[index],)) if -len(every) <= index < len(every) else NOTHING


def _header_addresses(state: State, arguments: tuple[str, ...]) -> Fetched:
    """Addresses in a header; an IPv4 one may carry a port (``smp_fetch_hdr_ip``)."""
    found = _header(state, arguments)
    addresses = (values.parse_address(_without_port(values.as_text(value))) for value in found.values)
    return Fetched(tuple(address for address in addresses if address is not None), found.may_change)


def _without_port(text: str) -> str:
    if text.startswith("[") and text.endswith("]"):
        return text[1:-1]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _header_numbers(state: State, arguments: tuple[str, ...]) -> Fetched:
    found = _header(state, arguments)
    return Fetched(tuple(values.as_integer(value) or 0 for value in found.values), found.may_change)


def _count(cut: Callable[[list[str]], list[str]]) -> Callable[[State, tuple[str, ...]], Fetched]:
    def fetch(state: State, arguments: tuple[str, ...]) -> Fetched:
        found = message(state)
        if isinstance(found, Fetched):
            return found
        lines = found.lines(arguments[0]) if arguments else [value for _, value in found.headers]
        return one(len(cut(lines)))

    return fetch


def _names(state: State, arguments: tuple[str, ...]) -> Fetched:
    found = message(state)
    if isinstance(found, Fetched):
        return found
    return one((arguments[0] if arguments else ",").join(name.lower() for name, _ in found.headers))


def _cookie(state: State, arguments: tuple[str, ...]) -> Fetched:
    found = message(state)
    if isinstance(found, Fetched):
        return found
    pairs = (part.strip().partition("=") for line in found.lines("cookie") for part in line.split(";"))
    return Fetched(tuple(value.strip('"') for name, _, value in pairs if not arguments or name == arguments[0]))


def _parameter(state: State, arguments: tuple[str, ...]) -> Fetched:
    found = message(state)
    if isinstance(found, Fetched):
        return found
    pairs = (part.partition("=") for part in re.split(r"[&;]", _query(found) or "") if part)
    return Fetched(tuple(value for name, _, value in pairs if not arguments or name == arguments[0]))


def _is_http(state: State, arguments: tuple[str, ...]) -> Fetched:
    found = message(state)
    return found if isinstance(found, Fetched) else YES


def _authorized(state: State, arguments: tuple[str, ...]) -> Fetched:
    """Without credentials nobody is let in; with some, only HAProxy can tell, because passwords are hashed."""
    found = message(state)
    if isinstance(found, Fetched):
        return found
    given = found.line("authorization") or ""
    scheme, _, credentials = given.partition(" ")
    if scheme.lower() != "basic":
        return NO
    try:
        user = base64.b64decode(credentials, validate=True).partition(b":")[0].decode("utf-8", "replace")
    except ValueError:
        return NO
    raise Unknown(f"the password of {user}")


FETCHES: Mapping[str, Callable[[State, tuple[str, ...]], Fetched]] = {
    "method": _from_message(lambda found: found.first_method),
    "path": _from_message(lambda found: found.path),
    "pathq": _from_message(lambda found: found.pathq),
    "url": _from_message(lambda found: found.uri),
    "query": _from_message(_query),
    "base": _from_message(_base),
    "req.ver": _from_message(lambda found: found.version),
    "req_ver": _from_message(lambda found: found.version),
    "req.proto_http": _is_http,
    "req_proto_http": _is_http,
    "req.hdr": _header,
    "hdr": _header,
    "req.fhdr": _full_header,
    "req.hdr_ip": _header_addresses,
    "hdr_ip": _header_addresses,
    "req.hdr_val": _header_numbers,
    "hdr_val": _header_numbers,
    "req.hdr_cnt": _count(_split),
    "hdr_cnt": _count(_split),
    "req.fhdr_cnt": _count(list),
    "req.hdr_names": _names,
    "req.cook": _cookie,
    "cook": _cookie,
    "url_param": _parameter,
    "urlp": _parameter,
    "http_auth": _authorized,
}
"""Name to fetch."""
