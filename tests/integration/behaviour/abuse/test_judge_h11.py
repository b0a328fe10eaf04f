"""The judge of the other tests against h11, a reader of HTTP that others wrote."""

from __future__ import annotations

import h11

from integration.behaviour.abuse import table
from support import strict_http1


def _h11_reads(data: bytes) -> list[tuple[str, str, bytes]]:
    """Method, target and body of each request as h11 reads them. Raises what h11 raises."""
    requests: list[tuple[str, str, bytes]] = []
    while data:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        connection.receive_data(data)
        head, body = connection.next_event(), b""
        assert isinstance(head, h11.Request), head
        while isinstance(event := connection.next_event(), h11.Data):
            body += bytes(event.data)
        assert isinstance(event, h11.EndOfMessage), event
        requests.append((head.method.decode(), head.target.decode(), body))
        data = connection.trailing_data[0]
    return requests


def test_h11_agrees_on_every_vector_that_is_well_formed() -> None:
    """The judge has no request where h11 has another one, over all that vectors send."""
    wires = [vector.wire for vectors in table.GROUPS.values() for vector in vectors if vector.speaks == "http1"]
    read = {wire: strict_http1.read(wire) for wire in wires}
    agreed = 0
    for wire, found in read.items():
        if found.messages and not found.rest:
            assert _h11_reads(wire) == [(one.method, one.target, one.body) for one in found.messages], wire
            agreed += 1
    assert agreed > 20
