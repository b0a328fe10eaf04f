"""Diagnostics: their text, their JSON, their order, and the errors that carry them."""

from __future__ import annotations

import json

import pytest

from hapilot.base import catalogue, diagnostics, errors
from hapilot.base.origin import BUILT_IN, Origin

PLACE = Origin("site.yaml", 3, 5)


def test_text_has_place_severity_code_message_and_hint() -> None:
    assert str(diagnostics.error("unknown-key", "no such key", PLACE)) == "site.yaml:3:5 error[unknown-key] no such key"
    assert str(diagnostics.warning("conflict", "hm", Origin("a"), "do this")) == "a warning[conflict] hm\n    do this"


def test_json_has_the_documented_shape() -> None:
    shape = diagnostics.error("unknown-key", "no such key", PLACE, "did you mean 'host'?").as_json()
    assert json.loads(json.dumps(shape)) == {
        "severity": "error",
        "code": "unknown-key",
        "message": "no such key",
        "origin": {"file": "site.yaml", "line": 3, "column": 5},
        "hint": "did you mean 'host'?",
    }


def test_a_code_that_is_not_in_the_catalogue_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="no-such-code"):
        diagnostics.error("no-such-code", "x", PLACE)


def test_only_errors_are_errors() -> None:
    warning = diagnostics.warning("conflict", "x", PLACE)
    assert not diagnostics.has_errors([])
    assert not diagnostics.has_errors([warning])
    assert diagnostics.has_errors([warning, diagnostics.error("conflict", "x", PLACE)])


def test_order_is_by_place_and_each_only_once() -> None:
    late = diagnostics.error("conflict", "x", Origin("a.yaml", 10, 1))
    early = diagnostics.warning("conflict", "x", Origin("a.yaml", 9, 7))
    other = diagnostics.error("conflict", "x", Origin("b.yaml", 1, 1))
    assert diagnostics.in_order([other, late, early, late]) == (early, late, other)


def test_a_site_error_counts_its_errors_and_orders_them() -> None:
    late = diagnostics.error("conflict", "x", Origin("a", 2, 1))
    early = diagnostics.error("conflict", "x", Origin("a", 1, 1))
    both = errors.SiteError([late, early, diagnostics.warning("conflict", "y", PLACE)])
    assert both.diagnostics[:2] == (early, late)
    assert str(both) == "the site has 2 errors"
    assert str(errors.SiteError([late])) == "the site has 1 error"


def test_every_error_is_one_of_ours_and_may_have_a_hint() -> None:
    for kind in (errors.HaproxyMissing, errors.HaproxyFailed, errors.StateBroken):
        problem = kind("what", "what to do")
        assert isinstance(problem, errors.HapilotError)
        assert (str(problem), problem.hint) == ("what", "what to do")


def test_the_catalogue_says_something_of_each_code() -> None:
    for code, meaning in catalogue.CODES.items():
        assert code == code.lower().replace("_", "-").strip()
        assert meaning.endswith(".")


@pytest.mark.parametrize(
    ("origin", "text", "short"),
    [(PLACE, "site.yaml:3:5", "site.yaml:3"), (Origin("site.yaml"), "site.yaml", "site.yaml"), (BUILT_IN, "(built in)", "(built in)")],
)
def test_origins_print_as_editors_read_them(origin: Origin, text: str, short: str) -> None:
    assert str(origin) == text
    assert origin.short == short
