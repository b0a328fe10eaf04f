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


def test_the_kernels_table_of_unix_sockets() -> None:
    text = """Num       RefCount Protocol Flags    Type St Inode Path
000000001527ef7f: 00000003 00000000 00000000 0001 03   582
000000004f6d0151: 00000002 00000000 00010000 0001 01  4711 /run/a path.sock.12.tmp
000000004f6d0152: 00000002 00000000 00010000 0001 01  4712 @abstract
000000004f6d0153: 00000002 00000000 00010000 0001 01  4713
000000004f6d0154: 00000003 00000000 00000000 0001 03  4714 /run/connected.sock
"""
    assert listening.parse_paths(text) == (
        listening.ListeningPath("/run/a path.sock.12.tmp", 4711),
        listening.ListeningPath("@abstract", 4712),
    )
