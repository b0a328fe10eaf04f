"""The answer of a fetch. Made by ``fetches`` and ``fetches_http``, read by ``samples`` and ``conditions``."""

from __future__ import annotations

from dataclasses import dataclass

from hapilot.languages.haproxy.evaluate.values import Value


@dataclass(frozen=True, slots=True)
class Fetched:
    """All the values there are. ``may_change`` says that more data could bring another answer (``SMP_F_MAY_CHANGE``)."""

    values: tuple[Value, ...]
    may_change: bool = False


NOTHING = Fetched(())
"""There is no such thing, and there will be none."""
YES = Fetched((True,))
NO = Fetched((False,))


def one(value: Value | None) -> Fetched:
    """A single value, or nothing."""
    return NOTHING if value is None else Fetched((value,))
