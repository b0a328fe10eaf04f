"""Sample fetches: what HAProxy can read from a connection, its first bytes, its TLS and its HTTP request.

Comes in: a state and the arguments. Goes out: :class:`Fetched`, all values an ACL would go through. Used by ``samples``.
Configuration manual, section 7.3; a fetch that is not in the table here raises Unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hapilot.languages.haproxy.evaluate import fetches_answer, fetches_counters, fetches_http, fetches_tls, values
from hapilot.languages.haproxy.evaluate.connection import Tls
from hapilot.languages.haproxy.evaluate.fetched import NO, NOTHING, YES, Fetched, one
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown, Value

Fetch = Callable[[State, tuple[str, ...]], Fetched]


def fetch(state: State, name: str, arguments: tuple[str, ...]) -> Fetched:
    """The values of a fetch. Raises Unknown for one that is not modelled, or with arguments that it can't have."""
    found = _FETCHES.get(name)
    if state.strict and name in _OF_THE_MOMENT:
        raise Unknown(f"{name}, which depends on the moment")
    try:
        answer = found(state, arguments) if found is not None else fetches_counters.fetch(state, name, arguments)
    except (ValueError, IndexError) as problem:
        raise Unknown(f"the arguments of the fetch {name}") from problem
    if answer is None:
        raise Unknown(f"the fetch {name}")
    return answer


def single(state: State, name: str, arguments: tuple[str, ...]) -> Value | None:
    """The one of several values that an action sees: the last header or cookie, the first of anything else. Raises Unknown."""
    if name in (*fetches_http.HEADERS, *fetches_answer.HEADERS) and len(arguments) == 1:
        arguments = (arguments[0], "-1")
    found = fetch(state, name, arguments).values
    if not found:
        return None
    if name == "http_auth_group":
        return fetches_http.user(state, arguments)
    return found[-1] if name in fetches_http.COOKIES else found[0]


def _source(state: State, arguments: tuple[str, ...]) -> Fetched:
    return one(state.source.ip if state.source else None)


def _source_port(state: State, arguments: tuple[str, ...]) -> Fetched:
    return one(state.source.port if state.source else None)


def _destination(state: State, arguments: tuple[str, ...]) -> Fetched:
    return one(state.destination.ip if state.destination else None)


def _destination_port(state: State, arguments: tuple[str, ...]) -> Fetched:
    return one(state.destination.port if state.destination else None)


def _received_proxy(state: State, arguments: tuple[str, ...]) -> Fetched:
    return one(state.proxy is not None)


def _authority(state: State, arguments: tuple[str, ...]) -> Fetched:
    return one(state.proxy.authority if state.proxy else None)


def _http_major(state: State, arguments: tuple[str, ...]) -> Fetched:
    return one(2 if state.message is not None and state.message.version == "2.0" else 1)


def _hello(state: State) -> Tls | Fetched:
    """The ClientHello in the payload, or what a fetch that needs one says instead."""
    if state.message is not None or state.answering:
        return NOTHING
    if not state.payload:
        state.nothing_yet()
        return Fetched((), may_change=True)
    if isinstance(state.arriving, Tls) and not state.unread:
        return state.arriving
    return NOTHING


def _hello_type(state: State, arguments: tuple[str, ...]) -> Fetched:
    hello = _hello(state)
    return hello if isinstance(hello, Fetched) else one(1)


def _hello_name(state: State, arguments: tuple[str, ...]) -> Fetched:
    hello = _hello(state)
    return hello if isinstance(hello, Fetched) else one(hello.sni)


def _hello_alpn(state: State, arguments: tuple[str, ...]) -> Fetched:
    hello = _hello(state)
    return hello if isinstance(hello, Fetched) else Fetched(hello.alpn)


def _hello_version(state: State, arguments: tuple[str, ...]) -> Fetched:
    """3.3, which TLS 1.2 and 1.3 both write into the ClientHello (RFC 8446, section 4.1.2)."""
    hello = _hello(state)
    return hello if isinstance(hello, Fetched) else one((3 << 16) + 3)


def _length(state: State, arguments: tuple[str, ...]) -> Fetched:
    if not state.payload and state.message is None:
        state.nothing_yet()
    return Fetched((len(state.payload),), may_change=True)


def _payload(state: State, arguments: tuple[str, ...]) -> Fetched:
    if state.message is not None:
        return NOTHING
    if not state.payload:
        state.nothing_yet()
    offset, length = int(arguments[0]), int(arguments[1])
    if offset + length > len(state.payload):
        return Fetched((), may_change=True)
    if length:
        return Fetched((state.payload[offset : offset + length],))
    return Fetched((state.payload[offset:],), may_change=True)


def _wait_end(state: State, arguments: tuple[str, ...]) -> Fetched:
    return YES if state.final else Fetched((), may_change=True)


def _variable(state: State, arguments: tuple[str, ...]) -> Fetched:
    value = state.variable(arguments[0])
    return one(value if value is not None or len(arguments) == 1 else arguments[1])


def _text(state: State, arguments: tuple[str, ...]) -> Fetched:
    return one(arguments[0] if arguments else "")


def _integer(state: State, arguments: tuple[str, ...]) -> Fetched:
    return one(int(arguments[0]))


def _boolean(state: State, arguments: tuple[str, ...]) -> Fetched:
    return one(arguments[0].lower() in ("1", "true", "yes", "on"))


def _address(state: State, arguments: tuple[str, ...]) -> Fetched:
    return one(values.parse_address(arguments[0]))


def _environment(state: State, arguments: tuple[str, ...]) -> Fetched:
    found = state.shared.environment.get(arguments[0])
    if found is None and state.strict:
        raise Unknown(f"the environment variable {arguments[0]}")
    return one(found)


def _constant(value: Value) -> Fetch:
    return lambda _state, _arguments: one(value)


def _servers_up(state: State, arguments: tuple[str, ...]) -> Fetched:
    """How many servers are usable: all that the backend has, since nothing is known to be down. A user's own lines are only told so where
    none is checked."""
    name = (arguments[0] if arguments else state.backend).rpartition("/")[2]
    found = state.servers.get(name)
    if state.strict and (found is None or not found.is_sure):
        raise Unknown(f"how many servers of {name} are up")
    return one(0 if found is None else found.count)


def _server_up(state: State, arguments: tuple[str, ...]) -> Fetched:
    """``srv_is_up(backend/server)``: yes; for a user's own lines where it is not checked, and not disabled."""
    if not state.strict:
        return YES
    backend, _, name = arguments[0].rpartition("/")
    found = state.servers.get(backend or state.backend)
    is_up = None if found is None else found.up.get(name)
    if is_up is None:
        raise Unknown(f"whether {arguments[0]} is up")
    return YES if is_up else NO


def _random(state: State, arguments: tuple[str, ...]) -> Fetched:
    """The highest number, so that "one in so many" is not taken: the likelier way is the one shown."""
    return one((int(arguments[0]) if arguments else 1 << 32) - 1)


_FETCHES: Mapping[str, Fetch] = {
    "src": _source,
    "src_port": _source_port,
    "dst": _destination,
    "dst_port": _destination_port,
    "fc_src": _source,
    "fc_src_port": _source_port,
    "fc_dst": _destination,
    "fc_dst_port": _destination_port,
    "fc_rcvd_proxy": _received_proxy,
    "fc_pp_authority": _authority,
    "fc_http_major": _http_major,
    "req.ssl_hello_type": _hello_type,
    "req_ssl_hello_type": _hello_type,
    "req.ssl_sni": _hello_name,
    "req_ssl_sni": _hello_name,
    "req.ssl_alpn": _hello_alpn,
    "req.ssl_ver": _hello_version,
    "req_ssl_ver": _hello_version,
    "req.len": _length,
    "req_len": _length,
    "req.payload": _payload,
    "payload": _payload,
    "wait_end": _wait_end,
    "var": _variable,
    "str": _text,
    "int": _integer,
    "bool": _boolean,
    "ipv4": _address,
    "ipv6": _address,
    "env": _environment,
    "always_true": lambda _state, _arguments: YES,
    "always_false": lambda _state, _arguments: NO,
    "so_id": lambda state, _: one(state.socket[1]),
    "so_name": lambda state, _: one(state.socket[0] or None),
    "fe_id": lambda state, _: one(state.frontend[1]),
    "fe_name": lambda state, _: one(state.frontend[0]),
    "be_name": lambda state, _: one(state.backend or None),
    "nbsrv": _servers_up,
    "srv_is_up": _server_up,
    "connslots": _constant(1),
    "be_conn": _constant(0),
    "fe_conn": _constant(0),
    "srv_conn": _constant(0),
    "be_sess_rate": _constant(0),
    "fe_sess_rate": _constant(0),
    "queue": _constant(0),
    "avg_queue": _constant(0),
    "rand": _random,
    **fetches_tls.FETCHES,
    **fetches_http.FETCHES,
    **fetches_answer.FETCHES,
}

_OF_THE_MOMENT = frozenset({"connslots", "be_conn", "fe_conn", "srv_conn", "be_sess_rate", "fe_sess_rate", "queue", "avg_queue", "rand"})
"""What changes from one moment to the next."""
