"""From a report to the facts that are published, and what that costs those who do not ask."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hapilot import __version__
from hapilot.publish import facts, tally
from hapilot.reconcile import report, telling
from hapilot.reconcile.quarantine import keeping
from hapilot.render import summary
from hapilot.runtime import files


def server(name: str, health: str) -> report.ServerReport:
    return report.ServerReport(name, f"{name}:80", health, "", 0, 0, 1, 5)


def service(name: str, backend: str, health: str, *servers: report.ServerReport) -> report.ServiceReport:
    return report.ServiceReport(name, backend, "edge", health, 0, 0, 0, servers)


REPORT = report.Report(
    site="/site.yaml",
    haproxy="2.8.25",
    hapilot_pid=1,
    pid=os.getpid(),
    generation=3,
    uptime_seconds=12,
    connections=0,
    last_change=1_700_000_000.0,
    listeners=(report.ListenerReport("web", (":80",), "OPEN", 0, 0, 0),),
    services=(
        service("api", "api.6443", "degraded", server("a", "UP"), server("b", "DOWN"), server("c", "no check"), server("d", "UP 1/3")),
        service("shop", "shop", "down", server("a", "MAINT (resolution)"), server("b", "DRAIN"), server("c", "NOLB")),
    ),
    certificates=(summary.CertificateSummary("certs/a.pem", ("a.example.test",), "2033-05-18T03:33:20+00:00"),),
    old_workers=(report.WorkerReport(7, 3, 60), report.WorkerReport(8, None, 90)),
    quarantined=tuple(
        keeping.Noted(part, "nothing", "site.yaml:1:1: no", 1.0)
        for part in ("service shop", "listener web", "service blog", "something else")
    ),
)


def test_every_fact_comes_from_the_report() -> None:
    assert telling.running(REPORT, 90.5) == facts.Running(
        version="2.8.25",
        generation=3,
        last_change=1_700_000_000.0,
        uptime_seconds=90.5,
        worker_uptime_seconds=12,
        old_workers=2,
        old_sessions=3,
        listeners=1,
        services=(facts.Service("api", "api.6443", "edge", "degraded", 4, 3), facts.Service("shop", "shop", "edge", "down", 3, 0)),
        certificates=(facts.Certificate("certs/a.pem", ("a.example.test",), 2_000_000_000.0),),
        quarantined={"service": 2, "listener": 1, "other": 1},
    )


def test_where_nothing_answers_only_what_was_done_is_told(tmp_path: Path) -> None:
    done = tally.Tally().applied(1.0)
    assert telling.collect(files.StateDirectory(tmp_path / "none"), done) == facts.Facts(__version__, done)


def test_up_loads_neither_a_web_server_nor_the_library_before_it_serves() -> None:
    heavy = ("prometheus_client", "http.server", "socketserver")
    code = f"import hapilot.reconcile.serve, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
