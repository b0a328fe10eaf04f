"""The foreground life of ``up``: start or adopt, watch the sources and HAProxy, take orders, apply changes, end gracefully.

In: what ``up`` was asked to do and how it speaks. Out: a HAProxy that follows its site until a signal ends both. ``cli.up`` calls
:func:`serve`; what makes a change is in ``occasions`` and ``obeying``, what one change does in ``loop``, when there is one in ``watching``,
who asks for one in ``orders``, what happens to HAProxy in ``runtime``.
"""

from __future__ import annotations

import contextlib
import time
from typing import Literal

from hapilot.base import errors
from hapilot.reconcile import (
    addresses,
    drift,
    drifting,
    loop,
    obeying,
    occasions,
    orders,
    pipeline,
    resuming,
    serving,
    signals,
    standing,
    telling,
    watching,
)
from hapilot.reconcile import life as lives
from hapilot.runtime import descriptors, endpoints, files, notify, overrides, process, remembering, supervise

_HOW = {
    "start": "started",
    "reload": "adopted and reloaded",
    "runtime": "adopted and changed",
    "nothing": "adopted, nothing to change",
    "adopt": "adopted as it is",
}

Event = Literal["stop", "files", "signal", "order", "time"]


def serve(settings: lives.Settings, voice: lives.Voice, asked: signals.Signals, resumed: resuming.Resumed | None = None) -> None:
    """Run until SIGTERM or SIGINT. Raises HapilotError if the site can't be started. ``resumed`` is a HAProxy that was started and
    announced just now, before the site was read."""
    state = settings.operator.state
    with state.announced():
        life = lives.Life(settings, voice, announced=frozenset(resumed.announced if resumed is not None else ()))
        with orders.taken(state, asked.wake.set, voice.say) as waiting:
            with occasions.failures_said(life):
                if damaged := overrides.put_aside(state):
                    voice.say(f"warning {damaged}")
            # What an earlier hapilot has seen is looked at again.
            drift.keep(state, drift.NONE)
            supervisor = _begin(life, resumed)
            with telling.told(life.told_to(supervisor.process)), remembering.kept(state, lambda: supervisor.process.runtime):
                _keep(life, supervisor, asked, waiting)
        if asked.leaving:
            _leave(supervisor.process, voice)
        else:
            _end(settings, supervisor.process, asked, voice)


def _begin(life: lives.Life, resumed: resuming.Resumed | None) -> occasions.Supervisor:
    """HAProxy serves, and that is said."""
    applied = _first(life, resumed)
    how = _HOW[applied.how] if resumed is None else _HOW[applied.how].replace("adopted", "started")
    life.voice.say(f"HAProxy {how}: process {applied.process.pid}, generation {applied.generation}")
    life.announce(applied.generation)
    _unused(life, applied.generation)
    notify.ready(f"generation {applied.generation}")
    settings = life.settings
    return supervise.Supervisor(applied.process, lambda: settings.operator.restart(settings.drop_to))


def _first(life: lives.Life, resumed: resuming.Resumed | None) -> loop.Applied:
    """The first change. What can't be applied does not end a HAProxy that runs already: its last good state serves on."""
    began = time.monotonic()
    state = life.settings.operator.state
    running = process.adopt(state) if resumed is None else resumed.process
    prepared = life.prepare()
    if resumed is not None:
        life.done = life.done.started()
    elif running is not None:
        life.done = life.done.adopted()
    try:
        verdict = _verdict(life)
        applied = _as_it_stands(life, verdict, prepared, running)
    except errors.HapilotError as problem:
        former = state.serving()
        if running is None or former is None:
            raise
        occasions.refused(life, problem, prepared)
        life.voice.say(f"the running HAProxy keeps generation {former.number}")
        life.count_failed(problem)
        life.generation = former.number
        return loop.Applied("adopt", running, former.number)
    is_followed = isinstance(verdict, standing.Follow)
    is_same = prepared.bundle is not None and prepared.bundle.digest == state.generation(applied.generation).digest
    life.verdict()
    life.count(applied, time.monotonic() - began, from_files=is_followed or is_same)
    if is_followed:
        occasions.agree(life, applied)
        occasions.remark(life, applied.left or prepared, applied)
    return applied


def _verdict(life: lives.Life) -> standing.Verdict:
    """What the generation that an earlier hapilot has left asks for. Where changes wait for an order, so do those from before the start."""
    verdict = life.verdict()
    current = life.settings.operator.state.current()
    if isinstance(verdict, standing.Follow) and life.settings.asks and current is not None:
        return standing.Stay(current.number, 0)
    return verdict


def _as_it_stands(
    life: lives.Life, verdict: standing.Verdict, prepared: pipeline.Prepared, running: process.Process | None
) -> loop.Applied:
    """HAProxy serves what the verdict says."""
    operator, drop_to, say = life.settings.operator, life.settings.drop_to, life.voice.say
    match verdict:
        case standing.Follow():
            return operator.apply(prepared, running)
        case standing.Stay():
            say(occasions.stays(verdict))
            return operator.resume(running, drop_to)
        case standing.Wait():
            say(f"generation {verdict.number} waits for `hapilot confirm` within {verdict.seconds:.0f} s, else {verdict.former} comes back")
            # The files may have changed while nobody looked.
            life.is_due = True
            return operator.resume(running, drop_to)
        case standing.GoBack():
            say(f"generation {verdict.number} goes: {verdict.why}; bringing generation {verdict.former} back")
            return operator.restore(verdict.former, running, loop.Occasion("unconfirmed", held=life.hold()), drop_to)


def _keep(life: lives.Life, supervisor: occasions.Supervisor, asked: signals.Signals, waiting: orders.Orders) -> None:
    """Until asked to stop: restart HAProxy if it dies, apply changed sources, carry out orders."""
    while True:
        event = _wait(life, supervisor, asked, waiting)
        if event == "stop":
            return
        with occasions.failures_said(life):
            _answer(life, supervisor, event, (asked, waiting))


def _answer(life: lives.Life, supervisor: occasions.Supervisor, event: Event, source: tuple[signals.Signals, orders.Orders]) -> None:
    """Do what an event asks for."""
    asked, waiting = source
    match event:
        case "signal":
            asked.rereading = False
            occasions.follow(life, supervisor, "signal")
        case "order":
            _obey(life, supervisor, waiting)
        case "time":
            _time_is_over(life, supervisor)
        case _:
            occasions.follow(life, supervisor, "change")


def _obey(life: lives.Life, supervisor: occasions.Supervisor, waiting: orders.Orders) -> None:
    order = waiting.take()
    if order is not None:
        order.done(obeying.obey(life, supervisor, order))


def _time_is_over(life: lives.Life, supervisor: occasions.Supervisor) -> None:
    # Unless the verdict says another time: where it can't be told, it is looked again.
    life.look_again = time.monotonic() + occasions.RETRY_SECONDS
    verdict = life.verdict()
    if isinstance(verdict, standing.GoBack):
        occasions.go_back(life, supervisor, verdict)


def _wait(life: lives.Life, supervisor: occasions.Supervisor, asked: signals.Signals, waiting: orders.Orders) -> Event:
    """Returns when something is to be done, and what. Looks after HAProxy and systemd's watchdog meanwhile."""
    asked.wake.clear()
    if (event := _asked(life, asked, waiting)) is not None:
        return event
    for _ in watching.ticks(life.seen, asked.wake):
        if (event := _asked(life, asked, waiting)) is not None:
            return event
        _look_after(life, supervisor)
        paths = tuple(life.seen)
        if watching.look(paths) != life.seen:
            watching.settled(life.seen)
            return "files"
    return _asked(life, asked, waiting) or "time"


def _asked(life: lives.Life, asked: signals.Signals, waiting: orders.Orders) -> Event | None:
    """What can be told without a look at the files."""
    if asked.stopping:
        return "stop"
    if asked.rereading:
        return "signal"
    if life.look_again is not None and time.monotonic() >= life.look_again:
        return "time"
    if waiting.waiting:
        return "order"
    # What changed while a generation had to be confirmed first.
    return "files" if life.is_due and life.look_again is None else None


def _look_after(life: lives.Life, supervisor: occasions.Supervisor) -> None:
    while (event := supervisor.poll()) is not None:
        if event.kind == "restarted":
            life.done = life.done.restarted()
        life.voice.say(event.text)
    drifting.attend(life, supervisor)
    notify.watchdog()


def _leave(running: process.Process, voice: lives.Voice) -> None:
    """HAProxy serves on, and the next hapilot adopts it."""
    notify.stopping("HAProxy serves on")
    voice.say(f"ended; HAProxy serves on as process {running.pid}" if running.is_alive else "ended")


def _end(settings: lives.Settings, running: process.Process, asked: signals.Signals, voice: lives.Voice) -> None:
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
    remembering.grow_old(settings.operator.state)
    voice.say("ended" if clean else "ended; connections that were still open were cut")


def _sockets(state: files.StateDirectory) -> tuple[str, ...]:
    """The files of listeners' unix sockets. A summary that can't be read keeps nobody from ending."""
    with contextlib.suppress(errors.StateBroken):
        kept = serving.serving_summary(state)
        return addresses.paths(kept.opened) if kept is not None else ()
    return ()


def _unused(life: lives.Life, generation: int) -> None:
    """Clients of a socket that was handed over and that no listener takes would wait for ever."""
    used = addresses.inherited(serving.summary_of(life.settings.operator.state, generation).opened)
    for number, where in descriptors.inherited().items():
        if number not in used:
            life.voice.say(f"warning fd:{number} ({where}) was handed over, and no listener uses it")
