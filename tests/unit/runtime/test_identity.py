"""A process is its number and its start, never its number alone."""

from __future__ import annotations

import os
import signal

from hapilot.runtime import identity


def _child() -> int:
    return os.posix_spawn("/bin/sleep", ["sleep", "30"], dict(os.environ), setsid=True)


def test_a_child_is_alive_until_it_ends_and_is_waited_for() -> None:
    pid = _child()
    found = identity.of(pid)
    assert found is not None
    assert identity.is_alive(found)
    assert identity.group_members(pid) == (found,)
    assert identity.send(found, signal.SIGKILL)
    while identity.is_alive(found):
        pass
    assert identity.of(pid) is None
    assert identity.send(found, signal.SIGKILL) is False


def test_another_start_time_is_another_process() -> None:
    pid = _child()
    found = identity.of(pid)
    assert found is not None
    other = identity.Identity(pid, found.started + 1)
    assert not identity.is_alive(other)
    assert identity.send(other, signal.SIGKILL) is False
    assert identity.is_alive(found)
    identity.send(found, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_command_line() -> None:
    assert "python" in identity.command_line(os.getpid())[0]
    assert identity.command_line(2**22 + 1) == ()
