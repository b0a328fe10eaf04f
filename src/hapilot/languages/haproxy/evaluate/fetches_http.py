"""Sample fetches of the HTTP request.

Comes in: a state. Where HAProxy speaks HTTP on this layer its message is read; in TCP mode the payload is tried as an HTTP/1 request, as
``smp_prefetch_htx`` does. Goes out: :class:`Fetched`. Used by ``fetches``. Configuration manual, section 7.3.6.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from hapilot.languages.haproxy.evaluate import users, values
from hapilot.languages.haproxy.evaluate.connection import Http, Request
from hapilot.languages.haproxy.evaluate.fetched import NOTHING, YES, Fetched, one
from hapilot.languages.haproxy.evaluate.message import Headers, Message
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown

HEADERS = frozenset({"req.hdr", "hdr", "req.hdr_ip", "hdr_ip", "req.hdr_val", "hdr_val", "req.fhdr"})
"""Fetches of which an action sees the last occurrence where it names none."""
COOKIES = frozenset({"req.cook", "cook"})
"""Fetches of which an action sees the last value."""

_PREFACE = Message([], "PRI", "*", "2.0", "PRI")


def message(state: State) -> Message | Fetched:
    """The request, or what a fetch says where there is none (yet, or any more: rules on answers do not see it)."""
    if state.answering:
        return NOTHING
    if state.message is not None:
        return state.message
    if not state.payload:
        state.nothing_yet()
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


def split(lines: list[str]) -> list[str]:
    """The comma-separated values of header lines (RFC 9110, section 5.6.1); commas between quotes do not count."""
    return [part.strip(" \t") for line in lines for part in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', line)]


def _header(state: State, arguments: tuple[str, ...]) -> Fetched:
    return _occurrence(state, arguments, split)


def _full_header(state: State, arguments: tuple[str, ...]) -> Fetched:
    return _occurrence(state, arguments, list)


def _occurrence(state: State, arguments: tuple[str, ...], cut: Callable[[list[str]], list[str]]) -> Fetched:
    found = message(state)
    return found if isinstance(found, Fetched) else occurrence(found, arguments, cut)


def occurrence(found: Headers, arguments: tuple[str, ...], cut: Callable[[list[str]], list[str]]) -> Fetched:
    """All values of a header, or the one that the second argument counts: from the front, or below zero from the back."""
    every = cut(found.lines(arguments[0])) if arguments else []
    if len(arguments) < 2 or int(arguments[1]) == 0:
        return Fetched(tuple(every))
    number = int(arguments[1])
    index = number - 1 if number > 0 else number
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
        return found if isinstance(found, Fetched) else one(count(found, arguments, cut))

    return fetch


def count(found: Headers, arguments: tuple[str, ...], cut: Callable[[list[str]], list[str]]) -> int:
    """How many values a header has, or all have together."""
    return len(cut(found.lines(arguments[0]) if arguments else [value for _, value in found.every()]))


def _names(state: State, arguments: tuple[str, ...]) -> Fetched:
    found = message(state)
    if isinstance(found, Fetched):
        return found
    return one((arguments[0] if arguments else ",").join(name.lower() for name, _ in found.every()))


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
    # A second question mark divides too (http_is_param_delimiter); without an equal sign there is no parameter.
    pairs = (part.partition("=") for part in re.split(r"[&;?]", _query(found) or "") if "=" in part)
    return Fetched(tuple(value for name, _, value in pairs if not arguments or name == arguments[0]))


def _is_http(state: State, arguments: tuple[str, ...]) -> Fetched:
    found = message(state)
    return found if isinstance(found, Fetched) else YES


def _method(state: State, arguments: tuple[str, ...]) -> Fetched:
    """The client's method. Known ones are remembered, so that rules on answers see them too."""
    if state.answering and state.message is not None:
        return one(state.message.first_method if state.message.first_method in _KNOWN_METHODS else None)
    found = message(state)
    return found if isinstance(found, Fetched) else one(found.first_method)


_KNOWN_METHODS = frozenset({"OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT"})


def _authorized(state: State, arguments: tuple[str, ...]) -> Fetched:
    """Whether the request holds the right password of a user. Without a user and password there is no value."""
    found = message(state)
    if isinstance(found, Fetched):
        return found
    given = found.line("authorization") or ""
    if users.credentials(given) is None:
        return NOTHING
    return one(_list(state, arguments[0]).knows(given) is not None)


def user(state: State, arguments: tuple[str, ...]) -> str | None:
    """The user whose right password the request holds."""
    found = message(state)
    return None if isinstance(found, Fetched) else _list(state, arguments[0]).knows(found.line("authorization") or "")


def _groups(state: State, arguments: tuple[str, ...]) -> Fetched:
    """The groups of that user: HAProxy compares them, not the name, with what stands behind ``http_auth_group``."""
    found = message(state)
    if isinstance(found, Fetched):
        return found
    name = user(state, arguments)
    return NOTHING if name is None else Fetched(tuple(sorted(_list(state, arguments[0]).users[name].groups)))


def _list(state: State, name: str) -> users.UserList:
    found = state.shared.users.get(name)
    if found is None:
        raise Unknown(f"the user list {name}")
    return found


FETCHES: Mapping[str, Callable[[State, tuple[str, ...]], Fetched]] = {
    "method": _method,
    "path": _from_message(lambda found: found.path),
    "pathq": _from_message(lambda found: found.pathq),
    "url": _from_message(lambda found: found.uri),
    "query": _from_message(_query),
    "base": _from_message(_base),
    "req.hdrs": _from_message(lambda found: "".join(f"{name.lower()}: {value}\r\n" for name, value in found.every()) + "\r\n"),
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
    "req.hdr_cnt": _count(split),
    "hdr_cnt": _count(split),
    "req.fhdr_cnt": _count(list),
    "req.hdr_names": _names,
    "req.cook": _cookie,
    "cook": _cookie,
    "url_param": _parameter,
    "urlp": _parameter,
    "http_auth": _authorized,
    "http_auth_group": _groups,
}
"""Name to fetch."""
