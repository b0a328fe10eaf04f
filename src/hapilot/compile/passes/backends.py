"""Pass: one backend for each service (and listener port, where its servers take the listener's)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import build
from hapilot.compile.draft import BackendPlan, Draft
from hapilot.compile.rules import requests, servers
from hapilot.languages.haproxy import tree
from hapilot.model import service, values


def make_backends(draft: Draft) -> Draft:
    """Add a section and its meaning for every planned backend.

    >>> shares(10, 4)
    [3, 3, 2, 2]
    """
    files = {path: f"ca/{number}.pem" for number, path in enumerate(sorted(draft.site.materials.authorities))}
    draft = replace(draft, authority_files=files)
    made = [_section(draft, plan) for plan in draft.plans]
    uses = [_use(draft, plan) for plan in draft.plans]
    draft = replace(draft, backends=(*draft.backends, *uses)).noting(_client_timeouts(draft))
    return draft.adding(*made)


def shares(total: int, parts: int) -> list[int]:
    """``total`` in ``parts`` nearly equal whole numbers, none below 1."""
    return [max(1, total // parts + (1 if index < total % parts else 0)) for index in range(parts)]


def _section(draft: Draft, plan: BackendPlan) -> tree.Section:
    one = draft.services[plan.service]
    origin = draft.site.origins.key("services", plan.service)
    speaks_http = one.protocol == "http" and one.tls_mode != "passthrough"
    lines = [
        tree.line("mode", "http" if speaks_http else "tcp"),
        *_balance(one),
        *_times(draft, one),
        *(_http(draft, one) if speaks_http else ()),
    ]
    lines += [
        tree.opaque(text, origin=draft.site.origins.at("raw", "service", plan.service, index))
        for index, text in enumerate(draft.site.spec.raw.service.get(plan.service, []))
    ]
    lines += servers.lines(draft, plan)
    return tree.Section("backend", plan.name, tuple(lines), comment=f"service {plan.service} ({origin.short})", origin=origin)


def _balance(one: service.Service) -> Iterator[tree.Line]:
    balance = one.balance if isinstance(one.balance, str) else "roundrobin"
    yield tree.line("balance", balance)
    if balance == "source":
        # When a server dies, only its own clients move; servers can be added at run time.
        yield tree.line("hash-type", "consistent")


def _times(draft: Draft, one: service.Service) -> Iterator[tree.Line]:
    common = draft.site.spec.defaults
    if one.retries is not None and one.retries != common.retries:
        yield tree.line("retries", str(one.retries))
    for name in ("connect", "server", "tunnel", "queue"):
        own = getattr(one.timeouts, name) if one.timeouts else None
        if own is not None and own != getattr(common.timeouts, name):
            yield tree.line("timeout", name, values.print_duration(own))


def _http(draft: Draft, one: service.Service) -> Iterator[tree.Line]:
    tunnel = (one.timeouts and one.timeouts.tunnel) or draft.site.spec.defaults.timeouts.tunnel or 3_600_000
    # A stream of server-sent events may be silent for as long as a tunnel.
    stream = ("if", "{", "req.hdr(accept)", "-m", "sub", "text/event-stream", "}")
    yield tree.line("http-request", "set-timeout", "server", values.print_duration(tunnel), *stream)
    if one.tls_mode == "reencrypt":
        # Measured: a new client costs 2.25 times less CPU than with the default "safe". HAProxy keeps connections apart by
        # SNI and PROXY header, so none is reused for another name; what it may repeat is limited to safe methods.
        yield tree.line("http-reuse", "always")
        yield tree.line("retry-on", "conn-failure", "empty-response")
        yield tree.line("http-request", "disable-l7-retry", "unless", "{", "method", "GET", "HEAD", "OPTIONS", "TRACE", "}")
        yield from _named(one)
    if isinstance(one.health, service.Health) and one.health.http:
        yield from _http_check(one, one.health)


def _named(one: service.Service) -> Iterator[tree.Line]:
    """400 for a request that names no host where the host is what the server's certificate is checked against: without a
    name HAProxy checks the CA alone (manual, section 5.2, "verify")."""
    if one.verify is None or one.verify.name == "host":
        yield requests.answer(400, "Bad Request: a Host header is needed", "unless", "{", "var(txn.host)", "-m", "len", "gt", "0", "}")


def _http_check(one: service.Service, health: service.Health) -> Iterator[tree.Line]:
    yield tree.line("option", "httpchk")
    exact = next((host.name for host in one.host if not host.wildcard), None)
    host = exact or str(one.servers[0].address)
    yield tree.line("http-check", "send", "meth", "GET", "uri", health.http or "/", "ver", "HTTP/1.1", "hdr", "Host", host)
    expected = ",".join(str(status) for status in health.expect) or "200-399"
    yield tree.line("http-check", "expect", "status", expected)


def _use(draft: Draft, plan: BackendPlan) -> build.BackendUse:
    one = draft.services[plan.service]
    origins = draft.site.origins
    uses = tuple(
        build.ServerUse(
            servers.name(server, plan.port),
            servers.address(server, plan.port),
            origins.at("services", plan.service, "servers", index),
        )
        for index, server in enumerate(one.servers)
    )
    return build.BackendUse(plan.name, plan.service, one.tls_mode, uses, origins.key("services", plan.service))


def _client_timeouts(draft: Draft) -> Iterator[Diagnostic]:
    """A client timeout counts before the service is known, so services that share a listener can't have their own."""
    # Two names of services are enough to know one that is not the service itself.
    users = {listener: sorted({route.service for route in routes})[:2] for listener, routes in draft.by_listener.items()}
    for name, one in draft.services.items():
        own = one.timeouts.client if one.timeouts else None
        if own is None or own == draft.site.spec.defaults.timeouts.client:
            continue
        for listener in one.listener:
            other = next((user for user in users.get(listener, ()) if user != name), None)
            if other is not None:
                message = f"service {name}: timeouts.client counts for the whole listener {listener}, which {other} uses too"
                origin = draft.site.origins.at("services", name, "timeouts", "client")
                yield diagnostics.error("conflict", message, origin, "set it under defaults, or give the service a listener of its own")
