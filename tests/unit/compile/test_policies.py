"""What is asked of clients' certificates, by host: the tables must say what the handshake did."""

from __future__ import annotations

from typing import Any

from hapilot.compile import draft, target
from hapilot.compile.passes import entrances, policies, routes
from hapilot.model import expand, site, spec

ASKS = {"client_certificates": {"ca": "a.pem"}}
MAY = {"client_certificates": {"ca": "a.pem", "require": False}}
OTHER = {"client_certificates": {"ca": "b.pem"}}


def _made(**services: dict[str, Any]) -> draft.Draft:
    said = spec.SiteSpec.model_validate({"services": {name: {"servers": ["10.0.0.1:80"], **one} for name, one in services.items()}})
    canonical, _ = expand.expand(said, site.Origins())
    start = draft.Draft(site.Site("site", canonical, site.Origins(), site.Materials()), target.Target())
    return policies.make_policies(entrances.make_entrances(routes.make_routes(start)))


def _table(made: draft.Draft) -> dict[str, str]:
    return {entry.key: entry.value for table in made.tables for entry in table.entries}


def test_a_site_that_asks_for_nothing_has_no_tables() -> None:
    made = _made(shop={"host": "a.test"})
    assert (made.tables, [dict(one.policies) for one in made.entrances]) == ((), [{}, {}])


def test_each_way_to_ask_has_a_number() -> None:
    made = _made(
        one={"host": "a.test", **ASKS}, two={"host": "b.test", **MAY}, three={"host": "c.test", **OTHER}, four={"host": "d.test", **ASKS}
    )
    found = _table(made)
    assert set(found) == {"a.test", "b.test", "c.test", "d.test"}
    assert found["a.test"] == found["d.test"]
    assert len(set(found.values())) == 3
    assert policies.NONE not in found.values()


def test_hosts_that_ask_for_nothing_are_in_it_only_as_exceptions() -> None:
    """Below a wildcard that asks, or where every host asks."""
    made = _made(wild={"host": "*.a.test", **ASKS}, free={"host": "free.a.test"}, far={"host": "b.test"})
    assert _table(made) == {"*.a.test": "1", "free.a.test": policies.NONE}
    made = _made(every=ASKS, free={"host": "b.test"}, wild={"host": "*.c.test"}, again={"host": "x.c.test", **ASKS})
    assert _table(made) == {"*": "1", "b.test": policies.NONE, "*.c.test": policies.NONE, "x.c.test": "1"}


def test_an_exception_is_from_the_nearest_that_covers_it() -> None:
    """The wildcard asks for nothing itself, so a host below it needs no line."""
    made = _made(every=ASKS, wild={"host": "*.c.test"}, free={"host": "x.c.test"})
    assert _table(made) == {"*": "1", "*.c.test": policies.NONE}


def test_what_is_passed_through_asks_itself() -> None:
    made = _made(wild={"host": "*.a.test", **ASKS}, vault={"host": "vault.a.test", "tls": "passthrough"})
    assert _table(made) == {"*.a.test": "1"}


def test_services_of_one_host_have_to_agree() -> None:
    made = _made(
        one={"host": "a.test", **ASKS}, two={"host": "a.test", "path": "/two", **MAY}, three={"host": "a.test", "path": "/3", **ASKS}
    )
    assert [each.code for each in made.diagnostics] == ["conflict", "conflict"]  # each that is not like the most specific route
    assert all("ask for different client certificates" in each.message for each in made.diagnostics)
    assert _made(one={"host": "a.test", **ASKS}, two={"host": "a.test", "path": "/two", **ASKS}).diagnostics == ()
