"""Asks a running HAProxy: the runtime API of the worker and the CLI of the master, each over its unix socket.

In: a socket's path and a command. Out: the answer's text; :mod:`hapilot.runtime.commands` turns it into values. Called by
``observe``, ``process`` and whoever applies a plan. One command per connection: HAProxy closes when it has answered.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from hapilot.base import errors
from hapilot.runtime import commands, peer

SECONDS = 10.0
"""How long one answer may take. Runtime commands take milliseconds; a big `show stat` below a second."""

_REFUSALS = ("Unknown command", "Permission denied", "Can't find the target")


@dataclass(frozen=True, slots=True)
class RuntimeClient:
    """The worker's stats socket at ``path``; ``timeout`` in seconds, for each step of an exchange."""

    path: Path
    timeout: float = SECONDS

    def send(self, command: str) -> str:
        """The answer to ``command``, without blanks around it. Raises HaproxyFailed if there is none or it is refused."""
        answer = exchange(self.path, command, self.timeout)
        if answer.startswith(_REFUSALS):
            raise _refused(command, answer)
        return answer

    def act(self, command: str, *success: str) -> str:
        """Sends a command that changes something. It worked if the answer is empty or has a line that starts with one of ``success``."""
        answer = self.send(command)
        if answer and not any(line.startswith(success) for line in answer.splitlines() if success):
            raise _refused(command, answer)
        return answer


@dataclass(frozen=True, slots=True)
class MasterClient:
    """The master's socket at ``path``."""

    path: Path
    timeout: float = SECONDS

    def send(self, command: str) -> str:
        """As :meth:`RuntimeClient.send`; ``@1 COMMAND`` and ``@!PID COMMAND`` go on to a worker."""
        answer = exchange(self.path, command, self.timeout)
        if answer.startswith(_REFUSALS):
            raise _refused(command, answer)
        return answer

    def processes(self) -> tuple[commands.ProcessLine, ...]:
        """The master and its workers."""
        return commands.parse_processes(self.send("show proc"))

    def reload(self) -> str:
        """Asks for a reload; the answer tells how it went from 2.7 on, and is empty before."""
        return self.send("reload")

    def peer(self) -> int:
        """The process that listens on the socket, as the kernel knows it."""
        with _connected(self.path, self.timeout) as connection:
            return peer.of(connection).pid


def exchange(path: Path, command: str, timeout: float) -> str:
    """Sends one command, reads to the end."""
    try:
        with _connected(path, timeout) as connection:
            connection.sendall(f"{command}\n".encode())
            # The master keeps the connection open after some answers unless we say that nothing more comes (2.8, live).
            connection.shutdown(socket.SHUT_WR)
            parts: list[bytes] = []
            while part := connection.recv(65536):
                parts.append(part)
    except OSError as problem:
        raise errors.HaproxyFailed(
            f"HAProxy did not answer `{_shown(command)}` on {path}: {problem.strerror or problem}",
            "see `hapilot status`; if it is not running, `hapilot up` starts it",
        ) from problem
    return b"".join(parts).decode("utf-8", "replace").strip()


def _connected(path: Path, timeout: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    return connection


def _refused(command: str, answer: str) -> errors.HaproxyFailed:
    first = answer.partition("\n")[0]
    return errors.HaproxyFailed(f"HAProxy refused `{_shown(command)}`: {first}")


def _shown(command: str) -> str:
    """Only the command itself: what follows ``<<`` may be a private key."""
    return command.partition(" <<")[0].partition("\n")[0]
