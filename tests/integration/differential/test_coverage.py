"""The count of keys itself: it knows every key of the model, and misses those that no site says."""

from __future__ import annotations

import random

from hapilot.model import spec
from integration.differential import coverage, random_sites


def test_the_keys_are_those_of_the_model() -> None:
    known = {coverage.shown(path) for path in coverage.model_keys()}
    assert {"services.tls=edge", "services.headers.request.set", "services.servers.weight", "listeners.default", "raw.global"} <= known
    assert {path[0] for path in coverage.model_keys()} == {one.alias or name for name, one in spec.SiteSpec.model_fields.items()} - {
        path[0] for path in coverage.ELSEWHERE if len(path) == 1
    }


def test_nothing_is_felt_without_connections() -> None:
    assert {coverage.shown(path) for path in coverage.model_keys()} < set(coverage.Coverage().missing())


def test_random_sites_say_every_key() -> None:
    """Whatever the model gets in addition has to be made by the generators too."""
    said = {coverage.shown(each.path) for number in range(300) for each in coverage.said(random_sites.site(random.Random(number)))}
    assert {coverage.shown(path) for path in coverage.model_keys()} - said == set()
