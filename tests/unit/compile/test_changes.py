"""Changes to messages: prefixes as regular expressions, and how much room headers need."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hapilot.compile.rules import changes
from hapilot.model import service

SEGMENTS = st.text("abz09-._~!$&'()*+,;=:@", min_size=1, max_size=6).filter(lambda part: part not in (".", ".."))
PATHS = st.lists(SEGMENTS, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))


def _said(**rewrite: Any) -> list[tuple[str, ...]]:
    one = service.Service(rewrite=service.Rewrite.model_validate(rewrite))
    return [tuple(str(word) for word in line.words) for line in changes.requests(one)]


def _replaced(path: str, rules: list[tuple[str, ...]]) -> str:
    """What ``replace-path`` rules make of a path, one after the other, as HAProxy applies them."""
    for _, action, pattern, replacement in rules:
        assert action == "replace-path"
        found = re.search(pattern, path)
        if found:
            path = path[: found.start()] + found.expand(replacement) + path[found.end() :]
    return path


@given(PATHS, PATHS, st.integers(1, 3))
def test_a_prefix_is_taken_literally_and_on_segment_borders(prefix: str, rest: str, slashes: int) -> None:
    rules = _said(strip_prefix=prefix)
    assert _replaced(prefix, rules) == "/"
    assert _replaced(prefix + "/" * slashes + rest[1:], rules) == rest
    assert _replaced(f"{prefix}x", rules) == f"{prefix}x"
    elsewhere = f"/x{prefix}{rest}"
    assert _replaced(elsewhere, rules) == (elsewhere.removeprefix(prefix) if elsewhere.startswith(f"{prefix}/") else elsewhere)


def test_a_prefix_is_stripped_once() -> None:
    assert _replaced("/a/a/a", _said(strip_prefix="/a")) == "/a/a"


def test_the_path_is_stripped_before_the_new_prefix_is_put_in_front() -> None:
    assert [words[1] for words in _said(strip_prefix="/a", prefix="/b", host="c.test")] == [
        "replace-path",
        "replace-path",
        "set-path",
        "set-header",
    ]


@pytest.mark.parametrize("rewrite", [{"strip_prefix": "/"}, {"prefix": "/"}, {}])
def test_what_changes_nothing_costs_nothing(rewrite: dict[str, str]) -> None:
    assert _said(**rewrite) == []


def _with_headers(side: str, size: int) -> service.Service:
    return service.Service.model_validate({"headers": {side: {"set": {"X": "a" * size}}}})


def test_short_headers_fit_into_what_haproxy_reserves() -> None:
    assert changes.more_room([_with_headers("request", 400), service.Service()]) == 0


@pytest.mark.parametrize(("size", "more"), [(600, 1024), (1007, 1024), (1008, 2048), (4000, 4096)])
@pytest.mark.parametrize("side", ["request", "response"])
def test_longer_ones_get_as_much_more_as_they_need(side: str, size: int, more: int) -> None:
    """In whole KiB; the service that adds most counts."""
    assert changes.more_room([_with_headers(side, size), _with_headers("request", 10)]) == more


def test_facts_of_client_certificates_need_room_too() -> None:
    one = service.Service.model_validate({"client_certificates": {"ca": "ca.pem"}})
    assert changes.more_room([one]) == changes.CERTIFICATE
