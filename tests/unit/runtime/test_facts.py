"""What the machine is."""

from __future__ import annotations

import os

import pytest

from hapilot.runtime import facts


@pytest.mark.parametrize(
    ("status", "first", "lowest"),
    [
        ("CapEff:\t000001ffffffffff\n", "1024\n", 1),
        ("CapEff:\t0000000000000400\n", "1024\n", 1),
        ("CapEff:\t0000000000000000\n", "1024\n", 1024),
        ("CapEff:\t0000000000000000\n", "80\n", 80),
        ("", "", 1024),
    ],
)
def test_lowest_port(status: str, first: str, lowest: int) -> None:
    assert facts.lowest_port(status, first) == lowest


def test_hosts() -> None:
    text = "# x\n127.0.0.1 localhost Web # y\n::1 localhost\n\n127.0.0.1 localhost\n"
    assert facts.parse_hosts(text) == {"localhost": ("127.0.0.1", "::1"), "web": ("127.0.0.1",)}


def test_a_look_at_this_machine() -> None:
    machine = facts.look()
    assert machine.uid == os.geteuid()
    assert machine.cpus >= 1
    assert machine.open_files <= machine.open_files_most or machine.open_files_most == -1
