"""The control socket: private, bounded, and gone at the end."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hapilot.runtime import control, peer


def upper(line: bytes, _: control.Client) -> bytes:
    """An answer."""
    return line.upper()


def _stranger(_: socket.socket) -> peer.Peer:
    """A process of another user."""
    return peer.Peer(4711, os.geteuid() + 1)


@contextmanager
def serving(path: Path, answer: Callable[[bytes, control.Client], bytes] = upper, longest: int = 100) -> Generator[Callable[[], None]]:
    with control.serving(control.Offer(path, answer, b"busy\n", longest)) as close:
        yield close


def ask(path: Path, line: bytes = b"hello\n") -> bytes:
    return control.ask(path, line, 1000, 5.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


def test_one_request_and_one_answer(path: Path) -> None:
    with serving(path):
        assert ask(path) == b"HELLO\n"
        assert ask(path, b"again\n") == b"AGAIN\n"
        assert path.stat().st_mode & 0o777 == 0o600
        assert [entry.name for entry in path.parent.iterdir()] == ["control.sock"]


def test_it_is_gone_at_the_end(path: Path) -> None:
    with serving(path) as close:
        close()
        assert not path.exists()
        with pytest.raises(FileNotFoundError):
            ask(path)
    assert not path.exists()


def test_what_a_killed_one_has_left_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
        left.listen()
    with pytest.raises(ConnectionRefusedError):
        ask(path)
    with serving(path):
        assert ask(path) == b"HELLO\n"


def test_the_socket_of_a_successor_is_left_alone(path: Path) -> None:
    with serving(path) as close, serving(path):
        close()
        assert ask(path) == b"HELLO\n"


def test_a_path_that_fits_into_no_address(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with serving(folder / "control.sock"):
        assert ask(folder / "control.sock") == b"HELLO\n"
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_no_socket_where_there_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), serving(tmp_path / "none" / "control.sock"):
        pass


@pytest.mark.parametrize("sent", [b"a" * 101, b"a" * 100000, b"no end of the line"])
def test_what_is_too_long_or_has_no_end_is_handed_on_in_part_to_be_refused(path: Path, sent: bytes) -> None:
    got: list[bytes] = []

    def answer(line: bytes, _: control.Client) -> bytes:
        got.append(line)
        return b"refused\n"

    with serving(path, answer), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(path))
        try:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        assert client.recv(100) == b"refused\n"
    assert got == [sent[:101]]


def test_a_client_that_says_nothing_is_left(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "REQUEST_SECONDS", 0.2)
    with serving(path), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(path))
        began = time.monotonic()
        assert client.recv(100) == b""
        assert time.monotonic() - began < 3


def test_a_client_that_drips_does_not_get_more_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "REQUEST_SECONDS", 0.3)
    with serving(path), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(path))
        began = time.monotonic()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while time.monotonic() - began < 5:
                client.sendall(b"a")
                time.sleep(0.05)
        assert time.monotonic() - began < 3


def test_one_client_too_many_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "CONNECTIONS", 2)
    go_on = threading.Event()
    begun = threading.Semaphore(0)

    def answer(line: bytes, _: control.Client) -> bytes:
        begun.release()
        go_on.wait(10)
        return line

    with serving(path, answer):
        got: list[bytes] = []
        clients = [threading.Thread(target=lambda: got.append(ask(path))) for _ in range(2)]
        for client in clients:
            client.start()
        assert begun.acquire(timeout=5)
        assert begun.acquire(timeout=5)
        assert ask(path) == b"busy\n"
        go_on.set()
        for client in clients:
            client.join(5)
        assert got == [b"hello\n"] * 2
        assert ask(path) == b"hello\n"


def test_a_client_that_leaves_is_noticed_and_one_that_has_said_all_is_not(path: Path) -> None:
    seen: list[bool] = []
    noticed = threading.Event()

    def answer(line: bytes, client: control.Client) -> bytes:
        seen.append(client.is_gone)
        deadline = time.monotonic() + 5
        while not client.is_gone and time.monotonic() < deadline:
            time.sleep(0.01)
        seen.append(client.is_gone)
        noticed.set()
        return line

    with serving(path, answer):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"hello\n")
            client.shutdown(socket.SHUT_WR)
            while not seen:
                time.sleep(0.01)
        assert noticed.wait(5)
    assert seen == [False, True]


def test_an_answer_under_way_is_finished_before_the_end(path: Path) -> None:
    begun = threading.Event()

    def answer(line: bytes, _: control.Client) -> bytes:
        begun.set()
        time.sleep(0.2)
        return line

    got: list[bytes] = []
    client = threading.Thread(target=lambda: got.append(ask(path)))
    with serving(path, answer):
        client.start()
        assert begun.wait(5)
    assert not path.exists()
    client.join(5)
    assert got == [b"hello\n"]


def test_an_answer_that_does_not_come_in_time(path: Path) -> None:
    go_on = threading.Event()

    def answer(line: bytes, _: control.Client) -> bytes:
        go_on.wait(5)
        return line

    with serving(path, answer):
        with pytest.raises(TimeoutError):
            control.ask(path, b"hello\n", 100, 0.2)
        go_on.set()


def test_who_asks_is_known(path: Path) -> None:
    seen: list[peer.Peer] = []

    def answer(line: bytes, client: control.Client) -> bytes:
        seen.append(client.peer)
        return line

    with serving(path, answer):
        ask(path)
    assert seen == [peer.Peer(os.getpid(), os.geteuid())]


def test_other_users_are_refused_whatever_the_mode_of_the_socket(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "of", _stranger)
    asked: list[bytes] = []

    def answer(line: bytes, _: control.Client) -> bytes:
        asked.append(line)
        return line

    with control.serving(control.Offer(path, answer, b"busy\n", 100, b"not you\n")):
        assert ask(path) == b"not you\n"
    assert asked == []
