"""A reload of a real HAProxy that hangs: given up in time, and mended when HAProxy can again."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.render.bundle import Bundle, BundleFile
from hapilot.runtime import binary, endpoints, files, identity, observe, process

from .conftest import Backend, MakeBundle, fetch

pytestmark = pytest.mark.haproxy

MUTE = 'core.register_task(function() io.open("{pipe}") end)\n'
"""The worker's only thread waits for a writer to the pipe that does not come, and nothing else goes on."""


def apply(state: files.StateDirectory, bundle: Bundle) -> int:
    """Writes and activates a generation."""
    made = state.write(bundle, files.Description(time.time(), "test", "test"))
    state.activate(made.number)
    return made.number


@pytest.fixture
def running(haproxy: binary.Haproxy, state: files.StateDirectory, make_bundle: MakeBundle, backend: Backend, port: int) -> process.Process:
    """A HAProxy that serves generation 1, with no server that is down, and has been reloaded once."""
    apply(state, make_bundle(dead=f"127.0.0.1:{backend.port}"))
    started = process.start(haproxy, state)
    started.wait_ready([endpoints.Endpoint("127.0.0.1", port)])
    started.reload()
    return started


def test_a_master_that_hangs_is_not_waited_for_and_reloads_later(
    running: process.Process, state: files.StateDirectory, make_bundle: MakeBundle, port: int
) -> None:
    worker = running.serving_worker()
    apply(state, make_bundle(extra="listen second\n    bind 127.0.0.1:0\n"))
    os.kill(running.pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(errors.HaproxyFailed, match=r"did not finish its reload in 0\.7 s") as late:
            running.reload(seconds=0.7)
    finally:
        os.kill(running.pid, signal.SIGCONT)
    assert time.monotonic() - began < 3
    assert f"process {running.pid}" in late.value.hint
    assert fetch(port) == b"hello"
    state.activate(1)
    assert running.reload().worker_pid != worker
    assert fetch(port) == b"hello"


def test_a_new_worker_that_does_not_answer_is_found_out_and_ended(
    running: process.Process, state: files.StateDirectory, make_bundle: MakeBundle, port: int, tmp_path: Path
) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    made = make_bundle(extra_global="nbthread 1\n    lua-load mute.lua")
    apply(state, Bundle((*made.files, BundleFile("mute.lua", MUTE.format(pipe=pipe).encode()))))
    with pytest.raises(errors.HaproxyMute, match="new worker does not answer") as mute:
        running.reload(seconds=1.5)
    found = identity.of(mute.value.worker)
    assert found is not None
    state.activate(1)
    running.cut(mute.value.worker)
    assert identity.is_alive(found), "only old workers are cut: without this one HAProxy would end"
    running.reload()
    running.cut(mute.value.worker)
    while identity.is_alive(found):
        time.sleep(0.01)
    assert {fetch(port) for _ in range(20)} == {b"hello"}


@pytest.mark.system
def test_twenty_old_workers_are_looked_at_quickly_though_one_hangs(running: process.Process, port: int) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            running.reload()
        began = time.monotonic()
        old = [one for one in observe.observe_workers(running.run_dir) if one.old]
        assert time.monotonic() - began < 1
        assert [one.sessions for one in old] == [1] * 20
        hangs = old[3].pid
        os.kill(hangs, signal.SIGSTOP)
        began = time.monotonic()
        seen = {one.pid: one.sessions for one in observe.observe_workers(running.run_dir) if one.old}
        os.kill(hangs, signal.SIGKILL)
        assert time.monotonic() - began < 4 * observe.WORKER_SECONDS
        assert seen == {one.pid: None if one.pid == hangs else 1 for one in old}
