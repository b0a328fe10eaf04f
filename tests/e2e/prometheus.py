"""A real Prometheus, with the scrape configuration that docs/observability.md shows.

Comes in: the address to scrape and a folder. Goes out: a `Prometheus` that answers queries, ended for sure. Called by
``test_observability``.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from support import haproxy, ports

PAGE = Path(__file__).resolve().parents[2] / "docs" / "observability.md"
_BLOCK = re.compile(r"^```yaml\n# (?P<name>prometheus|alerts)\.yaml\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running one."""

    port: int

    def ask(self, what: str, **parameters: str) -> Any:
        """The data of an answer of its HTTP API. Raises AssertionError where it says that something is wrong."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                said = json.load(answer)
        except urllib.error.HTTPError as problem:
            raise AssertionError(f"{parameters}: {problem.read().decode()}") from problem
        assert said["status"] == "success", said
        assert not said.get("warnings"), said
        return said["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an expression now."""
        return cast("list[dict[str, Any]]", self.ask("query", query=expression)["result"])

    def query_range(self, expression: str, seconds: float) -> list[dict[str, Any]]:
        """The series of an expression over the last ``seconds``."""
        now = time.time()
        limits = {"start": str(now - seconds), "end": str(now), "step": "1"}
        return cast("list[dict[str, Any]]", self.ask("query_range", query=expression, **limits)["result"])

    def label_values(self, metric: str, label: str) -> list[str]:
        """What Grafana's ``label_values(metric, label)`` asks."""
        return cast("list[str]", self.ask(f"label/{label}/values", **{"match[]": metric}))


def documented() -> dict[str, str]:
    """The files that the page shows, by name."""
    return {found["name"]: found["body"] for found in _BLOCK.finditer(PAGE.read_text(encoding="utf-8"))}


def promtool(*arguments: str | Path, given: str = "") -> str:
    """What ``promtool`` says; it must not complain."""
    program = haproxy.require("promtool", "it checks what Prometheus reads")
    done = subprocess.run([program, *arguments], input=given, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, ""), f"{done.stdout}{done.stderr}"
    return done.stdout


def write_config(folder: Path, changes: Mapping[str, str]) -> Path:
    """The documented configuration and its rules in ``folder``, with ``changes`` of its text, each of which must fit."""
    files = documented()
    config = files["prometheus"]
    for old, new in changes.items():
        assert old in config, f"{old!r} is not in the documented configuration"
        config = config.replace(old, new)
    path = folder / "prometheus.yaml"
    path.write_text(config, encoding="utf-8")
    (folder / "alerts.yaml").write_text(files["alerts"], encoding="utf-8")
    return path


@contextmanager
def running(config: Path, folder: Path) -> Generator[Prometheus]:
    """Prometheus on loopback with its data in ``folder``."""
    program = haproxy.require("prometheus", "it scrapes what hapilot tells")
    port, log = ports.free_port(), folder / "prometheus.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=sink, stderr=sink, stdin=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip
    try:
        _wait_until_ready(port, process, log)
        yield Prometheus(port)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder / "prometheus", ignore_errors=True)


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1).close()
        except OSError as problem:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"Prometheus does not start:\n{log.read_text()}") from problem
            time.sleep(0.05)
        else:
            return
