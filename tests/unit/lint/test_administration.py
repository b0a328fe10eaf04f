"""Passwords, the statistics page and the command socket. No message shows a password."""

from __future__ import annotations

import pytest

from unit.lint.looking import HEAD, findings, lines

STATS = HEAD + "frontend s\n    bind {}\n    stats enable\n"


@pytest.mark.parametrize(
    ("auth", "code"),
    [
        ("admin:admin", "password-default"),
        ("admin:Password", "password-default"),
        ("bob:bob", "password-default"),
        ("bob:", "password-default"),
        ("bob:mXq82-aa", "password-clear"),
        ('"bob:${PASSWORD}"', ""),
    ],
)
def test_logins_of_the_statistics_page(auth: str, code: str) -> None:
    found = [each for each in findings(f"{STATS.format(':1')}    stats auth {auth}\n") if each.code.startswith("password")]
    assert [each.code for each in found] == ([code] if code else [])
    assert not any("mXq82" in str(each) for each in found)


def test_userlists() -> None:
    text = "userlist l\n    user a password $5$x\n    user b insecure-password mXq82-aa groups g\n    user c insecure-password haproxy\n"
    assert lines(text, "password-clear") == [3]
    assert lines(text, "password-default") == [4]


@pytest.mark.parametrize(
    ("bind", "added", "is_found"),
    [
        (":1", "", True),
        ("127.0.0.1:1", "", False),
        ("10.0.0.1:1", "", False),
        (":1", "    stats auth a:b\n", False),
        (":1", "    stats http-request auth unless { http_auth(l) }\n", False),
        (":1", "    http-request deny unless { src 10.0.0.0/8 }\n", False),
        ("unix@/x", "", False),
    ],
)
def test_open_statistics(bind: str, added: str, is_found: bool) -> None:
    assert bool(lines(STATS.format(bind) + added, "stats-open")) is is_found


@pytest.mark.parametrize(
    ("condition", "is_found"),
    [
        ("if TRUE", True),
        ("if !FALSE", True),
        ("if !LOCALHOST", False),
        ("unless FALSE", True),
        ("if { always_true }", True),
        ("if LOCALHOST", False),
        ("if TRUE LOCALHOST", False),
        ("if TRUE or LOCALHOST", True),
    ],
)
def test_buttons_for_everybody(condition: str, is_found: bool) -> None:
    assert bool(lines(f"{STATS.format('127.0.0.1:1')}    stats admin {condition}\n", "stats-admin-open")) is is_found


@pytest.mark.parametrize(
    ("socket", "is_found"),
    [
        ("/run/a.sock", False),
        ("/run/a.sock mode 660 level admin", False),
        ("/run/a.sock mode 666 level admin", True),
        ("/run/a.sock mode 0777", True),
        ("/run/a.sock mode 666 level user", False),
        ("ipv4@*:9999 level admin", True),
        ("*:9999", True),
        ("127.0.0.1:9999 level admin", False),
        ("ipv4@10.0.0.1:9999 level user", False),
        ('"${SOCKET}" mode 666', False),
    ],
)
def test_command_sockets(socket: str, is_found: bool) -> None:
    assert bool(lines(f"global\n    stats socket {socket}\n", "socket-open")) is is_found
