"""`drain --wait`, look after look, with a HAProxy that counts down."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.reconcile import draining, report
from hapilot.render import bundle, summary
from hapilot.runtime import files, leaving, overrides
from hapilot.runtime.overrides import Override

DRAINS = Override("shop", "a", "drain", None, "ann", 1.0)


def serve(state: files.StateDirectory, backend: str) -> None:
    """A generation that serves shop on ``backend``."""
    kept = summary.Summary((), (summary.ServiceSummary("shop", backend, "none", {"a": "10.0.0.1:80"}, {}),), (), ())
    number = state.write(bundle.Bundle(()), files.Description(0, "", ""), kept.as_json()).number
    state.activate(number)
    state.confirm(number)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> files.StateDirectory:
    """Server a of shop drains. Time goes on as it is slept."""
    made = files.StateDirectory(tmp_path)
    made.generations.mkdir()
    serve(made, "shop")
    overrides.write(made, (DRAINS,))
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    monkeypatch.setattr(report, "running_process", lambda _: None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    return made


def counts(monkeypatch: pytest.MonkeyPatch, said: Iterator[leaving.Left | None]) -> list[object]:
    """HAProxy says one after the other, nothing where it is None; what it is asked for."""
    asked: list[object] = []

    def count(_: object, servers: object) -> leaving.Left:
        asked.append(servers)
        left = next(said)
        if left is None:
            raise errors.HaproxyFailed("HAProxy did not answer")
        return left

    monkeypatch.setattr(leaving, "count", count)
    return asked


def test_it_ends_with_the_last_session(state: files.StateDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = counts(monkeypatch, iter([leaving.Left(2), leaving.Left(0, 1, 1), None, leaving.Left(0, unknown=1), leaving.Left(0, other=2)]))
    looks = list(draining.looks(state, "shop", "a"))
    assert [str(one) for one in looks] == [
        "2 sessions left",
        "1 session left, 1 of them in 1 old worker",
        "HAProxy does not answer",
        "0 sessions left, 1 old worker without an answer",
        "0 sessions left",
    ]
    assert looks[-1].remark == "connections of 2 old workers may bring one request more each"
    assert asked == [(("shop", "a"),)] * 5


def test_it_follows_its_service_to_another_backend(state: files.StateDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = counts(monkeypatch, iter([leaving.Left(1), leaving.Left(0)]))
    looks = draining.looks(state, "shop", "10.0.0.1")
    next(looks)
    serve(state, "shop:443")
    assert len(list(looks)) == 1
    assert asked == [(("shop", "a"),), (("shop:443", "a"),)]


def test_it_ends_when_the_server_is_enabled(state: files.StateDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    counts(monkeypatch, iter([leaving.Left(1)]))
    looks = draining.looks(state, "shop", "a")
    next(looks)
    overrides.write(state, ())
    with pytest.raises(errors.HapilotError, match="shop/a was enabled meanwhile"):
        next(looks)


def test_a_haproxy_that_stays_away_is_told(state: files.StateDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    counts(monkeypatch, iter(lambda: None, 1))  # pyright: ignore[reportArgumentType]
    seen: list[draining.Look] = []
    with pytest.raises(errors.HaproxyFailed):
        seen.extend(draining.looks(state, "shop", "a"))
    assert len(seen) == pytest.approx(draining.AWAY_SECONDS / draining.STEP, abs=2)
