"""One page over a private unix socket."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from hapilot.publish import page


class Client(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(str(self._path))


def get(path: Path, method: str = "GET", **headers: str) -> tuple[int, str | None, bytes]:
    """Status, content type and body."""
    with contextlib.closing(Client(path)) as client:
        client.request(method, "/metrics/hapilot", headers=headers)
        answer = client.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read()


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextlib.contextmanager
def served(offer: page.Offer) -> Generator[None]:
    """A thread that serves, and has ended when the ``with`` does."""
    ending = os.eventfd(0)
    thread = threading.Thread(target=page.serve, args=(offer, ending))
    thread.start()
    try:
        yield
    finally:
        os.eventfd_write(ending, 1)
        thread.join(5)
        os.close(ending)
    assert not thread.is_alive()


def echo(accept: str) -> page.Answer:
    return page.Answer("text/plain", accept.encode())


def offer(path: Path, said: list[str], answer: Callable[[str], page.Answer] = echo) -> page.Offer:
    return page.Offer(path, os.getuid(), answer, said.append)


@pytest.fixture
def said() -> list[str]:
    return []


def test_the_page_is_made_for_each_request_from_what_it_accepts(tmp_path: Path, said: list[str]) -> None:
    path = tmp_path / "x.sock"
    with served(offer(path, said)):
        until(path.exists)
        assert get(path, Accept="one") == (200, "text/plain", b"one")
        assert get(path, Accept="two") == (200, "text/plain", b"two")
        assert get(path, method="POST")[0] == 501
    assert said == []


def test_only_its_owner_may_connect_and_nothing_is_left(tmp_path: Path, said: list[str]) -> None:
    path = tmp_path / "x.sock"
    with served(offer(path, said)):
        until(path.exists)
        found = path.stat()
        assert stat.S_IMODE(found.st_mode) == 0o600
        assert found.st_uid == os.getuid()
        assert [entry.name for entry in tmp_path.iterdir()] == ["x.sock"]
    assert list(tmp_path.iterdir()) == []


def test_what_a_dead_hapilot_has_left_is_replaced(tmp_path: Path, said: list[str]) -> None:
    path = tmp_path / "x.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    old = path.stat().st_ino
    with served(offer(path, said)):
        until(lambda: path.stat().st_ino != old)
        assert get(path)[0] == 200


def test_a_socket_that_somebody_removed_comes_back(tmp_path: Path, said: list[str]) -> None:
    path = tmp_path / "x.sock"
    with served(offer(path, said)):
        until(path.exists)
        path.unlink()
        until(path.exists)
        assert get(path)[0] == 200


def test_a_successors_socket_is_left_alone(tmp_path: Path, said: list[str]) -> None:
    path = tmp_path / "x.sock"
    with served(offer(path, said)):
        until(path.exists)
        successor = socket.socket(socket.AF_UNIX)
        successor.bind(str(tmp_path / "new.sock"))
        (tmp_path / "new.sock").replace(path)
    assert path.is_socket()
    successor.close()


def test_a_folder_that_is_missing_is_told_once_and_waited_for(tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "RETRY_SECONDS", 0.02)
    path = tmp_path / "later" / "x.sock"
    with served(offer(path, said)):
        until(lambda: said)
        time.sleep(0.1)
        path.parent.mkdir()
        until(path.exists)
        assert get(path)[0] == 200
    assert len(said) == 1
    assert "metrics can't be served" in said[0]


def test_a_page_that_can_not_be_made_is_an_error_of_that_request(tmp_path: Path, said: list[str]) -> None:
    def broken(accept: str) -> page.Answer:
        if accept == "bad":
            raise ValueError("no facts")
        return page.Answer("text/plain", b"good")

    path = tmp_path / "x.sock"
    with served(offer(path, said, broken)):
        until(path.exists)
        assert get(path, Accept="bad")[0] == 500
        assert get(path)[2] == b"good"
    assert said == ["hapilot's own metrics could not be made: ValueError: no facts"]


def test_a_slow_page_or_a_silent_client_keeps_nobody_waiting(tmp_path: Path, said: list[str]) -> None:
    going_on = threading.Event()

    def slow(accept: str) -> page.Answer:
        if accept == "slow":
            assert going_on.wait(5)
        return page.Answer("text/plain", b"done")

    path = tmp_path / "x.sock"
    with served(offer(path, said, slow)):
        until(path.exists)
        with socket.socket(socket.AF_UNIX) as silent:
            silent.connect(str(path))
            answers: list[bytes] = []
            waiting = threading.Thread(target=lambda: answers.append(get(path, Accept="slow")[2]))
            waiting.start()
            assert get(path)[2] == b"done"
            assert answers == []
            going_on.set()
            waiting.join(5)
            assert answers == [b"done"]


def test_the_end_comes_at_once(tmp_path: Path, said: list[str]) -> None:
    path = tmp_path / "x.sock"
    with served(offer(path, said)):
        until(path.exists)
        began = time.monotonic()
    assert time.monotonic() - began < page.TICK_SECONDS
