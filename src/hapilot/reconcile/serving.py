"""What the generation that runs is, as it was written down when it was made.

In: the state directory. Out: its Summary. ``status``, ``explain --live`` and the loop ask; nothing here reads a site file, so it stays
true when the file has changed, and the commands that only look start fast.
"""

from __future__ import annotations

from hapilot.base import errors
from hapilot.render import summary
from hapilot.runtime import files


def serving_summary(state: files.StateDirectory) -> summary.Summary | None:
    """What the running generation is, or None before the first. Raises StateBroken where its summary is damaged."""
    generation = state.serving()
    if generation is None:
        return None
    try:
        return summary.from_json(state.summary(generation.number))
    except (KeyError, TypeError, ValueError) as problem:
        hint = "end hapilot and start it again: a new generation is written"
        raise errors.StateBroken(f"{generation.path / files.SUMMARY} is damaged", hint) from problem
