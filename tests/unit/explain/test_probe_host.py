"""The Host header of a probe."""

from __future__ import annotations

from hapilot.explain import probe


def test_a_host_header_takes_the_place_of_the_targets() -> None:
    """Two would be a request that HAProxy refuses; curl replaces it too."""
    asked = probe.parse_target("https://a.test/", headers=(("X-One", "1"), ("hOST", "b.test")))
    assert asked.headers == (("X-One", "1"),)
    assert (asked.host, asked.authority) == ("a.test", "b.test")


def test_without_one_the_target_says_it() -> None:
    assert probe.parse_target("https://a.test/").authority is None
