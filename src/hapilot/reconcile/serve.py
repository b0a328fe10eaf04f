"""The foreground life of ``up``: start or adopt, watch the sources and HAProxy, apply changes, end gracefully.

In: what ``up`` was asked to do and how it speaks. Out: a HAProxy that follows its site until a signal ends both. ``cli.up`` calls
:func:`serve`; what one change does is in ``loop``, when there is one in ``watching``, what happens to HAProxy in ``runtime``.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hapilot.base import diagnostics, errors
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import target
from hapilot.reconcile import loop, pipeline, serving, watching
from hapilot.runtime import notify, process, supervise

_HOW = {"start": "started", "reload": "adopted and reloaded", "nothing": "adopted, nothing to change", "adopt": "adopted as it is"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What ``up`` was asked to do."""

    site: Path
    operator: loop.Operator
    target: target.Target
    environment: Mapping[str, str]
    stop_seconds: float


@dataclass(frozen=True, slots=True)
class Voice:
    """How the loop speaks: results, messages and diagnostics."""

    ready: Callable[[str], None]
    say: Callable[[str], None]
    show: Callable[[tuple[Diagnostic, ...]], None]


class _HurryUp(Exception):
    """A second signal to end: connections get no more time."""


@dataclass(slots=True)
class _Signals:
    """What signals have asked for. ``wake`` ends the wait for changes."""

    wake: threading.Event = field(default_factory=threading.Event)
    stopping: bool = False
    draining: bool = False
    rereading: bool = False

    def stop(self, *_: object) -> None:
        if self.draining:
            self.draining = False
            raise _HurryUp
        self.stopping = True
        self.wake.set()

    def reread(self, *_: object) -> None:
        self.rereading = True
        self.wake.set()


@dataclass(slots=True)
class _Life:
    """What changes while ``up`` runs: the files looked at, the HAProxy that is kept alive, the addresses that were announced."""

    settings: Settings
    voice: Voice
    seen: watching.Look = field(default_factory=dict[Path, tuple[object, ...]])
    announced: frozenset[tuple[str, str]] = frozenset()

    def prepare(self) -> pipeline.Prepared:
        """Read the site. What was watched before stays watched if the site is broken: the repair may come in any of its files."""
        began = time.time_ns()
        before = watching.look(self.seen)
        settings = self.settings
        prepared = pipeline.prepare(settings.site, settings.target, settings.operator.state.ca, settings.environment)
        paths = prepared.watched if prepared.ok else (*prepared.watched, *self.seen)
        self.seen = watching.look_after_reading(paths or (settings.site,), before, began)
        return prepared

    def announce(self, generation: int) -> None:
        """A line for each address that was not announced yet, from what really runs."""
        running = serving.summary_of(self.settings.operator.state, generation)
        binds = [(one.name, bind) for one in running.listeners for bind in one.bind]
        for name, bind in binds:
            if (name, bind) not in self.announced:
                self.voice.ready(f"ready {name} {bind}")
        self.announced = frozenset(binds)


def serve(settings: Settings, voice: Voice) -> None:
    """Run until SIGTERM or SIGINT. Raises HapilotError if the site can't be started."""
    with settings.operator.state.announced(), _handlers() as asked:
        life = _Life(settings, voice)
        applied = _first(life, process.adopt(settings.operator.state))
        voice.say(f"HAProxy {_HOW[applied.how]}: process {applied.process.pid}, generation {applied.generation}")
        life.announce(applied.generation)
        notify.ready(f"generation {applied.generation}")
        drop_to = settings.target.drop_to or None
        supervisor = supervise.Supervisor(applied.process, lambda: settings.operator.restart(drop_to))
        _keep(life, supervisor, asked)
        _end(settings, supervisor.process, asked, voice)


def _first(life: _Life, running: process.Process | None) -> loop.Applied:
    """The first application. A site with errors does not end a HAProxy that was adopted: its last good state serves on."""
    prepared = life.prepare()
    operator = life.settings.operator
    try:
        applied = operator.apply(prepared, running)
    except errors.HapilotError as problem:
        former = operator.state.serving()
        if running is None or former is None:
            raise
        _refused(problem, prepared, life.voice)
        life.voice.say(f"the running HAProxy keeps generation {former.number}")
        return loop.Applied("adopt", running, former.number)
    _remark(prepared, applied, life.voice)
    return applied


def _keep(life: _Life, supervisor: supervise.Supervisor[process.Process], asked: _Signals) -> None:
    """Until asked to stop: restart HAProxy if it dies, apply changed sources."""
    while not asked.stopping:
        _wait(life, supervisor, asked)
        if asked.stopping:
            return
        asked.rereading = False
        _change(life, supervisor)


def _wait(life: _Life, supervisor: supervise.Supervisor[process.Process], asked: _Signals) -> None:
    """Returns when the files have changed or a signal has come. Looks after HAProxy and systemd's watchdog meanwhile."""
    asked.wake.clear()
    for _ in watching.ticks(life.seen, asked.wake):
        if asked.stopping or asked.rereading:
            return
        event = supervisor.poll()
        if event is not None:
            life.voice.say(event.text)
        notify.watchdog()
        paths = tuple(life.seen)
        if watching.look(paths) != life.seen:
            watching.settled(paths)
            return


def _change(life: _Life, supervisor: supervise.Supervisor[process.Process]) -> None:
    """Apply the changed sources. If anything is wrong the running state stays as it is."""
    notify.reloading("applying a change")
    began = time.monotonic()
    prepared = life.prepare()
    voice = life.voice
    alive = supervisor.process.is_alive
    try:
        applied = life.settings.operator.apply(prepared, supervisor.process if alive else None)
    except errors.HapilotError as problem:
        _refused(problem, prepared, voice)
        voice.say("not applied, the former state serves on" if alive else "not applied")
    else:
        if not alive:
            supervisor.replace(applied.process)
        _remark(prepared, applied, voice)
        done = "nothing to change" if applied.how == "nothing" else f"generation {applied.generation} ({applied.how})"
        voice.say(f"applied: {done}, {time.monotonic() - began:.2f} s")
        with contextlib.suppress(errors.StateBroken):
            life.announce(applied.generation)
    notify.ready("serving")


def _refused(problem: errors.HapilotError, prepared: pipeline.Prepared, voice: Voice) -> None:
    """Why nothing was applied: the diagnostics with their places, else the error."""
    voice.show(loop.problems(problem) or prepared.diagnostics)
    voice.say(f"error {problem}" + (f"\n    {problem.hint}" if problem.hint else ""))


def _remark(prepared: pipeline.Prepared, applied: loop.Applied, voice: Voice) -> None:
    voice.show(diagnostics.in_order((*prepared.diagnostics, *applied.warned)))
    if applied.note:
        voice.say(f"warning {applied.note}")


def _end(settings: Settings, running: process.Process, asked: _Signals, voice: Voice) -> None:
    """Connections get their time; a second signal cuts it short."""
    notify.stopping("draining")
    clean = True
    if running.is_alive:
        voice.say(f"ending; connections have {settings.stop_seconds:g} s to finish")
        try:
            try:
                asked.draining = True
                clean = running.stop(settings.stop_seconds)
            finally:
                asked.draining = False
        except _HurryUp:
            # The signal may have come when all was over, or in the middle of the clearing up.
            clean = not running.is_alive
            running.stop(0.0)
    voice.say("ended" if clean else "ended; connections that were still open were cut")


@contextlib.contextmanager
def _handlers() -> Generator[_Signals]:
    asked = _Signals()
    wanted = {signal.SIGTERM: asked.stop, signal.SIGINT: asked.stop, signal.SIGHUP: asked.reread}
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
