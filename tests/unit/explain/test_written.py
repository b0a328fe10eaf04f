"""Explain on what a user wrote in HAProxy's own words: raw sections, and listeners and services that are kept as written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hapilot.cli import explain as cli
from hapilot.compile import target
from hapilot.explain import arrivals, explain, explanation, own_binds, own_pages, probe
from hapilot.reconcile import pipeline

SITE = """
listeners:
  own: {bind: ":7000"}
  web:
    from: main
    bind: ["0.0.0.0:80"]
    routes:
      - {service: shop, host: [shop.test]}
      - {service: plain, if: "{ lua.decide }"}
    default: rest
services:
  mine: {host: mine.test, listener: own, servers: [10.0.0.9:80]}
  shop: {from: main, protocol: http, servers: [{name: s1, address: "10.0.0.1:80"}, {name: s2, address: "10.0.0.2:80", backup: true}]}
  rest: {from: main, protocol: http, servers: [{name: r1, address: "10.0.0.3:80"}]}
raw:
  folder: /etc/haproxy
  listener:
    web: ["bind :::8080,127.0.0.1:9000-9005", "http-request deny if { path_beg /no }"]
    own: ["bind 127.0.0.1:7070"]
  service:
    rest: ["server-template t 2 10.0.0.4:80"]
  sections:
    - |
      defaults main
          mode http
          errorfile 503 errors/503.http
    - |
      frontend other
          bind *:81
          bind *:82 accept-proxy
          bind /run/other.sock
          bind abns@other
          bind quic4@:443 ssl crt x.pem
          redirect location /elsewhere if { path /old }
          default_backend plain

      backend plain
          server p1 10.0.0.5:80
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> pipeline.Prepared:
    path: Path = tmp_path_factory.mktemp("site") / "site.yaml"
    path.write_text(SITE)
    made = pipeline.prepare(path, target.Target(), None, {})
    assert made.build is not None, made.diagnostics
    return made


def ask(prepared: pipeline.Prepared, text: str, listener: str = "", files: dict[str, bytes] | None = None) -> explanation.Explanation:
    assert prepared.build is not None
    return explain.Explainer(prepared.build, files).explain(replace(probe.parse_target(text), listener=listener), text)


def line(prepared: pipeline.Prepared, text: str) -> str:
    """Where the site file holds a text, as an explanation says it."""
    assert prepared.build is not None
    number = next(number for number, each in enumerate(SITE.splitlines(), 1) if text in each)
    return f"{prepared.build.site.origins.at('raw').short.rpartition(':')[0]}:{number}"


def test_the_addresses_of_a_users_own_lines(prepared: pipeline.Prepared) -> None:
    assert prepared.build is not None
    found = [(one.listener, str(one.address), len(one.ports), one.takes_header) for one in own_binds.find(prepared.build)]
    assert sorted(found) == [
        ("other", "0.0.0.0:81", 1, False),
        ("other", "0.0.0.0:82", 1, True),
        ("other", "unix:/run/other.sock", 0, False),
        ("other", "unix:abns@other", 0, False),
        ("own", "127.0.0.1:7070", 1, False),
        ("web", "0.0.0.0:80", 1, False),
        ("web", "127.0.0.1:9000", 6, False),
        ("web", "[::]:8080", 1, False),
    ]
    assert set(arrivals.Arrivals(prepared.build).names) == {"own", "web", "other"}


def test_a_service_as_written(prepared: pipeline.Prepared) -> None:
    answer = ask(prepared, "http://shop.test/")
    assert (answer.outcome, answer.service, answer.backend, answer.listener) == ("forward", "shop", "shop", "web")
    assert [(one.name, one.address) for one in answer.servers] == [("s1", "10.0.0.1:80")], "the other one is a backup"
    assert answer.reason == f"use_backend at {line(prepared, 'host: [shop.test]')} leads to service shop"


def test_raw_servers_beside_those_of_the_site(prepared: pipeline.Prepared) -> None:
    assert "decided by a raw rule" in ask(prepared, "http://x.test/").reason
    answer = ask(prepared, "http://x.test:81/")
    assert (answer.service, answer.backend) == (None, "plain")
    assert [(one.name, one.address) for one in answer.servers] == [("p1", "10.0.0.5:80")]


@pytest.mark.parametrize("target_text", ["http://shop.test:9003/", "http://127.0.0.1:9005/", "http://shop.test:8080/"])
def test_ranges_and_several_addresses(prepared: pipeline.Prepared, target_text: str) -> None:
    assert ask(prepared, target_text).listener == "web"


@pytest.mark.parametrize("target_text", ["http://shop.test:9006/", "http://[::1]:9005/", "http://shop.test:443/"])
def test_what_nobody_listens_on(prepared: pipeline.Prepared, target_text: str) -> None:
    answer = ask(prepared, target_text)
    assert answer.listener in (None, "other"), "sockets without a port may have any"
    assert answer.listener is None or answer.target.startswith("http://shop.test:")


def test_a_frontend_without_a_service(prepared: pipeline.Prepared) -> None:
    answer = ask(prepared, "http://x.test:81/a")
    assert (answer.outcome, answer.service, answer.backend, answer.listener) == ("forward", None, "plain", "other")
    assert answer.reason == f"default_backend at {line(prepared, 'default_backend plain')} leads to backend plain"
    assert "-> backend plain" in next(cli.lines(answer))
    gone = ask(prepared, "http://x.test:81/old")
    assert (gone.outcome, gone.status, gone.location) == ("redirect", 302, "/elsewhere")
    assert gone.reason == f"a redirect at {line(prepared, 'redirect location')}"


def test_a_socket_is_named_by_its_frontend(prepared: pipeline.Prepared) -> None:
    assert ask(prepared, "http://x.test/", "other").backend == "plain"
    assert ask(prepared, "http://x.test:82/").client_ip == probe.CLIENT, "who a PROXY header says it is"


def test_what_is_not_known_says_where(prepared: pipeline.Prepared) -> None:
    answer = ask(prepared, "http://x.test/")
    assert answer.reason == f"decided by a raw rule at {line(prepared, 'lua.decide')}: the fetch lua.decide"
    assert answer.raw_line == "use_backend plain if { lua.decide }"
    assert "not known" in next(cli.lines(answer))


def test_pages_are_named_and_taken(prepared: pipeline.Prepared) -> None:
    assert prepared.build is not None
    named = own_pages.find(prepared.build)
    assert {name: str(path) for name, path in named.items()} == {"errors/503.http": "/etc/haproxy/errors/503.http"}


def test_raw_lines_at_a_listener_of_hapilots_own(prepared: pipeline.Prepared) -> None:
    answer = ask(prepared, "http://mine.test:7070/")
    assert (answer.outcome, answer.service, answer.listener) == ("forward", "mine", "own")
