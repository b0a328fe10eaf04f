"""One application: what is written, what is confirmed, and what is put back where HAProxy does not follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from hapilot.base import diagnostics, errors
from hapilot.base.diagnostics import Diagnostic
from hapilot.base.origin import Origin
from hapilot.compile import target
from hapilot.reconcile import loop, pipeline, serving, verify
from hapilot.render import summary
from hapilot.runtime import binary, endpoints, files, identity, preflight, process

HAPROXY = binary.Haproxy(Path("/usr/sbin/haproxy"), (2, 8), "2.8.1", frozenset(), "OpenSSL", "never", "system")


@dataclass
class FakeProcess:
    """Follows orders, or fails at the one it is told to."""

    fails_at: str = ""
    did: list[str] = field(default_factory=list[str])
    pid: int = 1
    unchanged: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    waited: set[int] = field(default_factory=set[int])

    def reload(self, unchanged: frozenset[tuple[str, str]]) -> None:
        """A reload."""
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
    return made


def _replaced(check: Callable[..., Any], start: Callable[..., Any], group: Callable[..., Any], ask: Callable[..., Any]) -> list[Any]:
    return [
        (preflight, "check_binds", check),
        (process, "start", start),
        (identity, "group_members", group),
        (verify, "verify", ask),
    ]


def test_the_first_application_starts_and_confirms(world: World) -> None:
    done = world.operator.apply(world.site(81), None)
    assert (done.how, done.generation) == ("start", 1)
    assert world.links() == (1, 1)
    assert world.next_process.did == ["start", "wait"]
    kept = serving.serving_summary(world.state)
    assert kept is not None
    assert kept.opened == (summary.Opened("127.0.0.1", 81),)


def test_the_same_again_is_nothing(world: World) -> None:
    running = world.operator.apply(world.site(81), None).process
    done = world.operator.apply(world.site(81), running)
    assert (done.how, done.generation) == ("nothing", 1)
    assert world.next_process.did == ["start", "wait"]


def test_a_change_reloads_and_tries_only_new_addresses(world: World) -> None:
    running = world.operator.apply(world.site(81, 82), None).process
    done = world.operator.apply(world.site(82, 83), running)
    assert (done.how, done.generation) == ("reload", 2)
    assert world.links() == (2, 2)
    assert world.tried == [{81, 82}, {83}]
    assert world.next_process.waited == {83}


def test_what_haproxy_refuses_is_not_written(world: World) -> None:
    world.found.append(diagnostics.error("haproxy-refused", "no", Origin("a")))
    with pytest.raises(errors.SiteError) as refused:
        world.operator.apply(world.site(81), None)
    assert [one.code for one in refused.value.diagnostics] == ["haproxy-refused"]
    assert world.links() == (0, 0)
    assert world.next_process.did == []


def test_what_haproxy_warns_of_is_handed_on(world: World) -> None:
    world.found.append(diagnostics.warning("haproxy-warned", "hm", Origin("a")))
    assert world.operator.apply(world.site(81), None).warned == tuple(world.found)


def test_a_start_that_fails_confirms_nothing(world: World) -> None:
    world.next_process.fails_at = "start"
    with pytest.raises(errors.HaproxyFailed, match="start failed"):
        world.operator.apply(world.site(81), None)
    assert world.links() == (1, 0)


def test_a_start_that_does_not_serve_leaves_no_haproxy_behind(world: World) -> None:
    world.operator.apply(world.site(81), None)
    world.next_process = FakeProcess(fails_at="wait")
    with pytest.raises(errors.HaproxyFailed, match="wait failed"):
        world.operator.apply(world.site(82), None)
    assert world.next_process.did == ["start", "wait", "stop"]
    assert world.links() == (1, 1)


def test_a_refused_reload_puts_the_link_back(world: World) -> None:
    world.operator.apply(world.site(81), None)
    running = FakeProcess(fails_at="reload")
    with pytest.raises(errors.HaproxyFailed, match="reload failed"):
        world.operator.apply(world.site(82), running.as_process)
    assert running.did == ["reload"]
    assert world.links() == (1, 1)


def test_a_reload_that_does_not_serve_is_undone(world: World) -> None:
    world.operator.apply(world.site(81), None)
    running = FakeProcess(fails_at="wait")
    with pytest.raises(errors.HaproxyFailed, match="wait failed"):
        world.operator.apply(world.site(82), running.as_process)
    assert running.did == ["reload", "wait", "reload"]
    assert world.links() == (1, 1)


def test_an_interrupted_change_converges(world: World) -> None:
    """The link was switched; whether HAProxy was reloaded nobody knows. Whichever site comes next, both agree afterwards."""
    running = world.operator.apply(world.site(81), None).process
    _interrupt(world)
    assert world.operator.apply(world.site(82), running).how == "reload"
    assert world.links() == (3, 3)
    _interrupt(world)
    assert world.operator.apply(world.site(82), running).how == "reload"
    assert world.links() == (5, 5)


def _interrupt(world: World) -> None:
    prepared = world.site(99)
    assert prepared.bundle is not None
    assert prepared.build is not None
    made = world.state.write(prepared.bundle, files.Description(0.0, "", ""), summary.summarise(prepared.build, ()).as_json())
    world.state.activate(made.number)


def test_a_restart_confirms_what_is_current(world: World) -> None:
    world.operator.apply(world.site(81), None)
    _interrupt(world)
    world.operator.restart(None)
    assert world.links() == (2, 2)


def test_a_damaged_summary_is_one_error(world: World) -> None:
    world.operator.apply(world.site(81), None)
    (world.state.generations / "1" / files.SUMMARY).write_text('{"listeners": 1}')
    with pytest.raises(errors.StateBroken, match=r"site\.json is damaged"):
        serving.serving_summary(world.state)


def test_nothing_serves_before_the_first(world: World) -> None:
    assert serving.serving_summary(world.state) is None


NAMED = "{name: one, address: 'ADDRESS'}"


@pytest.mark.parametrize(
    ("server", "extra", "is_kept"),
    [
        (NAMED.replace("ADDRESS", "10.0.0.1:80"), "", True),
        (NAMED.replace("ADDRESS", "10.0.0.1:80").replace("}", ", weight: 7}"), "", True),
        (NAMED.replace("ADDRESS", "10.0.0.1:81"), "", False),
        (NAMED.replace("ADDRESS", "10.0.0.2:80"), "", False),
        (NAMED.replace("ADDRESS", "10.0.0.1:80"), ", health: off", False),
        (NAMED.replace("ADDRESS", "10.0.0.1:80"), ", health: {http: /healthy}", False),
    ],
)
def test_a_reload_hands_on_the_state_of_unchanged_servers_alone(world: World, server: str, extra: str, is_kept: bool) -> None:
    running = world.operator.apply(world.site(81, server=NAMED.replace("ADDRESS", "10.0.0.1:80")), None).process
    world.operator.apply(world.site(82, server=server, extra=extra), running)
    kept = serving.serving_summary(world.state)
    assert kept is not None
    assert world.next_process.unchanged == ({(kept.services[0].backend, "one")} if is_kept else set())


def test_after_an_interrupted_change_no_state_is_handed_on(world: World) -> None:
    running = world.operator.apply(world.site(81), None).process
    _interrupt(world)
    world.operator.apply(world.site(82), running)
    assert world.next_process.unchanged == set()


def test_haproxy_does_not_see_the_variables_of_passwords(world: World) -> None:
    more = "admin: {stats: {bind: '127.0.0.1:84', users: {anna: {password_env: SHOP_PASSWORD}}}}\n"
    world.operator.apply(world.site(81, more=more), None)
    world.operator.restart(None)
    assert world.withheld == [("SHOP_PASSWORD",), ("SHOP_PASSWORD",)]


def test_a_change_that_can_not_be_written_down_is_made_and_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    running = world.operator.apply(world.site(81), None).process
    with monkeypatch.context() as patched:
        patched.setattr(files.StateDirectory, "confirm", _full)
        done = world.operator.apply(world.site(82), running)
        assert (done.how, done.generation) == ("reload", 2)
        assert "generation 2 runs" in done.note
        assert "the disk is full" in done.note
        assert world.links() == (2, 1)
        assert world.operator.restart(None) is running
    assert world.operator.apply(world.site(82), running).how == "reload"
    assert world.links() == (3, 3)


def _full(*_: object) -> None:
    raise errors.StateBroken("the disk is full")


def test_what_the_system_refuses_is_an_error_like_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(verify, "verify", refuse)
    with pytest.raises(errors.HapilotError, match="No space left on device"):
        world.operator.apply(world.site(81), None)
    monkeypatch.setattr(process, "start", lambda *_, **__: refuse())  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    with pytest.raises(errors.HapilotError, match="No space left on device"):
        world.operator.restart(None)


def test_a_reload_that_can_not_begin_puts_the_link_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    running = world.operator.apply(world.site(81), None).process
    monkeypatch.setattr(world.next_process, "reload", _full)
    with pytest.raises(errors.StateBroken, match="full"):
        world.operator.apply(world.site(82), running)
    assert world.links() == (1, 1)
