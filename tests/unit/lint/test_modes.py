"""HTTP's directives in TCP mode, and modes that don't fit."""

from __future__ import annotations

import pytest

from unit.lint.looking import HEAD, lines

TCP = HEAD + "frontend f\n    mode tcp\n"


@pytest.mark.parametrize(
    "line", ["http-request deny", "option httplog", "redirect scheme https", "stats enable", "monitor-uri /x", "balance uri"]
)
def test_nothing_of_http_in_tcp_mode(line: str) -> None:
    assert lines(f"{TCP}    {line}\n", "http-in-tcp") == [8]
    assert lines(f"{HEAD}frontend f\n    bind :80\n    {line}\n", "http-in-tcp") == []


@pytest.mark.parametrize(
    "line", ["option tcplog", "tcp-request content accept", "balance source", "stick-table type ip size 1", "option tcpka"]
)
def test_what_bytes_have_too(line: str) -> None:
    assert lines(f"{TCP}    {line}\n", "http-in-tcp") == []


def test_a_frontend_that_makes_http_of_it() -> None:
    text = f"{TCP}    tcp-request content switch-mode http if HTTP\n    http-request deny\n"
    assert lines(text, "http-in-tcp") == []


def test_tcp_is_the_mode_where_nothing_says_it() -> None:
    assert lines("frontend f\n    http-request deny\n", "http-in-tcp") == [2]


@pytest.mark.parametrize(
    ("front", "back", "is_found"), [("http", "tcp", True), ("tcp", "http", False), ("tcp", "tcp", False), ("http", "http", False)]
)
def test_modes_of_a_route(front: str, back: str, is_found: bool) -> None:
    text = f"frontend f\n    mode {front}\n    use_backend b if TRUE\nbackend b\n    mode {back}\n"
    assert bool(lines(text, "mode-mismatch")) is is_found


def test_directives_of_defaults_count_where_every_heir_is_in_tcp_mode() -> None:
    text = "defaults\n    option http-server-close\nfrontend f\n    mode tcp\nbackend b\n    mode {}\n"
    assert lines(text.format("tcp"), "http-in-tcp") == [2]
    assert lines(text.format("http"), "http-in-tcp") == []
    assert lines("defaults\n    option http-server-close\n", "http-in-tcp") == []


def test_logs_of_requests_in_tcp_mode() -> None:
    text = "defaults\n    mode http\n    option httplog\nfrontend g\nfrontend f\n    mode tcp\n{}"
    assert lines(text.format(""), "http-in-tcp") == [3]
    assert lines(text.format("    option tcplog\n"), "http-in-tcp") == []
    assert lines(text.format("    log-format x\n"), "http-in-tcp") == []
    assert lines(text.format("    no option httplog\n"), "http-in-tcp") == []
