"""Pass: one backend for each service (and listener port, where its servers take the listener's)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import build
from hapilot.compile.draft import BackendPlan, Draft
from hapilot.compile.passes import policies
from hapilot.compile.rules import access, answers, changes, client_certificates, logging, servers, sticky, streams
from hapilot.languages.haproxy import quoting, tree
from hapilot.model import service, values


def make_backends(draft: Draft) -> Draft:
    """Add a section and its meaning for every planned backend.

    >>> shares(10, 4)
    [3, 3, 2, 2]
    """
    made = _made(draft)
    sections, uses = draft.memory.once("backends", (made,), lambda: ([one for one, _ in made], [use for _, use in made]))
    return replace(draft, backends=(*draft.backends, *uses)).noting(_client_timeouts(draft)).adding(*sections)


@dataclass(frozen=True, slots=True)
class _Says:
    """What a backend says, without the places that are told behind its lines and the user's own lines."""

    settings: tuple[tree.Line, ...]
    servers: tuple[tuple[tree.Word, ...], ...]


def _made(draft: Draft) -> tuple[tuple[tree.Section, build.BackendUse], ...]:
    """Each backend and its meaning. What it says follows from its service, how it is counted, and what holds for all of them; the places
    change too when something is written further up. The user's own lines are said elsewhere, so with such lines it is always made anew."""
    known, site = draft.memory, draft.site
    parts = {part.name: part for part in draft.parts}
    here = [parts[plan.service] for plan in draft.plans]
    counted, unaddressed = [draft.counted_in[part.name] for part in here], [part.name in draft.unaddressed for part in here]
    common = (
        draft.target,
        site.spec.defaults,
        site.spec.log,
        known.same("pages", draft.pages),
        known.same("policies", draft.policies),
        known.same("authorities", tuple(site.materials.authorities)),
    )

    def says(plan: BackendPlan, *_: object) -> _Says:
        return _Says(tuple(settings(draft, plan)), servers.words(draft, plan))

    def placed(said: _Says, plan: BackendPlan, *_: object) -> tuple[tree.Section, build.BackendUse]:
        return _with_places(draft, plan, said)

    said = known.rows("what backends say", (draft.plans, [part.service for part in here], counted, unaddressed), says, *common)
    own = [object() if part.name in site.spec.raw.service else None for part in here]
    return known.rows("backends with places", (said, draft.plans, here, own), placed)


def shares(total: int, parts: int) -> list[int]:
    """``total`` in ``parts`` nearly equal whole numbers, none below 1."""
    return [max(1, total // parts + (1 if index < total % parts else 0)) for index in range(parts)]


def _with_places(draft: Draft, plan: BackendPlan, said: _Says) -> tuple[tree.Section, build.BackendUse]:
    origins, name = draft.site.origins, plan.service
    one, origin = draft.services[name], origins.key("services", name)
    places = [origins.at("services", name, "servers", index) for index in range(len(one.servers))]
    own = [
        tree.opaque(text, origin=origins.at("raw", "service", name, index))
        for index, text in enumerate(draft.site.spec.raw.service.get(name, []))
    ]
    lines = [tree.Line(words, origin=place) for words, place in zip(said.servers, places, strict=True)]
    comment = f"service {name} ({origin.short})"
    section = tree.Section("backend", plan.name, (*said.settings, *own, *lines), comment=comment, origin=origin)
    uses = [
        build.ServerUse(servers.name(server, plan.port), servers.address(server, plan.port), place)
        for server, place in zip(one.servers, places, strict=True)
    ]
    return section, build.BackendUse(plan.name, name, one.tls_mode, tuple(uses), origin)


def settings(draft: Draft, plan: BackendPlan) -> list[tree.Line]:
    """How the service is dealt with: all lines that neither name a server nor are the user's own."""
    one = draft.services[plan.service]
    speaks_http = one.protocol == "http" and one.tls_mode != "passthrough"
    return [
        tree.line("mode", "http" if speaks_http else "tcp"),
        *_balance(one),
        *_times(draft, one),
        *(_http(draft, plan) if speaks_http else logging.with_reasons(_stream(draft, plan.service, one), draft.site.spec.log)),
    ]


def _balance(one: service.Service) -> Iterator[tree.Line]:
    balance = one.balance or "roundrobin"
    if isinstance(balance, service.Hash):
        yield tree.line("balance", "hash", _hashed(balance.hash))
    else:
        yield tree.line("balance", balance)
    if balance == "source" or isinstance(balance, service.Hash):
        # When a server dies, only its own clients move; servers can be added at run time.
        yield tree.line("hash-type", "consistent")


def _hashed(said: service.HashBalance) -> str:
    """What requests are told apart by. Those that lack it take turns (manual, "balance hash")."""
    if said.header is not None:
        return f"req.fhdr({quoting.argument(said.header)})"
    return f"req.cook({quoting.argument(said.cookie)})" if said.cookie is not None else "path"


def _times(draft: Draft, one: service.Service) -> Iterator[tree.Line]:
    common = draft.site.spec.defaults
    if one.retries is not None and one.retries != common.retries:
        yield tree.line("retries", str(one.retries))
    for name in ("connect", "server", "tunnel", "queue"):
        own = getattr(one.timeouts, name) if one.timeouts else None
        if own is not None and own != getattr(common.timeouts, name):
            yield tree.line("timeout", name, values.print_duration(own))


def _http(draft: Draft, plan: BackendPlan) -> Iterator[tree.Line]:
    """Everything about requests: who may ask, our own answers, then what reaches the servers and how."""
    name, one = plan.service, draft.services[plan.service]
    counted_in = draft.counted_in[name]
    if one.rate_limit is not None and plan.name == counted_in:
        yield access.counters(one.rate_limit)
    yield from answers.errors(draft, name, one)
    yield from client_certificates.required(policies.policy_of(draft, one))
    yield from access.request_rules(draft, name, "" if plan.name == counted_in else counted_in)
    if one.maintenance is not None:
        yield from logging.because(draft.site.spec.log, "maintenance")
        yield answers.maintenance(draft, name, one.maintenance)
    elif one.redirect is not None:
        yield from logging.because(draft.site.spec.log, "redirect")
        yield from answers.redirect(one.redirect)
    else:
        yield from _onwards(draft, name, one)
    yield from changes.responses(one)
    if isinstance(one.health, service.Health) and one.health.http and one.servers:
        yield from _http_check(one, one.health)


def _stream(draft: Draft, name: str, one: service.Service) -> Iterator[tree.Line]:
    """Everything about connections that are passed on."""
    yield from client_certificates.required_of_streams(policies.policy_of(draft, one))
    yield from access.stream_rules(draft, name)
    yield from streams.named(one)


def _onwards(draft: Draft, name: str, one: service.Service) -> Iterator[tree.Line]:
    """What happens to requests on their way to the servers."""
    tunnel = (one.timeouts and one.timeouts.tunnel) or draft.site.spec.defaults.timeouts.tunnel or 3_600_000
    # A stream of server-sent events may be silent for as long as a tunnel.
    stream = ("if", "{", "req.hdr(accept)", "-m", "sub", "text/event-stream", "}")
    if one.sticky is not None:
        yield sticky.cookie(one.sticky, one)
    yield tree.line("http-request", "set-timeout", "server", values.print_duration(tunnel), *stream)
    if one.tls_mode == "reencrypt":
        # Measured: a new client costs 2.25 times less CPU than with the default "safe". HAProxy keeps connections apart by
        # SNI and PROXY header, so none is reused for another name; what it may repeat is limited to safe methods.
        yield tree.line("http-reuse", "always")
        yield tree.line("retry-on", "conn-failure", "empty-response")
        yield tree.line("http-request", "disable-l7-retry", "unless", "{", "method", "GET", "HEAD", "OPTIONS", "TRACE", "}")
        yield from _named(draft, name, one)
    yield from client_certificates.told(one)
    yield from changes.requests(one)


def _named(draft: Draft, name: str, one: service.Service) -> Iterator[tree.Line]:
    """400 for a request that names no host where the host is what the server's certificate is checked against: without a
    name HAProxy checks the CA alone (manual, section 5.2, "verify")."""
    if one.verify is None or one.verify.name == "host":
        why = "the server's certificate is checked against the requested host"
        yield answers.refuse(draft, name, 400, "unless", "{", "var(txn.host)", "-m", "len", "gt", "0", "}", why=why)


def _http_check(one: service.Service, health: service.Health) -> Iterator[tree.Line]:
    yield tree.line("option", "httpchk")
    exact = next((host.name for host in one.host if not host.wildcard), None)
    host = (one.rewrite and one.rewrite.host) or exact or str(one.servers[0].address)
    yield tree.line("http-check", "send", "meth", "GET", "uri", health.http or "/", "ver", "HTTP/1.1", "hdr", "Host", host)
    expected = ",".join(str(status) for status in health.expect) or "200-399"
    yield tree.line("http-check", "expect", "status", expected)


def _client_timeouts(draft: Draft) -> Iterator[Diagnostic]:
    """A client timeout counts before the service is known, so services that share a listener can't have their own."""
    common = draft.site.spec.defaults.timeouts.client
    different = {name: one for name, one in draft.services.items() if one.timeouts and one.timeouts.client not in (None, common)}
    if not different:
        return
    # Two names of services are enough to know one that is not the service itself.
    users = {listener: sorted({route.service for route in routes})[:2] for listener, routes in draft.by_listener.items()}
    for name, one in different.items():
        for listener in one.listener:
            other = next((user for user in users.get(listener, ()) if user != name), None)
            if other is not None:
                message = f"service {name}: timeouts.client counts for the whole listener {listener}, which {other} uses too"
                origin = draft.site.origins.at("services", name, "timeouts", "client")
                hint = "set it under defaults, or give the service a listener of its own"
                yield diagnostics.error("conflict", message, origin, hint, (f"service {other}", f"service {name}"))
