"""What a dashboard consists of: rows of panels with queries. ``rows`` has ours, ``dashboard`` makes Grafana's JSON of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["stat", "timeseries", "table"]
Steps = tuple[tuple[float | None, str], ...]


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL and how its series are called: a template of labels."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. ``width`` of 24; ``unit`` is Grafana's name of one; ``steps`` are values from which a colour holds, the first for
    everything below; ``words`` are shown in place of values, and ``shows_names`` asks for the names of series in place of all."""

    title: str
    kind: Kind
    description: str
    queries: tuple[Query, ...]
    unit: str = "short"
    width: int = 8
    steps: Steps = ()
    words: tuple[tuple[int, str], ...] = ()
    shows_names: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading."""

    title: str
    panels: tuple[Panel, ...]
