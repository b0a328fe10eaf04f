"""``admin.metrics``: HAProxy's own page, and hapilot's beside it, for as long as hapilot is there."""

from __future__ import annotations

import base64
import contextlib
import http.client
import os
import signal
import socket
import stat
import time

import pytest
from prometheus_client import parser

from support import ports, servers

from .conftest import Hapilot, until

pytestmark = [pytest.mark.haproxy, pytest.mark.system]

OURS = "/metrics/hapilot"


def ask(port: int, path: str, user: str = "") -> tuple[int, str]:
    """Status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        headers = {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"} if user else {}
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def told(port: int) -> dict[str, float]:
    """Every sample of hapilot's own page by name and the values of its labels, in the alphabetical order of labels."""
    status, body = ask(port, OURS)
    assert status == 200, body
    found: dict[str, float] = {}
    for family in parser.text_string_to_metric_families(body):
        for one in family.samples:
            labels = " ".join(value for _, value in sorted(one.labels.items()))
            found[f"{one.name} {labels}".strip()] = one.value
    return found


def admin(port: int, more: str = "") -> str:
    """The part of a site that asks for metrics."""
    return f'admin: {{metrics: {{bind: "127.0.0.1:{port}"{more}}}}}\n'


def wait_for_metrics(port: int) -> None:
    """Until hapilot's own ones are there."""

    def there() -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return ask(port, OURS)[0] == 200
        return False

    until(there, "hapilot's own metrics")


def test_both_pages_are_served_and_nothing_else(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    port, api, other_api = each_hapilot.other_port, ports.free_port(), ports.free_port()
    each_hapilot.write(
        f'listeners:\n  web: {{bind: "127.0.0.1:{each_hapilot.port}"}}\n'
        f'  api: {{bind: "127.0.0.1:{api}"}}\n  more: {{bind: "127.0.0.1:{other_api}"}}\n'
        f'services:\n  shop: {{tls: none, listener: web, servers: ["127.0.0.1:{stand.http("shop").port}"]}}\n'
        f'  cluster: {{protocol: tcp, tls: none, listener: [api, more], servers: ["127.0.0.9"]}}\n'
        f'certificates: [{{self_signed: ["*.example.test"]}}]\n{admin(port)}'
    )
    each_hapilot.up()
    wait_for_metrics(port)
    until(lambda: told(port)["hapilot_services down"] == 1, "a service without a server is down")
    now = told(port)
    expected = {
        "hapilot_haproxy_up": 1,
        "hapilot_generation": 1,
        "hapilot_listeners": 3,
        "hapilot_changes_total applied": 1,
        "hapilot_site_current": 1,
        "hapilot_haproxy_adopted": 0,
        "hapilot_haproxy_old_workers": 0,
        "hapilot_haproxy_old_worker_connections": 0,
        "hapilot_services up": 1,
        f"hapilot_service_info cluster.{api} cluster none": 1,
        f"hapilot_service_info cluster.{other_api} cluster none": 1,
        "hapilot_service_info shop shop none": 1,
        "hapilot_service_servers_up shop shop": 1,
        f"hapilot_service_servers_up cluster.{api} cluster": 0,
        f"hapilot_service_servers cluster.{api} cluster": 1,
        "hapilot_quarantined_parts service": 0,
    }
    assert {name: now.get(name) for name in expected} == expected
    assert abs(now["hapilot_last_change_timestamp_seconds"] - time.time()) < 60
    assert 0 < now["hapilot_haproxy_uptime_seconds"] < 60
    assert 0 < now["hapilot_last_apply_duration_seconds"] < 20
    assert now["hapilot_certificate_expiry_timestamp_seconds self-signed *.example.test *.example.test"] > time.time()
    status, body = ask(port, "/metrics")
    assert status == 200
    assert 'haproxy_backend_status{proxy="shop"' in body
    assert "\nhapilot_" not in body
    assert [ask(port, path)[0] for path in ("/", "/metrics/", "/metrics/hapilot/x", "/metrics/../metrics/hapilot")] == [404] * 4


def test_the_socket_is_private_and_goes_with_hapilot(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    each_hapilot.plain(stand.http("shop").port, extra=admin(each_hapilot.other_port))
    up = each_hapilot.up()
    wait_for_metrics(each_hapilot.other_port)
    path = each_hapilot.haproxy().run_dir / "admin.hapilot.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert up.end() == 0
    assert not path.exists()
    assert "metrics" not in up.said


def test_without_hapilot_ours_are_away_and_haproxys_are_not(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    port = each_hapilot.other_port
    each_hapilot.plain(stand.http("shop").port, extra=admin(port))
    up = each_hapilot.up()
    wait_for_metrics(port)
    up.end(signal.SIGKILL)
    began = time.monotonic()
    assert ask(port, OURS)[0] == 503
    assert time.monotonic() - began < 1, "it must not be tried again and again"
    assert ask(port, "/metrics")[0] == 200
    each_hapilot.up()
    wait_for_metrics(port)
    now = told(port)
    assert (now["hapilot_haproxy_adopted"], now["hapilot_changes_total unchanged"], now["hapilot_changes_total applied"]) == (1, 1, 0)
    assert "hapilot_last_apply_duration_seconds" not in now


def test_changes_are_counted_by_how_they_end_and_reloads_by_reason(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    port, one, two = each_hapilot.other_port, stand.http("one"), stand.http("two")
    each_hapilot.plain(one.port, extra=admin(port))
    up = each_hapilot.up()
    wait_for_metrics(port)
    each_hapilot.plain(two.port, extra=admin(port))
    up.wait_said("applied: generation 2 (runtime)")
    until(lambda: told(port).get("hapilot_generation") == 2, "the new generation is told")
    assert told(port)["hapilot_reloads_total configuration"] == 0
    good = each_hapilot.site.read_text()
    each_hapilot.write("services: [")
    up.wait_said("not applied")
    now = told(port)
    assert (now["hapilot_site_current"], now["hapilot_changes_total refused"], now["hapilot_generation"]) == (0, 1, 2)
    each_hapilot.write(good)
    up.wait_said("applied: nothing to change")
    now = told(port)
    assert (now["hapilot_site_current"], now["hapilot_changes_total unchanged"], now["hapilot_changes_total applied"]) == (1, 1, 2)
    each_hapilot.write(f"# a line more\n{good}")
    up.wait_said("applied: nothing to change", times=2)
    each_hapilot.plain(two.port, extra=f"{admin(port)}defaults: {{retries: 5}}\n")
    up.wait_said("applied: generation 3 (reload)")
    assert told(port)["hapilot_reloads_total configuration"] == 1


def test_a_haproxy_that_died_is_counted_and_metrics_come_back(hapilot: Hapilot, stand: servers.Stand) -> None:
    port = hapilot.other_port
    hapilot.plain(stand.http("shop").port, extra=admin(port))
    up = hapilot.up()
    wait_for_metrics(port)
    os.kill(hapilot.haproxy().pid, signal.SIGKILL)
    up.wait_said("HAProxy was started again")
    wait_for_metrics(port)
    assert told(port)["hapilot_haproxy_restarts_total"] == 1


def test_metrics_asked_for_later_are_there_and_so_are_those_of_a_changed_address(hapilot: Hapilot, stand: servers.Stand) -> None:
    server, port = stand.http("shop").port, ports.free_port()
    hapilot.plain(server)
    up = hapilot.up()
    hapilot.plain(server, extra=admin(hapilot.other_port))
    up.wait_said("applied: generation 2")
    wait_for_metrics(hapilot.other_port)
    hapilot.plain(server, extra=admin(port))
    up.wait_said("applied: generation 3")
    wait_for_metrics(port)


def test_users_of_metrics_need_a_password_for_both_pages(hapilot: Hapilot, stand: servers.Stand) -> None:
    port = hapilot.other_port
    hapilot.plain(stand.http("shop").port, extra=admin(port, ", users: {scraper: {password: tick}}"))
    up = hapilot.up()
    until(lambda: ask(port, OURS, "scraper:tick")[0] == 200, up.said)
    assert ask(port, "/metrics", "scraper:tick")[0] == 200
    assert [ask(port, path, user)[0] for path in ("/metrics", OURS) for user in ("", "scraper:tock")] == [401] * 4


def test_a_worker_outside_a_chroot_finds_the_socket_too(hapilot: Hapilot, stand: servers.Stand) -> None:
    log = hapilot.folder / "log.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sink:
        sink.bind(str(log))
        hapilot.plain(stand.http("shop").port, extra=f"log: {{to: 'syslog:{log}'}}\n{admin(hapilot.other_port)}")
        hapilot.up()
        wait_for_metrics(hapilot.other_port)
