"""Backends as services: which lines become keys, which stay, and what stays whole."""

from __future__ import annotations

import pytest

from unit.sources.haproxy_cfg.taking import DEFAULTS, backend, take, why


def test_keys_that_the_model_has() -> None:
    lines = " mode tcp\n balance leastconn\n retries 2\n timeout connect 500\n timeout server 1m\n timeout queue 2s\n timeout tunnel 1h\n"
    assert backend(lines) == {
        "from": "main",
        "protocol": "tcp",
        "balance": "leastconn",
        "retries": 2,
        "timeouts": {"connect": "500ms", "server": "1m", "queue": "2s", "tunnel": "1h"},
        "lines": [],
    }


@pytest.mark.parametrize(
    "line",
    [
        "balance uri depth 2",
        "balance random(2)",
        "balance static-rr",
        "balance hash path",
        "retries 101",
        "retries 1 2",
        'retries "$R"',
        "timeout server 0",
        "timeout server 10us",
        "timeout server 30d",
        "timeout check 5s",
        "timeout server 5s extra",
        "option httpchk",
        "hash-type consistent",
    ],
)
def test_lines_that_stay(line: str) -> None:
    made = backend(f" {line}\n")
    assert (set(made), made["lines"]) == ({"from", "protocol", "lines"}, [line])


def test_a_key_that_is_said_twice_stays() -> None:
    made = backend(" balance first\n balance source\n retries 1\n retries 2\n timeout server 1s\n timeout server 2s\n")
    assert made["lines"] == ["balance first", "balance source", "retries 1", "retries 2", "timeout server 1s", "timeout server 2s"]
    assert why(f"{DEFAULTS}backend b\n mode http\n mode tcp\n") == ["its mode is none that the model has"]


def test_lines_and_comments_stay_in_their_order() -> None:
    made = backend("  # first\n option a\n balance first # as\n\n\thttp-request  deny  if\t{ path /x }   # why\n # last\n")
    assert made["lines"] == ["# first", "option a", "http-request deny if { path /x } # why", "# last"]


@pytest.mark.parametrize(
    ("before", "protocol"),
    [
        ("", "tcp"),
        ("defaults\n", "tcp"),
        ("defaults\n mode http\n", "http"),
        ("defaults\n mode tcp\n mode http\n", "http"),
        ("defaults a\n mode http\ndefaults b from a\n", "http"),
        ("defaults a\n mode http\ndefaults b\n", "tcp"),
        ("defaults a\n mode http\ndefaults b from a\n mode tcp\n", "tcp"),
        ("defaults a\n .if defined(X)\n option x\n .endif\n", "tcp"),
    ],
)
def test_the_mode_in_force(before: str, protocol: str) -> None:
    assert backend(" option x\n", before=before)["protocol"] == protocol


@pytest.mark.parametrize("mode", ["health", "log", '"$MODE"'])
def test_modes_that_the_model_lacks(mode: str) -> None:
    assert why(f"{DEFAULTS}backend b\n mode {mode}\n") == ["its mode is none that the model has"]
    assert why(f"defaults\n mode {mode}\nbackend b\n") == ["its mode is none that the model has"]


def test_a_mode_in_a_block_is_open() -> None:
    before = "defaults\n .if defined(X)\n mode tcp\n .endif\n"
    assert why(f"{before}backend b\n") == ["its mode depends on circumstances"]
    assert backend(" mode http\n", before=before)["protocol"] == "http"


@pytest.mark.parametrize("line", ["default-server check", "server-template s 3 a.test:80"])
def test_what_is_about_servers_stands_before_them(line: str) -> None:
    assert backend(f" {line}\n server a 10.0.0.1:80\n")["lines"] == [line]
    assert why(f"{DEFAULTS}backend b\n server a 10.0.0.1:80\n {line}\n") == [f"there is a {line.split()[0]} behind a server"]


def test_places_and_comments() -> None:
    made = take(f"{DEFAULTS}# all\nbackend b # head\n balance first # how\n option x\n server s 10.0.0.1:80 # who\n")
    places = {path: (place.file, place.line) for path, place in made.places.items()}
    assert places["services", "b"] == ("0.cfg", 4)
    assert places["services", "b", "balance"] == ("0.cfg", 5)
    assert places["services", "b", "servers", 0] == ("0.cfg", 7)
    assert places["raw", "service", "b", 0] == ("0.cfg", 6)
    comments = {path: (each.above, each.behind) for path, each in made.comments.items()}
    assert comments == {
        ("services", "b"): (("# all",), "# head"),
        ("services", "b", "balance"): ((), "# how"),
        ("services", "b", "servers", 0): ((), "# who"),
    }
