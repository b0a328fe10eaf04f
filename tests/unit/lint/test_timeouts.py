"""Timeouts that are missing or too short."""

from __future__ import annotations

from unit.lint.looking import HEAD, findings, lines


def test_missing_ones() -> None:
    text = (
        "defaults\n    mode http\n    timeout client 5s\nfrontend f\n    bind :80\nbackend b\n    timeout server 5s\n"
        "    server s 10.0.0.1:80\nlisten l\n    bind :81\n    server s 10.0.0.1:80\n"
    )
    found = [(each.line, each.message) for each in findings(text) if each.code == "timeout-missing"]
    assert found == [
        (6, "backend 'b' has no `timeout connect`"),
        (9, "listen 'l' has no `timeout connect` and `timeout server`"),
    ]


def test_proxies_without_connections_need_none() -> None:
    assert lines("backend table\n    stick-table type ip size 1k\nfrontend f\n", "timeout-missing") == []


def test_old_names_count() -> None:
    assert lines("defaults\n    clitimeout 5s\nfrontend f\n    bind :80\n", "timeout-missing") == []


def test_units() -> None:
    text = "defaults\n    timeout connect 5\n    timeout client 5000\n    timeout server 50s\n    timeout check 5\n    timeout queue 0\n"
    assert lines(text, "timeout-unit") == [2]


def test_tunnels_of_websockets() -> None:
    front = f"{HEAD}frontend f\n    bind :80\n    acl ws hdr(Upgrade) -i WebSocket\n    use_backend b if ws\n    use_backend c if !ws\n"
    assert lines(f"{front}backend b\nbackend c\n", "timeout-tunnel-missing") == [9]
    assert lines(f"{front}backend b\n    timeout tunnel 1h\nbackend c\n", "timeout-tunnel-missing") == []
    assert lines(f"{front.replace('mode http', 'timeout tunnel 1h')}backend b\nbackend c\n", "timeout-tunnel-missing") == []


def test_tunnels_of_websockets_that_no_route_asks_for() -> None:
    front = f"{HEAD}frontend f\n    bind :80\n    acl ws hdr(Upgrade) -i websocket\n    http-request deny if ws\n    default_backend b\n"
    assert lines(f"{front}backend b\n", "timeout-tunnel-missing") == [10]
    assert lines(f"{HEAD}backend b\n    server s 10.0.0.1:80 ws h1\n", "timeout-tunnel-missing") == [7]
