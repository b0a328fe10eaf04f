"""Open sockets and what they are open for."""

from __future__ import annotations

import pytest

from hapilot.runtime import listening


@pytest.mark.parametrize(
    ("socket", "wanted", "is_open"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("0.0.0.0", "127.0.0.1", True),
        ("::", "127.0.0.1", True),
        ("::", "::", True),
        ("fe80::1", "fe80::1%eth0", True),
        ("127.0.0.1", "0.0.0.0", False),
        ("127.0.0.1", "127.0.0.2", False),
        ("0.0.0.0", "::1", False),
        ("::1", "::", False),
    ],
)
def test_a_socket_is_open_for_its_address_and_one_for_all(socket: str, wanted: str, is_open: bool) -> None:
    assert listening.is_open(wanted, 80, [listening.Listening(socket, 80, 1)]) is is_open
    assert not listening.is_open(wanted, 81, [listening.Listening(socket, 80, 1)])
