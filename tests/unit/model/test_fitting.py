"""The table of which key goes with which protocol and TLS mode: every cell of it, and what is said where a key does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from hapilot.base.diagnostics import Severity
from hapilot.compile import draft, target
from hapilot.compile.passes import combinations
from hapilot.model import fitting, service, site, spec

USED: Mapping[str, Mapping[str, Any]] = {
    "host": {"host": ["a.test"]},
    "path": {"path": ["/a"]},
    "match": {"match": [{"method": ["POST"]}]},
    "listener": {"listener": ["web"]},
    "servers": {"servers": [{"address": "10.0.0.2:80"}]},
    "send_proxy": {"send_proxy": "v2"},
    "health": {"health": {"every": "1s"}},
    "health.http": {"health": {"http": "/healthy"}},
    "balance": {"balance": "source"},
    "balance.hash": {"balance": {"hash": "path"}},
    "verify": {"verify": {"name": "a.test"}},
    "timeouts": {"timeouts": {"connect": "1s"}},
    "retries": {"retries": 1},
    "max_connections": {"max_connections": 1},
    "sticky": {"sticky": {"cookie": "S"}},
    "headers": {"headers": {"request": {"remove": ["X-A"]}}},
    "rewrite": {"rewrite": {"prefix": "/a"}},
    "redirect": {"redirect": {"to": "/a"}},
    "allow": {"allow": ["10.0.0.0/8"]},
    "deny": {"deny": ["10.0.0.0/8"]},
    "basic_auth": {"basic_auth": {"users": {"joe": {"password_env": "JOE"}}}},
    "client_certificates": {"client_certificates": {"ca": "ca.pem"}},
    "rate_limit": {"rate_limit": {"requests": 1, "per": "1s"}},
    "canary": {"canary": {"service": "other", "percent": 1}},
    "maintenance": {"maintenance": {}},
    "maintenance.status": {"maintenance": {"status": 503}},
    "maintenance.body": {"maintenance": {"body": "later"}},
    "errors": {"errors": {"503": "a.html"}},
    "http2: h2": {"http2": "h2"},
    "http2: h2c": {"http2": "h2c"},
}
"""A use of each key, by what the table calls it."""


def _service(kind: fitting.Kind, **said: object) -> service.Service:
    return service.Service.model_validate({"protocol": kind[0], "tls": kind[1], "servers": ["10.0.0.1:80"], **said})


def _found(one: service.Service) -> list[tuple[str, str, str]]:
    """Code, message and hint of everything that the pass says of a site with this service alone."""
    made = site.Site("site", spec.SiteSpec(services={"shop": one}), site.Origins(), site.Materials())
    found = combinations.check_combinations(draft.Draft(made, target.Target())).diagnostics
    assert all(each.severity is Severity.ERROR for each in found)
    return [(each.code, each.message, each.hint) for each in found]


def test_every_row_has_a_use_and_every_key_of_a_service_a_row() -> None:
    assert [fit.shown for fit in fitting.FITS] == list(USED)
    assert {fit.path[0] for fit in fitting.FITS} | {"protocol", "tls", "from_"} == set(service.Service.model_fields)


@pytest.mark.parametrize("fit", fitting.FITS, ids=lambda fit: fit.shown)
def test_each_cell(fit: fitting.Fit) -> None:
    """Where the key fits nothing is said; where it does not, exactly what the table says."""
    for kind in fitting.KINDS:
        protocol, mode = kind
        one = _service(kind, **USED[fit.shown])
        expected = [] if kind in fit.kinds else [("conflict", f"service shop: {fit.why.format(protocol=protocol, mode=mode)}", fit.hint)]
        assert _found(one) == expected, kind
        assert [misfit.shown for misfit in fitting.misfits(one)] == ([] if kind in fit.kinds else [fit.shown]), kind


def test_what_does_not_fit_says_why_and_what_to_do() -> None:
    assert [fit.shown for fit in fitting.FITS if fit.kinds != fitting.ALL and not (fit.why and fit.hint)] == []


@pytest.mark.parametrize("kind", fitting.KINDS, ids="-".join)
def test_nothing_said_fits_everywhere(kind: fitting.Kind) -> None:
    assert list(fitting.misfits(_service(kind))) == []
    assert fitting.kind_of(_service(kind)) == kind


@pytest.mark.parametrize("mode", ["edge", "reencrypt", "passthrough"])
def test_ssh_with_a_tls_mode_is_one_contradiction(mode: str) -> None:
    """And what else is said is judged as for ssh."""
    one = _service(("ssh", mode), path=["/a"])
    assert [message.partition(": ")[2][:30] for _, message, _ in _found(one)] == [
        "ssh brings its own encryption ",
        "path can't be seen in a connec",
    ]


def test_empty_values_are_not_used() -> None:
    """What expansion fills in, and what says nothing, does not count."""
    one = _service(("tcp", "none"), errors={}, health={"every": "1s"}, maintenance={})
    one = one.model_copy(update={"host": [], "path": [], "match": []})
    assert list(fitting.misfits(one)) == []
