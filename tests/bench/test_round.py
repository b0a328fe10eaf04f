"""A short round of every contender against real programs: each serves the load without one failed request."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import __main__ as command
from bench import effect, following, harm, kinds, measure, processes, rows, values
from bench.contenders import changing, hapilot
from bench.contenders.changing import hapilots
from bench.rows import changes, control

pytestmark = [pytest.mark.haproxy, pytest.mark.system]

needs_tools = pytest.mark.skipif(
    any(shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None for name in ("wrk", "nginx", "taskset"))
    or len(os.sched_getaffinity(0)) < 2,
    reason="a measurement needs wrk, nginx, taskset and two cores",
)

SHORT = values.Effort(1, 1)


def row_of(name: str) -> values.Row:
    return next(row for row in rows.ROWS if row.name == name and isinstance(row, values.Row))


def limit_of(name: str) -> values.Limit:
    return next(row for row in rows.ROWS if row.name == name and isinstance(row, values.Limit))


@pytest.fixture(autouse=True)
def _once(monkeypatch: pytest.MonkeyPatch) -> None:
    """How quiet the machine is does not matter to whether contenders work."""
    monkeypatch.setattr(measure, "PATIENCE", 1)


@needs_tools
@pytest.mark.parametrize(
    "group",
    command.groups([row for row in rows.ROWS if isinstance(row, values.Row) and row.haproxy == "embedded"]),
    ids=lambda group: group[0].name,
)
def test_a_round(group: list[values.Row]) -> None:
    outcomes = measure.measure(group, SHORT)
    for row in group:
        samples = outcomes[row.name]
        if isinstance(samples, values.NotMeasured):
            assert "not installed" in str(samples)
            continue
        for sample in (*samples.ours, *samples.theirs):
            assert sample.burst.requests > 0
            assert sample.cpu > 0


@needs_tools
def test_a_contender_that_fails_leaves_the_others_alone() -> None:
    row = row_of("one-layer-embedded")
    broken = values.Contender("broken", "asks for what is not there", row.theirs.prepare, asked="nowhere.test")
    outcomes = measure.measure([row, dataclasses.replace(row, name="broken", theirs=broken)], SHORT)
    assert isinstance(outcomes[row.name], values.Samples)
    assert isinstance(outcomes["broken"], values.NotMeasured)


@needs_tools
def test_no_name_is_mixed_up() -> None:
    limit = limit_of("reencrypt-names-embedded")
    assert limit.measure(SHORT).value <= limit.target


@needs_tools
@pytest.mark.parametrize("way", [hapilots.COMMANDS, hapilots.RELOAD], ids=lambda way: way.name)
def test_nobody_notices_our_changes(way: changing.Way) -> None:
    found = harm.measured(way, "embedded", 4)
    assert found.total == 0
    assert found.how == ("runtime" if way is hapilots.COMMANDS else "reload")
    assert len(found.full) == 4


@needs_tools
@pytest.mark.parametrize("way", changes.BESIDE, ids=lambda way: way.name)
def test_other_ways_of_changing_work(way: changing.Way) -> None:
    """What clients notice of them is theirs; Caddy may be missing."""
    found = changes.other(way, "embedded", 4)
    if isinstance(found, str):
        assert "not installed" in found
        return
    assert min(*found.full, *found.light) > 0
    assert found.lasting.exchanges


@needs_tools
def test_an_up_that_dies_leaves_no_haproxy_behind() -> None:
    with contextlib.ExitStack() as stack:
        stage = measure.stage_of("up", measure.share(stack, measure.choose("embedded")))
        site = hapilot.write_site(stage, hapilot.EDGE_SITE)
        with following.running(stage, "embedded", site, None) as up:
            os.kill(up.pid, signal.SIGKILL)
        with pytest.raises(OSError, match="refused"):
            processes.connect(stage.port)


@needs_tools
@pytest.mark.parametrize("kind", kinds.CHANGES)
def test_a_change_is_timed_from_the_file_to_a_client(kind: kinds.Kind) -> None:
    found = effect.measured("embedded", kind, 10, 1)
    assert found.failed == 0
    assert found.how == ("runtime" if kinds.CHANGES[kind].is_runtime else "reload")
    assert effect.DEBOUNCE < found.seconds < 20
    assert found.changes[0].checked < found.changes[0].served


@pytest.mark.parametrize("name", ["version", "serving-embedded"])
def test_starts_are_measured(name: str) -> None:
    """How long they take on a busy machine is no business of a test."""
    read = limit_of(name).measure(SHORT)
    assert read.value > 0
    assert read.theirs


def test_a_check_of_many_services_knows_the_place_of_a_fault_and_grows_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "SIZES", (50, 100, 400))
    control.checks.cache_clear()
    try:
        assert control.check_time(SHORT).value > 0
        assert 10 < control.check_memory(SHORT).value < 600
    finally:
        control.checks.cache_clear()


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
    row = row_of("one-layer-embedded")
    absent = values.Load("/absent", 1, 2, "requests/s")
    with pytest.raises(values.NotMeasured, match="requests failed"):
        measure.measure([values.Row("absent", "", row.ours, row.theirs, absent, 1.0)], SHORT)


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
