"""What serves again before the site is read: only a generation that would be made again from what is there now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from hapilot.base import errors
from hapilot.compile import target
from hapilot.reconcile import resuming, watching
from hapilot.render import bundle, summary
from hapilot.runtime import binary, files, process


@dataclass
class World:
    """A state directory with a generation that served, and what it was made from."""

    folder: Path
    state: files.StateDirectory
    origin: resuming.Origin
    launched: int = 0
    fails: bool = False

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files and folders of the site."""
        return (self.folder / "site.yaml", self.folder / "certs")

    def remember(self, seen: watching.Look | None = None) -> None:
        """As ``serve`` does after a change; the site has asked for one variable."""
        environment = resuming.Recorded(self.origin.environment)
        assert environment.get("ASKED") == "1"
        current = self.state.current()
        assert current is not None
        origin = replace(self.origin, environment=environment)
        resuming.remember(self.state, origin, current.number, watching.look(self.paths) if seen is None else seen)

    def resumes(self) -> bool:
        """Whether HAProxy starts at once."""
        before = self.launched
        resumed = resuming.resume(self.state, self.origin)
        assert self.launched - before == (1 if resumed is not None or self.fails else 0)
        return resumed is not None

    def generation(self, withheld: tuple[str, ...] = ()) -> None:
        """Another generation that serves."""
        text = f"# {self.launched}".encode()
        kept = summary.Summary((), (), (), (), withheld)
        made = self.state.write(bundle.Bundle((bundle.BundleFile("haproxy.cfg", text),)), files.Description(0, "", ""), kept.as_json())
        self.state.activate(made.number)
        self.state.confirm(made.number)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    state = files.StateDirectory(tmp_path / "state")
    state.prepare(None)
    program = tmp_path / "haproxy"
    program.write_bytes(b"program")
    haproxy = binary.Haproxy(program, (2, 8), "2.8.1", frozenset({"LUA", "PROMEX"}), "OpenSSL", "never", "system")
    (tmp_path / "certs").mkdir()
    (tmp_path / "site.yaml").write_text("services: {}\n")
    environment = {"ASKED": "1", "OTHER": "1"}
    made = World(tmp_path, state, resuming.Origin(tmp_path / "site.yaml", haproxy, target.Target(), environment))

    def launch(*_: object) -> process.Process:
        made.launched += 1
        if made.fails:
            raise errors.HaproxyFailed("no")
        return cast("process.Process", object())

    monkeypatch.setattr(resuming, "launch", launch)
    made.generation()
    return made


def test_what_has_not_changed_serves_again(world: World) -> None:
    world.remember()
    assert world.resumes()


def test_nothing_serves_that_was_never_noted(world: World) -> None:
    assert not world.resumes()


def _environment(world: World, name: str) -> None:
    world.origin = replace(world.origin, environment={**world.origin.environment, name: "2"})


CHANGES: dict[str, Callable[[World], object]] = {
    "a file": lambda world: (world.folder / "site.yaml").write_text("services: {a: {}}\n"),
    "a file that is gone": lambda world: (world.folder / "site.yaml").unlink(),
    "another file in a folder": lambda world: (world.folder / "certs" / "a.pem").write_text("x"),
    "a variable that was asked for": lambda world: _environment(world, "ASKED"),
    "the program": lambda world: world.origin.haproxy.path.write_bytes(b"a newer program"),
    "the version": lambda world: setattr(
        world, "origin", replace(world.origin, haproxy=replace(world.origin.haproxy, version_text="2.8.2"))
    ),
    "the machine": lambda world: setattr(world, "origin", replace(world.origin, target=target.Target(ipv6=False))),
    "the generation": lambda world: world.generation(),
    "a change that was interrupted": lambda world: world.state.activate(
        world.state.write(bundle.Bundle(()), files.Description(0, "", ""), {}).number
    ),
    "the note": lambda world: (world.state.root / files.MADE_FROM).write_text("{"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_does_not(world: World, change: str) -> None:
    world.remember()
    CHANGES[change](world)
    assert not world.resumes()


def test_what_nobody_asked_for_may_change(world: World) -> None:
    world.remember()
    _environment(world, "OTHER")
    (world.folder / "certs" / ".a.pem.swp").write_text("an editor's")
    assert world.resumes()


def test_a_file_that_changed_after_it_was_read_is_not_noted(world: World) -> None:
    world.remember()
    world.remember(seen={world.folder / "site.yaml": ("changed while it was read",)})
    assert not world.resumes()


def test_passwords_from_the_environment_leave_no_trace(world: World) -> None:
    world.remember()
    world.generation(withheld=("SECRET",))
    world.remember()
    assert not (world.state.root / files.MADE_FROM).exists()
    assert not world.resumes()


def test_the_note_is_for_nobody_else(world: World) -> None:
    world.remember()
    assert (world.state.root / files.MADE_FROM).stat().st_mode & 0o777 == 0o600


def test_a_haproxy_that_does_not_start_is_left_to_the_usual_way(world: World) -> None:
    world.remember()
    world.fails = True
    assert not world.resumes()


def test_a_haproxy_that_runs_is_left_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.remember()

    def adopt(_: files.StateDirectory) -> process.Process:
        return cast("process.Process", object())

    monkeypatch.setattr(process, "adopt", adopt)
    assert not world.resumes()
