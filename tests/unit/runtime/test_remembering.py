"""What is known of servers, kept for the next HAProxy: which news count, and what is written when."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.render.bundle import Bundle, BundleFile
from hapilot.runtime import carrying, client, files, remembering

HEADER = "# be_name srv_name srv_op_state srv_admin_state srv_time_since_last_change"
DOWN, MAINT = "web down 0 0 {age}", "web maint 0 1 {age}"


def text(age: int = 7, *rows: str) -> str:
    """What HAProxy says."""
    return "\n".join(("1", HEADER, *(row.format(age=age) for row in rows or (DOWN, MAINT))))


class World:
    """A state directory whose generation 1 serves, and a HAProxy that says what it is told to."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state = files.StateDirectory(folder / "state")
        self.state.prepare()
        self.says = text()
        self.notes = ""
        self.runtime = client.RuntimeClient(folder / "none")
        self.memory = remembering.Memory(self.state)
        self.serve(1)
        monkeypatch.setattr(client.RuntimeClient, "send", self.send)

    def send(self, command: str) -> str:
        """HAProxy's answer."""
        if not command.startswith("show map"):
            return self.says
        if not self.notes:
            raise errors.HaproxyFailed("unknown map")
        return self.notes

    def serve(self, number: int) -> None:
        """Another generation serves."""
        made = self.state.write(Bundle((BundleFile("haproxy.cfg", b""),)), files.Description(0.0, "", ""))
        assert made.number == number
        self.state.activate(number)
        self.state.confirm(number)

    @property
    def file(self) -> Path:
        """Where it is kept."""
        return self.state.root / "servers.known"

    def recall(self, after: float = 0.0) -> remembering.Recalled | None:
        """What counts after so many seconds."""
        return remembering.recall(self.state, time.time() + after)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world."""
    return World(tmp_path, monkeypatch)


def test_fresh_news_count_and_old_ones_only_where_somebody_has_said_so(world: World) -> None:
    assert world.recall() is None
    world.memory.look(world.runtime)
    recalled = world.recall()
    assert recalled is not None
    assert (recalled.generation, recalled.text.strip()) == (1, text())
    for late in (world.recall(remembering.FRESH_SECONDS + 5), world.recall(-3600)):
        assert late is not None
        assert late.text == text(7, MAINT)
    remembering.grow_old(world.state)
    assert world.recall() == late


def test_only_news_are_written(world: World) -> None:
    world.memory.look(world.runtime)
    first = world.file.stat().st_ino
    os.utime(world.file, (0, 0))
    world.says = text(9)
    world.memory.look(world.runtime)
    assert world.file.stat().st_ino == first, "nothing but the time has changed"
    assert world.file.stat().st_mtime > 0, "and it still holds"
    world.says = text(9, MAINT)
    world.memory.look(world.runtime)
    assert world.file.stat().st_ino != first
    assert "web down" not in world.file.read_text()
    assert world.file.stat().st_mode & 0o777 == 0o600


def test_a_change_under_way_is_not_remembered(world: World) -> None:
    world.memory.look(world.runtime)
    made = world.state.write(Bundle(()), files.Description(0.0, "", ""))
    world.state.activate(made.number)
    world.says = text(7, MAINT)
    world.memory.look(world.runtime)
    recalled = world.recall()
    assert recalled is not None
    assert recalled.text.strip() == text()


def test_the_generation_is_remembered_too(world: World) -> None:
    world.memory.look(world.runtime)
    world.serve(2)
    world.memory.look(world.runtime)
    recalled = world.recall()
    assert recalled is not None
    assert recalled.generation == 2


def test_a_backend_has_the_name_that_the_files_have_for_it(world: World) -> None:
    world.says = text(7, ".spare-http-1 one 0 0 {age}")
    world.notes = "0x55 .spare-http-1 web"
    assert remembering.ask(world.runtime) == text(7, "web one 0 0 {age}")
    world.notes = ""
    assert remembering.ask(world.runtime) == world.says


@pytest.mark.parametrize("damaged", [b"", b"# generation 1", b"# generation x\n1\n", b"\xff\xfe", b"1\n# be_name\n"])
def test_damage_is_no_knowledge(world: World, damaged: bytes) -> None:
    world.file.write_bytes(damaged)
    assert world.recall() is None


def test_a_haproxy_that_does_not_answer_ends_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refuse(_: client.RuntimeClient, command: str) -> str:
        asked.append(command)
        raise errors.HaproxyFailed("no")

    monkeypatch.setattr(client.RuntimeClient, "send", refuse)
    monkeypatch.setattr(remembering, "LOOK_SECONDS", 0.01)
    with remembering.kept(world.state, lambda: world.runtime):
        deadline = time.monotonic() + 5
        while len(asked) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert len(asked) >= 3
    assert world.recall() is None
    assert carrying.NOTHING == "1"
