"""The foreground life of ``up``: start or adopt, watch the sources and HAProxy, apply changes, end gracefully.

``cli.up`` calls :func:`serve`; everything it decides is in ``loop``, everything it does in ``runtime``.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import watchfiles

from hapilot.base import diagnostics, errors
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import target
from hapilot.reconcile import loop, pipeline
from hapilot.runtime import notify, process, supervise

DEBOUNCE_MS = 200
"""Editors write a file in several steps; changes within this time are one change."""
LOOK_MS = 500
"""How often HAProxy's life and the watchdog are looked at."""


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


@dataclass(slots=True)
class _Signals:
    """What signals have asked for. ``wake`` ends the wait for changes."""

    wake: threading.Event = field(default_factory=threading.Event)
    stopping: bool = False
    rereading: bool = False

    def stop(self, *_: object) -> None:
        self.stopping = True
        self.wake.set()

    def reread(self, *_: object) -> None:
        self.rereading = True
        self.wake.set()


def serve(settings: Settings, voice: Voice) -> None:
    """Run until SIGTERM or SIGINT. Raises HapilotError if the site can't be started."""
    with settings.operator.state.announced(), _handlers() as asked:
        running = process.adopt(settings.operator.state)
        prepared = _prepare(settings)
        voice.show(prepared.diagnostics)
        applied = _first(settings, prepared, running, voice)
        _announce(prepared, applied, voice)
        try:
            _keep(settings, applied, prepared, asked, voice)
        finally:
            notify.stopping("draining")
        voice.say(f"ending; connections have {settings.stop_seconds:g} s to finish")
        clean = applied.process.stop(settings.stop_seconds) if applied.process.is_alive else True
        voice.say("ended" if clean else "ended; connections that were still open were cut")


def _prepare(settings: Settings) -> pipeline.Prepared:
    return pipeline.prepare(settings.site, settings.target, settings.operator.state.ca, settings.environment)


def _first(settings: Settings, prepared: pipeline.Prepared, running: process.Process | None, voice: Voice) -> loop.Applied:
    """The first application. A site with errors does not end a HAProxy that was adopted: its last good state serves on."""
    try:
        return settings.operator.apply(prepared, running)
    except errors.HapilotError as problem:
        current = settings.operator.state.current()
        if running is None or current is None:
            raise
        voice.say(f"the running HAProxy keeps generation {current.number}: {problem}")
        return loop.Applied("adopt", running, current.number)


def _announce(prepared: pipeline.Prepared, applied: loop.Applied, voice: Voice) -> None:
    how = {"start": "started", "reload": "adopted and reloaded", "nothing": "adopted, nothing to change", "adopt": "adopted as it is"}
    voice.say(f"HAProxy {how[applied.how]}: process {applied.process.pid}, generation {applied.generation}")
    build = prepared.build
    if build is not None:
        for name, listener in (build.site.spec.listeners or {}).items():
            for bind in listener.bind:
                voice.ready(f"ready {name} {bind}")
    notify.ready(f"generation {applied.generation}")


def _keep(settings: Settings, applied: loop.Applied, prepared: pipeline.Prepared, asked: _Signals, voice: Voice) -> None:
    """Until asked to stop: restart HAProxy if it dies, apply changed sources."""
    supervisor = supervise.Supervisor(applied.process, lambda: _restart(settings))
    watched = prepared.watched
    while not asked.stopping:
        changed = _wait(watched, asked, supervisor, voice)
        if asked.stopping:
            return
        if changed or asked.rereading:
            asked.rereading = False
            watched = _change(settings, supervisor, watched, voice)


def _wait(watched: tuple[Path, ...], asked: _Signals, supervisor: supervise.Supervisor[process.Process], voice: Voice) -> bool:
    """Waits for a change of the watched files, a signal, or a death of HAProxy; whether files changed."""
    asked.wake.clear()
    folders = {path if path.is_dir() else path.parent for path in watched if path.exists() or path.parent.exists()}
    interesting = {path.absolute() for path in watched}
    changes = watchfiles.watch(
        *sorted(folders),
        debounce=DEBOUNCE_MS,
        step=50,
        rust_timeout=LOOK_MS,
        yield_on_timeout=True,
        stop_event=asked.wake,
        raise_interrupt=False,
        recursive=False,
        watch_filter=lambda _, name: _concerns(Path(name), interesting),
    )
    for change in changes:
        if change:
            return True
        event = supervisor.poll()
        if event is not None:
            voice.say(event.text)
        notify.watchdog()
        if asked.stopping or asked.rereading:
            return False
    return False


def _concerns(path: Path, interesting: set[Path]) -> bool:
    """Whether a changed path is a watched file, or lies directly in a watched folder."""
    return path.absolute() in interesting or path.absolute().parent in interesting


def _change(
    settings: Settings, supervisor: supervise.Supervisor[process.Process], watched: tuple[Path, ...], voice: Voice
) -> tuple[Path, ...]:
    """Apply the changed sources. If anything is wrong the running state stays as it is."""
    notify.reloading("applying a change")
    began = time.monotonic()
    prepared = _prepare(settings)
    try:
        applied = settings.operator.apply(prepared, supervisor.process if supervisor.process.is_alive else None)
    except errors.HapilotError as problem:
        found = loop.problems(problem) or prepared.diagnostics
        voice.show(found)
        voice.say(f"not applied, the former state serves on: {problem}")
    else:
        supervisor.replace(applied.process)
        voice.show(tuple(one for one in prepared.diagnostics if one.severity is not diagnostics.Severity.ERROR))
        done = "nothing to change" if applied.how == "nothing" else f"generation {applied.generation} ({applied.how})"
        voice.say(f"applied: {done}, {time.monotonic() - began:.2f} s")
    notify.ready("serving")
    return prepared.watched or watched


def _restart(settings: Settings) -> process.Process:
    """Start HAProxy again on the current generation."""
    return process.start(settings.operator.haproxy, settings.operator.state, drop_to=settings.target.drop_to or None)


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
