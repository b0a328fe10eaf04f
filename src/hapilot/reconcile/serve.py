"""The foreground life of ``up``: start or adopt, watch the sources and HAProxy, apply changes, end gracefully.

In: what ``up`` was asked to do and how it speaks. Out: a HAProxy that follows its site until a signal ends both. ``cli.up`` calls
:func:`serve`; what one change does is in ``loop``, when there is one in ``watching``, what happens to HAProxy in ``runtime``.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hapilot.base import diagnostics, errors
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import target
from hapilot.publish import tally
from hapilot.reconcile import addresses, changed, loop, pipeline, resuming, serving, signals, telling, watching
from hapilot.runtime import descriptors, endpoints, files, notify, process, rundir, supervise

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


@dataclass(slots=True)
class _Life:
    """What changes while ``up`` runs: the files looked at, the addresses that were announced, the generation that was applied last,
    and the tally of what was done, which other threads may read."""

    settings: Settings
    voice: Voice
    seen: watching.Look = field(default_factory=dict[Path, tuple[object, ...]])
    announced: frozenset[tuple[str, str]] = frozenset()
    generation: int = 0
    environment: resuming.Recorded = field(default_factory=lambda: resuming.Recorded({}))
    done: tally.Tally = field(default_factory=tally.Tally)

    def prepare(self) -> pipeline.Prepared:
        """Read the site. What was watched before stays watched if the site is broken: the repair may come in any of its files."""
        began = time.time_ns()
        before = watching.look(self.seen)
        settings = self.settings
        self.environment = resuming.Recorded(settings.environment)
        prepared = pipeline.prepare(settings.site, settings.target, settings.operator.state.ca, self.environment)
        paths = prepared.watched if prepared.ok else (*prepared.watched, *self.seen)
        self.seen = watching.look_after_reading(paths or (settings.site,), before, began)
        return prepared

    def announce(self, generation: int) -> None:
        """A line for each address that was not announced yet, from what really runs."""
        lines = serving.ready_lines(serving.summary_of(self.settings.operator.state, generation))
        for address, line in lines.items():
            if address not in self.announced:
                self.voice.ready(line)
        self.announced = frozenset(lines)

    def count(self, applied: loop.Applied, seconds: float) -> None:
        """Notes what was done, for whoever asks, and what it was made from, for the next start."""
        former, self.generation = self.generation, applied.generation
        operator = self.settings.operator
        origin = resuming.Origin(self.settings.site, operator.haproxy, self.settings.target, self.environment)
        resuming.remember(operator.state, origin, applied.generation, self.seen)
        match applied.how:
            case "start":
                self.done = self.done.started().applied(seconds)
            case "reload":
                self.done = self.done.applied(seconds, changed.between(self.settings.operator.state, former, applied.generation))
            case _:
                self.done = self.done.unchanged()

    def count_failed(self, problem: errors.HapilotError) -> None:
        """Notes that a change did not come about."""
        self.done = self.done.failed("refused" if isinstance(problem, errors.SiteError) else "failed")

    def told_to(self, running: process.Process) -> telling.Source:
        """What the metrics are made from, and where HAProxy fetches them."""
        worker = rundir.account(self.settings.target.drop_to or None)
        state, say = self.settings.operator.state, self.voice.say
        return telling.Source(state, running.run_dir, worker.uid if worker else None, lambda: self.done, say)


def serve(settings: Settings, voice: Voice, asked: signals.Signals, resumed: resuming.Resumed | None = None) -> None:
    """Run until SIGTERM or SIGINT. Raises HapilotError if the site can't be started. ``resumed`` is a HAProxy that was started and
    announced just now, before the site was read."""
    with settings.operator.state.announced():
        life = _Life(settings, voice, announced=frozenset(resumed.announced if resumed is not None else ()))
        applied = _first(life, resumed)
        how = _HOW[applied.how] if resumed is None else _HOW[applied.how].replace("adopted", "started")
        voice.say(f"HAProxy {how}: process {applied.process.pid}, generation {applied.generation}")
        life.announce(applied.generation)
        _unused(life, applied.generation)
        notify.ready(f"generation {applied.generation}")
        drop_to = settings.target.drop_to or None
        supervisor = supervise.Supervisor(applied.process, lambda: settings.operator.restart(drop_to))
        with telling.told(life.told_to(applied.process)):
            _keep(life, supervisor, asked)
        _end(settings, supervisor.process, asked, voice)


def _first(life: _Life, resumed: resuming.Resumed | None) -> loop.Applied:
    """The first application. A site with errors does not end a HAProxy that runs already: its last good state serves on."""
    began = time.monotonic()
    operator = life.settings.operator
    running = process.adopt(operator.state) if resumed is None else resumed.process
    prepared = life.prepare()
    if resumed is not None:
        life.done = life.done.started()
    elif running is not None:
        life.done = life.done.adopted()
    try:
        applied = operator.apply(prepared, running)
    except errors.HapilotError as problem:
        former = operator.state.serving()
        if running is None or former is None:
            raise
        _refused(problem, prepared, life.voice)
        life.voice.say(f"the running HAProxy keeps generation {former.number}")
        life.count_failed(problem)
        life.generation = former.number
        return loop.Applied("adopt", running, former.number)
    life.count(applied, time.monotonic() - began)
    _remark(prepared, applied, life.voice)
    return applied


def _keep(life: _Life, supervisor: supervise.Supervisor[process.Process], asked: signals.Signals) -> None:
    """Until asked to stop: restart HAProxy if it dies, apply changed sources."""
    while not asked.stopping:
        _wait(life, supervisor, asked)
        if asked.stopping:
            return
        asked.rereading = False
        _change(life, supervisor)


def _wait(life: _Life, supervisor: supervise.Supervisor[process.Process], asked: signals.Signals) -> None:
    """Returns when the files have changed or a signal has come. Looks after HAProxy and systemd's watchdog meanwhile."""
    asked.wake.clear()
    for _ in watching.ticks(life.seen, asked.wake):
        if asked.stopping or asked.rereading:
            return
        event = supervisor.poll()
        if event is not None:
            if event.kind == "restarted":
                life.done = life.done.restarted()
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
        life.count_failed(problem)
        voice.say("not applied, the former state serves on" if alive else "not applied")
    else:
        if not alive:
            supervisor.replace(applied.process)
        _remark(prepared, applied, voice)
        done = "nothing to change" if applied.how == "nothing" else f"generation {applied.generation} ({applied.how})"
        seconds = time.monotonic() - began
        life.count(applied, seconds)
        voice.say(f"applied: {done}, {seconds:.2f} s")
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


def _end(settings: Settings, running: process.Process, asked: signals.Signals, voice: Voice) -> None:
    """Connections get their time; a second signal cuts it short."""
    notify.stopping("draining")
    clean = True
    sockets = _sockets(settings.operator.state)
    if running.is_alive:
        voice.say(f"ending; connections have {settings.stop_seconds:g} s to finish")
        try:
            try:
                asked.draining = True
                clean = running.stop(settings.stop_seconds, sockets)
            finally:
                asked.draining = False
        except signals.HurryUp:
            # The signal may have come when all was over, or in the middle of the clearing up.
            clean = not running.is_alive
            running.stop(0.0, sockets)
    else:
        endpoints.remove_left(sockets)
    voice.say("ended" if clean else "ended; connections that were still open were cut")


def _sockets(state: files.StateDirectory) -> tuple[str, ...]:
    """The files of listeners' unix sockets. A summary that can't be read keeps nobody from ending."""
    with contextlib.suppress(errors.StateBroken):
        kept = serving.serving_summary(state)
        return addresses.paths(kept.opened) if kept is not None else ()
    return ()


def _unused(life: _Life, generation: int) -> None:
    """Clients of a socket that was handed over and that no listener takes would wait for ever."""
    used = addresses.inherited(serving.summary_of(life.settings.operator.state, generation).opened)
    for number, where in descriptors.inherited().items():
        if number not in used:
            life.voice.say(f"warning fd:{number} ({where}) was handed over, and no listener uses it")
