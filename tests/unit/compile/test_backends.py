"""Shares of a service's connections."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hapilot.compile.passes import backends


@given(st.integers(1, 100_000), st.integers(1, 50))
def test_shares_are_nearly_equal_and_sum_up(total: int, parts: int) -> None:
    shares = backends.shares(total, parts)
    assert len(shares) == parts
    assert max(shares) - min(shares) <= 1
    assert sum(shares) == max(total, parts)
