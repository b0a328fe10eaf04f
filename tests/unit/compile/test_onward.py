"""The last rules of a frontend: to the backend, or for some clients to its canary."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hapilot.base.origin import BUILT_IN
from hapilot.compile import build, targets
from hapilot.compile.rules import onward
from hapilot.languages.haproxy import tree
from hapilot.model import service, values

EVERY = build.Route("web", "plain", "shop", "shop", "none", None, "/", BUILT_IN)
NAMED = replace(EVERY, host=values.parse_host("a.test"))
CLIENT = "{ src,ipmask(32,64),crc32,mod(100) lt"


def _lines(routes: list[build.Route], **said: object) -> list[str]:
    canary = {"canary": {"service": "next", **said}} if said else {}
    services = {"shop": service.Service.model_validate(canary), "next": service.Service()}
    plan = targets.plan(targets.Target(one.host_key, one.path, one.backend, one) for one in routes)
    return [_text(line) for line in onward.lines(plan, routes, services)]


def _text(line: tree.Line) -> str:
    return " ".join(map(str, line.words))


def test_without_a_canary_there_is_one_rule() -> None:
    assert _lines([NAMED]) == ["use_backend %[var(txn.to)]"]
    assert _lines([EVERY]) == ["default_backend shop"]


@pytest.mark.parametrize(
    ("said", "rules"),
    [
        ({"percent": 20}, [f"{CLIENT} 20 }}"]),
        ({"header": "X-New"}, ["{ req.fhdr(X-New) -m found } !{ req.fhdr(X-New) -m str never }"]),
        (
            {"percent": 5, "header": "X-New"},
            ["{ req.fhdr(X-New) -m found } !{ req.fhdr(X-New) -m str never }", f"{CLIENT} 5 }} !{{ req.fhdr(X-New) -m str never }}"],
        ),
    ],
)
def test_who_goes_to_the_canary(said: dict[str, object], rules: list[str]) -> None:
    """Also where nothing else is to be chosen, and there without asking what was."""
    route = replace(NAMED, canary="next")
    chosen = "{ var(txn.to) -m str shop }"
    assert _lines([route], **said) == [*(f"use_backend next if {chosen} {rule}" for rule in rules), "use_backend %[var(txn.to)]"]
    only = replace(EVERY, canary="next")
    assert _lines([only], **said) == [*(f"use_backend next if {rule}" for rule in rules), "default_backend shop"]


def test_several_routes_to_one_service_share_its_rules() -> None:
    routes = [replace(NAMED, canary="next"), replace(NAMED, path="/a", canary="next")]
    assert len(_lines(routes, percent=20)) == 2
