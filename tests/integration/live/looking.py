"""Compares what runs with the model: HAProxy's memory, real connections, the plan, and the generations on disk.

In: a `Lab` whose HAProxy serves, and the `Belief` of what it should be. Out: every difference, in words; none where all is as it should.
A worker that was reloaded away takes connections for some more milliseconds, so what is seen from outside is looked at again for a while.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cryptography import x509

from hapilot.plan import running as states
from hapilot.reconcile import bringing, serving
from hapilot.runtime import overrides, reading
from support import certificates, client
from support.outcome import Outcome

from . import operating, wanted

_PATIENCE = 3.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Belief:
    """What should run: a site, what was said of servers by hand, and hosts that it no more has."""

    site: wanted.Site
    known: overrides.Overrides = ()
    gone: tuple[tuple[str, str], ...] = field(default=())


def check(lab: operating.Lab, behind: operating.Behind, belief: Belief) -> None:
    """All of it. Raises AssertionError with every difference."""
    deadline = time.monotonic() + _PATIENCE
    while differences := [*in_memory(lab, belief), *from_outside(lab, behind, belief), *planned(lab)]:
        assert time.monotonic() < deadline, "\n".join(differences)
        time.sleep(0.02)
    wrong = list(on_disk(lab))
    assert not wrong, "\n".join(wrong)


def in_memory(lab: operating.Lab, belief: Belief) -> Iterator[str]:
    """Servers and tables, as HAProxy itself shows them."""
    found = reading.read(lab.running)
    spares = states.stands_for(found.notes)
    own = {spare: backend for backend, spare in spares.items()}
    yield from (f"{backend} is noted for {spare}" for backend, spare in spares.items() if backend not in belief.site.services)
    yield from _servers(found, own, belief)
    yield from _tables(found, own, belief)
    yield from _limits(found, own, belief)


def _servers(found: states.Running, own: Mapping[str, str], belief: Belief) -> Iterator[str]:
    should = wanted.servers(belief.site, belief.known)
    # What hands over between layers has a dot in its name, a spare backend one before it.
    has = {(own.get(key[0], key[0]), key[1]): one for key, one in found.servers.items() if "." not in key[0][1:]}
    for key, one in should.items():
        now = has.get(key)
        seen = None if now is None else wanted.Expected(now.address, now.state, now.weight)
        if seen != one:
            yield f"server {'/'.join(key)} should be {one} and is {seen}"
    for key in has.keys() - should.keys():
        # In maintenance it only waits for the end of its last connection.
        if has[key].state != "maint":
            yield f"server {'/'.join(key)} should not be and is {has[key]}"


def _limits(found: states.Running, own: Mapping[str, str], belief: Belief) -> Iterator[str]:
    should = {(name, one.name): one.limit for name, service in belief.site.services.items() for one in service.servers}
    for key, limit in found.limits.items():
        name = (own.get(key[0], key[0]), key[1])
        if name in should and should[name] != limit:
            yield f"server {'/'.join(name)} may have {limit} sessions, should {should[name]}"


def _tables(found: states.Running, own: Mapping[str, str], belief: Belief) -> Iterator[str]:
    """What leads to services: routes by host and path, and names of passed TLS."""
    for listener in belief.site.ports:
        for mode, end in (("edge", ".tls.map"), ("plain", ".plain.map"), ("passthrough", ".sni.map")):
            table = found.tables.get(f"maps/{listener}{end}", {})
            leads = {key: own.get(to, to) for key, to in table.items() if "." not in own.get(to, to)}
            should = dict(_rows(belief.site, listener, mode))
            if leads != should and (table or mode != "passthrough"):
                yield f"{listener}{end} should be {should} and is {leads}"


def _rows(site: wanted.Site, listener: str, mode: str) -> Iterator[tuple[str, str]]:
    for (at, host, path), name in site.routes.items():
        if at == listener and site.services[name].mode == mode:
            yield (host if mode == "passthrough" else f"{host}{path.rstrip('/')}/"), name


def planned(lab: operating.Lab) -> Iterator[str]:
    """What hapilot would do now: nothing, and of servers that wait to be deleted it knows."""
    current, serves = lab.state.current(), lab.state.serving()
    if current is None or serves is None or current.number != serves.number:
        yield f"current is {current} and serving is {serves}"
        return
    made = bringing.Bringing(lab.haproxy, lab.state)
    planned = made.plan(lab.running, lab.state.bundle(current.number), serving.summary_of(lab.state, current.number))
    yield from (f"planned: {step.about}: {step.reason} ({step.kind})" for step in planned.actions)


def on_disk(lab: operating.Lab) -> Iterator[str]:
    """Every generation is whole, and that which the worker has read is kept."""
    for one in lab.state.history():
        if lab.state.bundle(one.number).digest != one.digest:
            yield f"generation {one.number} is not as it was written"
    known = {one.number for one in lab.state.history()}
    yield from (f"generation {number} is damaged" for number in lab.state.numbers() - known)
    yield from (f"{path} was left behind" for path in lab.state.generations.glob(".*"))
    if reading.read(lab.running).loaded is None:
        yield "the files that the worker has read are gone"
    elif not lab.state.loaded_link.exists():
        yield "nothing says which generation the worker has read"


def from_outside(lab: operating.Lab, behind: operating.Behind, belief: Belief) -> Iterator[str]:
    """What clients see, one connection for each route, and some where nothing should be."""
    site = belief.site
    for (listener, host, path), name in site.routes.items():
        seen = _asked(site, listener, host, path)
        yield from (f"{host}{path} on {listener}: {wrong}" for wrong in _answer(behind, belief, name, seen))
        if site.services[name].mode == "edge":
            yield from _shown(lab, site, (site.ports[listener], host))
    for listener, host in belief.gone:
        if listener in site.listeners and not any(key[:2] == (listener, host) for key in site.routes):
            seen = _asked(site, listener, host, "/")
            if seen.standin is not None or seen.status not in (0, 404):
                yield f"{host} on {listener} should be gone: {seen}"
    for listener, port in site.ports.items():
        if listener not in site.listeners:
            with client.connect(("127.0.0.1", port)) as connection:
                if (said := connection.request(client.Request())).kind != "refused":
                    yield f"listener {listener} should be closed: {said}"


def _asked(site: wanted.Site, listener: str, host: str, path: str) -> Outcome:
    """One request, over TLS unless the host is one of plain HTTP."""
    tls = None if host.endswith(wanted.SUFFIX["plain"]) else client.Tls(certificates.trusting_nobody(), host)
    target = f"{path.rstrip('/')}/x"
    return client.get(("127.0.0.1", site.ports[listener]), client.Request("GET", target, host), tls=tls)


def _shown(lab: operating.Lab, site: wanted.Site, at: tuple[int, str]) -> Iterator[str]:
    """Whether a client sees the right certificate."""
    port, host = at
    with socket.create_connection(("127.0.0.1", port), 5.0) as plug:
        with certificates.trusting_nobody().wrap_socket(plug, server_hostname=host) as tls:
            seen = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True) or b"")
    should = site.shown(host)
    names = certificates.names_of(seen)
    if should is not None and seen.serial_number != lab.leaf(should).certificate.serial_number:
        yield f"{host} is shown a certificate for {names}, and not {should}"
    elif should is None and names != site.signed:
        yield f"{host} is shown a certificate for {names}, and not the one for {site.signed}"


def _answer(behind: operating.Behind, belief: Belief, name: str, seen: Outcome) -> Iterator[str]:
    """What is wrong with the answer of a service."""
    service = belief.site.services[name]
    eligible = wanted.eligible(belief.site, name, belief.known)
    if service.allow and wanted.HERE not in service.allow:
        if seen.status != 403:
            yield f"should be refused: {seen}"
    elif not eligible:
        if seen.standin is not None or (service.mode != "passthrough" and seen.status != 503):
            yield f"has no server: {seen}"
    elif seen.standin not in {behind.names[port] for port in eligible}:
        yield f"is not answered by {[behind.names[port] for port in eligible]}: {seen}"
    elif service.mode != "passthrough" and (seen.header("x-changed") or "") != service.header:
        yield f"has the header {seen.header('x-changed')!r}, not {service.header!r}"
