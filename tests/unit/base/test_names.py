"""Names of objects and hosts."""

from __future__ import annotations

import pytest

from hapilot.base import names


@pytest.mark.parametrize("text", ["a", "A1", "git-ssh", "a_b", "x" * 64])
def test_names(text: str) -> None:
    assert names.is_name(text)


@pytest.mark.parametrize("text", ["", "-a", "a-", "_a", "a.b", "a:b", "a b", "a\n", "ä", "x" * 65, "a;b", "a#"])
def test_what_is_no_name(text: str) -> None:
    assert not names.is_name(text)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Shop.Example.TEST", "shop.example.test"),
        ("shop.example.test.", "shop.example.test"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("_acme.example", "_acme.example"),
        ("localhost", "localhost"),
    ],
)
def test_hosts_as_they_go_over_the_wire(text: str, host: str) -> None:
    assert names.to_ascii_host(text) == host


@pytest.mark.parametrize("text", ["", ".", "a..b", "-a.b", "a-.b", "a b", "a/b", "x" * 64, ".".join(["x" * 60] * 5), "a\n.b", "*.a"])
def test_what_is_no_host(text: str) -> None:
    with pytest.raises(ValueError, match="host name"):
        names.to_ascii_host(text)


@pytest.mark.parametrize(("wrong", "expected"), [("hots", "did you mean 'host'?"), ("sevices", "did you mean 'services'?"), ("zzz", "")])
def test_did_you_mean(wrong: str, expected: str) -> None:
    assert names.did_you_mean(wrong, ["host", "services", "path"]) == expected
