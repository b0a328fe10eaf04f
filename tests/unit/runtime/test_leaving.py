"""How many sessions servers have left: in the worker that serves and in old ones, under whatever name each has the backend."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from hapilot.base import errors
from hapilot.runtime import client, leaving, process

STATE = "1\n# be_id be_name srv_id srv_name\n{number} {name} 1 a\n"
STAT = "# pxname,svname,qcur,qmax,scur,type,\n{name},a,{queue},0,{sessions},2,\n{name},b,0,0,99,2,\n"
MASTER = """#<PID> <type> <reloads> <uptime> <version>
1 master 1 0d00h01m00s 2.8.25
# workers
2 worker 0 0d00h01m00s 2.8.25
# old workers
{old}# programs
"""


@dataclass
class Worker:
    """A worker that knows backends by name: their number, the sessions of server a, and what waits for it."""

    backends: dict[str, tuple[int, int, int]]
    notes: str = ""
    silent: bool = False

    def ask(self, command: str) -> str:
        if self.silent:
            raise errors.HaproxyFailed("no answer")
        if command == "show map maps/live.map":
            return self.notes
        if command.startswith("show servers state "):
            found = self.backends.get(command.split()[-1])
            return STATE.format(number=found[0], name=command.split()[-1]) if found else "Can't find backend."
        if command.startswith("show stat "):
            number = command.removeprefix("show stat \\#").removesuffix(" 4 -1")
            name, (_, sessions, queue) = next((name, one) for name, one in self.backends.items() if str(one[0]) == number)
            return STAT.format(name=name, sessions=sessions, queue=queue)
        raise AssertionError(command)


@dataclass
class Running:
    """A HAProxy with one worker that serves, and old ones by their pid."""

    serving: Worker
    old: dict[int, Worker] = field(default_factory=dict[int, Worker])
    ended: set[int] = field(default_factory=set[int])

    @property
    def as_process(self) -> process.Process:
        return cast("process.Process", self)

    @property
    def master(self) -> client.MasterClient:
        return client.MasterClient(Path("master.sock"))

    @property
    def runtime(self) -> Running:
        return self

    def send(self, command: str) -> str:
        return self.serving.ask(command)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Running:
    made = Running(Worker({"shop": (3, 2, 0)}))

    def send(_: object, command: str) -> str:
        if command == "show proc":
            pids = [pid for pid in made.old if pid not in made.ended]
            return MASTER.format(old="".join(f"{pid} worker 1 0d00h01m00s 2.8.25\n" for pid in pids))
        worker, _, said = command.partition(" ")
        return made.old[int(worker.removeprefix("@!"))].ask(said)

    monkeypatch.setattr(client.MasterClient, "send", send)
    return made


def count(running: Running) -> leaving.Left:
    return leaving.count(running.as_process, [("shop", "a")])


def test_one_worker(running: Running) -> None:
    assert count(running) == leaving.Left(2)
    running.serving.backends["shop"] = (3, 0, 1)
    assert count(running) == leaving.Left(1), "what waits for the server counts"
    running.serving.backends["shop"] = (3, 0, 0)
    assert count(running).is_over


def test_old_workers_count_too_whatever_they_call_it(running: Running) -> None:
    running.old[7] = Worker({"shop": (3, 4, 0)})
    running.old[8] = Worker({".spare-http-2": (9, 5, 0)}, "0x1 .spare-http-2 shop\n0x2 shop/a 5f2a\n")
    running.old[9] = Worker({})
    left = count(running)
    assert left == leaving.Left(2, 9, 2, 1)
    assert left.sessions == 11


def test_an_old_worker_without_an_answer_is_not_taken_for_empty(running: Running) -> None:
    running.serving.backends["shop"] = (3, 0, 0)
    running.old[7] = Worker({}, silent=True)
    assert not count(running).is_over
    running.ended.add(7)
    assert count(running).is_over


def test_one_that_ended_between_two_questions_is_over(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    running.serving.backends["shop"] = (3, 0, 0)
    running.old[7] = worker = Worker({})

    def end(_: str) -> str:
        running.ended.add(7)
        raise errors.HaproxyFailed("it ended")

    monkeypatch.setattr(worker, "ask", end)
    assert count(running).is_over


def test_the_worker_that_serves_has_to_answer(running: Running) -> None:
    running.serving.silent = True
    with pytest.raises(errors.HaproxyFailed):
        count(running)
