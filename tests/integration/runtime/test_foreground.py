"""A HAProxy for a short while: it serves sockets that it is handed, says why it does not start, and is gone afterwards."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.runtime import binary, foreground
from support import haproxy

pytestmark = pytest.mark.haproxy

CONFIG = """global
    stats socket "unix@${{HAPILOT_RUN}}/runtime.sock" mode 600
    log stdout format raw local0
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend web
    bind fd@{number}
    http-request return status 200 content-type text/plain string "${{SHOWN}}[${{HIDDEN}}]"
"""


@pytest.fixture(params=haproxy.each(slow=True))
def program(request: pytest.FixtureRequest) -> binary.Haproxy:
    """Each HAProxy."""
    one: haproxy.Binary = request.param
    return binary.choose(str(one.path))


@pytest.fixture
def place(tmp_path: Path) -> foreground.Place:
    for name in ("files", "sockets"):
        (tmp_path / name).mkdir()
    return foreground.Place(tmp_path / "files", tmp_path / "sockets", tmp_path / "log")


def test_it_serves_what_it_is_handed_and_ends(program: binary.Haproxy, place: foreground.Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOWN", "shown")
    monkeypatch.setenv("HIDDEN", "secret")
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        (place.files / "haproxy.cfg").write_text(CONFIG.format(number=door.fileno()))
        with foreground.running(program, place, inherits=[door.fileno()], withheld=["HIDDEN"]) as runtime:
            pid = next(line for line in runtime.send("show info").splitlines() if line.startswith("Pid: ")).partition(": ")[2]
            with socket.create_connection(door.getsockname(), 5) as client:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                assert client.makefile("rb").read().endswith(b"\r\n\r\nshown[]")
        assert not Path(f"/proc/{pid}").exists()


def test_it_says_why_it_does_not_start(program: binary.Haproxy, place: foreground.Place) -> None:
    (place.files / "haproxy.cfg").write_text("global\n    nonsense here\n")
    with pytest.raises(errors.HaproxyFailed, match=r"did not start: .*nonsense") as raised, foreground.running(program, place):
        pass
    assert raised.value.hint == ""


def test_a_program_that_can_t_be_run(program: binary.Haproxy, place: foreground.Place, tmp_path: Path) -> None:
    with pytest.raises(errors.HaproxyFailed, match="can't be run"), foreground.running(replace(program, path=tmp_path), place):
        pass
