"""The socket client, against a stand-in that answers once."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.runtime import client


@contextmanager
def answering(path: Path, answer: bytes) -> Generator[list[bytes]]:
    """Takes one command, answers, closes; gives what it got."""
    got: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        server.settimeout(5)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                while part := connection.recv(4096):
                    got.append(part)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield got
        thread.join()


def test_send(tmp_path: Path) -> None:
    with answering(tmp_path / "s", b"Pid: 1\n\n") as got:
        assert client.RuntimeClient(tmp_path / "s").send("show info") == "Pid: 1"
    assert b"".join(got) == b"show info\n"


@pytest.mark.parametrize("answer", [b"Unknown command: 'x'\nmore", b"Permission denied\n"])
def test_a_refusal_is_an_error_that_keeps_the_payload_to_itself(tmp_path: Path, answer: bytes) -> None:
    with answering(tmp_path / "s", answer), pytest.raises(errors.HaproxyFailed) as caught:
        client.RuntimeClient(tmp_path / "s").send("set ssl cert x <<\nSECRET\n")
    assert "set ssl cert x" in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert answer.decode().splitlines()[0] in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "words", "works"),
    [
        (b"\n", (), True),
        (b"New server registered.\n", ("New server",), True),
        (b"No such server.\n", ("New server",), False),
        (b"oops\n", (), False),
    ],
)
def test_act(tmp_path: Path, answer: bytes, words: tuple[str, ...], works: bool) -> None:
    runtime = client.RuntimeClient(tmp_path / "s")
    with answering(tmp_path / "s", answer):
        if works:
            runtime.act("add server b/s", *words)
        else:
            with pytest.raises(errors.HaproxyFailed, match="refused"):
                runtime.act("add server b/s", *words)


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(errors.HaproxyFailed, match="No such file"):
        client.RuntimeClient(tmp_path / "s").send("show info")


def test_an_answer_that_does_not_come(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        with pytest.raises(errors.HaproxyFailed, match="timed out"):
            client.RuntimeClient(tmp_path / "s", timeout=0.1).send("show info")
