"""Options that take a protection away."""

from __future__ import annotations

import pytest

from unit.lint.looking import HEAD, lines


@pytest.mark.parametrize("option", ["accept-invalid-http-request", "accept-invalid-http-response"])
def test_options_of_proxies(option: str) -> None:
    assert lines(f"{HEAD}    option {option}\n", "protection-off") == [6]
    assert lines(f"{HEAD}    no option {option}\n", "protection-off") == []


@pytest.mark.parametrize("keyword", ["h1-accept-payload-with-any-method", "insecure-fork-wanted", "insecure-setuid-wanted"])
def test_global_ones(keyword: str) -> None:
    assert lines(f"global\n    {keyword}\n", "protection-off") == [2]
    assert lines(f"global\n    no {keyword}\n", "protection-off") == []
