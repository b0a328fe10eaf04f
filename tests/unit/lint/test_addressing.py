"""IPv6 addresses without brackets."""

from __future__ import annotations

import pytest

from hapilot.lint import addresses
from unit.lint.looking import HEAD, findings, lines, mended


@pytest.mark.parametrize(
    ("address", "mended_to"),
    [
        ("2001:db8::1:80", "[2001:db8::1]:80"),
        (":::80", "[::]:80"),
        ("ipv6@:::80", "ipv6@[::]:80"),
        ("10.0.0.1:80,2001:db8::1:80", "10.0.0.1:80,[2001:db8::1]:80"),
        ("::ffff:10.0.0.1:80", "[::ffff:10.0.0.1]:80"),
        ("[::]:80", ""),
        ("*:80", ""),
        (":80", ""),
        ("10.0.0.1:80", ""),
        ("unix@/a:b:c", ""),
        ("abns@a::1", ""),
        ("host:80", ""),
        ('"${A}:80"', ""),
    ],
)
def test_binds(address: str, mended_to: str) -> None:
    text = f"{HEAD}frontend f\n    bind {address}\n"
    assert lines(text, "ipv6-without-brackets") == ([7] if mended_to else [])
    assert mended(text, "ipv6-without-brackets") == (text.replace(address, mended_to) if mended_to else text)


def test_a_server_without_a_port_gets_its_last_group_as_port() -> None:
    (found,) = [each for each in findings(f"{HEAD}backend b\n    server s 2001:db8::11\n") if each.code == "ipv6-without-brackets"]
    assert (str(found.severity), found.fix) == ("error", None)
    assert "'11'" in found.message


@pytest.mark.parametrize(
    ("text", "everywhere", "public", "local"),
    [
        (":80", True, True, False),
        ("[::]:80", True, True, False),
        ("ipv4@0.0.0.0:80", True, True, False),
        ("203.0.113.9:80", False, True, False),
        ("192.168.1.1:80", False, False, False),
        ("fd00::1:80", False, False, False),
        ("127.0.0.9:80", False, False, True),
        ("[::1]:80", False, False, True),
        ("/run/x.sock", False, False, True),
        ("fd@3", False, False, True),
        ("quic4@:443", True, True, False),
    ],
)
def test_who_can_reach_an_address(text: str, everywhere: bool, public: bool, local: bool) -> None:
    parsed = addresses.parse(text)
    assert (parsed.is_everywhere, parsed.is_public, parsed.is_local) == (everywhere, public, local)
