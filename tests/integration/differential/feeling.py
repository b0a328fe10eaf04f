"""What a connection feels of a site: which services and listeners it came to, and which of their keys mattered for it.

Comes in: something that a site says, and a connection that was compared. Goes out: yes or no. Called by ``coverage``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hapilot.languages.haproxy.evaluate import trace
from integration.differential import papers
from integration.differential.experiment import Compared
from integration.differential.words import View

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """A key that a site says. ``owner`` is ("services", NAME), ("listeners", NAME), ("stats" or "metrics", NAME), or () for all."""

    path: Path
    owner: Path
    value: Any


_FORWARDED = frozenset(
    ("sticky", "rewrite", "http2", "send_proxy", "verify", "balance", "timeouts", "retries", "health", "max_connections", "servers")
)
"""Keys of services that matter only for what goes on to a server."""


def touched(one: Compared) -> frozenset[str]:
    """The services whose backends the connection came to, and those for which one of them stands in."""
    site, found = one.prediction.site, one.prediction.trace
    steps = found.steps if found is not None else ()
    backends = {step.detail for step in steps if step.verb in ("use_backend", "default_backend")}
    names = {use.service for name in backends if (use := site.explainer.use(name)) is not None}
    services = site.build.site.spec.services
    return frozenset(names | {name for name, each in services.items() if each.canary is not None and each.canary.service in names})


def feels(each: Said, one: Compared, services: frozenset[str]) -> bool:
    """Whether the connection felt the key. ``services`` are those it has touched."""
    match each.owner:
        case ("services", name):
            return name in services and _in_service(each, one)
        case ("listeners", name):
            return one.connection.listener == name and _LISTENERS.get(each.path[1], _always)(each, one)
        case (page, *_):
            return one.connection.listener == page
        case _:
            return _COMMON.get(each.path[0], _always)(each, one)


def _always(each: Said, one: Compared) -> bool:
    del each, one
    return True


def _in_service(each: Said, one: Compared) -> bool:
    view, said = one.prediction.view, one.prediction.said
    match each.path[1]:
        case "match":
            return said.route is not None and " with " in said.route.match
        case "maintenance":
            return view.outcome != "forward"
        case "redirect":
            return view.outcome == "redirect"
        case "errors":
            return view.status in each.value
        case "headers" if each.path[2:3] == ("request",):
            return view.outcome == "forward"
        case key:
            return view.outcome == "forward" or key not in _FORWARDED


_COMMON: Mapping[str, Callable[[Said, Compared], bool]] = {
    "certificates": lambda each, one: one.prediction.view.certificate is not None,
    "defaults": lambda each, one: each.path[1:] == ("timeouts", "client") or one.prediction.view.outcome == "forward",
    "tls": lambda each, one: one.prediction.view.certificate is not None,
}
"""What a connection must be like to feel a key of the whole site."""
_LISTENERS: Mapping[str, Callable[[Said, Compared], bool]] = {
    "redirect": lambda each, one: one.prediction.view.outcome == "redirect",
    "accept_proxy": lambda each, one: each.value == "never" or one.connection.proxy is not None,
    "trusted": lambda each, one: one.connection.proxy is not None or _forwards(one),
    "default": lambda each, one: each.value in touched(one),
    "sniff_timeout": lambda each, one: one.connection.kind in ("silent", "bytes"),
    "plain_http": lambda each, one: one.connection.kind == "http",
}
"""What a connection must be like to feel a key of its listener."""


def _forwards(one: Compared) -> bool:
    return any(name.lower() == "x-forwarded-for" for name, _ in one.connection.headers)


HAPPENINGS = (
    "forwarded", "redirected", "rejected", "status 200", "status 204", "status 308", "status 400", "status 401", "status 403", "status 404",
    "status 408", "status 421", "status 503", "a right password", "a page of the site", "a server by its cookie", "a cookie set",
    "a canary", "a client certificate told", "a client certificate refused", "an earlier request for another host", "a request over HTTP/2",
    "TLS ended for plain TCP", "passed through", "HTTP/2 to the server", "over a unix socket", "over an inherited socket",
    "one of several servers", "an answer with all its headers", "a server's answer with all its headers", "a body of our own",
)  # fmt: skip
"""What must happen in a full run."""


def happenings(one: Compared) -> Iterator[str]:
    """What happened, as predicted."""
    view, asked = one.prediction.view, one.connection
    yield {"forward": "forwarded", "redirect": "redirected", "respond": "answered", "reject": "rejected"}[view.outcome]
    yield from (f"status {view.status}" for _ in range(view.status is not None))
    yield from (name for name, holds in _conditions(one, view).items() if holds)
    places = {"unix": "over a unix socket", "fd": "over an inherited socket"}
    yield from (places[asked.address] for _ in range(asked.address in places))


def _conditions(one: Compared, view: View) -> dict[str, bool]:
    asked, forwarded = one.connection, view.outcome == "forward"
    found = one.prediction.trace
    chosen = found.outcome if found is not None and isinstance(found.outcome, trace.Forward) else None
    site = one.prediction.site
    service = site.build.site.spec.services.get(view.service or "")
    seen = one.seen if isinstance(one.seen, View) else None
    told = {name for name, _ in view.headers or ()}
    steps = {step.verb for step in found.steps} if found is not None else set[str]()
    return {
        "a right password": forwarded and service is not None and service.basic_auth is not None,
        "a page of the site": view.body in _PAGES,
        "a server by its cookie": forwarded and "cookie" in steps and len(one.prediction.servers) == 1,
        "a cookie set": bool(seen and seen.answer and any(name == "set-cookie" for name, _ in seen.answer)),
        "a canary": any(each.canary is not None and each.canary.service == view.service for each in site.build.site.spec.services.values()),
        "a client certificate told": asked.identity is not None and "x-ssl-client-fingerprint" in told,
        "a client certificate refused": view.outcome == "reject" and "client certificate" in one.prediction.said.reason,
        "an earlier request for another host": asked.before is not None and asked.before != asked.host,
        "a request over HTTP/2": asked.version == "2" and view.status is not None,
        "TLS ended for plain TCP": forwarded and service is not None and service.protocol == "tcp" and service.tls_mode != "passthrough",
        "passed through": forwarded and service is not None and service.tls_mode == "passthrough",
        "HTTP/2 to the server": forwarded and service is not None and service.http2 is not None,
        "one of several servers": chosen is not None and len(one.prediction.servers) > 1,
        "an answer with all its headers": not forwarded and bool(seen and seen.answer) and view.answer is not None,
        "a server's answer with all its headers": forwarded and bool(seen and seen.answer is not None),
        "a body of our own": bool(view.body) and bool(seen and seen.body),
    }


_PAGES = frozenset(content.decode("latin-1") for content in papers.PAGES.values())
