"""A site without passthrough against one layer written by hand: what hapilot's own rules cost."""

from __future__ import annotations

from bench import values
from bench.contenders import hapilot, one_layer

ROWS = (
    values.Row(
        "one-layer-embedded", "no passthrough, 1 KiB: against one layer by hand", hapilot.EDGE, one_layer.CONTENDER, values.SMALL, 0.98
    ),
    values.Row("one-layer-system", "the same with the system's HAProxy", hapilot.EDGE, one_layer.CONTENDER, values.SMALL, 0.98, "system"),
)
