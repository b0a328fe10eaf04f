"""Which key of a service goes with which protocol and TLS mode, as data.

What HAProxy can't see it can't act upon: a path in a connection that is passed on, a header in plain TCP. The table here is the only
place that says so: ``compile`` makes diagnostics of it, and docs/site-file/matrix.md is printed from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hapilot.model import section, service

Kind = tuple[str, str]
"""Protocol and TLS mode."""

KINDS: tuple[Kind, ...] = (
    ("http", "edge"),
    ("http", "reencrypt"),
    ("http", "none"),
    ("http", "passthrough"),
    ("tcp", "edge"),
    ("tcp", "reencrypt"),
    ("tcp", "none"),
    ("tcp", "passthrough"),
    ("ssh", "none"),
)
"""Every kind of service there is."""

ALL = frozenset(KINDS)
REQUESTS = frozenset(kind for kind in KINDS if kind[0] == "http" and kind[1] != "passthrough")
"""hapilot sees requests."""
ENDED = frozenset(kind for kind in KINDS if kind[1] in ("edge", "reencrypt"))
"""TLS of clients ends here."""
ONWARD = frozenset(kind for kind in KINDS if kind[1] == "reencrypt")
"""hapilot starts TLS to the servers."""
CLEAR_REQUESTS = frozenset({("http", "edge"), ("http", "none")})
"""Requests go to the servers in clear."""
NAMED = ALL - {("tcp", "none"), ("ssh", "none")}
"""The client says a host name."""

_IN_REQUESTS = "is about requests, and hapilot sees none of them here"
_USE_HTTP = "leave it out, or use protocol: http with tls: edge, reencrypt or none"


@dataclass(frozen=True, slots=True)
class Fit:
    """One key: ``path`` leads to it inside a service; ``value`` restricts the rule to that value of it. ``why`` says what is missing
    elsewhere, ``{protocol}`` and ``{mode}`` standing for the service's."""

    path: tuple[str, ...]
    kinds: frozenset[Kind]
    why: str = ""
    hint: str = ""
    value: str | None = None

    @property
    def shown(self) -> str:
        """``health.http``, or ``http2: h2`` where only one value is meant."""
        key = ".".join(self.path)
        return key if self.value is None else f"{key}: {self.value}"


def _requests(*path: str) -> Fit:
    return Fit(path, REQUESTS, f"{'.'.join(path)} {_IN_REQUESTS}", _USE_HTTP)


FITS: tuple[Fit, ...] = (
    Fit(
        ("host",),
        NAMED,
        "{protocol} without TLS has no host name in it, so host can never match",
        "leave out host; tls: edge, reencrypt or passthrough match by the name in the ClientHello (SNI)",
    ),
    Fit(
        ("path",),
        REQUESTS,
        "path can't be seen in a connection that is passed on",
        "leave out path, or use tls: edge or reencrypt with http",
    ),
    _requests("match"),
    Fit(("listener",), ALL),
    Fit(("servers",), ALL),
    Fit(("send_proxy",), ALL),
    Fit(("health",), ALL),
    Fit(("health", "http"), REQUESTS, "health.http needs a server to which hapilot speaks HTTP", "leave out http for a connection check"),
    Fit(("balance",), ALL),
    Fit(("balance", "hash"), REQUESTS, "balance: hash is about requests, and hapilot sees none of them here", "use balance: source"),
    Fit(
        ("verify",),
        ONWARD,
        "verify is about TLS to the server, which tls: {mode} does not start",
        "say tls: reencrypt, or leave it out",
    ),
    Fit(("timeouts",), ALL),
    Fit(("retries",), ALL),
    Fit(("max_connections",), ALL),
    _requests("sticky"),
    _requests("headers"),
    _requests("rewrite"),
    _requests("redirect"),
    Fit(("allow",), ALL),
    Fit(("deny",), ALL),
    _requests("basic_auth"),
    Fit(
        ("client_certificates",),
        ENDED,
        "client_certificates needs TLS that ends here, which tls: {mode} does not do",
        "say tls: edge or reencrypt, or leave it to the server",
    ),
    _requests("rate_limit"),
    _requests("canary"),
    Fit(("maintenance",), ALL),
    _requests("maintenance", "status"),
    _requests("maintenance", "body"),
    _requests("errors"),
    Fit(
        ("http2",),
        frozenset({("http", "reencrypt")}),
        "http2: h2 is HTTP/2 over TLS to the servers, which needs tls: reencrypt",
        "say http2: h2c for servers without TLS",
        "h2",
    ),
    Fit(
        ("http2",),
        CLEAR_REQUESTS,
        "http2: h2c is HTTP/2 in clear to the servers, which needs protocol: http with tls: edge or none",
        "say http2: h2 for servers with TLS",
        "h2c",
    ),
)
"""Every key of a service but ``protocol`` and ``tls``, which make the kinds."""


def kind_of(one: service.Service) -> Kind:
    """The kind of a service; ssh has one kind only, whatever TLS mode was said."""
    return ("ssh", "none") if one.protocol == "ssh" else (one.protocol, one.tls_mode)


def misfits(one: service.Service) -> Iterator[Fit]:
    """The keys that the service uses and that do not fit it.

    >>> [fit.shown for fit in misfits(service.Service(protocol="tcp", path=["/a"]))]
    ['path']
    """
    kind = kind_of(one)
    yield from (fit for fit in FITS if kind not in fit.kinds and _uses(one, fit))


def _uses(one: service.Service, fit: Fit) -> bool:
    value: Any = one
    for name in fit.path:
        if not isinstance(value, section.Section) or name not in type(value).model_fields:
            return False
        if value is not one and name not in value.model_fields_set:
            return False
        value = getattr(value, name)
    if fit.value is not None:
        return value == fit.value
    return value is not None and value not in ([], {})
