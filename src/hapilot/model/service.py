"""Services: balanced groups of servers, the hosts and paths that lead to them, and how to speak to them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pydantic

from hapilot.model import section, values

Percent = Annotated[int, pydantic.Field(ge=0, le=100)]
Status = Annotated[int, pydantic.Field(ge=200, le=599)]
Count = Annotated[int, pydantic.Field(ge=1, le=10_000_000)]


def _server_short_form(value: Any) -> Any:
    return {"address": value} if isinstance(value, str | values.ServerAddress) else value


class Server(section.Section):
    """One address of a service."""

    address: values.Server
    """host:port; without a port the listener's is meant."""
    name: values.ServerName | None = None
    """How status and the runtime verbs call it; default: its address."""
    weight: Annotated[int, pydantic.Field(ge=0, le=256)] | None = None
    """Share of the traffic, 0 to 256."""
    backup: bool = False
    """Used only when no other server is up."""
    max_connections: Count | None = None
    """More than these wait in a queue."""
    maintenance: bool = False
    """Starts out of service."""


class Health(section.Section):
    """How servers are checked. Without ``http``: a TCP connect (a TLS handshake where hapilot speaks TLS to the server)."""

    http: values.RequestPath | None = None
    """Path to GET."""
    expect: Annotated[list[Annotated[int, pydantic.Field(ge=100, le=599)]], values.Many] = []
    """Statuses that mean healthy; default 200 to 399."""
    every: values.Duration = 2000
    """Time between two checks."""
    fall: Annotated[int, pydantic.Field(ge=1, le=100)] = 3
    """Failures in a row that take a server out."""
    rise: Annotated[int, pydantic.Field(ge=1, le=100)] = 2
    """Successes in a row that bring it back."""


def _health_off(value: Any) -> Any:
    return "off" if value is False else value


HealthSetting = Annotated[Health | Literal["off"], values.ShortForm(_health_off, {"const": False})]


class HashBalance(section.Section):
    """Balance by a hash, so that the same value goes to the same server."""

    header: values.Token | None = None
    cookie: values.Token | None = None
    path: Literal[True] | None = None


def _hash_short_form(value: Any) -> Any:
    if isinstance(value, dict) and value.get("hash") == "path":  # pyright: ignore[reportUnknownMemberType]
        return {"hash": {"path": True}}
    return value  # pyright: ignore[reportUnknownVariableType]


class Hash(section.Section):
    """``{hash: {header: NAME}}``, ``{hash: {cookie: NAME}}`` or ``{hash: path}``."""

    hash: HashBalance


_HASH_PATH = {
    "type": "object",
    "properties": {"hash": {"const": "path"}},
    "required": ["hash"],
    "additionalProperties": False,
}

Balance = Annotated[Literal["roundrobin", "leastconn", "source", "random", "first"] | Hash, values.ShortForm(_hash_short_form, _HASH_PATH)]


class Verify(section.Section):
    """How a server's certificate is verified when TLS goes on to it."""

    ca: values.Text | None = None
    """A PEM file of CAs; default: the system's."""
    name: values.HostName = "host"
    """The name that is sent as SNI and must be in the certificate: ``host`` (the requested host) or a fixed name."""


class Timeouts(section.Section):
    """How long to wait."""

    connect: values.Duration | None = None
    """For a connection to a server (default 5s)."""
    server: values.Duration | None = None
    """For a server that says nothing (default 60s)."""
    client: values.Duration | None = None
    """For a client that says nothing (default 60s); counts for the listener, so only `defaults` may set it for HTTP."""
    tunnel: values.Duration | None = None
    """For WebSockets and other tunnels in which nobody says anything (default 1h)."""
    queue: values.Duration | None = None
    """For a free place at a server (default 30s)."""


class Sticky(section.Section):
    """A client keeps its server."""

    cookie: values.Token


class HeaderChanges(section.Section):
    """Headers to set (replace), add and remove."""

    set: dict[values.Token, values.Text] = {}
    add: dict[values.Token, values.Text] = {}
    remove: Annotated[list[values.Token], values.Many] = []


class Headers(section.Section):
    """Changes to the headers of requests and of responses."""

    request: HeaderChanges = HeaderChanges()
    response: HeaderChanges = HeaderChanges()


class Rewrite(section.Section):
    """What the server sees instead of the requested path and host."""

    strip_prefix: values.Path | None = None
    prefix: values.Path | None = None
    host: values.Text | None = None


class Redirect(section.Section):
    """Answer with a redirect instead of asking a server."""

    to: values.Text
    code: Literal[301, 302, 303, 307, 308] = 308


class Password(section.Section):
    """A password: from the environment, from a file, or (with a warning) in clear text."""

    password: pydantic.SecretStr | None = None
    password_env: values.Text | None = None
    password_file: values.Text | None = None


class Users(section.Section):
    """HTTP basic authentication."""

    users: dict[values.User, Password]


class ClientCertificates(section.Section):
    """Certificates that clients present."""

    ca: values.Text
    require: bool = True


class RateLimit(section.Section):
    """How much one client may ask."""

    requests: Count
    per: values.Duration
    by: Literal["client"] = "client"


class Canary(section.Section):
    """A share of the requests goes to another service."""

    service: values.Name
    percent: Percent | None = None
    header: values.Token | None = None


class Maintenance(section.Section):
    """The answer while the service is down on purpose."""

    status: Status = 503
    body: str = ""


class Match(section.Section):
    """A further condition of a route; all that are given must hold."""

    method: Annotated[list[values.Token], values.Many] = []
    header: dict[values.Token, values.Text] = {}
    query: dict[str, values.Text] = {}
    client: Annotated[list[values.Network], values.Many] = []


class Service(section.Section):
    """A balanced group of servers, what leads to it, and how to speak to it."""

    protocol: Literal["http", "tcp", "ssh"] = "http"
    """What clients speak."""
    tls: Literal["edge", "passthrough", "reencrypt", "none"] | None = None
    """Where TLS ends; default ``edge`` for http, ``none`` for tcp and ssh."""
    host: Annotated[list[values.Host], values.Many] = []
    """Host names that lead here; ``*.`` stands for one label; none: every host."""
    path: Annotated[list[values.Path], values.Many] = []
    """Path prefixes that lead here, on segment borders; none: every path."""
    match: Annotated[list[Match], values.Many] = []
    """Further conditions."""
    listener: Annotated[list[values.Name], values.Many] = []
    """Listeners where it can be reached."""
    servers: list[Annotated[Server, values.ShortForm(_server_short_form, {"type": "string", "examples": ["10.0.0.20:8080"]})]] = []
    """Where requests go."""
    send_proxy: Literal["v1", "v2"] | None = None
    """Tell the server the client's address by a PROXY protocol header."""
    health: HealthSetting | None = None
    """How servers are checked; ``off`` for not at all."""
    balance: Balance | None = None
    """Which server is next (default roundrobin)."""
    verify: Verify | None = None
    """With ``tls: reencrypt``: how the server's certificate is verified."""
    timeouts: Timeouts | None = None
    retries: Annotated[int, pydantic.Field(ge=0, le=100)] | None = None
    """Further attempts when a connection to a server fails (default 3)."""
    max_connections: Count | None = None
    """Connections to all its servers together; more wait in a queue."""
    sticky: Sticky | None = None
    headers: Headers | None = None
    rewrite: Rewrite | None = None
    redirect: Redirect | None = None
    allow: Annotated[list[values.Network], values.Many] = []
    deny: Annotated[list[values.Network], values.Many] = []
    basic_auth: Users | None = None
    client_certificates: ClientCertificates | None = None
    rate_limit: RateLimit | None = None
    canary: Canary | None = None
    maintenance: Maintenance | None = None
    errors: dict[Annotated[int, pydantic.Field(ge=400, le=599, strict=False)], values.Text] = {}
    http2: Literal["h2", "h2c"] | None = None
    """Speak HTTP/2 to the servers: over TLS (h2) or in clear (h2c)."""

    @property
    def tls_mode(self) -> Literal["edge", "passthrough", "reencrypt", "none"]:
        """The TLS mode in force."""
        if self.tls is not None:
            return self.tls
        return "edge" if self.protocol == "http" else "none"


class Defaults(section.Section):
    """What holds for every service that does not say otherwise."""

    timeouts: Timeouts = Timeouts()
    retries: Annotated[int, pydantic.Field(ge=0, le=100)] | None = None
    max_connections: Count | None = None
    balance: Balance | None = None
    health: HealthSetting | None = None
