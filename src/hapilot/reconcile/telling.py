"""What hapilot tells about itself while ``up`` runs: from the report and the tally to the metrics on a private socket.

In: the state directory and the loop's tally, each read anew for every scrape. Out: a page that HAProxy fetches for ``admin.metrics``.
``serve`` wraps its loop in :func:`told`; nothing here takes time before the site is served, and nothing in the loop waits for it.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hapilot import __version__
from hapilot.base import errors
from hapilot.compile.passes import administration
from hapilot.publish import facts, tally
from hapilot.reconcile import report
from hapilot.render import summary
from hapilot.runtime import files, identity

if TYPE_CHECKING:
    from hapilot.publish import page

_END_SECONDS = 2.0
"""How long the end waits for the thread: it takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the facts are. ``worker`` is the user id that HAProxy serves as, None for our own; ``done`` gives the tally as it is
    now; ``complain`` is told what goes wrong."""

    state: files.StateDirectory
    run_dir: Path
    worker: int | None
    done: Callable[[], tally.Tally]
    complain: Callable[[str], None]


@contextlib.contextmanager
def told(source: Source) -> Generator[None]:
    """Metrics are served for as long as it lasts."""
    ending = os.eventfd(0, os.EFD_CLOEXEC)
    thread = threading.Thread(target=_serve, args=(source, ending), name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.eventfd_write(ending, 1)
        thread.join(_END_SECONDS)
        if not thread.is_alive():
            os.close(ending)


def _serve(source: Source, ending: int) -> None:
    # Imported in the thread: a web server and a library that `up` needs for nothing else would delay the first connections.
    from hapilot.publish import page

    page.serve(
        page.Offer(source.run_dir / administration.SOCKET, source.worker, lambda accept: _answer(source, accept), source.complain), ending
    )


def _answer(source: Source, accept: str) -> page.Answer:
    from hapilot.publish import metrics

    return metrics.answer(collect(source.state, source.done()), accept)


def collect(state: files.StateDirectory, done: tally.Tally) -> facts.Facts:
    """Everything there is to tell right now. Where HAProxy does not answer, or its generation can't be read, only what was done."""
    try:
        seen = report.look(state)
    except errors.HapilotError:
        return facts.Facts(__version__, done)
    return facts.Facts(__version__, done, running(seen, _uptime(seen.pid)))


def running(seen: report.Report, uptime_seconds: float) -> facts.Running:
    """A report as facts to publish. Pure."""
    return facts.Running(
        version=seen.haproxy,
        generation=seen.generation,
        last_change=seen.last_change,
        uptime_seconds=uptime_seconds,
        worker_uptime_seconds=seen.uptime_seconds,
        old_workers=len(seen.old_workers),
        old_sessions=sum(one.sessions or 0 for one in seen.old_workers),
        listeners=len(seen.listeners),
        services=tuple(_service(one) for one in seen.services),
        certificates=tuple(_certificate(one) for one in seen.certificates),
        quarantined=Counter(_kind(one.part) for one in seen.quarantined),
    )


def _service(one: report.ServiceReport) -> facts.Service:
    up = sum(1 for server in one.servers if report.is_up(server))
    return facts.Service(one.name, one.backend, one.tls, one.health, len(one.servers), up)


def _certificate(one: summary.CertificateSummary) -> facts.Certificate:
    return facts.Certificate(one.name, one.hosts, datetime.fromisoformat(one.not_after).timestamp())


def _kind(part: str) -> str:
    """The kind of a part that is left out: the word before its name ("service shop")."""
    word = part.partition(" ")[0]
    return word if word in facts.KINDS else "other"


def _uptime(pid: int) -> float:
    """Seconds since the process was started (proc(5): its start is counted in clock ticks since the boot)."""
    found = identity.of(pid)
    if found is None:
        return 0.0
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - found.started / os.sysconf("SC_CLK_TCK"))
