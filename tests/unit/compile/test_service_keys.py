"""Contradictions inside a service that golden cases do not show."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hapilot.compile.passes import service_keys
from hapilot.model import service


def _paths(said: Mapping[str, object]) -> list[tuple[str | int, ...]]:
    return [path for _, path, _ in service_keys.contradictions(service.Service.model_validate(said))]


@pytest.mark.parametrize(
    ("path", "prefix", "fine"),
    [
        ("/api", "/api", True),
        ("/api/v1", "/api", True),
        ("/api", "/api/v1", True),
        ("/", "/api", True),
        ("/api", "/apis", False),
        ("/apis", "/api", False),
        ("/a/b", "/b", False),
    ],
)
def test_a_prefix_has_to_be_in_some_path(path: str, prefix: str, fine: bool) -> None:
    assert (_paths({"path": [path], "rewrite": {"strip_prefix": prefix}}) == []) is fine


def test_any_path_may_have_any_prefix() -> None:
    assert _paths({"rewrite": {"strip_prefix": "/b"}}) == []


def test_a_header_that_is_added_may_be_set_or_removed_before() -> None:
    """To remove all lines of a header and add two is how to get exactly two."""
    assert (
        _paths({"headers": {"request": {"remove": ["X-A"], "add": {"X-A": "1"}}, "response": {"set": {"X-B": "1"}, "add": {"X-B": "2"}}}})
        == []
    )


def test_a_password_may_be_kept_from_the_server() -> None:
    """The question is asked before the header goes."""
    said = {"basic_auth": {"users": {"joe": {"password_env": "X"}}}, "headers": {"request": {"remove": ["Authorization"]}}}
    assert _paths(said) == []


def test_pages_are_for_what_hapilot_answers() -> None:
    assert _paths({"errors": {"404": "a.html", "503": "b.html"}}) == [("errors", 404)]
    assert _paths({"errors": {"404": "a.html"}, "maintenance": {"status": 404}}) == []


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ([{"method": ["GET", "HEAD"]}, {"method": ["HEAD", "POST"]}], []),
        ([{"method": "GET"}, {"header": {"X-A": "1"}}, {"method": "POST"}], [("match", 2, "method")]),
        ([{"method": ["GET", "HEAD"]}, {"method": ["HEAD", "POST"]}, {"method": ["GET", "POST"]}], [("match", 2, "method")]),
        ([{"method": "GET"}, {"method": "get"}], [("match", 1, "method")]),
    ],
)
def test_a_request_has_one_method(match: list[object], found: list[object]) -> None:
    assert _paths({"match": match}) == found
