"""What others change behind hapilot's back: noticed within ten seconds, shown, and undone where that was asked for."""

from __future__ import annotations

import time

import pytest

from support import servers

from .conftest import Hapilot, until

pytestmark = pytest.mark.system

NOTICED = 10.0


def by_hand(hapilot: Hapilot, command: str) -> str:
    """Somebody at HAProxy's own socket."""
    running = hapilot.haproxy()
    return running.runtime.send(command)


def drift_of(hapilot: Hapilot) -> list[str]:
    """As `status` tells."""
    return hapilot.json("status")["drift"]


def test_a_change_through_the_socket_is_told_and_stays(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    server = stand.http("shop")
    each_hapilot.plain(server.port)
    up = each_hapilot.up()
    assert drift_of(each_hapilot) == []
    by_hand(each_hapilot, f"set server shop/127.0.0.1:{server.port} state maint")
    began = time.monotonic()
    until(lambda: drift_of(each_hapilot), "it is noticed")
    assert time.monotonic() - began < NOTICED
    assert drift_of(each_hapilot) == [f"server shop/127.0.0.1:{server.port}: state from maint to ready (set-state)"]
    up.wait_said("changed by somebody else: server shop/")
    assert "changed by somebody else" in each_hapilot.run("status").stdout
    by_hand(each_hapilot, f"set server shop/127.0.0.1:{server.port} state ready")
    until(lambda: not drift_of(each_hapilot), "it is over")
    assert up.said.count("changed by somebody else") == 1


def test_what_somebody_changed_is_undone_where_that_was_asked_for(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    one, two = stand.http("one"), stand.http("two")
    each_hapilot.plain(one.port)
    up = each_hapilot.up("--on-drift", "repair")
    shop = f"shop/127.0.0.1:{one.port}"
    by_hand(each_hapilot, f"set server {shop} weight 7")
    by_hand(each_hapilot, f"add server shop/guest 127.0.0.1:{two.port}")
    by_hand(each_hapilot, "enable server shop/guest")
    began = time.monotonic()
    up.wait_said("undone: HAProxy is as generation 1 says (runtime)")
    assert time.monotonic() - began < NOTICED
    assert {each_hapilot.get() for _ in range(6)} == {"one"}
    rows = by_hand(each_hapilot, "show servers state shop").splitlines()[2:]
    assert [(row.split()[3], row.split()[7]) for row in rows if row] == [(f"127.0.0.1:{one.port}", "1")]
    assert [one["number"] for one in each_hapilot.json("history")["generations"]] == [1]


def test_a_file_that_was_edited_by_hand_is_told_and_made_again(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    server = stand.http("shop")
    each_hapilot.plain(server.port)
    up = each_hapilot.up("--on-drift", "repair")
    config = each_hapilot.state.config
    config.write_text(f"{config.read_text()}\n# mine\n")
    up.wait_said("changed by somebody else: files of generation 1 on disk")
    up.wait_said("undone")
    assert "# mine" not in each_hapilot.state.config.read_text()
    assert each_hapilot.get() == "shop"
