"""Listening sockets at numbers, on real ones."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.runtime import descriptors, endpoints


@pytest.fixture
def handed() -> Generator[socket.socket]:
    """A listening socket that may be inherited, as one that systemd passes."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        os.set_inheritable(made.fileno(), True)
        yield made


def test_what_was_handed_over_is_found(handed: socket.socket) -> None:
    port = handed.getsockname()[1]
    assert descriptors.inherited()[handed.fileno()] == endpoints.Endpoint("127.0.0.1", port)
    assert handed.getsockname()[1] == port, "the original is still open"


def test_our_own_sockets_and_those_that_do_not_listen_are_not(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as own, socket.socket() as idle, (tmp_path / "x").open("w") as file:
        os.set_inheritable(idle.fileno(), True)
        os.set_inheritable(file.fileno(), True)
        assert not {own.fileno(), idle.fileno(), file.fileno()} & set(descriptors.inherited())


def test_a_unix_socket_is_found_by_path_and_an_abstract_one_by_its_name(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as other:
        one.bind(str(tmp_path / "a.sock"))
        other.bind(b"\0hapilot-test")
        for each in (one, other):
            each.listen(1)
            os.set_inheritable(each.fileno(), True)
        found = descriptors.inherited()
        assert found[one.fileno()].path == str(tmp_path / "a.sock")
        assert found[other.fileno()].path == "@hapilot-test"


def test_what_a_process_holds(handed: socket.socket, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as local, (tmp_path / "x").open("w") as file:
        local.bind(str(tmp_path / "b.sock"))
        local.listen(1)
        assert descriptors.held_by(os.getpid(), handed.fileno()) == endpoints.Endpoint("127.0.0.1", handed.getsockname()[1])
        assert descriptors.held_by(os.getpid(), local.fileno()) == endpoints.Endpoint(path=str(tmp_path / "b.sock"))
        assert descriptors.held_by(os.getpid(), file.fileno()) is None
        assert descriptors.held_by(os.getpid(), 9999) is None


def test_what_is_not_there_is_said(handed: socket.socket) -> None:
    descriptors.require([handed.fileno()])
    with pytest.raises(errors.HaproxyFailed, match="fd:987 is not an open listening socket") as missing:
        descriptors.require([handed.fileno(), 987])
    assert "systemd" in missing.value.hint


def test_a_stand_in_is_at_every_number(tmp_path: Path) -> None:
    look = "import socket, sys; print([socket.socket(fileno=int(n)).getsockopt(1, 30) for n in sys.argv[1:]], end='')"
    with descriptors.stand_in() as made:
        # Numbers that are in use here, and its own.
        wanted = {3, 4, 700, made.fileno()}
        command = descriptors.stand_in_command(made.fileno(), wanted, [sys.executable, "-c", look, *map(str, wanted)])
        done = subprocess.run(command, pass_fds=[made.fileno()], capture_output=True, text=True, timeout=20)
    assert (done.stdout, done.stderr) == ("[1, 1, 1, 1]", ""), "SO_ACCEPTCONN (30) of SOL_SOCKET (1)"
