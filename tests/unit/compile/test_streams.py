"""The layer that ends TLS of what is no HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from hapilot.compile import draft, target
from hapilot.compile.passes import entrances, routes
from hapilot.compile.rules import streams
from hapilot.languages.haproxy import tree
from hapilot.model import expand, service, site, spec


def _rules(*hosts: str | None) -> list[str]:
    services: dict[str, Any] = {
        f"s{number}": {"protocol": "tcp", "tls": "edge", "servers": ["10.0.0.1:143"], **({"host": host} if host else {})}
        for number, host in enumerate(hosts)
    }
    said = spec.SiteSpec.model_validate({"listeners": {"mail": {"bind": ":993"}}, "services": services})
    canonical, _ = expand.expand(said, site.Origins())
    start = draft.Draft(site.Site("site", canonical, site.Origins(), site.Materials()), target.Target())
    (entrance,) = entrances.make_entrances(routes.make_routes(start)).entrances
    return [_text(line) for line in streams.route(entrance)]


def _text(line: tree.Line) -> str:
    return " ".join(map(str, line.words)).removeprefix("tcp-request content ")


NAME = "set-var(txn.to) ssl_fc_sni,lower"
MISSING = "if !{ var(txn.to) -m found }"


@pytest.mark.parametrize("hosts", [["a.test"], ["a.test", "*.test"], ["a.test", None], ["*.test", None], ["a.test", "b.test"]])
def test_the_most_exact_is_looked_up_first_whatever_names_there_are(hosts: list[str | None]) -> None:
    assert _rules(*hosts) == [
        f"{NAME},map_str(maps/mail.streams.map)",
        f"{NAME},regsub(^[^.]+,*),map_str(maps/mail.streams.map) {MISSING}",
        f"set-var(txn.to) str(*),map_str(maps/mail.streams.map) {MISSING}",
        f"reject {MISSING}",
        "use_backend %[var(txn.to)]",
    ]


def test_where_everything_goes_to_one_service_nothing_is_looked_up() -> None:
    assert _rules(None) == ["default_backend s0"]


@pytest.mark.parametrize(
    ("said", "refuses"),
    [
        ({"tls": "reencrypt"}, True),
        ({"tls": "reencrypt", "verify": {"ca": "ca.pem"}}, True),
        ({"tls": "reencrypt", "verify": {"name": "inside.test"}}, False),
        ({"tls": "edge"}, False),
        ({"tls": "passthrough"}, False),
    ],
)
def test_a_server_is_never_checked_against_no_name(said: dict[str, Any], refuses: bool) -> None:
    lines = streams.named(service.Service.model_validate({"protocol": "tcp", **said}))
    assert [_text(line) for line in lines] == (["reject unless { ssl_fc_has_sni }"] if refuses else [])
