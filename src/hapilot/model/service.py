"""Services: balanced groups of servers, the hosts and paths that lead to them, and how to speak to them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pydantic

from hapilot.model import filled, messages, section, values, written

Percent = Annotated[int, pydantic.Field(ge=0, le=100)]
Status = Annotated[int, pydantic.Field(ge=200, le=599)]
WITHOUT_BODY = (204, 205, 304)
"""Statuses whose answers have no body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5)."""
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
    raw: values.Text | None = None
    """Where the service is kept as written (``from``): further words of its line."""


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
    """By the value of this header."""
    cookie: values.Token | None = None
    """By the value of this cookie."""
    path: Literal[True] | None = None
    """By the path, without the query."""

    @pydantic.model_validator(mode="after")
    def _by_one(self) -> HashBalance:
        if sum(one is not None for one in (self.header, self.cookie, self.path)) != 1:
            raise values.refuse("bad-value", "a hash is of one of header, cookie and path", "such as balance: {hash: {header: X-User}}")
        return self


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
    """For a client that says nothing (default 60s); counts for the listener, so a service may say it only where it has that to itself."""
    tunnel: values.Duration | None = None
    """For WebSockets and other tunnels in which nobody says anything (default 1h)."""
    queue: values.Duration | None = None
    """For a free place at a server (default 30s)."""


class Sticky(section.Section):
    """A client keeps its server, by a cookie that says nothing of the server's address."""

    cookie: values.Token
    """The cookie's name."""


class HeaderChanges(section.Section):
    """Headers to remove, to set (replace) and to add, in this order; values are taken literally."""

    set: dict[messages.HeaderName, messages.HeaderValue] = {}
    """Headers with their values, in place of any that are there."""
    add: dict[messages.HeaderName, messages.HeaderValue] = {}
    """Headers with their values, beside any that are there."""
    remove: Annotated[list[messages.HeaderName], values.Many] = []
    """Headers to take away, every line of them."""


class Headers(section.Section):
    """Changes to the headers of requests and of responses."""

    request: HeaderChanges = HeaderChanges()
    """What the servers see."""
    response: HeaderChanges = HeaderChanges()
    """What clients see, also of answers that hapilot gives itself."""


class Rewrite(section.Section):
    """What the server sees instead of the requested path and host."""

    strip_prefix: values.Path | None = None
    """Taken from the start of the path, on segment borders."""
    prefix: values.Path | None = None
    """Put in front of the path, after strip_prefix."""
    host: messages.SentHost | None = None
    """The Host header that servers see; TLS to them still names the requested host, unless verify.name says otherwise."""


class Redirect(section.Section):
    """Answer with a redirect instead of asking a server."""

    to: messages.Destination
    """A URL or a path; ``{host}`` stands for the requested host, ``{path}`` for the path and query as they were sent."""
    code: Literal[301, 302, 303, 307, 308] = 308
    """The status; 307 and 308 keep the method."""


class Password(section.Section):
    """A password: from the environment, from a file, or (with a warning) in clear text."""

    password: pydantic.SecretStr | None = None
    """The password itself, with a warning."""
    password_env: values.Text | None = None
    """The environment variable that has it."""
    password_file: values.Text | None = None
    """The file that has it; a line end behind it does not count."""


class Users(section.Section):
    """HTTP basic authentication."""

    users: Annotated[dict[values.User, Password], pydantic.Field(min_length=1)]
    """Who may, each with a password."""


class ClientCertificates(section.Section):
    """Certificates that clients present, and what of them servers get as headers."""

    ca: values.Text
    """A PEM file with the CAs that issue them."""
    require: bool = True
    """Whether the TLS handshake fails without one; otherwise clients may do without, and the server sees which do."""


class RateLimit(section.Section):
    """How much one client may ask. Only requests that were let through are counted, so who is refused gets in again."""

    requests: Count
    """How many in any span of ``per``."""
    per: values.Duration
    """The span."""
    by: Literal["client"] = "client"
    """An IPv4 address, or the first 64 bits of an IPv6 address."""


class Canary(section.Section):
    """A share of the requests goes to another service. The same client (an IPv4 address, or the first 64 bits of an IPv6 address) always
    gets the same of the two."""

    service: values.Name
    """The other service. One that nothing else leads to needs no host."""
    percent: Percent | None = None
    """How many of 100 clients."""
    header: values.Token | None = None
    """Requests with this header go to the other service, unless its value is ``never``, which keeps them here."""

    @pydantic.model_validator(mode="after")
    def _some_way(self) -> Canary:
        if self.percent is None and self.header is None:
            raise values.refuse("missing-key", "a canary needs percent or header", "such as percent: 10")
        return self


class Maintenance(section.Section):
    """The answer while the service is down on purpose."""

    status: Status = 503
    """The status of the answer."""
    body: messages.PageText = ""
    """The page; HTML if it starts with ``<``, else plain text."""

    @pydantic.model_validator(mode="after")
    def _may_have_a_body(self) -> Maintenance:
        if self.body and self.status in WITHOUT_BODY:
            raise values.refuse("bad-value", f"an answer with status {self.status} has no body", "leave out body, or use another status")
        return self


_ANY = filled.Filled("requests of every kind")


class Match(section.Section):
    """Further conditions of a route; all that are given must hold. ``*`` as a value means that there is any."""

    method: Annotated[list[values.Token], _ANY, values.Many, pydantic.Field(max_length=10)] = []
    """One of these, in their case (RFC 9110, section 9.1)."""
    header: Annotated[dict[values.Token, values.Text], _ANY] = {}
    """A line of this header has exactly this value."""
    query: Annotated[dict[values.QueryName, values.Text], _ANY] = {}
    """A parameter of this name in the query has exactly this value, decoded; any of several is enough. Names are compared as they are
    sent. Parameters are divided by ``&`` and, as HAProxy reads them, by ``;``."""
    client: Annotated[list[values.Network], _ANY, values.Many] = []
    """The client's address is in one of these networks."""

    @pydantic.model_validator(mode="after")
    def _something(self) -> Match:
        if not (self.method or self.header or self.query or self.client):
            raise values.refuse("missing-key", "the condition states nothing", "add method, header, query or client")
        return self


class Service(section.Section):
    """A balanced group of servers, what leads to it, and how to speak to it."""

    protocol: Literal["http", "tcp", "ssh"] = "http"
    """What clients speak."""
    tls: Literal["edge", "passthrough", "reencrypt", "none"] | None = None
    """Where TLS ends; default ``edge`` for http, ``none`` for tcp and ssh."""
    host: Annotated[list[values.Host], filled.Filled("every host"), values.Many] = []
    """Host names that lead here; ``*.`` stands for one label; none: every host."""
    path: Annotated[list[values.Path], filled.Filled("every path"), values.Many] = []
    """Path prefixes that lead here, on segment borders; none: every path."""
    match: Annotated[list[Match], filled.Filled("requests without further conditions"), values.Many] = []
    """Further conditions of its routes; all must hold. Of several services with the same host and path, the one with most conditions is
    asked first, and one without conditions takes the rest."""
    listener: Annotated[list[values.Name], filled.Filled("the usual listener"), values.Many] = []
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
    """A client keeps its server."""
    headers: Headers | None = None
    """Headers to set, add and remove."""
    rewrite: Rewrite | None = None
    """What the server sees instead of the requested path and host."""
    redirect: Redirect | None = None
    """Answer with a redirect instead of asking a server."""
    allow: Annotated[list[values.Network], filled.Filled("clients from everywhere"), values.Many] = []
    """Clients from these networks only; others get 403, or are cut off where hapilot sees no requests."""
    deny: Annotated[list[values.Network], filled.Filled("clients from everywhere"), values.Many] = []
    """No clients from these networks, whatever ``allow`` says, and none whose address is not known."""
    basic_auth: Users | None = None
    """Users and passwords, asked for by HTTP basic authentication."""
    client_certificates: ClientCertificates | None = None
    rate_limit: RateLimit | None = None
    """How much one client may ask; more gets 429."""
    canary: Canary | None = None
    maintenance: Maintenance | None = None
    """The answer while the service is down on purpose; ``{}`` is a plain 503."""
    errors: dict[Annotated[int, pydantic.Field(ge=400, le=599, strict=False)], messages.PageFile] = {}
    """Pages for the errors that hapilot answers itself, by status; what servers answer is never replaced."""
    http2: Literal["h2", "h2c"] | None = None
    """Speak HTTP/2 to the servers: over TLS (h2) or in clear (h2c)."""
    from_: written.SectionName | None = pydantic.Field(default=None, alias="from")
    """Keep the service as written in a haproxy.cfg: this names the ``defaults`` section in ``raw.sections`` whose settings count, and
    hapilot adds nothing of its own. What else there is stands in ``raw.service``; what leads here, in the listeners."""

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
    """Further attempts when a connection to a server fails (default 3)."""
    max_connections: Count | None = None
    """Connections to all servers of one service together; more wait in a queue."""
    balance: Balance | None = None
    """Which server is next; a hash counts for services of which hapilot sees requests."""
    health: HealthSetting | None = None
