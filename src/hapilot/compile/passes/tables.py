"""Pass: hosts and paths in tables, so that the last of 10,000 hosts costs what the first of ten costs.

Keys are ``HOST`` or, where any route of the table has a path, ``HOST/PATH/``: the frontend looks up the requested path
with a slash behind it, so that a prefix match ends on a segment border.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hapilot.compile import build
from hapilot.compile.draft import Draft, Entrance
from hapilot.model import values

ACME = "/.well-known/acme-challenge"
"""Where ACME's HTTP-01 asks (RFC 8555, section 8.3)."""


def make_tables(draft: Draft) -> Draft:
    """Add the tables of every entrance.

    >>> key("shop.test", "/a", with_paths=True), key("*", "/", with_paths=True), key("*.test", "/", with_paths=False)
    ('shop.test/a/', '*/', '*.test')
    """
    made: list[build.Table] = []
    for entrance in draft.entrances:
        if entrance.listener.trusted:
            made.append(_trusted(draft, entrance))
        if entrance.looks_at_sni:
            made.append(build.Table(sni_table(entrance), _sni_entries(entrance), f"SNI on {entrance.name} to backend"))
        if entrance.terminated:
            table = _requests(tls_entries(entrance), tls_table(entrance), f"requests over TLS on {entrance.name} to backend")
            made.append(table)
        if entrance.answers_plain:
            made.append(_requests(plain_entries(entrance), plain_table(entrance), f"plain requests on {entrance.name} to backend"))
    return replace(draft, tables=(*draft.tables, *made))


Target = tuple[str, str, str, build.Route]
"""Host key, path, value and the route behind it."""


def key(host: str, path: str, *, with_paths: bool) -> str:
    """The key of a host and path prefix."""
    if not with_paths:
        return host
    return f"{host}/" if path == "/" else f"{host}{path}/"


def has_paths(targets: Iterable[Target]) -> bool:
    """Whether the path matters to any of the entries."""
    return any(path != "/" for _, path, _, _ in targets)


def sni_table(entrance: Entrance) -> str:
    """Path of the table that is asked with the SNI."""
    return f"maps/{entrance.name}.sni.map"


def tls_table(entrance: Entrance) -> str:
    """Path of the table for requests over TLS."""
    return f"maps/{entrance.name}.tls.map"


def plain_table(entrance: Entrance) -> str:
    """Path of the table for plain requests."""
    return f"maps/{entrance.name}.plain.map"


def trusted_list(entrance: Entrance) -> str:
    """Path of the list of trusted networks."""
    return f"maps/{entrance.name}.trusted.list"


def tls_entries(entrance: Entrance) -> list[Target]:
    """Requests on the terminating frontend: services, and passthrough hosts, which are misdirected there."""
    targets = [(route.host_key, route.path, route.backend, route) for route in entrance.terminated]
    return targets + [(route.host_key, "/", build.MISDIRECTED, route) for route in entrance.passed]


def plain_entries(entrance: Entrance) -> list[Target]:
    """Plain requests: services, redirects to https, and ACME's challenges, which are never redirected."""
    targets = [(route.host_key, route.path, route.backend, route) for route in entrance.plain]
    taken = {(host, path) for host, path, _, _ in targets}
    answering = _challenges(entrance)
    for redirect in entrance.redirects:
        host = "*" if redirect.host is None else str(redirect.host)
        if (host, "/") not in taken:
            targets.append((host, "/", f"{build.TO_HTTPS}:{redirect.port}", redirect.route))
        targets += [
            (host, route.path, route.backend, route)
            for wider in _wider(redirect.host)
            for route in answering.get(wider, ())
            if (host, route.path) not in taken
        ]
    return targets


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


def _requests(targets: list[Target], path: str, comment: str) -> build.Table:
    with_paths = has_paths(targets)
    entries = {
        (where := key(host, prefix, with_paths=with_paths)): build.Entry(where, value, route.origin, route)
        for host, prefix, value, route in targets
    }
    return build.Table(path, tuple(entries[name] for name in sorted(entries)), comment)


def _sni_entries(entrance: Entrance) -> tuple[build.Entry, ...]:
    entries = {
        route.host_key: build.Entry(route.host_key, entrance.tls_frontend if route.side == "tls" else route.backend, route.origin, route)
        for route in (*entrance.passed, *entrance.terminated)
        if route.host is not None
    }
    return tuple(entries[name] for name in sorted(entries))


def _trusted(draft: Draft, entrance: Entrance) -> build.Table:
    entries = tuple(
        build.Entry(str(network), "", draft.site.origins.at("listeners", entrance.name, "trusted", index))
        for index, network in enumerate(entrance.listener.trusted)
    )
    return build.Table(trusted_list(entrance), entries, f"who is trusted on {entrance.name}")
