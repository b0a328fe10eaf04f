"""A hapilot without its commands: one operator, one HAProxy, one site file, and the ways in which they live and die.

In: `wanted.Site` values and what is to be done. Out: what `Operator` made of it. Called by all tests of this folder; ``looking`` reads
what came of it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hapilot.base import errors
from hapilot.compile import target
from hapilot.reconcile import loop, pipeline, targeting
from hapilot.runtime import binary, facts, files, identity, memory, overrides, process
from support import certificates, haproxies, ports, servers

from . import editing, rim, wanted

KEEP = 3
"""Generations: few, so that those are forgotten that a running HAProxy has been brought away from by commands."""
AUTHORITY = certificates.authority("live")
Victim = Literal["all", "master", "worker"]


@dataclass(frozen=True, slots=True)
class Behind:
    """Stand-ins by port: whoever answers says its name."""

    names: Mapping[int, str]
    pool: editing.Pool


@contextlib.contextmanager
def standing() -> Generator[Behind]:
    """Six servers of plain HTTP and six behind TLS."""
    with servers.Stand(keep=1) as stand:
        leaf = AUTHORITY.issue(f"*.{wanted.SUFFIX['passthrough']}")
        web = [stand.http(f"web{number}") for number in range(6)]
        tls = [stand.https(f"tls{number}", leaf) for number in range(6)]
        pool = editing.Pool(tuple(one.port for one in web), tuple(one.port for one in tls))
        yield Behind({one.port: one.name for one in (*web, *tls)}, pool)


@dataclass
class Lab:
    """One state directory and site file in ``folder``. ``process`` is the HAProxy that runs, as the living hapilot knows it."""

    haproxy: binary.Haproxy
    folder: Path
    state: files.StateDirectory
    target: target.Target
    process: process.Process | None = None
    reload_seconds: float = 0.0
    seen: memory.Seen = field(default_factory=memory.Seen)
    issued: dict[wanted.Certificate, certificates.Leaf] = field(default_factory=dict[wanted.Certificate, certificates.Leaf])

    @property
    def operator(self) -> loop.Operator:
        """A hapilot: it has nothing that another one would not have, but for what it saw last, which may be out of date."""
        return loop.Operator(self.haproxy, self.state, KEEP, self.reload_seconds, self.seen)

    @property
    def running(self) -> process.Process:
        """The HAProxy that was started."""
        assert self.process is not None
        return self.process

    @property
    def drop_to(self) -> str | None:
        """The user that HAProxy's worker becomes."""
        return self.target.drop_to or None

    def prepared(self, site: wanted.Site) -> pipeline.Prepared:
        """Write the site's files, and compile them as ``up`` does."""
        folder = self.folder / "certs"
        folder.mkdir(exist_ok=True)
        for stem, one in site.certificates.items():
            path = folder / f"{stem}.pem"
            path.touch(mode=0o600)
            leaf = self.leaf(one)
            path.write_bytes(leaf.pem + leaf.key_pem)
        (self.folder / "site.yaml").write_text(wanted.text(site))
        return self.compiled()

    def compiled(self) -> pipeline.Prepared:
        """The site's files as they are."""
        return pipeline.prepare(self.folder / "site.yaml", self.target, self.state.ca, {})

    def leaf(self, one: wanted.Certificate) -> certificates.Leaf:
        """The same for the same certificate, whenever it is asked for."""
        if one not in self.issued:
            self.issued[one] = AUTHORITY.issue(*one.hosts)
        return self.issued[one]

    def apply(self, site: wanted.Site) -> loop.Applied:
        """Make it the running state."""
        with _told():
            applied = self.operator.apply(self.prepared(site), self.process)
        self.process = applied.process
        return applied

    def restore(self, number: int) -> loop.Applied:
        """Bring a former generation back."""
        with _told():
            applied = self.operator.restore(number, self.process, loop.Occasion("rollback"), self.drop_to)
        self.process = applied.process
        return applied

    def resume(self) -> loop.Applied:
        """Go on with what is there."""
        with _told():
            applied = self.operator.resume(self.process, self.drop_to)
        self.process = applied.process
        return applied

    def settle(self) -> loop.Applied:
        """Have HAProxy do what the generation and the verbs say."""
        return self.operator.settle(self.running)

    def say(self, known: overrides.Overrides) -> loop.Applied:
        """Record what a verb says, and have it done."""
        overrides.write(self.state, known)
        return self.settle()

    def restart(self) -> None:
        """HAProxy again, after it died."""
        self.process = self.operator.restart(self.drop_to)

    def killed(self, place: int, act: Callable[[], object]) -> rim.Rim:
        """Do it until hapilot is killed at ``place``; a new one finds what there is."""
        with rim.counted(rim.Rim(place)) as counted, contextlib.suppress(rim.Killed):
            act()
        if counted.happened:
            self.process = process.adopt(self.state)
        return counted

    def kill(self, victim: Victim = "all") -> None:
        """Kill -9 HAProxy, or the one part of it without which the others end themselves; returns when all are gone."""
        members = identity.group_members(self.running.pid)
        for member in members:
            is_master = member.pid == self.running.pid
            if victim == "all" or (victim == "master") is is_master:
                identity.send(member, signal.SIGKILL)
        until(lambda: not self.running.is_alive and not any(identity.is_alive(one) for one in members), "HAProxy is gone")

    @contextlib.contextmanager
    def frozen(self, pids: Iterable[int]) -> Generator[None]:
        """Processes that hang as long as this lasts."""
        known = tuple(pids)
        for pid in known:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in known:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def worker(self) -> int:
        """The process that serves."""
        found = self.running.serving_worker()
        assert found is not None
        return found


@contextlib.contextmanager
def _told() -> Generator[None]:
    """What is wrong stands in the test's output."""
    try:
        yield
    except errors.HapilotError as problem:
        problem.add_note("\n".join([*map(str, loop.problems(problem)), problem.hint]))
        raise


def until(holds: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    """Wait until ``holds``."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.01)


@contextlib.contextmanager
def opened(kind: str, folder: Path) -> Generator[Lab]:
    """A place for a HAProxy, which is stopped at the end."""
    haproxy = haproxies.chosen(kind)
    # Whom HAProxy drops to has to get to its configuration.
    for one in (folder, *folder.parents[:3]):
        one.chmod(0o755)
    wanted_of = targeting.make_target(haproxy, facts.look())
    state = files.StateDirectory(folder / "state")
    run_dir = state.prepare(wanted_of.drop_to or None)
    try:
        yield Lab(haproxy, folder, state, wanted_of)
    finally:
        with contextlib.suppress(errors.HaproxyFailed):
            left = process.adopt(state)
            if left is not None:
                left.stop(0.0)
        if run_dir.parent != state.root:
            shutil.rmtree(run_dir, ignore_errors=True)


def first_site(behind: Behind) -> wanted.Site:
    """What is served at first: one service of each mode."""
    web, tls = behind.pool.web, behind.pool.tls
    services = {
        "v0": wanted.Service("edge", ("h0.s.test",), (wanted.Server("s0", web[0]), wanted.Server("s1", web[1]))),
        "v1": wanted.Service("passthrough", ("h0.p.test",), (wanted.Server("s0", tls[0]),)),
        "v2": wanted.Service("plain", ("h0.w.test",), (wanted.Server("s0", web[2]),)),
    }
    names = ("tls", "web", "extra0", "extra1")
    return wanted.Site({name: ports.free_port() for name in names}, services)
