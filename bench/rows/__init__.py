"""What is compared: one file for each group of rows, listed here in the order of the table."""

from __future__ import annotations

from bench import values
from bench.rows import one_layer, one_proxy

ROWS: tuple[values.Row, ...] = (*one_proxy.ROWS, *one_layer.ROWS)
