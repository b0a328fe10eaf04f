"""Pass: hosts and paths in tables, so that the last of 10,000 hosts costs what the first of ten costs.

Keys are ``HOST`` or, where any route of the table has a path, ``HOST/PATH/``: the frontend looks up the requested path
with a slash behind it, so that a prefix match ends on a segment border.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hapilot.compile import build, networks, targets
from hapilot.compile.draft import Draft, Entrance
from hapilot.compile.targets import Target
from hapilot.model import values

ACME = "/.well-known/acme-challenge"
"""Where ACME's HTTP-01 asks (RFC 8555, section 8.3)."""


def make_tables(draft: Draft) -> Draft:
    """Add the tables of every entrance."""
    made: list[build.Table] = []
    logs = draft.site.spec.log is not None
    for entrance in draft.entrances:
        if entrance.listener.trusted:
            made.append(_trusted(draft, entrance))
        if entrance.looks_at_sni:
            made.append(build.Table(sni_table(entrance), _sni_entries(entrance), f"SNI on {entrance.name} to backend"))
        if entrance.streams:
            comment = f"SNI of streams over TLS on {entrance.name} to backend"
            made.append(build.Table(stream_table(entrance), _stream_entries(entrance), comment))
        if entrance.terminated:
            comment = f"requests over TLS on {entrance.name} to backend"
            made += _requests(tls_plan(entrance), tls_table(entrance), comment, logs=logs)
        if entrance.answers_plain:
            made += _requests(plain_plan(entrance), plain_table(entrance), f"plain requests on {entrance.name} to backend", logs=logs)
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


def tls_plan(entrance: Entrance) -> targets.Plan:
    """Requests on the terminating frontend: services, and hosts that end elsewhere, which are misdirected there."""
    found = [Target(route.host_key, route.path, route.backend, route, route.conditions) for route in entrance.terminated]
    found += [Target(route.host_key, "/", build.MISDIRECTED, route) for route in (*entrance.passed, *entrance.streams)]
    return targets.plan(found)


def plain_plan(entrance: Entrance) -> targets.Plan:
    """Plain requests: services, redirects to https, and ACME's challenges, which are never redirected."""
    found = [Target(route.host_key, route.path, route.backend, route, route.conditions) for route in entrance.plain]
    taken = {(target.host, target.path) for target in found if not target.conditions}
    answering = _challenges(entrance)
    for redirect in entrance.redirects:
        host = "*" if redirect.host is None else str(redirect.host)
        if (host, "/") not in taken:
            found.append(Target(host, "/", f"{build.TO_HTTPS}:{redirect.port}", redirect.route))
        found += [
            Target(host, route.path, route.backend, route, route.conditions)
            for wider in _wider(redirect.host)
            for route in answering.get(wider, ())
            if (host, route.path) not in taken
        ]
    return targets.plan(found)


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


def _requests(plan: targets.Plan, path: str, comment: str, *, logs: bool) -> Iterator[build.Table]:
    with_paths = plan.with_paths
    entries = [
        build.Entry(targets.key(one.host, one.path, with_paths=with_paths), one.value, one.route.origin, one.route) for one in plan.targets
    ]
    entries.sort(key=lambda entry: entry.key)
    yield build.Table(path, tuple(entries), comment)
    if logs:
        # Where conditions decide, the rules say the name of the route that they choose.
        names = (build.Entry(entry.key, entry.key.rstrip("/"), entry.origin) for entry in entries if not entry.value.startswith("."))
        yield build.Table(names_table(path), tuple(names), "the routes' own names, for the access log")


def _sni_entries(entrance: Entrance) -> tuple[build.Entry, ...]:
    ends = {"tls": entrance.tls_frontend, "stream": entrance.stream_frontend}
    entries = {
        route.host_key: build.Entry(route.host_key, ends.get(route.side, route.backend), route.origin, route)
        for route in (*entrance.passed, *entrance.streams, *entrance.terminated)
        if route.host is not None
    }
    return tuple(entries[name] for name in sorted(entries))


def _stream_entries(entrance: Entrance) -> tuple[build.Entry, ...]:
    entries = {route.host_key: build.Entry(route.host_key, route.backend, route.origin, route) for route in entrance.streams}
    return tuple(entries[name] for name in sorted(entries))


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
