"""Network namespaces as hosts: an IPv4-only and an IPv6-only one meet a host that has both."""

from __future__ import annotations

import subprocess

import pytest

from support import client, netns

pytestmark = pytest.mark.system


def test_hosts_of_one_family() -> None:
    with netns.Namespaces() as world:
        lan = world.switch("lan", "10.77.1.0/24", "fd77:1::/64")
        old, new, both = world.host("old", "ipv4"), world.host("new", "ipv6"), world.host("both")
        old_at, new_at, both_at = lan.plug(old), lan.plug(new), lan.plug(both, 5)
        assert (old_at.ipv6, new_at.ipv4, both_at) == ("", "", ("10.77.1.5", "fd77:1::5"))
        specs = [
            {"kind": "http", "name": "four", "address": "0.0.0.0", "port": 80},
            {"kind": "http", "name": "six", "address": "::", "port": 80},
        ]
        with both.stand(specs):
            four = old.call(lambda: client.get(("10.77.1.5", 80)))
            six = new.call(lambda: client.get(("fd77:1::5", 80)))
            assert (four.standin, four.json()["peer"][0]) == ("four", old_at.ipv4)
            assert (six.standin, six.json()["peer"][0]) == ("six", new_at.ipv6)
            assert old.call(lambda: client.get(("fd77:1::5", 80))).kind == "unreachable"
            assert new.call(lambda: client.get(("127.0.0.1", 80))).kind == "unreachable"
        sleeper = both.start("sleep", "60")
        names = [old.namespace, lan.namespace]
    assert sleeper.poll() is not None
    left = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    assert not [name for name in names if name in left]
