"""``drain``, ``enable``, ``maintain`` and ``weight`` without a running hapilot: what they ask for, complete and say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from hapilot.cli import main
from hapilot.reconcile import asking, draining, protocol
from hapilot.render import bundle, summary
from hapilot.runtime import files, leaving, overrides

DRAINED = protocol.Done("runtime", 3, 3, ("service shop: server a drains",))


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[protocol.Request]:
    """What the running hapilot is asked; it does it."""
    monkeypatch.setenv("HAPILOT_STATE", str(tmp_path))
    found: list[protocol.Request] = []

    def ask(_: object, request: protocol.Request) -> protocol.Done:
        found.append(request)
        return DRAINED

    monkeypatch.setattr(asking, "ask", ask)
    return found


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main.cli, arguments)


@pytest.mark.parametrize(
    ("arguments", "request_"),
    [
        (("drain", "shop/a"), protocol.Drain("shop", "a")),
        (("drain", "shop/[2001:db8::1]:80"), protocol.Drain("shop", "[2001:db8::1]:80")),
        (("enable", "shop"), protocol.Enable("shop")),
        (("enable", "shop/a"), protocol.Enable("shop", "a")),
        (("maintain", "shop"), protocol.Maintain("shop")),
        (("maintain", "shop/a"), protocol.Maintain("shop", "a")),
        (("weight", "shop/a", "0"), protocol.Weigh("shop", "a", 0)),
        (("weight", "shop/a", "256"), protocol.Weigh("shop", "a", 256)),
        (("weight", "shop/a", "default"), protocol.Weigh("shop", "a")),
    ],
)
def test_orders(asked: list[protocol.Request], arguments: tuple[str, ...], request_: protocol.Request) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (0, "service shop: server a drains\n")
    assert asked == [request_]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("drain", "shop"), "'shop' names no server"),
        (("weight", "shop", "1"), "'shop' names no server"),
        (("drain", "shop/"), "'shop/' is not SERVICE/SERVER"),
        (("enable", "/a"), "'/a' is not SERVICE/SERVER"),
        (("maintain", ""), "'' is not SERVICE/SERVER"),
        (("weight", "shop/a", "257"), "'257' is no weight"),
        (("weight", "shop/a", "٣"), "'٣' is no weight"),
        (("weight", "shop/a", "50%"), "'50%' is no weight"),
        (("drain", "shop/a", "--timeout", "5m"), "--timeout goes with --wait"),
        (("drain", "shop/a", "--wait", "--timeout", "5"), "'5' is not a duration"),
    ],
)
def test_wrong_usage(asked: list[protocol.Request], arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert asked == []


def _looks(monkeypatch: pytest.MonkeyPatch, *left: leaving.Left, interrupted: bool = False) -> None:
    def looks(*_: object) -> Iterator[draining.Look]:
        yield from map(draining.Look, left)
        if interrupted:
            raise KeyboardInterrupt

    monkeypatch.setattr(draining, "looks", looks)


@pytest.mark.usefixtures("asked")
def test_a_wait_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    _looks(monkeypatch, leaving.Left(1), leaving.Left(0, other=1))
    done = run("drain", "shop/a", "--wait")
    assert done.exit_code == 0
    assert done.stdout.startswith("service shop: server a drains\nno session is left on shop/a (0.")
    assert done.stdout.endswith("; connections of 1 old worker may bring one request more each\n")
    said = json.loads(run("drain", "shop/a", "--wait", "--json").stdout)
    assert (said["ok"], said["how"], said["sessions"], said["old_workers"]) == (True, "runtime", 0, 1)


@pytest.mark.usefixtures("asked")
def test_a_wait_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    _looks(monkeypatch, *[leaving.Left(3)] * 100_000)
    done = run("drain", "shop/a", "--wait", "--timeout", "10ms")
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "error shop/a has 3 sessions left after 0 s",
        "    it goes on draining; `hapilot enable shop/a` takes that back",
    ]
    done = run("drain", "shop/a", "--wait", "--timeout", "10ms", "--json")
    said = json.loads(done.stdout)
    assert (done.exit_code, said["ok"], said["sessions"], said["hint"][:21]) == (1, False, 3, "it goes on draining; ")


@pytest.mark.usefixtures("asked")
def test_a_wait_that_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    _looks(monkeypatch, leaving.Left(2), interrupted=True)
    done = run("drain", "shop/a", "--wait")
    assert done.exit_code == 130
    assert done.stderr.startswith("error interrupted: shop/a goes on draining with 2 sessions left\n")


def test_an_order_that_is_refused_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HAPILOT_STATE", str(tmp_path))

    def refuse(*_: object) -> protocol.Done:
        raise asking.Refused(protocol.Failed("there is no service 'shop'", "do this"))

    monkeypatch.setattr(asking, "ask", refuse)
    done = run("drain", "shop/a", "--wait")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", "error there is no service 'shop'\n    do this\n")


def test_names_are_completed_from_what_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAPILOT_STATE", str(tmp_path))
    state = files.StateDirectory(tmp_path)

    def complete(verb: str, word: str) -> list[str]:
        found = ShellComplete(main.cli, {}, "hapilot", "_HAPILOT_COMPLETE").get_completions([verb], word)
        return [one.value for one in found]

    assert complete("drain", "") == []
    state.generations.mkdir()
    services = tuple(summary.ServiceSummary(name, name, "none", {"a": "10.0.0.1:80", "b": "b:80"}, {}) for name in ("shop", "blog"))
    kept = summary.Summary((), services, (), ())
    state.write(bundle.Bundle(()), files.Description(0, "", ""), kept.as_json())
    state.activate(1)
    state.confirm(1)
    assert complete("drain", "shop") == ["shop/a", "shop/b"]
    assert complete("weight", "") == ["shop/a", "shop/b", "blog/a", "blog/b"]
    assert complete("maintain", "b") == ["blog", "blog/a", "blog/b"]
    overrides.write(state, (overrides.Override("shop", "gone", "drain", None, "", 1.0),))
    assert complete("enable", "shop/g") == ["shop/gone"]
    overrides.path(state).write_text("{")
    assert complete("enable", "shop") == []
