"""The private copy: what is changed in a configuration, and that nothing else is."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from hapilot.compile import build, compile, private, target  # noqa: A004 - the stage's name
from hapilot.languages.haproxy import printer
from hapilot.sources.file import load, self_signed

SITE = """
listeners:
  web: {bind: [":80", "192.0.2.1:81", "[2001:db8::1]:82", "unix:/a/b.sock", "fd:9"]}
  far: {bind: ":9443", accept_proxy: required, trusted: [10.0.0.0/8]}
  bal: {bind: [":9444", "unix:/a/bal.sock"], accept_proxy: required, trusted: [10.0.0.0/8, "2001:db8:1::/48"]}
services:
  shop:
    tls: none
    listener: [web, far]
    servers: [a.example.test:80, {address: "10.0.0.2:80", weight: 7, backup: true}]
    health: {http: /h, expect: [100, 204], every: 30s}
    send_proxy: v2
  bulk: {protocol: tcp, listener: bal, servers: ["10.0.0.9:99"]}
  safe: {tls: reencrypt, host: safe.example.test, listener: far, servers: ["[2001:db8::2]:443"], verify: {ca: ca.pem}, http2: h2}
certificates: [self_signed: [safe.example.test]]
admin: {metrics: {bind: "127.0.0.1:8404"}}
log: {to: "syslog:10.9.9.9:514"}
raw:
  global: ["stats socket /a/c.sock", "log '10.9.9.8:514' local0"]
  listener:
    web: ["bind 192.0.2.7:83 name 'a b'", "tcp-request connection reject if { src 192.0.2.6 }"]
    far: ["tcp-request connection reject if { src 192.0.2.4 }"]
    bal: ["bind 192.0.2.8:84 accept-proxy", "tcp-request connection reject if { src 192.0.2.5 }"]
  service: {shop: ["source 192.0.2.2", "server extra 10.0.0.3:80 check addr 10.0.0.4 port 99 inter 1m # why", "use-server extra if TRUE"]}
"""


@pytest.fixture
def made(tmp_path: Path) -> build.Build:
    now = datetime.datetime.now(datetime.UTC)
    local = self_signed.LocalAuthority(None)
    (tmp_path / "ca.pem").write_text(local.ca_text(now))
    (tmp_path / "site.yaml").write_text(SITE)
    loaded = load.load_site(tmp_path / "site.yaml", environment={}, now=now, authority=local)
    assert loaded.site is not None, loaded.diagnostics
    return compile.compile_site(loaded.site, target.Target(version=(2, 8)))


def test_the_survey_finds_every_door_and_server(made: build.Build) -> None:
    found = private.survey(made)
    doors = [(door.frontend, door.host, door.port, door.bare, door.is_unix) for door in found.doors if not door.balanced]
    assert sorted(doors, key=str) == sorted(
        [
            ("web", "0.0.0.0", 80, False, False),
            ("web", "::", 80, False, False),
            ("web", "192.0.2.1", 81, False, False),
            ("web", "2001:db8::1", 82, False, False),
            ("web", "", None, True, True),
            ("web", "", None, False, False),
            ("web", "192.0.2.7", 83, False, False),
            ("bal", "192.0.2.8", 84, True, False),
            ("admin.metrics", "127.0.0.1", 8404, False, False),
        ],
        key=str,
    )
    balanced = [(door.frontend, door.host, door.port, door.bare, door.is_unix) for door in found.doors if door.balanced]
    assert sorted(balanced, key=str) == sorted(
        [
            ("far", "0.0.0.0", 9443, False, False),
            ("far", "::", 9443, False, False),
            ("bal", "0.0.0.0", 9444, False, False),
            ("bal", "::", 9444, False, False),
            ("bal", "", None, False, True),
        ],
        key=str,
    )
    shop = {place.server: place for place in found.places if place.service == "shop"}
    assert set(shop) == {"a.example.test:80", "10.0.0.2:80", "extra"}
    assert [shop["10.0.0.2:80"].proxied, shop["extra"].proxied] == [True, False]
    assert (shop["10.0.0.2:80"].check, shop["10.0.0.2:80"].status) == ("/h", 204)
    (safe,) = [place for place in found.places if place.service == "safe"]
    assert (safe.http2, safe.proxied, safe.status) == (True, False, 200)


def lines_of(one: build.Build) -> list[str]:
    """The lines of a configuration, without comments."""
    return [line.partition("  # ")[0].strip() for line in printer.print_config(one.config).splitlines()]


BALANCERS = {"0.0.0.0": "10.0.0.0", "::": "2001:db8:1::"}


@pytest.fixture
def copy(made: build.Build) -> build.Build:
    found = private.survey(made)
    doors = [
        private.Opening(100 + number, 6000 + number, BALANCERS.get(door.host, "") if door.balanced else "")
        for number, door in enumerate(found.doors)
    ]
    ports = range(5000, 5000 + len(found.places))
    return private.private(made, private.Opened(doors, ports, 750))


def test_nothing_of_the_site_s_network_is_left(copy: build.Build) -> None:
    text = "\n".join(line for line in lines_of(copy) if not line.startswith("#"))
    for place in ("10.9.9.", "10.0.0.3:80", "10.0.0.4", "2001:db8::1", "/a/b", "/a/c", "fd@9 ", "source ", " resolvers dns", ":8404"):
        assert place not in text, place
    servers = [line.split()[2] for line in lines_of(copy) if line.startswith("server ")]
    assert all(one.startswith(("127.0.0.1:50", "unix@/")) or "HAPILOT_RUN" in one for one in servers)
    binds = [line.split()[1] for line in lines_of(copy) if line.startswith("bind ")]
    assert sorted(one for one in binds if one.startswith("fd@")) == [f"fd@{number}" for number in range(100, 114)]
    assert all("HAPILOT_RUN" in one for one in binds if not one.startswith("fd@"))


def test_everything_else_is_as_it_was(made: build.Build, copy: build.Build) -> None:
    before, after = lines_of(made), lines_of(copy)
    gone = [line for line in before if line not in after]
    told = ("bind ", "server ", "log ", "source ", "stats socket /a", "tcp-request connection reject if { src 192.0.2.6 }")
    assert [line for line in gone if not line.startswith(told)] == []
    assert (copy.tables, copy.routes, copy.site) == (made.tables, made.routes, made.site)


def test_what_becomes_of_lines(copy: build.Build) -> None:
    lines = lines_of(copy)
    servers = [line for line in lines if line.startswith("server ") and " unix@" not in line and "HAPILOT_RUN" not in line]
    extra = next(line for line in servers if line.startswith("server extra "))
    assert extra.partition(":")[2].partition(" ")[2] == "check inter 750ms"
    backup = next(line for line in servers if line.startswith("server 10.0.0.2:80 "))
    assert " 127.0.0.1:5" in backup
    assert "weight 7" in backup
    assert backup.endswith(" backup")
    named = next(line for line in servers if line.startswith("server a.example.test:80 "))
    assert "init-addr" not in named
    safe = next(line for line in servers if " ssl " in line)
    assert f"ca-file {private.AUTHORITY} " in safe
    assert "check-sni safe.example.test" in safe
    assert "tcp-request session reject if { src 192.0.2.6 }" in lines
    assert any(line.startswith("bind fd@") and line.endswith("name 'a b' accept-proxy") for line in lines)
    assert lines.count("log stderr format raw local0") == 2


def test_only_where_somebody_else_may_send_a_proxy_header_is_one_taken(made: build.Build, copy: build.Build) -> None:
    doors = private.survey(made).doors
    for number, door in enumerate(doors, 100):
        (line,) = [line for line in lines_of(copy) if line.startswith(f"bind fd@{number} ") or line == f"bind fd@{number}"]
        assert ("accept-proxy" in line) is (door.balanced or not door.is_unix)
        assert "v6only" not in line


def rules_of(one: build.Build, *sections: str) -> list[str]:
    """The rules about bare connections."""
    parts = [section for section in one.config.sections if section.kind == "frontend" and section.name in sections]
    assert len(parts) == len(sections)
    lines = lines_of(replace(one, config=replace(one.config, sections=tuple(parts))))
    return [line for line in lines if line.startswith("tcp-request connection")]


def test_rules_before_the_header_see_the_load_balancer(made: build.Build, copy: build.Build) -> None:
    """The listener's own gate and the user's rules stay what and where they are; only who the peer is, is said before them."""
    number = {door.host: number for number, door in enumerate(private.survey(made).doors) if door.balanced and door.frontend == "bal"}
    rules = rules_of(made, "bal")
    assert rules == [
        "tcp-request connection reject if { src -m found } !{ src -f maps/bal.trusted.list }",
        "tcp-request connection reject if { src 192.0.2.5 }",
    ]
    assert rules_of(copy, "bal") == [
        f"tcp-request connection set-src ipv4(10.0.0.0) if {{ dst_port {6000 + number['0.0.0.0']} }}",
        f"tcp-request connection set-src ipv6(2001:db8:1::) if {{ dst_port {6000 + number['::']} }}",
        *rules,
    ]


def test_rules_behind_another_layer_see_its_socket_as_they_do_live(made: build.Build, copy: build.Build) -> None:
    inner = rules_of(made, "far.tls", "far.plain")
    assert inner == ["tcp-request connection reject if { src 192.0.2.4 }"] * 2
    assert rules_of(copy, "far.tls", "far.plain") == inner
