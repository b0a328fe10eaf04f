"""TLS to clients and to servers: what a new client costs, and that no connection to a server carries another name's requests."""

from __future__ import annotations

import contextlib
import ssl
from collections import Counter
from collections.abc import Iterator
from http import client
from pathlib import Path

from bench import measure, processes, servers, values
from bench.contenders import default_reuse, hapilot

_NAMES = 5
_CLIENTS = 200
"""Each asks twice over one connection."""


def of(haproxy: values.Which) -> Iterator[values.Row | values.Limit]:
    """The rows with one HAProxy."""
    yield values.Row(
        f"reencrypt-new-clients-{haproxy}",
        "re-encrypt, new clients: against HAProxy's default reuse",
        hapilot.REENCRYPT,
        default_reuse.CONTENDER,
        values.NEW_CLIENTS,
        2.0,
        haproxy,
        judged="cpu",
    )
    title = "requests on a connection to a server that was made for another name"
    yield values.Limit(f"reencrypt-names-{haproxy}", title, 0, " requests", lambda effort: misnamed(haproxy, effort))


def misnamed(which: values.Which, effort: values.Effort) -> values.Reading:
    """Clients ask for several names of one server in turn; the server tells the name of each connection beside the request's."""
    del effort
    haproxy = measure.choose(which)
    with contextlib.ExitStack() as stack:
        shared = measure.share(stack, haproxy)
        runner = measure.start(stack, 0, hapilot.REENCRYPT, shared)
        found = _ask_all(runner.port, shared.authority)
    if not found["reused"]:
        raise values.NotMeasured("no connection to the server was reused, so nothing is proved")
    shown = f"{found['wrong']} of {found['asked']} requests"
    details = {"requests": found["asked"], "on_reused_connections": found["reused"]}
    return values.Reading(found["wrong"], shown, program=haproxy.version_text, details=details)


def _ask_all(port: int, authority: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    context = ssl.create_default_context(cafile=str(authority))
    for number in range(_CLIENTS):
        name = hapilot.numbered(number % _NAMES)
        asking = client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
        asking.sock = context.wrap_socket(processes.connect(port), server_hostname=name)
        with contextlib.closing(asking):
            for _ in range(2):
                asking.request("GET", servers.NAMES, headers={"Host": name})
                connection, host, count = asking.getresponse().read().decode().split()
                found.update({"asked": 1, "wrong": int(connection != name or host != name), "reused": int(int(count) > 1)})
    return found


ROWS = (*of("embedded"), *of("system"))
