"""The last step of a layer: which servers a backend has, and whether the way leads on to a socket of the same configuration.

Comes in: a backend and the state. Goes out: a :class:`Forward`, the :class:`Arrival` at the next local socket, or that there is no server.
Called by ``evaluator``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hapilot.languages.haproxy.evaluate import cookies, loops, samples, streams, trace, values, written
from hapilot.languages.haproxy.evaluate.arrival import Arrival
from hapilot.languages.haproxy.evaluate.binds import Bind, Server
from hapilot.languages.haproxy.evaluate.connection import Endpoint, First, Http, ProxyHeader, Raw, Request, Tls
from hapilot.languages.haproxy.evaluate.message import Answer
from hapilot.languages.haproxy.evaluate.proxies import Proxy
from hapilot.languages.haproxy.evaluate.state import Health, State
from hapilot.languages.haproxy.evaluate.values import Unknown
from hapilot.languages.haproxy.evaluate.wire import Wire

Sockets = Mapping[str, tuple[Proxy, Bind]]
"""Local sockets (unix and abstract) by address."""


def leave(backend: Proxy, state: State, sockets: Sockets, find: loops.Find) -> Arrival | trace.Outcome:
    """Where a connection goes from ``backend``. ``find`` finds sockets by address. Raises Unknown."""
    servers, direct = _usable(backend, state)
    if not servers:
        return streams.nowhere(state, "no server")
    if not direct and isinstance(backend.cookie, cookies.Persistence) and state.message is not None:
        state.offer = cookies.offer(backend.title, backend.cookie, servers, state.message)
    redirected = _redirected(servers, state)
    if redirected is not None:
        return redirected
    local = next((server for server in servers if server.address in sockets), None)
    first = local or servers[0]
    if local is not None:
        return _hand_over(local, state, sockets[local.address])
    looped = loops.target(first, find) if len(servers) == 1 else None
    if looped is not None:
        return replace(_hand_over(first, state, looped[0]), source=loops.client(looped[1]), destination=looped[1])
    return trace.Forward(
        backend=backend.name,
        servers=tuple(server.line for server in servers),
        mode="tcp" if state.message is None else "http",
        send_proxy=first.send_proxy,
        tls=first.has("ssl"),
        sni=_server_name(first, state),
        certain=first.line if len(servers) == 1 else None,
        cookies=() if state.offer is None else tuple((name, value) for name, value in state.offer.by_server if value is not None),
        names=tuple(server.name for server in servers),
        addresses=tuple(written.shown(server.address) for server in servers),
    )


def _redirected(servers: Sequence[Server], state: State) -> trace.Redirect | trace.Opaque | None:
    """``redir PREFIX``: HAProxy sends GET and HEAD elsewhere itself; what counts is the method that the client had. The location holds the
    path as the rules left it, and the prefix ``/`` is none (``http_perform_server_redirect``)."""
    message = state.message
    prefixes = {server.options.get("redir", "") for server in servers}
    if message is None or message.first_method not in ("GET", "HEAD") or prefixes == {""}:
        return None
    line = next(server.line for server in servers if server.has("redir"))
    if len(prefixes) > 1 or message.pathq is None:
        return trace.Opaque(line, "which server is taken, of which some redirect" if len(prefixes) > 1 else "a redirect without a path")
    prefix = prefixes.pop()
    location = ("" if prefix == "/" else prefix) + message.pathq
    state.note(line, "redirect", f"302 {location}")
    state.answer = Answer([("Cache-Control", "no-cache"), ("Content-length", "0"), ("Location", location)], 302, b"")
    return trace.Redirect(302, location, line)


_MAY_FALL = frozenset({"check", "agent-check", "track", "observe", "resolvers", "init-addr"})
"""Options of a server by which HAProxy may take it out while it runs."""


def health(backend: Proxy) -> Health:
    """What conditions may ask about the servers of a backend."""
    enabled = [server for server in backend.servers if not server.has("disabled")]
    doubtful = {server.name for server in enabled if backend.restores_servers or server.options.keys() & _MAY_FALL}
    # Nothing counts in a disabled backend, but its servers are not down.
    count = 0 if backend.disabled_by is not None else _usable_count(backend)
    up = {server.name: not server.has("disabled") for server in backend.servers}
    return Health(count, {**up, **dict.fromkeys(doubtful)}, is_sure=backend.disabled_by is not None or not doubtful)


def _usable_count(backend: Proxy) -> int:
    """How many servers ``nbsrv`` counts where all are up: backups only where there are no others."""
    weighty = [server for server in backend.servers if not server.has("disabled") and server.options.get("weight") != "0"]
    primary = sum(not server.has("backup") for server in weighty)
    return primary or (len(weighty) if backend.all_backups else min(len(weighty), 1))


def _usable(backend: Proxy, state: State) -> tuple[Sequence[Server], bool]:
    """The servers that may be chosen, and whether a ``use-server`` line or the client's cookie asks for just this one.

    Those that are disabled are down. Without being asked for, one of weight 0 gets nothing, and backups only come in where there are no
    others: the first of them, or all with ``option allbackups`` (``recalc_server_counts``). Where the cookie is of a mode that is not
    modelled, or a line that asks for a server is not known, it may be any."""
    alive = [server for server in backend.servers if not server.has("disabled")]
    if isinstance(backend.cookie, Unknown) and state.message is not None:
        state.message.uncertain.add("cookie")
    if isinstance(backend.cookie, Unknown) or backend.chooses_freely:
        return alive, False
    try:
        named = next((server for name in streams.chosen_servers(backend, state) for server in alive if server.name == name), None)
    except Unknown as reason:
        state.note(backend.chosen_servers[0].rule.line, "unknown", str(reason))
        return alive, False
    asked = _by_cookie(backend, state)
    direct = named or asked
    if direct is not None:
        return [direct], True
    weighty = [server for server in alive if server.options.get("weight") != "0"]
    primary = [server for server in weighty if not server.has("backup")]
    backups = [server for server in weighty if server.has("backup")]
    return primary or (backups if backend.all_backups else backups[:1]), False


def _by_cookie(backend: Proxy, state: State) -> Server | None:
    """The server of the client's cookie."""
    cookie = backend.cookie
    if not isinstance(cookie, cookies.Persistence) or state.message is None:
        return None
    found = cookies.asked_for(cookie, backend.servers, state.message)
    cookies.pass_on(cookie, state.message)
    if found is not None:
        state.note(cookie.line, "cookie", f"{cookie.name} asks for {found.name}")
    return found


def _server_name(server: Server, state: State) -> str | None:
    """The SNI that the server is sent."""
    if not server.has("ssl") or not server.has("sni"):
        return None
    try:
        value = samples.parse(server.options["sni"]).value(state)
    except Unknown:
        return None
    return None if value is None else values.as_text(value)


def _hand_over(server: Server, state: State, target: tuple[Proxy, Bind]) -> Arrival:
    """The connection as it arrives at a local socket; without a PROXY header nobody knows there who the client is."""
    proxy, bind = target
    state.note(server.line, "handover", proxy.title)
    wire = Wire(() if state.message is not None else state.unread, _spoken(server, state))
    if server.send_proxy is not None:
        wire = wire.with_header(_header(server, state))
    return Arrival(proxy, bind, wire, None, None)


def _header(server: Server, state: State) -> ProxyHeader:
    version = 1 if server.send_proxy == "v1" else 2
    source, destination = state.source, state.destination
    options = server.options.get("proxy-v2-options", "").split(",")
    authority = state.tls.sni if "authority" in options and state.tls is not None else None
    if source is None or destination is None:
        return ProxyHeader(version, "unknown", authority=authority)
    return ProxyHeader(version, "proxy", *_same_family(source, destination), authority)


def _same_family(source: Endpoint, destination: Endpoint) -> tuple[Endpoint, Endpoint]:
    """Both ends as IPv6 where only one is (``make_proxy_line_v2``)."""
    if source.ip.version == destination.ip.version:
        return source, destination
    return _mapped(source), _mapped(destination)


def _mapped(end: Endpoint) -> Endpoint:
    address = values.parse_address(f"::ffff:{end.ip}") if end.ip.version == 4 else end.ip
    assert address is not None
    return Endpoint(address, end.port)


def _spoken(server: Server, state: State) -> First:
    """What travels to the server: the client's bytes, or the request as the rules left it, in TLS where the server wants it."""
    if state.message is None:
        first = state.arriving
        plain = Http(first) if isinstance(first, Request) else first
    else:
        plain = Http(_request(server, state))
    if not server.has("ssl"):
        return plain
    inside = plain.request if isinstance(plain, Http) else plain.data if isinstance(plain, Raw) else None
    alpn = tuple(name for name in server.options.get("alpn", "").split(",") if name)
    return Tls(_server_name(server, state), alpn, inside)


def _request(server: Server, state: State) -> Request:
    message = state.message
    assert message is not None
    uncertain = frozenset(message.uncertain)
    if server.options.get("proto") != "h2":
        # The Host header keeps its place among the others.
        return Request(message.method, message.target, None, tuple(message.headers), "1.1", uncertain)
    headers = tuple((name, value) for name, value in message.headers if name.lower() != "host")
    host = message.line("host")
    # Whether a port that is the scheme's own goes on in HTTP/2, releases see differently.
    if host is not None and host.endswith((":80", ":443")):
        uncertain |= {"host"}
    return Request(message.method, message.target, host, headers, "2", uncertain)
