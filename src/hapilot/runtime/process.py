"""One HAProxy master and its workers: started, adopted, reloaded, stopped.

In: a program, a state directory whose ``current`` generation is the configuration. Out: a :class:`Process`. Called by
``reconcile`` and by ``supervise``. The master is in a session of its own and outlives hapilot; a later hapilot adopts it.
No process gets a signal that is not proved to be ours (see :mod:`hapilot.runtime.identity`).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hapilot.base import errors
from hapilot.runtime import (
    binary,
    carrying,
    check,
    client,
    commands,
    descriptors,
    endpoints,
    environment,
    files,
    identity,
    logfile,
    observe,
    reloading,
    remembering,
    writing,
)

_STEP = 0.005
"""Seconds between two looks at something that is about to happen."""

_TERMINATE_SECONDS = 5.0
"""From SIGTERM to SIGKILL: a master ends its workers in milliseconds."""


@dataclass(frozen=True, slots=True)
class Process:
    """A running master. Made by :func:`start` or :func:`adopt`; ``run_dir`` is the directory of its sockets."""

    identity: identity.Identity
    state: files.StateDirectory
    run_dir: Path

    @property
    def pid(self) -> int:
        """The master's process id."""
        return self.identity.pid

    @property
    def program(self) -> Path | None:
        """The HAProxy that it was started with, and that it becomes again at each reload; None if it is gone."""
        arguments = identity.command_line(self.pid)
        return Path(arguments[0]) if arguments else None

    @property
    def is_alive(self) -> bool:
        """Whether the master runs."""
        return identity.is_alive(self.identity)

    @property
    def master(self) -> client.MasterClient:
        """Talks to the master."""
        return client.MasterClient(self.run_dir / observe.MASTER_SOCKET)

    @property
    def runtime(self) -> client.RuntimeClient:
        """Talks to the worker that serves."""
        return client.RuntimeClient(self.run_dir / observe.RUNTIME_SOCKET)

    def serving_worker(self, seconds: float = client.SECONDS) -> int | None:
        """The pid of the newest worker if it answers on the runtime socket within ``seconds``, else None."""
        with contextlib.suppress(errors.HaproxyFailed, KeyError, ValueError):
            newest = self._newest_worker(seconds)
            answered = int(commands.parse_info(client.RuntimeClient(self.runtime.path, seconds).send("show info"))["Pid"])
            return newest if newest == answered else None
        return None

    def wait_ready(self, binds: Iterable[endpoints.Endpoint] = (), timeout: float = 30.0) -> int:
        """Returns the worker's pid once it runs, answers, and every one of ``binds`` is open; within ``timeout`` seconds.

        Raises HaproxyFailed at once if the master ends, with what it said.
        """
        log = logfile.mark(self.state.log)
        deadline = time.monotonic() + timeout
        waiting = list(binds)
        worker = None
        while time.monotonic() < deadline:
            if not self.is_alive:
                raise log.failure("HAProxy ended")
            worker = worker or self.serving_worker()
            if worker is not None:
                waiting = endpoints.closed(waiting)
                if not waiting:
                    return worker
            time.sleep(_STEP)
        missing = ", ".join(str(endpoint) for endpoint in waiting) if worker is not None else "the worker"
        raise errors.HaproxyFailed(f"HAProxy is not ready after {timeout:g} s: {missing} does not answer", f"see {self.state.log}")

    def reload(
        self, unchanged: Collection[tuple[str, str]] | None = None, seconds: float = reloading.usual_seconds(0)
    ) -> reloading.Reloaded:
        """Makes the master read the current generation. Connections and listening sockets go on; if the new configuration
        fails, so does this, with HAProxy's reasons, and the old worker serves on. It is given up after ``seconds``.

        What is known of servers goes along: of those in ``unchanged`` (backend and name), None for all. An old worker that hangs is ended:
        it has the listening sockets too, and takes connections that it never serves.
        """
        mute = None if self._keep_server_state(unchanged) else self._newest_worker(client.SECONDS)
        done = reloading.reload(self, seconds)
        if mute is not None and not self._answers(mute):
            self.cut(mute)
        return done

    def cut(self, worker: int) -> None:
        """Ends an old worker that does not answer: what it has accepted waits in vain, and what else comes to the sockets that it holds
        would do so too."""
        with contextlib.suppress(errors.HaproxyFailed):
            is_old = any(line.old and line.pid == worker for line in self.master.processes())
            found = identity.of(worker)
            if is_old and found in identity.group_members(self.pid):
                identity.send(found, signal.SIGKILL)

    def stop(self, graceful_seconds: float = 30.0, paths: Iterable[str] = ()) -> bool:
        """Ends HAProxy: no new connections, running ones get ``graceful_seconds`` to finish, then they are cut.

        True if all connections ended by themselves. The sockets are removed, also those at ``paths`` where listeners were: HAProxy
        leaves them behind.
        """
        gentle = identity.send(self.identity, signal.SIGUSR1) and self._gone_within(graceful_seconds)
        if not gentle:
            identity.send(self.identity, signal.SIGTERM)
            if not self._gone_within(_TERMINATE_SECONDS):
                self._kill()
        # The directory is ours alone; the configuration's own sockets are in it too.
        with contextlib.suppress(FileNotFoundError):
            for path in list(self.run_dir.iterdir()):
                if path.is_socket() or path.name == observe.SERVER_STATE:
                    path.unlink(missing_ok=True)
        endpoints.remove_left(paths)
        self.state.pid_file.unlink(missing_ok=True)
        self.state.tidy()
        return gentle

    def _kill(self) -> None:
        """The master leads its own process group, so this is the master and its workers."""
        for member in identity.group_members(self.pid):
            identity.send(member, signal.SIGKILL)
        self._gone_within(_TERMINATE_SECONDS)

    def _gone_within(self, seconds: float) -> bool:
        return _until(lambda: not self.is_alive, seconds)

    def _keep_server_state(self, unchanged: Collection[tuple[str, str]] | None) -> bool:
        """For the next worker, which else would take every server for healthy until its first checks end. Whether this one answers."""
        try:
            known = carrying.carried(remembering.ask(self.runtime), unchanged)
        except errors.HaproxyFailed:
            # What the file says of the last reload may be wrong by now.
            _write_server_state(self.run_dir, carrying.NOTHING)
            return False
        _write_server_state(self.run_dir, known)
        return True

    def _newest_worker(self, seconds: float) -> int | None:
        """By the master's account; None if it says nothing within ``seconds``."""
        with contextlib.suppress(errors.HaproxyFailed):
            known = client.MasterClient(self.master.path, seconds).processes()
            return next((line.pid for line in known if line.kind == "worker" and not line.old), None)
        return None

    def _answers(self, worker: int) -> bool:
        """Whether a worker, old or not, says anything. It gets the usual time."""
        with contextlib.suppress(errors.HaproxyFailed):
            return bool(client.MasterClient(self.master.path, self.runtime.timeout).send(f"@!{worker} show info"))
        return False


@dataclass(frozen=True, slots=True)
class Needs:
    """What a generation needs of its start: the user ``drop_to`` that its worker becomes, the variables ``withheld`` that it must not
    see, the numbers of the listening sockets that it ``inherits`` from us, and what is known of its ``servers``."""

    drop_to: str | None = None
    withheld: Collection[str] = ()
    inherits: Collection[int] = ()
    servers: str = carrying.NOTHING


def start(haproxy: binary.Haproxy, state: files.StateDirectory, needs: Needs = Needs(), *, timeout: float = 60.0) -> Process:
    """Starts a master on the current generation and waits until its worker answers.

    It gets every listening socket that was handed to us, so that a later generation may use those that this one does not. stdout is
    ours; stderr goes to ``haproxy.log``. Raises HaproxyFailed with HAProxy's alerts if it does not start within ``timeout`` seconds.
    """
    descriptors.require(needs.inherits)
    run_dir = state.prepare(needs.drop_to)
    # The file has to be there, or HAProxy warns.
    _write_server_state(run_dir, needs.servers)
    log = logfile.begin(state.log)
    command = [
        str(haproxy.path),
        "-W",
        # 2.6 looks up the maps of dynamic use_backend rules in the current directory, and a master that can't find its own
        # directory any more can't reload; it enters this one again at each reload, through the link.
        *("-C", str(state.current_link)),
        *("-S", f"unix@{run_dir / observe.MASTER_SOCKET},mode,600"),
        *("-p", str(state.pid_file)),
        *check.configuration(state.config.parent),
    ]
    added = {environment.RUN: str(run_dir), environment.SERVERS: str(run_dir / observe.SERVER_STATE)}
    pid = _spawn(command, environment.for_haproxy(added, needs.withheld), state.log)
    found = identity.of(pid)
    if found is None:
        identity.is_alive(identity.Identity(pid, 0))
        raise log.failure("HAProxy did not start")
    process = Process(found, state, run_dir)
    # The socket appears before a failed start ends, so only a worker that answers counts.
    if not _until(lambda: not process.is_alive or process.serving_worker() is not None, timeout):
        process.stop(0.0)
        raise log.failure(f"HAProxy did not start in {timeout:g} s")
    if not process.is_alive:
        raise log.failure("HAProxy did not start")
    return process


def _write_server_state(run_dir: Path, text: str) -> None:
    path = run_dir / observe.SERVER_STATE
    with writing.explained("write", path):
        writing.replace_file(path, f"{text}\n".encode())


def adopt(state: files.StateDirectory) -> Process | None:
    """The master that an earlier hapilot started on this state directory, or None.

    Raises HaproxyFailed if it runs and does not answer: starting a second one beside it would only make things worse.
    """
    run_dir = state.run_dir()
    known = _recorded(state)
    if run_dir is not None:
        master = client.MasterClient(run_dir / observe.MASTER_SOCKET)
        deadline = time.monotonic() + (client.SECONDS if known is not None else 0.0)
        while True:
            with contextlib.suppress(errors.HaproxyFailed, OSError):
                return _answering(state, run_dir, master)
            if time.monotonic() >= deadline or known is None or not identity.is_alive(known):
                break
            time.sleep(_STEP)
    if known is not None and identity.is_alive(known):
        raise errors.HaproxyFailed(
            f"HAProxy runs as process {known.pid} and does not answer on its master socket",
            f"end it with `kill {known.pid}`, then start hapilot again",
        )
    return None


def _answering(state: files.StateDirectory, run_dir: Path, master: client.MasterClient) -> Process | None:
    """The process behind the master socket, if it serves this state directory."""
    pid = master.peer()
    found = identity.of(pid)
    said = next((line.pid for line in master.processes() if line.kind == "master"), None)
    if found is None or said != pid or not _is_ours(pid, state):
        return None
    return Process(found, state, run_dir)


def _recorded(state: files.StateDirectory) -> identity.Identity | None:
    """The process in the pid file, if it is a master on our configuration; the number may be somebody else's by now."""
    try:
        pid = int(state.pid_file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return identity.of(pid) if _is_ours(pid, state) else None


def _is_ours(pid: int, state: files.StateDirectory) -> bool:
    arguments = identity.command_line(pid)
    pairs = set(itertools.pairwise(arguments))
    return "-W" in arguments and ("-f", str(state.config)) in pairs and ("-p", str(state.pid_file)) in pairs


def _spawn(command: list[str], env: Mapping[str, str], log: Path) -> int:
    """Starts ``command`` in a new session, with its stderr in ``log``, and without the signals that Python ignores."""
    with writing.explained("open", log):
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        return os.posix_spawn(
            command[0],
            command,
            dict(env),
            file_actions=[(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, descriptor, 2)],
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2],
        )
    except OSError as problem:
        raise errors.HaproxyFailed(f"{command[0]} can't be run: {problem.strerror}") from problem
    finally:
        os.close(descriptor)


def _until(holds: Callable[[], bool], seconds: float) -> bool:
    """Whether ``holds`` becomes true within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_STEP)
    return True
