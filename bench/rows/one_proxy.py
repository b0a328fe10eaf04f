"""The one-proxy site, edge host, keepalive over HTTP/1.1: the hop alone, the usual hand-written style, the documents' style."""

from __future__ import annotations

from bench import values
from bench.contenders import handwritten, hapilot, loopback

ROWS = (
    values.Row(
        "keepalive-loopback",
        "one proxy, 1 KiB: against TCP loopback, else our options",
        hapilot.ONE_PROXY,
        loopback.CONTENDER,
        values.SMALL,
        1.2,
    ),
    values.Row(
        "keepalive-handwritten",
        "one proxy, 1 KiB: against a hand-written file",
        hapilot.ONE_PROXY,
        handwritten.HANDWRITTEN,
        values.SMALL,
        1.2,
    ),
    values.Row(
        "keepalive-documents", "one proxy, 1 KiB: against the documents' style", hapilot.ONE_PROXY, handwritten.DOCUMENTS, values.SMALL, 3.0
    ),
    values.Row(
        "bulk-loopback",
        "one proxy, 1 MiB: against TCP loopback, else our options",
        hapilot.ONE_PROXY,
        loopback.CONTENDER,
        values.BULK,
        1.15,
    ),
)
