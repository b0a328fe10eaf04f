"""Pass: hosts and paths in tables, so that the last of 10,000 hosts costs what the first of ten costs.

Keys are ``HOST/PATH/``: the frontend looks up the requested path with a slash behind it, so that a prefix match ends on a segment border.
Where requests are only redirected or refused, and for SNI, they are ``HOST``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hapilot.base.memory import Memory
from hapilot.compile import build, networks, targets
from hapilot.compile.draft import Draft, Entrance, Redirect
from hapilot.compile.targets import Target
from hapilot.model import values

ACME = "/.well-known/acme-challenge"
"""Where ACME's HTTP-01 asks (RFC 8555, section 8.3)."""


def make_tables(draft: Draft) -> Draft:
    """Add the tables of every entrance."""
    made: list[build.Table] = []
    known = draft.memory
    for entrance in draft.entrances:
        if entrance.listener.trusted:
            made.append(_trusted(draft, entrance))
        if entrance.looks_at_sni:
            made.append(_sni(draft, entrance))
        if entrance.streams:
            made.append(_streams(draft, entrance))
        if entrance.terminated:
            comment = f"requests over TLS on {entrance.name} to backend"
            made += _requests(draft, tls_plan(entrance, known), tls_table(entrance), comment)
        if entrance.answers_plain:
            comment = f"plain requests on {entrance.name} to backend"
            made += _requests(draft, plain_plan(entrance, known), plain_table(entrance), comment)
        made += _clients(entrance)
    return replace(draft, tables=(*draft.tables, *_once(made)))


def sni_table(entrance: Entrance) -> str:
    """Path of the table that is asked with the SNI."""
    return f"maps/{entrance.name}.sni.map"


def stream_table(entrance: Entrance) -> str:
    """Path of the table that is asked with the SNI of TLS that ended here and holds no HTTP."""
    return f"maps/{entrance.name}.streams.map"


def tls_table(entrance: Entrance) -> str:
    """Path of the table for requests over TLS."""
    return f"maps/{entrance.name}.tls.map"


def plain_table(entrance: Entrance) -> str:
    """Path of the table for plain requests."""
    return f"maps/{entrance.name}.plain.map"


def names_table(table: str) -> str:
    """Path of the table with the routes' own names, beside a table of requests."""
    return f"{table.removesuffix('.map')}.names.map"


def trusted_list(entrance: Entrance) -> str:
    """Path of the list of trusted networks."""
    return f"maps/{entrance.name}.trusted.list"


def clients_list(route: build.Route, condition: build.Condition) -> str:
    """Path of the list of networks that a condition of a route asks for."""
    return f"lists/{route.service}.match.{route.conditions.index(condition)}.list"


def tls_plan(entrance: Entrance, known: Memory) -> targets.Plan:
    """Requests on the terminating frontend: services, and hosts that end elsewhere, which are misdirected there."""
    return known.once(("tls plan", entrance.name), (entrance,), lambda: _tls_plan(entrance, known))


def _tls_plan(entrance: Entrance, known: Memory) -> targets.Plan:
    found = known.each(("tls targets", entrance.name), entrance.terminated, _to_backend)
    elsewhere = (*entrance.passed, *entrance.streams)
    return targets.plan((*found, *known.each(("misdirected", entrance.name), elsewhere, _misdirected)))


def plain_plan(entrance: Entrance, known: Memory) -> targets.Plan:
    """Plain requests: services, redirects to https, and ACME's challenges, which are never redirected."""
    return known.once(("plain plan", entrance.name), (entrance,), lambda: _plain_plan(entrance, known))


def _plain_plan(entrance: Entrance, known: Memory) -> targets.Plan:
    found = list(known.each(("plain targets", entrance.name), entrance.plain, _to_backend))
    taken = {(target.host, target.path) for target in found if not target.conditions}
    answering = _challenges(entrance)
    to_https = known.each(("targets of redirects", entrance.name), entrance.redirects, _to_https)
    for redirect, target in zip(entrance.redirects, to_https, strict=True):
        if (target.host, "/") not in taken:
            found.append(target)
        if not answering:
            continue
        found += [
            Target(target.host, route.path, route.backend, route, route.conditions)
            for wider in _wider(redirect.host)
            for route in answering.get(wider, ())
            if (target.host, route.path) not in taken
        ]
    return targets.plan(found)


def _to_backend(route: build.Route) -> Target:
    return Target(route.host_key, route.path, route.backend, route, route.conditions)


def _misdirected(route: build.Route) -> Target:
    return Target(route.host_key, "/", build.MISDIRECTED, route)


def _to_https(redirect: Redirect) -> Target:
    host = build.ANY_HOST if redirect.host is None else str(redirect.host)
    return Target(host, "/", f"{build.TO_HTTPS}:{redirect.port}", redirect.route)


def _challenges(entrance: Entrance) -> dict[values.HostPattern | None, list[build.Route]]:
    """The plain routes that take ACME challenges, by host."""
    found: dict[values.HostPattern | None, list[build.Route]] = {}
    for route in entrance.plain:
        if f"{route.path}/".startswith(f"{ACME}/"):
            found.setdefault(route.host, []).append(route)
    return found


def _wider(host: values.HostPattern | None) -> Iterator[values.HostPattern | None]:
    """The hosts that are less exact than ``host`` and mean it too, the most exact last, since the last entry of a key counts;
    None is every host."""
    if host is not None:
        yield None
        yield from (pattern for pattern in host.coverers if pattern != host)


def _requests(draft: Draft, plan: targets.Plan, path: str, comment: str) -> Iterator[build.Table]:
    entries = draft.memory.each(("entries", path), plan.targets, lambda one: _entry(one, with_paths=plan.with_paths), plan.with_paths)
    table = _sorted(draft.memory, path, entries, comment)
    yield table
    if draft.site.spec.log is not None:
        # Where conditions decide, the rules say the name of the route that they choose.
        named = (entry for entry in table.entries if not entry.value.startswith("."))
        names = draft.memory.each(("names", path), named, lambda entry: build.Entry(entry.key, entry.key.rstrip("/"), entry.origin))
        yield build.Table(names_table(path), names, "the routes' own names, for the access log")


def _entry(one: Target, *, with_paths: bool) -> build.Entry:
    return build.Entry(targets.key(one.host, one.path, with_paths=with_paths), one.value, one.route.origin, one.route)


def _sorted(known: Memory, path: str, entries: Iterable[build.Entry], comment: str) -> build.Table:
    """The table with its entries by key; of several for one key the last one counts."""
    row = known.row(("entries", path, "in order of routes"), entries)
    return known.once(("table", path), (row,), lambda: build.Table(path, _by_key(row), comment))


def _by_key(entries: Iterable[build.Entry]) -> tuple[build.Entry, ...]:
    by_key = {entry.key: entry for entry in entries}
    return tuple([by_key[key] for key in sorted(by_key)])


def _sni(draft: Draft, entrance: Entrance) -> build.Table:
    ends: dict[build.Side, str] = {"tls": entrance.tls_frontend, "stream": entrance.stream_frontend}
    known, path = draft.memory, sni_table(entrance)
    routes = (route for route in (*entrance.passed, *entrance.streams, *entrance.terminated) if route.host is not None)
    entries = known.each(
        ("sni", path),
        routes,
        lambda route: build.Entry(route.host_key, ends.get(route.side, route.backend), route.origin, route),
        known.same(("ends", path), ends),
    )
    return _sorted(known, path, entries, f"SNI on {entrance.name} to backend")


def _streams(draft: Draft, entrance: Entrance) -> build.Table:
    path = stream_table(entrance)
    entries = draft.memory.each(
        ("streams", path), entrance.streams, lambda route: build.Entry(route.host_key, route.backend, route.origin, route)
    )
    return _sorted(draft.memory, path, entries, f"SNI of streams over TLS on {entrance.name} to backend")


def _trusted(draft: Draft, entrance: Entrance) -> build.Table:
    origins = draft.site.origins
    said = ((network, origins.at("listeners", entrance.name, "trusted", index)) for index, network in enumerate(entrance.listener.trusted))
    return build.Table(trusted_list(entrance), networks.entries(said), f"who is trusted on {entrance.name}; {networks.COMMENT}")


def _clients(entrance: Entrance) -> Iterator[build.Table]:
    """The networks of conditions; a service has the same on all its routes."""
    for route in entrance.routes:
        for one in route.conditions:
            if one.kind == "client":
                said = ((values.parse_network(network), route.origin) for network in one.values)
                comment = f"clients that service {route.service} is for; {networks.COMMENT}"
                yield build.Table(clients_list(route, one), networks.entries(said), comment)


def _once(made: Iterable[build.Table]) -> Iterator[build.Table]:
    yield from {table.path: table for table in made}.values()
