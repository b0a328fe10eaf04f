"""What is compared: one file for each group of rows, listed here in the order of the table."""

from __future__ import annotations

from bench import values
from bench.rows import changes, configurations, control, effect, one_layer, one_proxy, reencrypt

ROWS: tuple[values.Row | values.Limit, ...] = (
    *one_proxy.ROWS,
    *one_layer.ROWS,
    *reencrypt.ROWS,
    *changes.ROWS,
    *effect.ROWS,
    *control.ROWS,
    *configurations.ROWS,
)
