"""``show stat`` as proxies and servers."""

from __future__ import annotations

from hapilot.runtime import observe

ROWS = (
    {"pxname": "f", "svname": "FRONTEND", "status": "OPEN", "scur": "3", "stot": "7", "ereq": "2", "type": "0", "econ": ""},
    {"pxname": "f", "svname": "sock-1", "status": "OPEN", "type": "3"},
    {"pxname": "b", "svname": "s", "status": "DOWN", "check_status": "* L6RSP", "last_chk": "handshake failed", "type": "2",
     "check_desc": "Layer6 invalid response", "addr": "127.0.0.1:1", "weight": "10", "lastchg": "4"},
    {"pxname": "b", "svname": "t", "status": "UP 1/3", "check_status": "L4OK", "last_chk": "", "type": "2",
     "check_desc": "Layer4 check passed"},
    {"pxname": "b", "svname": "BACKEND", "status": "UP", "type": "1", "eresp": "1", "econ": "1"},
)  # fmt: skip


def test_proxies_with_their_servers() -> None:
    front, back = observe.read_proxies(ROWS)
    assert (front.name, front.kind, front.sessions, front.total, front.errors, front.servers) == ("f", "frontend", 3, 7, 2, ())
    assert (back.kind, back.errors) == ("backend", 2)
    down, up = back.servers
    assert (down.check_status, down.error, down.weight) == ("L6RSP", "Layer6 invalid response: handshake failed", 10)
    assert (up.status, up.error) == ("UP 1/3", "")


def test_info() -> None:
    info = observe.read_info({"Version": "2.8.25", "Pid": "12", "Uptime_sec": "9", "CurrConns": "1", "Stopping": "1"})
    assert (info.version, info.pid, info.uptime_seconds, info.connections, info.stopping, info.rate) == ("2.8.25", 12, 9, 1, True, 0)
