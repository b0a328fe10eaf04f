"""The runtime API's language: answers as HAProxy 2.6 and 2.8 gave them."""

from __future__ import annotations

import pytest

from hapilot.runtime import commands

PROC = """#<PID>          <type>          <reloads>       <uptime>        <version>
9600            master          1 [failed: 0]   1d02h00m01s     2.8.25-5cf5d0683
# workers
9732            worker          0               0d00h00m00s     2.8.25-5cf5d0683
# old workers
9603            worker          1               0d00h01m01s     2.8.25-5cf5d0683
# programs
"""


def test_processes() -> None:
    master, new, old = commands.parse_processes(PROC)
    assert (master.kind, master.pid, master.reloads, master.failed, master.uptime_seconds) == ("master", 9600, 1, 0, 93601)
    assert (new.pid, new.old, new.reloads) == (9732, False, 0)
    assert (old.pid, old.old, old.uptime_seconds) == (9603, True, 61)


def test_info_in_both_forms() -> None:
    assert commands.parse_info("Name: HAProxy\nUptime: 0d 0h00m01s\nPid: 12\n")["Uptime"] == "0d 0h00m01s"
    text = '[{"field":{"pos":6,"name":"Pid"},"processNum":1,"value":{"type":"u32","value":12}}]'
    assert commands.parse_info(text) == {"Pid": "12"}


def test_stat_with_a_comma_in_a_quoted_column() -> None:
    rows = commands.parse_stat('# pxname,svname,last_chk,\nb,s,"a, ""b""",\n\n')
    assert rows == ({"pxname": "b", "svname": "s", "last_chk": 'a, "b"'},)
    assert commands.parse_stat("") == ()


def test_servers_state() -> None:
    text = """1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_fqdn srv_port
3 b 1 s 127.0.0.1 0 1 5 10 - 18099
3 b 2 t - 2 0 1 1 t.test 0
"""
    first, second = commands.parse_servers_state(text)
    assert first == commands.ServerLine("b", "s", "127.0.0.1", 18099, 0, 1, 5, 10, "")
    assert (second.address, second.fqdn) == ("", "t.test")


def test_sessions_without_our_own_question() -> None:
    text = (
        "0x3e0: proto=tcpv4 src=127.0.0.1:49690 fe=f be=b srv=s ts=00 epoch=0 age=1s\n"
        "0x3e1: proto=tcpv4 src=127.0.0.1:49691 fe=f be=<NONE> srv=<none> ts=00 epoch=0\n"
        "0x3e2: proto=unix_stream src=unix:1 fe=GLOBAL be=<NONE> srv=<none> ts=404 epoch=0\n"
    )
    assert commands.parse_sessions(text) == (
        commands.SessionLine("127.0.0.1:49690", "f", "b", "s"),
        commands.SessionLine("127.0.0.1:49691", "f", "", ""),
    )


def test_certificates() -> None:
    assert commands.parse_certificates("# transaction\n*certs/1.pem\n# filename\ncerts/0.pem\ncerts/1.pem\n") == (
        "certs/0.pem",
        "certs/1.pem",
    )
    assert commands.parse_certificate("Filename: c.pem\nnotAfter: Dec 20 13:24:17 2026 GMT\n")["notAfter"] == "Dec 20 13:24:17 2026 GMT"


def test_maps() -> None:
    text = (
        "# id (file) description\n4 (maps/h.map) pattern loaded from file 'maps/h.map' used by map at file 'x' line 12. "
        "curr_ver=0 next_ver=0 entry_cnt=2\n"
    )
    assert commands.parse_maps(text) == (commands.MapLine(4, "maps/h.map", 2),)
    assert commands.parse_map("0x1 a.test svc a\n0x2 b.test\n") == (
        commands.MapEntry("0x1", "a.test", "svc a"),
        commands.MapEntry("0x2", "b.test", ""),
    )


@pytest.mark.parametrize(
    ("answer", "success", "said"),
    [("Success=1\n--\n[NOTICE] x", True, "[NOTICE] x"), ("Success=0\n--\n[ALERT] y", False, "[ALERT] y"), ("", None, "")],
)
def test_reload(answer: str, success: bool | None, said: str) -> None:
    assert commands.parse_reload(answer) == (success, said)


def test_arguments_can_not_smuggle_a_command() -> None:
    assert commands.argument("a b;c\\d") == r"a\ b\;c\\d"
    for bad in ("", "a\nshow info", "a\0"):
        with pytest.raises(ValueError, match="can't be an argument"):
            commands.argument(bad)


def test_a_payload_has_no_empty_line() -> None:
    assert commands.with_payload("set ssl cert c.pem", "one\n\n \ntwo\n") == "set ssl cert c.pem <<\none\ntwo\n"
