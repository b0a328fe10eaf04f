"""What is read from a real HAProxy: a site with everything that looks different in its answers, and what others do to it by hand."""

from __future__ import annotations

import dataclasses

import pytest

from hapilot.plan import running
from hapilot.render import bundle
from hapilot.runtime import reading

from . import living

pytestmark = pytest.mark.haproxy

EVERYTHING = (
    living.plain(
        "shop",
        "'[2001:DB8::0:1]:80', {address: 'no-such-host.invalid:80', name: named}, {address: '127.0.0.1:9', name: off, maintenance: true}, "
        "{address: '127.0.0.1:10', name: heavy, weight: 200, max_connections: 7, backup: true}",
        ", allow: [10.0.0.0/8, '2001:db8::/32'], deny: [10.1.0.0/16], sticky: {cookie: c}, health: {http: /up}",
    )
    + living.plain("beta", "'127.0.0.1:9'", ", match: {client: [10.9.0.0/16], header: {X-B: 'it''s \"#\" 1'}}")
    + living.secure("staff", "'127.0.0.1:9'", ", client_certificates: {ca: ca.pem}")
    + living.secure("free", "'127.0.0.1:9'")
    + living.secure("vault", "'127.0.0.1:9'", ", tls: passthrough")
)
LISTED = "certificates: [{file: one.pem}, {file: two.pem}]\nraw: {service: {beta: ['server socket unix@/tmp/nobody.sock weight 3']}}\n"


def test_a_site_with_everything_is_read_as_it_was_written(lab: living.Lab, web: tuple[int, int]) -> None:
    living.certificate_files(lab.folder)
    living.AUTHORITY.issue("staff.test", "free.test").write(lab.folder, "one")
    text = living.site(web, EVERYTHING, LISTED).replace("tls: {bind:", "tls: {trusted: [10.2.0.0/16], bind:")
    lab.start(text)
    wanted = lab.wanted(text)
    assert lab.plan(wanted).actions == ()
    has = lab.read()
    assert has.loaded is not None
    assert has.loaded.digest == wanted.files.digest
    assert has.version == lab.haproxy.version[:2]
    assert has.servers["shop", "2001:db8::1:80"] == running.RunningServer("[2001:db8::1]:80", "ready", 1)
    assert has.servers["shop", "named"].address == ""
    assert has.servers["shop", "off"].state == "maint"
    assert (has.servers["shop", "heavy"].weight, has.limits["shop", "heavy"]) == (200, 7)
    assert has.servers["beta", "socket"] == running.RunningServer("", "ready", 3)
    assert set(has.tables["lists/shop.allow.list"]) == {"::ffff:10.0.0.0/104", "2001:db8::/32"}
    assert {line.rest.split("]")[-1].strip() for line in has.lists["certs/tls.list"]} >= {"staff.test", "free.test"}
    assert any("verify required" in line.rest for line in has.lists["certs/tls.list"])
    assert set(has.fingerprints) == {"certs/one.pem", "certs/two.pem"}


BY_HAND: list[tuple[tuple[str, ...], list[str]]] = [
    (("set server shop/a state drain",), ["set-state"]),
    (("set server shop/a weight 50%", "set server shop/a weight 9"), ["weigh-server"]),
    (("set server shop/a addr 127.0.0.7 port 7",), ["move-server"]),
    (("set maxconn server shop/b 3",), ["limit-server"]),
    (("add server shop/c 127.0.0.1:9", "enable server shop/c"), ["remove-server"]),
    (("set server shop/b state maint", "del server shop/b"), ["add-server"]),
    (("del map maps/web.plain.map shop.test/",), ["replace-table"]),
    (("set map maps/web.plain.map shop.test/ api",), ["replace-table"]),
    (("add map maps/web.plain.map shop.test/ shop",), ["replace-table"]),
    (("clear acl lists/guarded.allow.list",), ["replace-table"]),
    (("add map maps/live.map .spare-http-3 nothing",), ["take-spare"]),
    (("new ssl cert certs/foreign.pem",), ["forget-certificate"]),
    (("del ssl crt-list certs/list certs/one.pem",), ["list-certificate"]),
]
"""What somebody says on the socket, and the steps that take it back."""


def test_what_others_do_by_hand_is_seen_and_taken_back(lab: living.Lab, web: tuple[int, int]) -> None:
    living.certificate_files(lab.folder)
    text = living.site(web, living.SHOP + living.API + living.plain("guarded", "'127.0.0.1:9'", ", allow: 10.0.0.0/8"), living.FILES)
    lab.start(text)
    wanted = lab.wanted(text)
    for said, kinds in BY_HAND:
        for command in said:
            lab.ask(command)
        assert [step.kind for step in lab.follow(wanted).actions] == kinds, said
        assert lab.plan(wanted).actions == (), said


def test_a_worker_that_has_loaded_something_else_takes_a_reload(lab: living.Lab, web: tuple[int, int]) -> None:
    lab.start(living.site(web, living.SHOP))
    wanted = lab.wanted(living.site(web, living.SHOP))
    number = max(lab.state.numbers())
    path = lab.state.generations / str(number) / bundle.CONFIG
    path.write_bytes(path.read_bytes() + b"\n# edited\n")
    reading._bundle.cache_clear()  # pyright: ignore[reportPrivateUsage] - a generation never changes, but for this test
    assert lab.plan(wanted).reload_reasons == ("what HAProxy has loaded is not known",)


def test_limits_are_left_out_where_no_server_has_one(lab: living.Lab, web: tuple[int, int]) -> None:
    """Reading them takes long where there are many servers."""
    lab.start(living.site(web, living.SHOP))
    quick = reading.read(lab.running, lab.wanted(living.site(web, living.SHOP)).files)
    assert (quick.limits, dataclasses.replace(lab.read(), limits={}, sessions={}, connections=quick.connections)) == ({}, quick)
    limited = lab.wanted(living.site(web, living.SHOP.replace("name: b", "name: b, max_connections: 2"))).files
    assert reading.read(lab.running, limited).limits["shop", "b"] == 0
