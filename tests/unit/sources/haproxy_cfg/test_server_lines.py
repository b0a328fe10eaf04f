"""Server lines: keys for what the model has, the rest word by word, all or none of a backend."""

from __future__ import annotations

from typing import Any

import pytest

from unit.sources.haproxy_cfg.taking import backend


def server(options: str) -> dict[str, Any]:
    (made,) = backend(f" server s 10.0.0.1:80 {options}\n")["servers"]
    assert (made.pop("name"), made.pop("address")) == ("s", "10.0.0.1:80")
    return made


@pytest.mark.parametrize(
    ("options", "made"),
    [
        ("", {}),
        ("backup", {"backup": True}),
        ("check weight 10 inter 2s maxconn 5", {"weight": 10, "max_connections": 5, "raw": "check inter 2s"}),
        ("weight 0", {"weight": 0}),
        ("weight 257", {"raw": "weight 257"}),
        ("weight 10%", {"raw": "weight 10%"}),
        ("weight", {"raw": "weight"}),
        ("maxconn 0", {"raw": "maxconn 0"}),
        ("weight 1 weight 2", {"raw": "weight 1 weight 2"}),
        ("cookie weight weight 2", {"raw": "cookie weight weight 2"}),
        ("cookie backup", {"raw": "cookie backup"}),
        ("backup no-backup", {"raw": "backup no-backup"}),
        ("weight 3 brand-new 1 backup", {"weight": 3, "raw": "brand-new 1 backup"}),
        ("source 10.0.0.9 weight 3", {"raw": "source 10.0.0.9 weight 3"}),
        ('sni str(a" b") backup', {"raw": 'sni str(a" b") backup'}),
        ('backup cookie "$C"', {"backup": True, "raw": 'cookie "$C"'}),
        ('weight "$W"', {"raw": 'weight "$W"'}),
    ],
)
def test_options(options: str, made: dict[str, Any]) -> None:
    assert server(options) == made


@pytest.mark.parametrize(
    "line",
    [
        "server s 10.0.0.1",
        "server s 010.0.0.1:80",
        "server s :80",
        "server s *:80",
        "server s unix@/run/x",
        "server s ipv4@a.test:80",
        "server s 2001:db8::1:80",
        "server s [2001:DB8::1]:80",
        "server s A.test:80",
        "server s 10.0.0.1:+80",
        "server -s 10.0.0.1:80",
        'server s "$A:80"',
        'server "" 10.0.0.1:80',
        "server s",
        "server a 10.0.0.3:80",
    ],
)
def test_a_server_that_the_model_can_not_say_keeps_all_in_their_order(line: str) -> None:
    made = backend(f" server a 10.0.0.1:80\n {line}\n server z 10.0.0.2:80\n")
    assert "servers" not in made
    assert made["lines"] == ["server a 10.0.0.1:80", line, "server z 10.0.0.2:80"]


@pytest.mark.parametrize("address", ["10.0.0.1:80", "[2001:db8::1]:80", "a.test:80"])
def test_addresses(address: str) -> None:
    assert backend(f" server s {address}\n")["servers"] == [{"name": "s", "address": address}]
