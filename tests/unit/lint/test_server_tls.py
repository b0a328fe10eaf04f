"""Whose certificate a server shows, and which site it is asked for."""

from __future__ import annotations

import pytest

from unit.lint.looking import HEAD, findings, lines, mended

CODES = ("server-verify-none", "server-verify-without-ca", "server-name-unchecked", "server-without-sni")


def codes(options: str, target: tuple[int, int] = (2, 8), around: str = "", mode: str = "http") -> set[str]:
    text = f"{around}{HEAD}backend b\n    mode {mode}\n    server s 10.0.0.1:443 {options}\n"
    return {each.code for each in findings(text, target) if each.code.startswith("server-")}


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ("", set[str]()),
        ("ssl verify none", {"server-verify-none", "server-without-sni"}),
        ("ssl verify none sni str(a)", {"server-verify-none"}),
        ("ssl sni str(a)", {"server-verify-without-ca"}),
        ("ssl ca-file c", {"server-name-unchecked", "server-without-sni"}),
        ("ssl verify required ca-file c verifyhost a", set[str]()),
        ("ssl verify required ca-file c sni req.hdr(host)", set[str]()),
        ("verify none", {"server-option-without-ssl"}),
        ("check check-ssl verify none", set[str]()),
    ],
)
def test_options_of_a_server(options: str, wanted: set[str]) -> None:
    assert codes(options) == wanted


def test_from_3_3_on_haproxy_sends_the_host_by_itself() -> None:
    assert codes("ssl ca-file c", target=(3, 3)) == set()
    assert codes("ssl ca-file c no-sni-auto", target=(3, 3)) == {"server-name-unchecked", "server-without-sni"}
    assert codes("ssl ca-file c", target=(3, 3), mode="tcp") == {"server-name-unchecked", "server-without-sni"}


def test_nobody_is_verified_unless_told() -> None:
    around = "global\n    ssl-server-verify none\n"
    assert codes("ssl sni str(a)", around=around) == {"server-verify-none"}
    assert codes("ssl sni str(a) verify required ca-file c", around=around) == {"server-verify-none"}, "the global line itself"


def test_servers_of_this_machine_are_left_out() -> None:
    for address in ("127.0.0.1:443", "unix@/x", "[::1]:443"):
        assert lines(f"{HEAD}backend b\n    server s {address} ssl verify none\n", *CODES) == []


def test_what_default_server_says_is_told_once() -> None:
    text = f"{HEAD}backend b\n    default-server ssl verify none\n    server s 10.0.0.1:443 check\n    server t 10.0.0.2:443 check\n"
    assert lines(text, "server-verify-none") == [8]
    assert lines(f"{text}    server u 10.0.0.3:443 no-ssl\n", "server-verify-none") == [8]


def test_an_sni_that_nobody_sends_is_taken_out() -> None:
    text = f"{HEAD}backend b\n    mode tcp\n    server s 10.0.0.1:443 check  sni req.ssl_sni weight 5 # c\n"
    assert mended(text, "server-option-without-ssl") == text.replace("  sni req.ssl_sni", "")
    other = text.replace("sni req.ssl_sni", "ca-file c")
    assert mended(other, "server-option-without-ssl") == other, "somebody wanted TLS there"


def test_checks_over_tls_use_the_options_too() -> None:
    text = f"{HEAD}backend b\n    option tcp-check\n    tcp-check connect ssl\n    server s 10.0.0.1:80 check verify none\n"
    assert lines(text, "server-option-without-ssl") == []
