"""What the operator's commands say without a running hapilot, and how they tell an outcome."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from hapilot.base import errors
from hapilot.cli import main
from hapilot.reconcile import asking, protocol
from hapilot.render.bundle import Bundle, BundleFile
from hapilot.runtime import files, record

Say = Callable[[protocol.Answer], None]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> files.StateDirectory:
    """Three generations: one that served, one that was never taken, one that serves and was brought back."""
    monkeypatch.setenv("HAPILOT_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("TZ", "UTC")
    made = files.StateDirectory(tmp_path / "state")
    made.generations.mkdir(parents=True)
    causes: tuple[tuple[record.Cause, int], ...] = (("start", 0), ("change", 0), ("rollback", 1))
    for number, (cause, restores) in enumerate(causes, 1):
        about = files.Description(number, f"change {number}", "/srv/site.yaml", cause, restores, record.Held((), "") if restores else None)
        made.write(Bundle((BundleFile("haproxy.cfg", b"%d" % number),)), about)
        if number != 2:
            made.activate(number)
            made.confirm(number)
    return made


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Say:
    """Lets the running hapilot say something."""

    def set_answer(answer: protocol.Answer) -> None:
        def ask(*_: object) -> protocol.Done:
            if isinstance(answer, protocol.Failed):
                raise asking.Refused(answer)
            return answer

        monkeypatch.setattr(asking, "ask", ask)

    return set_answer


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main.cli, arguments)


def test_history(state: files.StateDirectory) -> None:
    del state
    shown = [re.split(r"\s{2,}", line) for line in run("history").stdout.splitlines()]
    assert [(line[0], line[2].strip(), line[-1]) for line in shown] == [
        ("1", "start", "change 1"),
        ("2", "file change", "change 2"),
        ("3", "rollback to 1", "change 3"),
    ]
    assert "never served" in "".join(shown[1])
    rows = json.loads(run("history", "--json").stdout)["generations"]
    assert [(row["number"], row["serving"], row["cause"], row["restores"], bool(row["served"])) for row in rows] == [
        (1, False, "start", 0, True),
        (2, False, "change", 0, False),
        (3, True, "rollback", 1, True),
    ]


def test_history_says_until_when_a_trial_goes(state: files.StateDirectory) -> None:
    state.put_on_trial(3, record.Trial(60.0, 1, 1000.0))
    assert "serving, to be confirmed until " in run("history").stdout
    assert json.loads(run("history", "--json").stdout)["generations"][2]["confirm_until"] == 1060.0


def test_history_where_nothing_was(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "none")
    assert json.loads(run("history", "--state", nowhere, "--json").stdout) == {"generations": []}
    done = run("history", "--state", nowhere)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"{nowhere} has no generation yet\n")


def test_the_numbers_to_roll_back_to_are_completed(state: files.StateDirectory) -> None:
    found = ShellComplete(main.cli, {}, "hapilot", "_HAPILOT_COMPLETE").get_completions(["rollback"], "")
    assert [(one.value, one.help) for one in found] == [("3", "change 3"), ("2", "change 2"), ("1", "change 1")]
    nothing = ["rollback", "--state", str(state.root / "none")]
    assert ShellComplete(main.cli, {}, "hapilot", "_HAPILOT_COMPLETE").get_completions(nothing, "") == []


def test_an_outcome_in_words(say: Say) -> None:
    say(protocol.Done("reload", 5, 4, ("service a added", "service b removed"), ("haproxy.cfg differs",), 0.126, 60.0))
    lines = run("apply").stdout.splitlines()
    assert lines[:4] == [
        "generation 5 serves, before it 4 (0.13 s)",
        "  service a added",
        "  service b removed",
        "HAProxy was reloaded, connections go on: haproxy.cfg differs",
    ]
    assert lines[4].endswith(", or generation 4 comes back")
    say(protocol.Done("reload", 6, 5, restores=4, note="its certificates have ended: a"))
    done = run("rollback")
    assert done.stdout.startswith("rolled back to 4: generation 6 serves, before it 5")
    assert done.stderr == "warning its certificates have ended: a\n"
    say(protocol.Done("nothing", 6, 4, confirm_seconds=60.0))
    assert run("apply").stdout.startswith("nothing to change: generation 6 serves\nsay `hapilot confirm` before ")


def test_an_outcome_as_json(say: Say) -> None:
    say(protocol.Done("reload", 5, 4))
    said = json.loads(run("rollback", "--json").stdout)
    assert (said["ok"], said["generation"], said["former"], said["diagnostics"]) == (True, 5, 4, [])
    say(protocol.Failed("no", "do this"))
    done = run("confirm", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {"ok": False, "error": "no", "hint": "do this", "diagnostics": []}


@pytest.mark.parametrize("said", ["0s", "60", "s", "-1s", "1.5s", "25h", "９s", "99999999999s", "1 s"])
def test_what_is_no_time_to_confirm(said: str) -> None:
    done = run("apply", "--confirm", said)
    assert done.exit_code == 2
    assert "is not a duration of at most 24 h, such as 60s or 5m" in done.stderr


@pytest.mark.parametrize(("said", "seconds"), [("60s", 60.0), ("5m", 300.0), ("24h", 86400.0), ("500ms", 0.5)])
def test_times_to_confirm(monkeypatch: pytest.MonkeyPatch, said: str, seconds: float) -> None:
    asked: list[protocol.Request] = []

    def ask(_: object, request: protocol.Request) -> protocol.Done:
        asked.append(request)
        return protocol.Done("nothing", 1)

    monkeypatch.setattr(asking, "ask", ask)
    assert run("apply", "--confirm", said).exit_code == 0
    assert asked == [protocol.Apply("", seconds)]


def test_a_site_that_is_not_there_is_not_asked_for(say: Say) -> None:
    say(protocol.Done("nothing", 1))
    done = run("apply", "nowhere.yaml")
    assert isinstance(done.exception, errors.HapilotError)
