"""A short round of every contender against real programs: each serves the load without one failed request."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import __main__ as command
from bench import measure, processes, rows, values

pytestmark = [pytest.mark.haproxy, pytest.mark.system]

needs_tools = pytest.mark.skipif(
    any(shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None for name in ("wrk", "nginx", "taskset"))
    or len(os.sched_getaffinity(0)) < 2,
    reason="a measurement needs wrk, nginx, taskset and two cores",
)

SHORT = measure.Effort(1, 1)


@pytest.fixture(autouse=True)
def _once(monkeypatch: pytest.MonkeyPatch) -> None:
    """How quiet the machine is does not matter to whether contenders work."""
    monkeypatch.setattr(measure, "PATIENCE", 1)


@needs_tools
@pytest.mark.parametrize(
    "name", ["keepalive-loopback", "keepalive-documents", "keepalive-handwritten", "one-layer-embedded", "bulk-loopback"]
)
def test_a_round(name: str) -> None:
    row = next(row for row in rows.ROWS if row.name == name)
    samples = measure.measure(row, SHORT)
    for sample in (*samples.ours, *samples.theirs):
        assert sample.burst.requests > 0
        assert sample.cpu > 0


@needs_tools
def test_the_command_prints_a_table_and_writes_json(tmp_path: Path) -> None:
    done = CliRunner().invoke(command.main, ["--rows", "one-layer-embedded", "--seconds", "1", "--rounds", "1", "--results", str(tmp_path)])
    assert done.exit_code in (0, 1), done.output
    assert "one-layer-embedded" in done.output
    (row,) = json.loads((tmp_path / "latest.json").read_text())["rows"]
    assert row["verdict"] in ("pass", "miss", "unclear")


@needs_tools
def test_failed_requests_are_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """The load asks for what the server does not have: 404 for every request."""
    row = next(row for row in rows.ROWS if row.name == "one-layer-embedded")
    absent = values.Load("/absent", 1, 2, "requests/s")
    with pytest.raises(values.NotMeasured, match="requests failed"):
        measure.measure(values.Row("absent", "", row.ours, row.theirs, absent, 1.0), SHORT)


def test_a_missing_tool_is_a_row_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise values.NotMeasured(f"{name} is not installed")

    monkeypatch.setattr(processes, "tool", absent)
    done = CliRunner().invoke(command.main, ["--rows", "one-layer-embedded", "--results", str(tmp_path)])
    assert done.exit_code == 1
    (row,) = json.loads((tmp_path / "latest.json").read_text())["rows"]
    assert row["verdict"] == "not measured"
    assert "installed" in row["reason"] or "cores" in row["reason"]


def test_an_unknown_row_is_wrong_usage() -> None:
    done = CliRunner().invoke(command.main, ["--rows", "nothing-like-it"])
    assert done.exit_code == 2
    assert "one-layer-embedded" in done.output
