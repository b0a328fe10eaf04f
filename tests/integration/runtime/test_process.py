"""A real HAProxy, started, adopted, reloaded, killed and stopped."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.render.bundle import Bundle, BundleFile
from hapilot.runtime import binary, endpoints, files, identity, observe, process, supervise

from .conftest import Backend, MakeBundle, fetch

pytestmark = pytest.mark.haproxy


def apply(state: files.StateDirectory, bundle: Bundle) -> int:
    """Writes and activates a generation."""
    made = state.write(bundle, files.Description(time.time(), "test", "test"))
    state.activate(made.number)
    return made.number


def until(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether ``holds`` becomes true in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def left_in(folder: Path) -> list[str]:
    """What is in a folder, which may be gone."""
    return [path.name for path in folder.iterdir()] if folder.exists() else []


@pytest.fixture
def running(haproxy: binary.Haproxy, state: files.StateDirectory, make_bundle: MakeBundle, port: int) -> process.Process:
    """A HAProxy that serves."""
    apply(state, make_bundle())
    started = process.start(haproxy, state)
    started.wait_ready([endpoints.Endpoint("127.0.0.1", port)])
    return started


def test_serves_and_is_observed(running: process.Process, haproxy: binary.Haproxy, port: int) -> None:
    assert fetch(port) == b"hello"
    assert until(lambda: _server(running, "dead").status.startswith("DOWN"))
    seen = observe.observe(running.run_dir)
    assert seen.info.version == haproxy.version_text
    assert [worker.pid for worker in seen.workers] == [seen.info.pid]
    assert seen.proxy("front", "frontend") is not None
    assert _server(running, "one").check_status == "L4OK"
    dead = _server(running, "dead")
    assert dead.check_status == "L4CON"
    assert "Connection refused" in dead.error


def _server(running: process.Process, name: str) -> observe.ServerState:
    backend = observe.observe(running.run_dir).proxy("web", "backend")
    assert backend is not None
    return next(server for server in backend.servers if server.name == name)


def test_sockets_belong_to_us_alone(running: process.Process) -> None:
    assert {path.name for path in running.run_dir.iterdir()} == {"master.sock", "runtime.sock", "servers.state"}
    for path in running.run_dir.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    assert running.run_dir.stat().st_mode & 0o777 == 0o700


def test_adopted_by_a_second_object(running: process.Process, state: files.StateDirectory) -> None:
    adopted = process.adopt(files.StateDirectory(state.root))
    assert adopted == running


def test_adopts_without_the_pid_file(running: process.Process, state: files.StateDirectory) -> None:
    state.pid_file.unlink()
    assert process.adopt(state) == running


def test_outlives_the_process_that_started_it(
    haproxy: binary.Haproxy, state: files.StateDirectory, make_bundle: MakeBundle, port: int
) -> None:
    apply(state, make_bundle())
    code = (
        "import sys; from pathlib import Path; from hapilot.runtime import binary, files, process;"
        "process.start(binary.choose(sys.argv[2]), files.StateDirectory(Path(sys.argv[1])))"
    )
    subprocess.run([sys.executable, "-c", code, state.root, haproxy.path], check=True, timeout=30)
    adopted = process.adopt(state)
    assert adopted is not None
    assert fetch(port) == b"hello"
    adopted.reload()
    assert adopted.stop(5.0)
    assert not adopted.is_alive


def test_adopts_nothing_where_nothing_runs(state: files.StateDirectory) -> None:
    assert process.adopt(state) is None


def test_a_reused_pid_is_not_adopted_and_not_signalled(state: files.StateDirectory) -> None:
    state.pid_file.write_text(f"{os.getpid()}\n")
    assert process.adopt(state) is None
    mine = identity.of(os.getpid())
    assert mine is not None
    assert identity.send(identity.Identity(mine.pid, mine.started - 1), signal.SIGTERM) is False


def test_says_when_the_master_does_not_answer(
    running: process.Process, state: files.StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hapilot.runtime.client.SECONDS", 0.2)
    (running.run_dir / observe.MASTER_SOCKET).unlink()
    with pytest.raises(errors.HaproxyFailed, match=f"process {running.pid} and does not answer"):
        process.adopt(state)
    running.stop(0.0)


def test_reload_takes_the_current_generation(
    running: process.Process, state: files.StateDirectory, make_bundle: MakeBundle, port: int
) -> None:
    before = observe.observe(running.run_dir).info.pid
    apply(state, make_bundle(extra="backend added\n    server x 127.0.0.1:1\n"))
    reloaded = running.reload()
    seen = observe.observe(running.run_dir)
    assert seen.info.pid == reloaded.worker_pid != before
    assert seen.proxy("added", "backend") is not None
    assert running.is_alive
    assert fetch(port) == b"hello"


def test_a_bad_file_keeps_the_old_worker(running: process.Process, state: files.StateDirectory, make_bundle: MakeBundle, port: int) -> None:
    before = observe.observe(running.run_dir).info.pid
    good = state.current()
    assert good is not None
    bad = apply(state, make_bundle(extra="backend broken\n    servre x 127.0.0.1:1\n"))
    with pytest.raises(errors.HaproxyFailed, match="servre"):
        running.reload()
    assert observe.observe(running.run_dir).info.pid == before
    assert fetch(port) == b"hello"
    assert bad == good.number + 1
    state.activate(good.number)
    assert running.reload().worker_pid != before
    assert fetch(port) == b"hello"


def test_reload_refuses_no_connection_and_keeps_health(running: process.Process, port: int) -> None:
    assert until(lambda: _server(running, "dead").status.startswith("DOWN"))
    stop = threading.Event()
    failures: list[str] = []
    served: list[bytes] = []

    def hammer() -> None:
        while not stop.is_set():
            try:
                served.append(fetch(port))
            except OSError as problem:
                failures.append(repr(problem))

    thread = threading.Thread(target=hammer)
    thread.start()
    for _ in range(3):
        running.reload()
    stop.set()
    thread.join()
    assert failures == []
    assert set(served) == {b"hello"}, "a server that is known to be down must not get requests after a reload"
    assert len(served) > 10


def test_a_reload_hands_on_only_what_is_unchanged(
    running: process.Process, state: files.StateDirectory, make_bundle: MakeBundle, backend: Backend
) -> None:
    """HAProxy goes by names alone: it would give the server its old port, and keep it down where nothing checks it any more."""
    assert until(lambda: _server(running, "dead").status.startswith("DOWN"))
    apply(state, make_bundle(dead=f"127.0.0.1:{backend.port}"))
    running.reload({("web", "one")})
    dead = _server(running, "dead")
    assert (dead.status, dead.address) == ("no check", f"127.0.0.1:{backend.port}")
    assert _server(running, "one").check_status == "L4OK"


def test_a_start_keeps_secrets_from_haproxy(
    haproxy: binary.Haproxy, state: files.StateDirectory, make_bundle: MakeBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_WORD", "s3cret-word")
    monkeypatch.setenv("OTHER_WORD", "plain-word")
    apply(state, make_bundle())
    started = process.start(haproxy, state, process.Needs(withheld=("ADMIN_WORD",)))
    started.reload()
    for worker in (started.pid, observe.observe(started.run_dir).info.pid):
        seen = Path(f"/proc/{worker}/environ").read_bytes()
        assert b"s3cret-word" not in seen
        assert b"OTHER_WORD=plain-word" in seen


def test_readiness_needs_no_connection(running: process.Process, port: int) -> None:
    """Another port of the same service would see an empty connection."""
    before = observe.observe(running.run_dir).proxy("front", "frontend")
    assert before is not None
    running.wait_ready([endpoints.Endpoint("127.0.0.1", port)])
    after = observe.observe(running.run_dir).proxy("front", "frontend")
    assert after is not None
    assert after.total == before.total


def test_stop_where_the_sockets_are_gone(running: process.Process, state: files.StateDirectory) -> None:
    shutil.rmtree(running.run_dir)
    running.stop(0.0)
    assert not running.is_alive
    state.prepare()


def test_a_running_download_survives_reload_and_graceful_stop(running: process.Process, backend: Backend, port: int) -> None:
    bodies: list[bytes] = []
    download = threading.Thread(target=lambda: bodies.append(fetch(port, "/slow")))
    download.start()
    assert backend.started.wait(10)
    running.reload()
    old = [worker for worker in observe.observe_workers(running.run_dir) if worker.old]
    assert [worker.sessions for worker in old] == [1]
    stopped: list[bool] = []
    stopping = threading.Thread(target=lambda: stopped.append(running.stop(15.0)))
    stopping.start()
    assert until(lambda: not endpoints.accepts(endpoints.Endpoint("127.0.0.1", port)))
    assert running.is_alive
    backend.gate.set()
    download.join()
    stopping.join()
    assert bodies == [b"first-last"]
    assert stopped == [True]
    assert left_in(running.run_dir) == []


def test_stop_cuts_what_takes_too_long(running: process.Process, backend: Backend, port: int) -> None:
    bodies: list[bytes] = []
    download = threading.Thread(target=lambda: bodies.append(fetch(port, "/slow")))
    download.start()
    assert backend.started.wait(10)
    assert running.stop(0.3) is False
    assert not running.is_alive
    backend.gate.set()
    download.join()
    assert bodies == [b"first"]


@pytest.mark.parametrize("victim", ["worker", "master"])
def test_a_kill_is_noticed_and_mended(
    running: process.Process, haproxy: binary.Haproxy, state: files.StateDirectory, port: int, victim: str
) -> None:
    worker = observe.observe(running.run_dir).info.pid
    os.kill(running.pid if victim == "master" else worker, signal.SIGKILL)
    assert until(lambda: not running.is_alive)
    assert until(lambda: identity.of(worker) is None), "the worker of a dead master must not keep the port"
    now = [100.0]
    supervisor = supervise.Supervisor(running, lambda: process.start(haproxy, state), clock=lambda: now[0])
    died = supervisor.poll()
    assert died is not None
    assert died.kind == "died"
    now[0] += died.wait_seconds
    restarted = supervisor.poll()
    assert restarted is not None
    assert restarted.kind == "restarted"
    assert fetch(port) == b"hello"
    assert process.adopt(state) == supervisor.process


def test_start_failure_says_why(haproxy: binary.Haproxy, state: files.StateDirectory, make_bundle: MakeBundle) -> None:
    apply(state, make_bundle(extra_global="nonsense here"))
    with pytest.raises(errors.HaproxyFailed, match="unknown keyword 'nonsense'"):
        process.start(haproxy, state)
    assert process.adopt(state) is None


def test_start_failure_on_a_busy_port(haproxy: binary.Haproxy, state: files.StateDirectory, make_bundle: MakeBundle, port: int) -> None:
    apply(state, make_bundle())
    with socket.create_server(("127.0.0.1", port)), pytest.raises(errors.HaproxyFailed, match=str(port)):
        process.start(haproxy, state)


def test_wait_ready_fails_for_an_address_that_does_not_accept(running: process.Process) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        silent = endpoints.Endpoint("127.0.0.1", bound.getsockname()[1])
        with pytest.raises(errors.HaproxyFailed, match=str(silent)):
            running.wait_ready([silent], timeout=0.3)


def test_wait_ready_fails_early_when_haproxy_ends(running: process.Process) -> None:
    running.stop(0.0)
    begun = time.monotonic()
    with pytest.raises(errors.HaproxyFailed, match="ended"):
        running.wait_ready([endpoints.Endpoint("127.0.0.1", 1)], timeout=20)
    assert time.monotonic() - begun < 5


def test_reload_works_when_the_directory_it_was_started_in_is_gone(
    haproxy: binary.Haproxy, state: files.StateDirectory, make_bundle: MakeBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    apply(state, make_bundle())
    started = process.start(haproxy, state)
    gone.rmdir()
    started.reload()
    monkeypatch.chdir(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop to another user")
def test_drops_to_a_user_that_can_use_the_sockets_and_reloads_as_root(
    haproxy: binary.Haproxy, state: files.StateDirectory, make_bundle: MakeBundle, port: int
) -> None:
    run_dir = state.prepare("nobody")
    bundle = make_bundle(
        extra_global="user nobody\n    group nogroup",
        extra='frontend inner\n    bind "unix@${HAPILOT_RUN}/inner.sock" user nobody mode 600\n    default_backend web\n'
        'backend hop\n    server inner "unix@${HAPILOT_RUN}/inner.sock"\n',
        to="hop",
    )
    apply(state, Bundle((*bundle.files, BundleFile("certs/0.pem", b"-----BEGIN PRIVATE KEY-----\n"))))
    started = process.start(haproxy, state, process.Needs(drop_to="nobody"))
    try:
        worker = started.wait_ready([endpoints.Endpoint("127.0.0.1", port), endpoints.Endpoint(path=str(run_dir / "inner.sock"))])
        assert Path(f"/proc/{worker}").stat().st_uid == 65534
        assert run_dir.stat().st_mode & 0o777 == 0o710
        assert state.root.stat().st_mode & 0o777 == 0o710
        assert fetch(port) == b"hello"
        started.reload()
        assert fetch(port) == b"hello"
    finally:
        started.stop(1.0)
    assert left_in(run_dir) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the root directory")
def test_starts_and_reloads_with_chroot(
    haproxy: binary.Haproxy, state: files.StateDirectory, make_bundle: MakeBundle, port: int, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir(0o555)
    apply(state, make_bundle(extra_global=f"user nobody\n    group nogroup\n    chroot {empty}"))
    started = process.start(haproxy, state, process.Needs(drop_to="nobody"))
    worker = started.reload().worker_pid
    assert Path(f"/proc/{worker}/root").readlink() == empty
    assert fetch(port) == b"hello"
    assert started.stop(5.0)
