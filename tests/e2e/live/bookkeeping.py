"""What each change took, and the table that people read.

Pure. In: `Record`s. Out: lines of text, and what is wrong with the records. Called by both tests.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from e2e.live import changes


@dataclass(frozen=True, slots=True)
class Record:
    """One change that was applied: how, and why so; ``seconds`` from the new file to its effect being seen, ``applying`` of them until
    hapilot had answered."""

    kind: str
    object: str
    how: str
    reasons: tuple[str, ...]
    seconds: float
    applying: float


def needless(records: Sequence[Record]) -> list[str]:
    """Reloads for changes of kinds that need none, each with its reasons and how often."""
    counted = Counter(
        f"{record.kind}: a reload ({'; '.join(record.reasons)})"
        for record in records
        if record.how == "reload" and record.kind not in changes.RELOADS
    )
    return [f"{text}, {count} times" for text, count in counted.most_common()]


def table(records: Sequence[Record]) -> Iterator[str]:
    """One line per kind, and the reasons of the reloads."""
    yield f"{'change':28} {'number':>6} {'reloads':>7} {'effect p50':>10} {'p95':>8} {'answer p50':>10}"
    for kind in changes.KINDS:
        if of_kind := [record for record in records if record.kind == kind]:
            yield _line(kind, of_kind)
    yield _line("all", records)
    reasons = Counter((record.kind, reason) for record in records if record.how == "reload" for reason in record.reasons or ("no reason",))
    for (kind, reason), count in sorted(reasons.items()):
        yield f"  {count} x {kind}: {reason}"


def _line(kind: str, records: Sequence[Record]) -> str:
    effects, answers = sorted(record.seconds for record in records), sorted(record.applying for record in records)
    reloads = sum(record.how == "reload" for record in records)
    shown = f"{_ms(effects, 0.5):>10} {_ms(effects, 0.95):>8} {_ms(answers, 0.5):>10}"
    return f"{kind:28} {len(records):>6} {reloads:>7} {shown}"


def _ms(ordered: Sequence[float], share: float) -> str:
    return f"{ordered[max(0, math.ceil(share * len(ordered)) - 1)] * 1000:.0f} ms" if ordered else "-"
