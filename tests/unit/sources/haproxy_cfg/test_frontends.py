"""Frontends as listeners: addresses, routes, the default, and the lines that stay."""

from __future__ import annotations

import pytest

from unit.sources.haproxy_cfg.taking import DEFAULTS, frontend, take, why


@pytest.mark.parametrize(
    ("address", "made"),
    [
        ("*:80", ["0.0.0.0:80"]),
        (":80", ["0.0.0.0:80"]),
        ("0.0.0.0:80", ["0.0.0.0:80"]),
        ("127.0.0.1:80", ["127.0.0.1:80"]),
        (":80,127.0.0.1:81", ["0.0.0.0:80", "127.0.0.1:81"]),
    ],
)
def test_addresses(address: str, made: list[str]) -> None:
    assert frontend(f" bind {address}\n") == {"from": "main", "bind": made, "lines": []}


@pytest.mark.parametrize(
    "address",
    [
        ":80 ssl crt x.pem",
        ":80-82",
        ":::80",
        "[::]:80",
        "localhost:80",
        "ipv4@:80",
        "/run/x",
        '":$P"',
        ":80,[::]:80",
        ":0",
        ":080",
        ":65536",
        "1.1:80",
    ],
)
def test_addresses_that_stay(address: str) -> None:
    assert frontend(f" bind {address}\n") == {"from": "main", "lines": [f"bind {address}"]}


def test_numbered_addresses_stay_in_their_order() -> None:
    assert frontend(" bind :80\n http-request set-var(txn.a) so_id\n")["lines"][0] == "bind :80"


def test_the_default_is_a_service() -> None:
    assert frontend(" default_backend b\n")["default"] == "b"
    for lines in (" default_backend x\n", ' default_backend "$B"\n', " default_backend b\n default_backend b\n"):
        assert "default" not in frontend(lines)
    assert "default" not in frontend(" default_backend b\n", after="backend b\n server s 10.0.0.1:80\n default-server check\n")


def test_other_lines_stay() -> None:
    lines = " mode tcp\n tcp-request inspect-delay 5s # wait\n bind :80\n timeout client 5s\n"
    assert frontend(lines)["lines"] == ["mode tcp", "tcp-request inspect-delay 5s # wait", "timeout client 5s"]


def test_a_second_meaning_of_a_condition_of_haproxy() -> None:
    assert why(f"{DEFAULTS}frontend f\n use_backend b if HTTP\n acl HTTP dst_port 80\n") == [
        "it gives a condition of HAProxy's own a second meaning"
    ]


def test_places_of_routes() -> None:
    made = take(
        "defaults\nfrontend f\n acl a hdr(host) -i a.test\n acl p path_beg /p\n use_backend b if a p\n use_backend b if p\nbackend b\n"
    )
    places = {path[2:]: place.line for path, place in made.places.items() if path[:2] == ("listeners", "f")}
    assert places[("routes", 0)] == 5
    assert places[("routes", 1)] == 6
    assert places[("routes", 1, "path")] == 4
