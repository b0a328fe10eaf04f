"""The one-proxy site, edge host: the hop alone, the usual hand-written style, the documents' style, and nginx doing the same."""

from __future__ import annotations

from collections.abc import Iterator

from bench import values
from bench.contenders import handwritten, hapilot, loopback, nginxes

HANDWRITTEN = 1.05
"""No bar of its own: less than against our own rendering over TCP loopback, since this one has fewer rules to pay for."""


def of(haproxy: values.Which) -> Iterator[values.Row]:
    """The rows with one HAProxy."""

    def row(name: str, title: str, theirs: values.Contender, load: values.Load, target: float) -> values.Row:
        return values.Row(f"{name}-{haproxy}", title, hapilot.ONE_PROXY, theirs, load, target, haproxy)

    yield row("keepalive-loopback", "one proxy, 1 KiB: against TCP loopback, else our options", loopback.CONTENDER, values.SMALL, 1.2)
    yield row("keepalive-handwritten", "one proxy, 1 KiB: against a hand-written file", handwritten.HANDWRITTEN, values.SMALL, HANDWRITTEN)
    yield row("keepalive-documents", "one proxy, 1 KiB: against the documents' style", handwritten.DOCUMENTS, values.SMALL, 3.0)
    yield row("nginx-mixed", "one proxy, 1 KiB: against nginx with ssl_preread", nginxes.MIXED, values.SMALL, 1.0)
    yield row("nginx-mixed-http2", "one proxy, 1 KiB over HTTP/2: against nginx with ssl_preread", nginxes.MIXED, values.MULTIPLEXED, 1.3)
    yield row("bulk-loopback", "one proxy, 1 MiB: against TCP loopback, else our options", loopback.CONTENDER, values.BULK, 1.15)


ROWS = (*of("embedded"), *of("system"))
