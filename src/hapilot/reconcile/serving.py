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
    return None if generation is None else summary_of(state, generation.number)


def ready_lines(kept: summary.Summary) -> dict[tuple[str, str], str]:
    """What to say of each address that a generation opens, by its listener and its text."""
    return {(one.name, bind): f"ready {one.name} {bind}" for one in kept.listeners for bind in one.bind}


def summary_of(state: files.StateDirectory, number: int) -> summary.Summary:
    """What generation ``number`` is. Raises StateBroken where its summary is damaged."""
    try:
        return summary.from_json(state.summary(number))
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        hint = "end hapilot and start it again: a new generation is written"
        raise errors.StateBroken(f"{state.generations / str(number) / files.SUMMARY} is damaged", hint) from problem
