"""Every query of the Grafana dashboard, asked of a real Prometheus that scrapes a site with traffic, changes and faults."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e import prometheus, up
from support import ports, servers

DASHBOARD = Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "hapilot.json"
WINDOW = "6s"
"""For ``$__rate_interval``: Grafana takes four scrape intervals."""
PATIENCE = 40.0

SITE = """
listeners:
  web: {{bind: "127.0.0.1:{web}"}}
  secure: {{bind: "127.0.0.1:{secure}"}}
  api: {{bind: "127.0.0.1:{api}"}}
  more: {{bind: "127.0.0.1:{more}"}}
services:
  shop: {{tls: none, listener: web, servers: ["127.0.0.1:{shop}", "127.0.0.1:{gone}"], health: {{every: 500ms}}}}
  vault: {{host: vault.example.test, listener: secure, servers: ["127.0.0.1:{shop}"]}}
  cluster: {{protocol: tcp, tls: none, listener: [api, more], servers: ["127.0.0.9"]}}
certificates: [{{self_signed: ["*.example.test"]}}]
admin: {{metrics: {{bind: "127.0.0.1:{metrics}"}}}}
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """A site that runs under Prometheus' eyes. ``began`` in seconds since 1970."""

    prometheus: prometheus.Prometheus
    target: str
    began: float


@contextlib.contextmanager
def _scene(haproxy_path: Path, stand: servers.Stand, folder: Path) -> Generator[Scene]:
    """Traffic all the time, a change, a change with an error, and the repair."""
    names = ("web", "secure", "api", "more", "gone", "metrics")
    numbers = {name: ports.free_port() for name in names} | {"shop": stand.http("shop").port}
    site = folder / "site.yaml"
    site.write_text(SITE.format_map(numbers))
    target = f"127.0.0.1:{numbers['metrics']}"
    config = prometheus.write_config(folder, {"127.0.0.1:8404": target, "15s": "1s"})
    began = time.time()
    with (
        up.running(site, up.Place(haproxy_path, folder / "up"), "web", "secure", "api", "more") as running,
        prometheus.running(config, folder) as asked,
        _traffic(numbers),
    ):
        _wait_for(asked, f'hapilot_generation{{instance="{target}"}} == 1')
        site.write_text(SITE.format_map(numbers).replace("500ms", "400ms"))
        running.wait_for_message("applied: generation 2 (reload)")
        site.write_text("services: [")
        running.wait_for_message("not applied")
        _wait_for(asked, "hapilot_site_current == 0")
        site.write_text(SITE.format_map(numbers).replace("500ms", "400ms"))
        running.wait_for_message("nothing to change")
        _wait_for(asked, 'hapilot_site_current == 1 and hapilot_generation == 2 and on (instance) up{job="haproxy"} == 1')
        yield Scene(asked, target, began)


def _wait_for(asked: prometheus.Prometheus, expression: str) -> None:
    up.wait_until(lambda: bool(asked.query(expression)), lambda: f"never true: {expression}", PATIENCE)


@contextlib.contextmanager
def _traffic(numbers: dict[str, int]) -> Generator[None]:
    """Requests to each listener, all the time."""
    done = threading.Event()
    context = ssl._create_unverified_context()  # pyright: ignore[reportPrivateUsage]

    def ask() -> None:
        while not done.wait(0.05):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{numbers['web']}/", timeout=5).read()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", numbers["secure"]), 5) as plain:
                with context.wrap_socket(plain, server_hostname="vault.example.test") as secure:
                    secure.sendall(b"GET / HTTP/1.1\r\nHost: vault.example.test\r\nConnection: close\r\n\r\n")
                    secure.recv(4096)
            for name in ("api", "more"):
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", numbers[name]), 5).close()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _queries() -> list[tuple[str, dict[str, Any]]]:
    """Each query, with the title of its panel."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [(panel["title"], target) for panel in panels for target in panel.get("targets", ())]


QUERIES = _queries()


def _filled_in(expression: str, target: str) -> str:
    """As Grafana sends it, with one instance and every service chosen."""
    text = expression.replace("$__rate_interval", WINDOW).replace("$instance", re.escape(target).replace("\\", "\\\\"))
    text = text.replace("$service", "(shop|vault|cluster)")
    assert "$" not in text, text
    return text


@pytest.mark.system
def test_a_real_prometheus_finds_what_the_dashboard_shows(haproxy_path: Path, stand: servers.Stand, tmp_path: Path) -> None:
    with _scene(haproxy_path, stand, tmp_path) as scene:
        assert [line for one in QUERIES for line in _complaints(scene, *one)] == []
        _numbers_have_our_names(scene)
        _choices_and_marks_have_values(scene)
        _both_pages_are_scraped(scene)
        _documented_alerts_can_be_evaluated(scene)
        _promtool_likes_our_page(scene)


@pytest.mark.system
def test_promtool_likes_the_documented_configuration(tmp_path: Path) -> None:
    said = prometheus.promtool("check", "config", prometheus.write_config(tmp_path, {}))
    assert "SUCCESS" in said
    assert "7 rules found" in said


def _complaints(scene: Scene, title: str, target: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a query. This site has all that descriptions excuse the absence of: a server that is down, a certificate."""
    asked = _filled_in(target["expr"], scene.target)

    def look() -> list[dict[str, Any]]:
        if target["range"]:
            return scene.prometheus.query_range(asked, time.time() - scene.began)
        return scene.prometheus.query(asked)

    end = time.monotonic() + 10
    while not (found := look()):
        if time.monotonic() > end:
            yield f"{title}: no data from {asked}"
            return
        time.sleep(0.2)
    if "NaN" in json.dumps(found):
        yield f"{title}: not a number from {asked}"


def _numbers_have_our_names(scene: Scene) -> None:
    by_title = {(title, target["refId"]): _filled_in(target["expr"], scene.target) for title, target in QUERIES}

    def by(label: str, expression: str) -> dict[str, float]:
        return {series["metric"][label]: float(series["value"][1]) for series in scene.prometheus.query(expression)}

    requests = by_title["Requests", "A"]
    up.wait_until(lambda: by("service", requests).get("vault", 0) > 0, lambda: str(by("service", requests)))
    assert by("service", requests)["shop"] > 0
    assert by("service", requests).get("cluster", 0) == 0
    assert by("service", by_title["Servers up", "A"]) == {"shop": 0.5, "vault": 1.0, "cluster": 0.0}
    out = scene.prometheus.query(by_title["Servers out of service", "A"])
    assert {(one["metric"]["service"], one["metric"]["state"]) for one in out} == {("shop", "DOWN"), ("cluster", "DOWN")}
    assert by("reason", "hapilot_reloads_total > 0") == {"configuration": 1}
    assert by("result", "hapilot_changes_total") == {"applied": 2, "unchanged": 1, "refused": 1, "failed": 0}
    (ends,) = scene.prometheus.query(by_title["First certificate ends", "A"])
    assert float(ends["value"][1]) > 86_400


def _choices_and_marks_have_values(scene: Scene) -> None:
    made = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    wanted = {"instance": [scene.target], "service": ["cluster", "shop", "vault"]}
    for variable in made["templating"]["list"]:
        if variable["type"] != "query":
            continue
        found = re.fullmatch(r"label_values\((?P<metric>.+), (?P<label>\w+)\)", variable["query"]["query"])
        assert found, variable
        metric = _filled_in(found["metric"], scene.target)
        assert scene.prometheus.label_values(metric, found["label"]) == wanted.pop(variable["name"])
    assert wanted == {}
    (mark,) = made["annotations"]["list"]
    times = {
        float(value)
        for series in scene.prometheus.query_range(_filled_in(mark["expr"], scene.target), time.time() - scene.began)
        for _, value in series["values"]
    }
    assert len(times) == 2
    assert all(scene.began * 1000 <= one <= time.time() * 1000 for one in times)


def _both_pages_are_scraped(scene: Scene) -> None:
    targets = scene.prometheus.ask("targets")["activeTargets"]
    assert {one["labels"]["job"]: (one["health"], one["lastError"]) for one in targets} == {"haproxy": ("up", ""), "hapilot": ("up", "")}


def _documented_alerts_can_be_evaluated(scene: Scene) -> None:
    rules = [rule for group in scene.prometheus.ask("rules")["groups"] for rule in group["rules"]]
    known = set(scene.prometheus.ask("label/__name__/values"))
    for rule in rules:
        assert rule.get("health") != "err", rule
        assert set(re.findall(r"\b(?:hapilot|haproxy)_\w+", rule["query"])) <= known, rule["query"]
    firing = {rule["name"] for rule in rules if scene.prometheus.query(rule["query"])}
    assert firing == {"ServiceDown"}


def _promtool_likes_our_page(scene: Scene) -> None:
    with urllib.request.urlopen(f"http://{scene.target}/metrics/hapilot", timeout=10) as answer:
        text = answer.read().decode()
    assert "hapilot_build_info" in text
    prometheus.promtool("check", "metrics", given=text)
