"""Targets as users write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hapilot.base import errors
from hapilot.explain import probe


@pytest.mark.parametrize(
    ("text", "kind", "host", "port", "path"),
    [
        ("https://Shop.example.test/cart?x=1", "https", "shop.example.test", 443, "/cart?x=1"),
        ("http://shop.example.test", "http", "shop.example.test", 80, "/"),
        ("tls://vault.example.test:8443", "tls", "vault.example.test", 8443, "/"),
        ("ssh://[2001:db8::1]", "ssh", "2001:db8::1", 22, "/"),
        ("tcp://:6443", "tcp", "", 6443, "/"),
    ],
)
def test_targets(text: str, kind: str, host: str, port: int, path: str) -> None:
    asked = probe.parse_target(text)
    assert (asked.kind, asked.host, asked.port, asked.path) == (kind, host, port, path)


@pytest.mark.parametrize("text", ["", "shop.example.test", "ftp://a", "tcp://a", "https://a:99999", "https://[::1"])
def test_what_is_no_target(text: str) -> None:
    with pytest.raises(errors.HapilotError) as caught:
        probe.parse_target(text)
    assert caught.value.hint


def test_from_takes_an_address_only() -> None:
    with pytest.raises(errors.HapilotError):
        probe.parse_target("https://a/", source="somewhere")


@given(st.text(max_size=60))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    try:
        probe.parse_target(text)
    except errors.HapilotError:
        return
