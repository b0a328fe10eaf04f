"""The commands' side of the control socket: an order to the running ``up``, and its answer.

In: the state directory and a request. Out: what was done, or HapilotError with the reason in words: nobody there, another version,
refused. Called by ``cli``.
"""

from __future__ import annotations

import contextlib
import os
import time

from hapilot import __version__
from hapilot.base import errors
from hapilot.reconcile import protocol
from hapilot.runtime import control, files

SECONDS = 600.0
"""How long an answer may take: several orders may stand in front, and HAProxy may take two minutes for a reload."""
START_SECONDS = 5.0
"""How long an ``up`` that holds the state directory and takes no orders yet is waited for."""


class Refused(errors.HapilotError):
    """The running ``up`` did not carry out an order. ``answer`` is all that it said."""

    def __init__(self, answer: protocol.Failed) -> None:
        super().__init__(answer.error, answer.hint)
        self.answer = answer


def ask(state: files.StateDirectory, request: protocol.Request) -> protocol.Done:
    """Have ``request`` carried out. Raises Refused with the diagnostics, or another HapilotError where it did not come to that."""
    if os.path.lexists(state.root) and not os.access(state.root, os.R_OK | os.X_OK):
        raise errors.StateBroken(f"can't look into {state.root}: permission denied", "run this as the user that runs `hapilot up`")
    answer = _decoded(_exchanged(state, protocol.encode_request(request)))
    if isinstance(answer, protocol.Failed):
        raise Refused(answer)
    return answer


def _exchanged(state: files.StateDirectory, line: bytes) -> bytes:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                return control.ask(state.control, line, protocol.LONGEST_ANSWER, SECONDS)
        except TimeoutError as problem:
            hint = "`hapilot history` shows whether it was carried out all the same"
            raise errors.HapilotError(f"the running hapilot did not answer within {SECONDS:g} s", hint) from problem
        except PermissionError as problem:
            raise errors.StateBroken(
                f"may not give orders at {state.control}: permission denied", "run this as the user that runs `hapilot up`"
            ) from problem
        except OSError as problem:
            raise errors.StateBroken(f"can't give orders at {state.control}: {problem.strerror or problem}") from problem
        _require_up(state, deadline)
        time.sleep(0.05)


def _require_up(state: files.StateDirectory, deadline: float) -> None:
    """Returns while an ``up`` is on its way to take orders."""
    holder = state.holder() if state.root.is_dir() else None
    if holder is None:
        hint = "start it with `hapilot up SITE`, which applies the site as it starts; or name its state directory with --state"
        raise errors.HapilotError(f"no `hapilot up` runs on {state.root}", hint)
    if time.monotonic() > deadline:
        hint = "it is still starting, or ending: see what it says, and try again"
        raise errors.HapilotError(f"process {holder} works on {state.root} and takes no orders", hint)


def _decoded(line: bytes) -> protocol.Answer:
    if not line:
        hint = "`hapilot history` shows what was applied; `hapilot up` on the same state directory goes on from there"
        raise errors.HapilotError("the running hapilot ended before it answered", hint)
    hint = "use the `hapilot` command of the version that runs"
    try:
        return protocol.decode_answer(line)
    except protocol.OtherVersion as other:
        versions = f"version {other.version} of its protocol, not {protocol.VERSION}"
        said = other.error or f"the running hapilot ({other.program or 'of another version'}) answers in {versions}"
        raise errors.HapilotError(said, other.hint or hint) from other
    except protocol.Malformed as problem:
        raise errors.HapilotError(f"the running hapilot said what this one ({__version__}) can't read: {problem}", hint) from problem
