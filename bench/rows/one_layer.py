"""A site without passthrough: against one layer written by hand (what hapilot's own rules cost), nginx and Caddy; and the last of
many hosts against the first of few."""

from __future__ import annotations

from collections.abc import Iterator

from bench import values
from bench.contenders import caddies, hapilot, nginxes, one_layer

BRIEF = 0.88
"""No bar of its own: what removing forged headers, refusing ambiguous requests and two more headers cost, so that it does not grow."""


def of(haproxy: values.Which) -> Iterator[values.Row]:
    """The rows with one HAProxy."""

    def row(name: str, title: str, theirs: values.Contender, load: values.Load, target: float) -> values.Row:
        return values.Row(f"{name}-{haproxy}", title, hapilot.EDGE, theirs, load, target, haproxy)

    yield row("one-layer", "no passthrough, 1 KiB: against one layer by hand, same headers", one_layer.CAREFUL, values.SMALL, 0.98)
    yield row("one-layer-brief", "no passthrough, 1 KiB: against one layer by hand, two headers", one_layer.BRIEF, values.SMALL, BRIEF)
    yield row("nginx-one-layer", "no passthrough, 1 KiB: against nginx", nginxes.ONE_LAYER, values.SMALL, 0.97)
    yield row("caddy", "no passthrough, 1 KiB: against Caddy", caddies.CONTENDER, values.SMALL, 3.0)
    yield row("caddy-http2", "no passthrough, 1 KiB over HTTP/2: against Caddy", caddies.CONTENDER, values.MULTIPLEXED, 7.0)
    # 1.1 belongs to HAProxy 3.2 and later, with its larger buffers; the system's may be one.
    yield row("caddy-bulk", "no passthrough, 1 MiB: against Caddy", caddies.CONTENDER, values.BULK, 0.9)
    yield values.Row(
        f"hosts-{haproxy}", "1 KiB: last of 10,000 hosts", hapilot.LAST_OF_10000, hapilot.FIRST_OF_10, values.SMALL, 0.97, haproxy
    )


ROWS = (*of("embedded"), *of("system"))
