"""Addresses and sockets of frontends."""

from __future__ import annotations

from hapilot.compile import target
from hapilot.compile.rules import binds
from hapilot.model import values


def test_every_address_is_one_socket_for_each_family() -> None:
    assert binds.addresses(values.parse_bind(":443"), target.Target()) == [("0.0.0.0:443",), ("[::]:443", "v6only")]


def test_without_ipv6_every_address_is_ipv4() -> None:
    assert binds.addresses(values.parse_bind(":443"), target.Target(ipv6=False)) == [("0.0.0.0:443",)]


def test_an_ipv6_address_never_takes_ipv4_too() -> None:
    assert binds.addresses(values.parse_bind("[2001:db8::1]:443"), target.Target()) == [("[2001:db8::1]:443", "v6only")]


def test_long_listener_names_give_short_and_distinct_sockets() -> None:
    long, other = "a" * 64, "a" * 63 + "b"
    names = {binds.socket_name(name, ".plain") for name in (long, other)}
    assert len(names) == 2
    assert all(len(name) <= 40 for name in names)
