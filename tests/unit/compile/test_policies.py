"""What is asked of clients' certificates, by host: the tables must say what the handshake did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from golden import pems
from hapilot.base import origin, secret
from hapilot.compile import draft, target
from hapilot.compile.passes import entrances, policies, routes
from hapilot.model import expand, site, spec, values

ASKS = {"client_certificates": {"ca": "a.pem"}}
MAY = {"client_certificates": {"ca": "a.pem", "require": False}}
OTHER = {"client_certificates": {"ca": "b.pem"}}


def _certificate(*names: str) -> site.LoadedCertificate:
    hosts = tuple(values.parse_host(name) for name in names)
    return site.LoadedCertificate("one", secret.Secret(""), hosts, pems.NOW, pems.NOW, origin.BUILT_IN, "one.pem")


def _made(certificate: Sequence[str] = (), **services: dict[str, Any]) -> draft.Draft:
    said = spec.SiteSpec.model_validate({"services": {name: {"servers": ["10.0.0.1:80"], **one} for name, one in services.items()}})
    canonical, _ = expand.expand(said, site.Origins())
    start = draft.Draft(site.Site("site", canonical, site.Origins(), site.Materials((_certificate(*certificate),))), target.Target())
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


def test_every_name_has_the_policy_of_the_most_exact_route_that_means_it() -> None:
    made = _made(wild={"host": "*.a.test", **ASKS}, free={"host": "free.a.test"}, far={"host": "b.test"})
    assert _table(made) == {"*.a.test": "1", "free.a.test": policies.NONE, "b.test": policies.NONE}
    made = _made(every=ASKS, free={"host": "b.test"}, wild={"host": "*.c.test"}, again={"host": "x.c.test", **ASKS})
    assert _table(made) == {"*": "1", "b.test": policies.NONE, "*.c.test": policies.NONE, "x.c.test": "1"}


def test_names_of_certificates_count_too() -> None:
    """HAProxy asks by the line of the certificate's name, whether a route has it or not."""
    made = _made(every=ASKS, free={"host": "b.test"}, certificate=["*.b.test", "c.test", "b.test"])
    assert _table(made) == {"*": "1", "b.test": policies.NONE, "*.b.test": "1", "c.test": "1"}


def test_what_is_passed_through_asks_itself() -> None:
    made = _made(wild={"host": "*.a.test", **ASKS}, vault={"host": "vault.a.test", "tls": "passthrough"})
    assert _table(made) == {"*.a.test": "1"}


def test_services_that_are_reached_for_a_host_by_falling_through_have_to_agree() -> None:
    """A host without a route for every request falls to the wildcard, in a handshake that asked for something else."""
    made = _made(one={"host": "a.x.test", "path": "/one", **ASKS}, wild={"host": "*.x.test"})
    assert [each.code for each in made.diagnostics] == ["conflict"]
    assert _made(one={"host": "a.x.test", **ASKS}, wild={"host": "*.x.test"}).diagnostics == ()


def test_services_of_one_host_have_to_agree() -> None:
    made = _made(
        one={"host": "a.test", **ASKS}, two={"host": "a.test", "path": "/two", **MAY}, three={"host": "a.test", "path": "/3", **ASKS}
    )
    assert [each.code for each in made.diagnostics] == ["conflict", "conflict"]  # each that is not like the most specific route
    assert all("ask for different client certificates" in each.message for each in made.diagnostics)
    assert _made(one={"host": "a.test", **ASKS}, two={"host": "a.test", "path": "/two", **ASKS}).diagnostics == ()
