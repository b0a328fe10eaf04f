"""A state directory with a HAProxy that only says it follows: what the operator decides and writes is real."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from hapilot.base import errors
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import target
from hapilot.plan import actions
from hapilot.plan import plan as plans
from hapilot.plan import running as states
from hapilot.reconcile import changing, loop, pipeline, verify
from hapilot.render import bundle
from hapilot.runtime import binary, endpoints, files, identity, preflight, process

HAPROXY = binary.Haproxy(Path("/usr/sbin/haproxy"), (2, 8), "2.8.1", frozenset(), "OpenSSL", "never", "system")


@dataclass
class FakeProcess:
    """Follows orders, or fails at the one it is told to."""

    fails_at: str = ""
    did: list[str] = field(default_factory=list[str])
    pid: int = 1
    is_alive: bool = True
    unchanged: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    waited: set[int] = field(default_factory=set[int])
    has: str = ""
    """The digest of the files that it does what they say; empty for those of the serving generation."""
    has_read: bool = False
    """Whether it has read the current generation since that was looked at."""
    refuses: bool = False
    """Whether it refuses runtime commands."""

    def reload(self, unchanged: frozenset[tuple[str, str]], seconds: float) -> None:
        """A reload."""
        assert seconds > 0
        self.unchanged = set(unchanged)
        self._do("reload")

    def wait_ready(self, binds: Iterable[endpoints.Endpoint]) -> None:
        """The wait for the listeners."""
        self.waited = {bind.port for bind in binds}
        self._do("wait")

    def stop(self, _: float) -> None:
        """The end."""
        self._do("stop")

    def _do(self, what: str) -> None:
        self.did.append(what)
        if what == self.fails_at:
            raise errors.HaproxyFailed(f"{what} failed")
        self.has_read = self.has_read or what in ("start", "reload")

    @property
    def as_process(self) -> process.Process:
        """For the operator, who can't tell."""
        return cast("process.Process", self)


@dataclass
class World:
    """A state directory, a site, and what HAProxy and the machine say."""

    state: files.StateDirectory
    folder: Path
    found: list[Diagnostic] = field(default_factory=list[Diagnostic])
    tried: list[set[int]] = field(default_factory=list[set[int]])
    next_process: FakeProcess = field(default_factory=FakeProcess)
    withheld: list[object] = field(default_factory=list[object])

    @property
    def operator(self) -> loop.Operator:
        """The one that is tested."""
        return loop.Operator(HAPROXY, self.state)

    def site(self, *ports: int, server: str = "'10.0.0.1:80'", extra: str = "", more: str = "") -> pipeline.Prepared:
        """A prepared site that listens on these ports of 127.0.0.1 and leads to ``server``."""
        path = self.folder / "site.yaml"
        binds = ", ".join(f"'127.0.0.1:{port}'" for port in ports)
        path.write_text(
            f"listeners:\n  web: {{bind: [{binds}]}}\nservices:\n  shop: {{tls: none, listener: web, servers: [{server}]{extra}}}\n{more}"
        )
        prepared = pipeline.prepare(path, target.Target(), None, {"SHOP_PASSWORD": "p"})
        assert prepared.ok
        return prepared

    def links(self) -> tuple[int, int]:
        """The current and the serving generation; 0 for none."""
        current, serves = self.state.current(), self.state.serving()
        return (current.number if current else 0, serves.number if serves else 0)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Nothing runs yet."""
    state = files.StateDirectory(tmp_path / "state")
    state.generations.mkdir(parents=True)
    made = World(state, tmp_path)

    def check(wanted: tuple[preflight.WantedBind, ...], **_: object) -> tuple[Diagnostic, ...]:
        made.tried.append({bind.port for bind in wanted})
        return ()

    def start(_: object, __: object, needs: process.Needs) -> process.Process:
        made.withheld.append(needs.withheld)
        made.next_process._do("start")  # pyright: ignore[reportPrivateUsage]
        return made.next_process.as_process

    def group(_: int) -> tuple[identity.Identity, ...]:
        return ()

    def ask(*_: object) -> tuple[Diagnostic, ...]:
        return tuple(made.found)

    _ = [monkeypatch.setattr(module, name, value) for module, name, value in _replaced(check, start, group, ask)]
    memory = Memory(state)
    monkeypatch.setattr(changing, "plan", memory.plan)
    monkeypatch.setattr(changing, "plan_soon", memory.plan)
    monkeypatch.setattr(changing, "change", memory.change)
    monkeypatch.setattr(changing, "loaded", memory.loaded)
    return made


@dataclass
class Memory:
    """What a worker has in memory, as far as it matters here: the servers of a service can be changed, all else takes a reload."""

    state: files.StateDirectory

    def loaded(self, running: FakeProcess) -> int | None:
        """In place of ``changing.loaded``."""
        del running
        current = self.state.current()
        return current.number if current is not None else None

    def plan(self, running: FakeProcess, wanted: states.Wanted, _: object, *, closely: bool = False) -> plans.Plan:
        """In place of ``changing.plan``."""
        del closely  # there is nothing else to see
        current, serves = self.state.current(), self.state.serving()
        if running.has_read:
            running.has_read, running.has = False, current.digest if current is not None else ""
        has = running.has or (serves.digest if serves is not None else "")
        if has == wanted.files.digest:
            return plans.Plan()
        before = next((self.state.bundle(one.number) for one in self.state.history() if one.digest == has), None)
        if before is not None and _without_servers(before) == _without_servers(wanted.files):
            return plans.Plan((actions.TakeSpare(about="service shop", reason="its servers differ", spare=".spare-http-1"),))
        return plans.Plan((actions.Reload(about="HAProxy", reason="files differ"),), ("files differ",))

    def change(self, running: FakeProcess, planned: plans.Plan, wanted: states.Wanted, _: object) -> str:
        """In place of ``changing.change``."""
        running.did.append("runtime")
        if running.refuses:
            return "it was refused"
        running.has = wanted.files.digest
        return "" if not planned.reload else "it was a reload"


def _without_servers(files_of: bundle.Bundle) -> list[bytes]:
    config = files_of.get(bundle.CONFIG)
    assert config is not None
    return [line for line in config.content.split(b"\n") if not line.strip().startswith((b"server ", b"#"))]


def _beside(ask: Callable[..., Any]) -> Callable[..., Any]:
    def beside(*_: object) -> contextlib.nullcontext[Callable[..., Any]]:
        return contextlib.nullcontext(ask)

    return beside


def _replaced(check: Callable[..., Any], start: Callable[..., Any], group: Callable[..., Any], ask: Callable[..., Any]) -> list[Any]:
    return [
        (preflight, "check_binds", check),
        (process, "start", start),
        (identity, "group_members", group),
        (verify, "verify", ask),
        (verify, "beside", _beside(ask)),
    ]
