"""Statements of a site file against what is explained."""

from __future__ import annotations

import pytest

from hapilot.explain import expectations, explanation
from hapilot.model.expect import Expectation


def _wrong(expected: str, location: str) -> list[str]:
    answer = explanation.Explanation(target="", outcome="redirect", reason="", location=location)
    return list(expectations.differences(Expectation(url="http://a.test/", redirect=expected), answer))


@pytest.mark.parametrize(
    ("expected", "location"),
    [
        ("https://a.test:443/x?y=1", "https://a.test/x?y=1"),
        ("https://a.test/", "https://a.test:443/"),
        ("http://a.test:80", "http://a.test"),
        ("https://[::1]:443/", "https://[::1]/"),
    ],
)
def test_a_redirect_to_the_usual_port_need_not_name_it(expected: str, location: str) -> None:
    assert _wrong(expected, location) == []


@pytest.mark.parametrize(
    ("expected", "location"),
    [
        ("https://a.test:4430/", "https://a.test/"),
        ("https://a.test:80/", "https://a.test/"),
        ("http://a.test:443/", "http://a.test/"),
        ("https://a.test/:443/", "https://a.test/"),
        ("https://a.test/?to=b:443", "https://a.test/?to=b"),
    ],
)
def test_another_port_is_another_place(expected: str, location: str) -> None:
    assert len(_wrong(expected, location)) == 1
