"""Backends in reserve: what a service with nothing but defaults would have."""

from __future__ import annotations

from typing import Any

import pytest

from hapilot.compile import build, target
from hapilot.compile import compile as compiling
from hapilot.compile.passes import spares
from hapilot.languages.haproxy import printer, tree
from hapilot.model import expand, site, spec

COMMON: dict[str, dict[str, Any]] = {
    "shop": {"host": "shop.test", "servers": ["10.0.0.1:80"]},
    "vault": {"host": "vault.test", "tls": "passthrough", "servers": ["10.0.0.2:443"]},
}


def _made(**said: Any) -> build.Build:
    canonical, _ = expand.expand(spec.SiteSpec.model_validate({"services": COMMON, **said}), site.Origins())
    return compiling.compile_site(site.Site("site", canonical, site.Origins(), site.Materials()), target.Target())


def _settings(section: tree.Section) -> list[str]:
    """Its lines but for servers and the user's own."""
    return [printer.print_line(line) for line in section.lines if line.words[0] != "server" and not line.opaque]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"defaults": {"balance": "leastconn", "retries": 1, "timeouts": {"connect": "1s", "server": "9s", "tunnel": "2h"}}},
        {"defaults": {"balance": {"hash": {"header": "X-User"}}, "max_connections": 10}},
        {"defaults": {"balance": "source", "health": "off"}},
        {"log": {"format": "json"}},
        {"raw": {"service": {"shop": ["timeout queue 1s"]}, "defaults": ["option tcp-smart-accept"]}},
        {"services": {**COMMON, "http": {"host": "c.test", "deny": ["10.0.0.0/8"]}, "tcp": {"host": "d.test", "maintenance": {}}}},
        {"listeners": {"https": {"bind": "unix:/tmp/site.sock"}}},
    ],
)
def test_they_have_the_lines_of_common_services(said: dict[str, Any]) -> None:
    made = _made(**said)
    by_name = {section.name: section for section in (*made.config.sections, *made.spares)}
    for mode, service in (("http", "shop"), ("tcp", "vault")):
        for number in (1, spares.PER_MODE):
            spare = by_name[f".spare-{mode}-{number}"]
            assert _settings(spare) == _settings(by_name[service])
            assert len(_settings(spare)) == len(spare.lines)


def test_they_are_no_part_of_the_configuration() -> None:
    made = _made()
    names = [section.name for section in made.spares]
    assert names[0] == spares.HOLDER
    assert len(set(names)) == len(names) == 1 + 2 * spares.PER_MODE
    assert not set(names) & {section.name for section in made.config.sections}
    assert {section.kind for section in made.spares} == {"backend"}


def test_the_holder_makes_haproxy_load_an_empty_table() -> None:
    made = _made()
    (table,) = [table for table in made.tables if table.path == spares.NOTES]
    assert table.entries == ()
    assert any(f"map_str({spares.NOTES})" in printer.print_line(line) for line in made.spares[0].lines)


def test_a_site_without_services_has_them_too() -> None:
    assert len(_made(services={}).spares) == 1 + 2 * spares.PER_MODE
