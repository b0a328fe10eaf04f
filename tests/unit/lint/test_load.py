"""Balancing, checks and limits."""

from __future__ import annotations

import pytest

from unit.lint.looking import HEAD, lines


def behind(bind: str, server: str = "") -> str:
    """``balance source`` stands in line 10."""
    inner = f"backend inner\n    server i {server}\n" if server else ""
    return f"{HEAD}frontend f\n    bind {bind}\n    default_backend b\nbackend b\n    balance source\n    server s 10.0.0.1:80\n{inner}"


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        (behind(":80"), False),
        (behind("127.0.0.1:80"), True),
        (behind("unix@/x"), True),
        (behind("127.0.0.1:80 accept-proxy"), False),
        (behind("10.0.0.9:80", "10.0.0.9:80"), True),
        (behind("10.0.0.9:80", "10.0.0.9:80 send-proxy"), False),
        (behind("127.0.0.1:80\n    bind :81"), False),
    ],
)
def test_one_address_for_everybody(text: str, is_found: bool) -> None:
    assert bool(lines(text, "balance-source-behind-proxy")) is is_found


@pytest.mark.parametrize(
    ("servers", "found"),
    [
        (("server a 10.0.0.1:80",), []),
        (("server a 10.0.0.1:80", "server b 10.0.0.2:80"), [7]),
        (("server a 10.0.0.1:80 check", "server b 10.0.0.2:80"), [8]),
        (("default-server check", "server a 10.0.0.1:80", "server b 10.0.0.2:80"), []),
        (("default-server check", "server a 10.0.0.1:80", "server b 10.0.0.2:80 no-check"), [9]),
        (("server a 10.0.0.1:80 track x/y", "server b 10.0.0.2:80 agent-check"), []),
        (("server-template a 3 a.test:80", "server b 10.0.0.2:80"), []),
    ],
)
def test_checks(servers: tuple[str, ...], found: list[int]) -> None:
    assert lines(f"{HEAD}backend b\n" + "".join(f"    {server}\n" for server in servers), "health-check-missing") == found


def test_check_in_defaults() -> None:
    assert (
        lines(f"{HEAD}    default-server check\nbackend b\n    server a 10.0.0.1:80\n    server b 10.0.0.2:80\n", "health-check-missing")
        == []
    )


def test_limits() -> None:
    assert lines(
        f"global\n    maxconn 10\n{HEAD}    maxconn 20\nfrontend f\n    maxconn 10\n    bind :80 maxconn 5\n", "maxconn-above-limit"
    ) == [8]
    assert lines("global\n    maxconn 1000\n    ulimit-n 1500\n", "maxconn-above-limit") == [2]
    assert lines("global\n    maxconn 1000\n    fd-hard-limit 5000\n", "maxconn-above-limit") == []
    assert lines(f"{HEAD}    maxconn 20\n", "maxconn-above-limit") == []
