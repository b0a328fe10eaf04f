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
    change = "to change over, end this hapilot with SIGTERM and start it again"
    try:
        own = binary.choose(str(program))
    except errors.HaproxyMissing as problem:
        raise errors.HaproxyMissing(f"the HAProxy that runs here can't be used any more: {problem}", f"end it with `kill {running.pid}`" if running else "") from problem
    return own, (
        f"HAProxy {own.version_text} ({own.path}) runs already and is kept, instead of the chosen {chosen.version_text} ({chosen.path}); {change}"
    )
