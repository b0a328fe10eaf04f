"""The server lines of a backend: addresses, checks, PROXY headers and TLS onwards."""

from __future__ import annotations

from hapilot.compile import authorities
from hapilot.compile.draft import BackendPlan, Draft
from hapilot.compile.passes import backends, globals_section
from hapilot.compile.rules import sticky
from hapilot.languages.haproxy import quoting, tree
from hapilot.model import service, values

HTTP2 = "h2,http/1.1"
"""What is offered to servers that may speak HTTP/2 (RFC 7301)."""

PROBE_LABEL = "hapilot-check"
"""The label that stands for ``*`` where a health check needs one name under a wildcard."""


def name(server: service.Server, port: int | None) -> str:
    """What the server is called: as the site file says, or its address without brackets."""
    if server.name:
        return server.name
    number = server.address.port or port
    return f"{server.address.host}:{number}"


def label(server: service.Server) -> str:
    """What the site file calls the server: the same on every listener, whatever port it gives to servers that say none."""
    return server.name or str(server.address)


def address(server: service.Server, port: int | None) -> str:
    """``host:port`` with brackets around IPv6."""
    return str(values.ServerAddress(server.address.host, server.address.port or port))


def words(draft: Draft, plan: BackendPlan) -> tuple[tuple[tree.Word, ...], ...]:
    """The words of the line for each server of the service."""
    one = draft.services[plan.service]
    limits = _limits(one)
    marks = sticky.marks(label(server) for server in one.servers) if _keeps_clients(one) else {}
    common = (*_check(one), *_proxy(one), *_http2(one), *_tls(draft, plan.service, one))
    made: list[tuple[tree.Word, ...]] = []
    for index, server in enumerate(one.servers):
        said = ["server", name(server, plan.port), address(server, plan.port), *_resolving(draft, server), *common]
        if server.maintenance:
            said.append("disabled")
        if marks:
            said += ["cookie", marks[label(server)]]
        if server.weight is not None:
            said += ["weight", str(server.weight)]
        if limits[index] is not None:
            said += ["maxconn", str(limits[index])]
        if server.backup:
            said.append("backup")
        made.append(tuple(said))
    return tuple(made)


def _limits(one: service.Service) -> list[int | None]:
    """Connections for each server: its own limit, and its share of the service's."""
    own = [server.max_connections for server in one.servers]
    if one.max_connections is None:
        return list(own)
    parts = backends.shares(one.max_connections, len(one.servers))
    return [part if limit is None else min(part, limit) for part, limit in zip(parts, own, strict=True)]


def _resolving(draft: Draft, server: service.Server) -> list[str]:
    """Names are asked of DNS while running; what does not resolve is a server out of service, never a failed start."""
    if not server.address.is_name:
        return []
    if server.address.host in draft.target.fixed_names:
        return ["init-addr", "last,libc,none"]
    return ["resolvers", globals_section.RESOLVERS, "init-addr", "last,none"]


def _check(one: service.Service) -> list[str]:
    health = one.health
    if not isinstance(health, service.Health):
        return []
    return ["check", "inter", values.print_duration(health.every), "fall", str(health.fall), "rise", str(health.rise)]


def _proxy(one: service.Service) -> list[str]:
    """The client's address for the server, and the same for checks, which such a server expects too."""
    if one.send_proxy is None:
        return []
    header = "send-proxy" if one.send_proxy == "v1" else "send-proxy-v2"
    return [header, *(["check-send-proxy"] if isinstance(one.health, service.Health) else [])]


def _keeps_clients(one: service.Service) -> bool:
    """Whether requests reach the servers, and sticky ones."""
    return one.sticky is not None and one.maintenance is None and one.redirect is None


def _http2(one: service.Service) -> list[str]:
    """HTTP/2 in clear is spoken by agreement. A WebSocket gets a connection of its own over HTTP/1.1: few servers know the way over
    HTTP/2 (RFC 8441), and left to itself HAProxy puts one on any HTTP/2 connection that is open (srv_check_reuse_ws in server.c looks
    for a comma in a list that has none, 2.6 and 2.8)."""
    if one.http2 is None:
        return []
    return [*(("proto", "h2") if one.http2 == "h2c" else ()), "ws", "h1"]


def _tls(draft: Draft, service_name: str, one: service.Service) -> list[str]:
    """TLS onwards: the CA is checked, the name is sent as SNI and must be in the certificate (manual, "verify")."""
    if one.tls_mode != "reencrypt":
        return []
    verify = one.verify or service.Verify()
    authority = draft.target.system_ca if verify.ca is None else authorities.path(draft.site, verify.ca)
    requested = verify.name == "host"
    words = ["ssl", "verify", "required", "ca-file", authority]
    if one.protocol == "http":
        words += ["alpn", HTTP2 if one.http2 == "h2" else "http/1.1"]
    client_says = "var(txn.host)" if one.protocol == "http" else "ssl_fc_sni"
    words += ["sni", client_says if requested else f"str({quoting.argument(verify.name)})"]
    if isinstance(one.health, service.Health):
        words += _check_name(one, verify)
        # Without it 2.6 takes the server's offer for the handshake and speaks HTTP/1.1 whatever comes of it.
        words += ["check-alpn", HTTP2] if one.http2 == "h2" else []
    return words


def _check_name(one: service.Service, verify: service.Verify) -> list[str]:
    """A check makes the same handshake as a request; for wildcards with a name that stands for all of them."""
    if verify.name != "host":
        return ["check-sni", verify.name]
    exact = next((host.name for host in one.host if not host.wildcard), None)
    wildcard = next((f"{PROBE_LABEL}.{host.name}" for host in one.host), None)
    wanted = exact or wildcard
    return ["check-sni", wanted] if wanted else []
