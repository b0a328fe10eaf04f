"""Which HAProxy ``up`` works with: the one that was chosen, unless another one runs already.

In: the choice and the state directory. Out: the program to compile and check for, and a sentence where it is not the chosen one.
A reload runs the program that is there already, so a configuration for another one could be refused, or worse, be taken.
"""

from __future__ import annotations

from hapilot.base import errors
from hapilot.runtime import binary, files, process


def settle(chosen: binary.Haproxy, state: files.StateDirectory) -> tuple[binary.Haproxy, str]:
    """``chosen``, or the one that runs in ``state`` and why."""
    running = process.adopt(state)
    program = running.program if running is not None else None
    if program is None or program.resolve() == chosen.path.resolve():
        return chosen, ""
    try:
        own = binary.choose(str(program))
    except errors.HaproxyMissing as problem:
        hint = f"end it with `kill {running.pid}` and start hapilot again" if running else ""
        raise errors.HaproxyMissing(f"the HAProxy that runs here can't be reloaded any more: {problem}", hint) from problem
    return own, (
        f"HAProxy {own.version_text} ({own.path}) runs already and is kept; "
        f"{chosen.version_text} ({chosen.path}) was chosen: to change over, end this hapilot with SIGTERM and start it again"
    )
