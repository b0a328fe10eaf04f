"""Steps of plans, taken on a real HAProxy and read back."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from hapilot.base import errors, secret
from hapilot.plan import actions, running

from . import living
from .conftest import Backend, fetch

pytestmark = pytest.mark.haproxy

CHANGES: list[tuple[str, str, str, list[str]]] = [
    ("nothing", living.SHOP + living.API, living.FILES, []),
    ("moved", living.SHOP.replace("127.0.0.1:9'", "[2001:DB8::1]:99'") + living.API, living.FILES, ["move-server"]),
    ("weight", living.SHOP.replace("name: b", "name: b, weight: 7") + living.API, living.FILES, ["weigh-server", "move-server"]),
    ("limit", living.SHOP.replace("name: b", "name: b, max_connections: 5") + living.API, living.FILES, ["weigh-server", "limit-server"]),
    (
        "no limit, maintenance",
        living.SHOP.replace("name: b", "name: b, maintenance: true") + living.API,
        living.FILES,
        ["limit-server", "set-state"],
    ),
    ("back", living.SHOP + living.API, living.FILES, ["set-state"]),
    (
        "server added",
        living.plain("shop", "'127.0.0.1:9', '[::1]:9', {address: '127.0.0.1:8', backup: true, max_connections: 3}") + living.API,
        living.FILES,
        ["add-server", "remove-server"],
    ),
    ("server removed", living.plain("shop", "'127.0.0.1:9'") + living.API, living.FILES, ["remove-server"]),
    (
        "host and path",
        living.SHOP.replace("host: shop.test", "host: [shop.test, '*.shop.test'], path: /a") + living.API,
        living.FILES,
        ["add-server", "remove-server", "replace-table"],
    ),
    (
        "new service",
        living.SHOP + living.API + living.plain("blog", "'127.0.0.1:9'"),
        living.FILES,
        ["add-server", "give-spare", "replace-table"],
    ),
    (
        "and another",
        living.SHOP + living.API + living.plain("blog", "'127.0.0.1:9'") + living.plain("news", "'127.0.0.1:9'"),
        living.FILES,
        ["add-server", "give-spare", "replace-table"],
    ),
    (
        "first one gone",
        living.SHOP + living.API + living.plain("news", "'127.0.0.1:9'"),
        living.FILES,
        ["replace-table", "remove-server", "take-spare"],
    ),
    (
        "one of HTTPS instead",
        living.SHOP + living.API + living.secure("vault", "'127.0.0.1:9'", ", tls: edge"),
        living.FILES,
        ["add-server", "give-spare", "replace-table", "remove-server", "take-spare"],
    ),
    (
        "certificate added",
        living.SHOP + living.API,
        "certificates: [{file: one.pem}, {file: two.pem}]\n",
        ["set-certificate", "list-certificate", "replace-table", "remove-server", "take-spare"],
    ),
    ("certificate replaced", living.SHOP + living.API, "certificates: [{file: one.pem}, {file: two.pem}]\n", ["set-certificate"]),
    ("certificate removed", living.SHOP + living.API, living.FILES, ["unlist-certificate", "forget-certificate"]),
]
"""What changes, the services and the rest of the site, and the kinds of steps; each against the one before."""


def test_every_change_is_acted_and_read_back(lab: living.Lab, web: tuple[int, int]) -> None:
    living.certificate_files(lab.folder)
    lab.start(living.site(web, living.SHOP + living.API, living.FILES))
    for what, services, rest, kinds in CHANGES:
        if what == "certificate replaced":
            living.AUTHORITY.issue("api.test", "vault.test", "inside.test", "*.h.test").write(lab.folder, "one")
        wanted = lab.wanted(living.site(web, services, rest))
        planned = lab.follow(wanted)
        assert sorted({step.kind for step in planned.actions}) == sorted(kinds), f"{what}: {planned.actions}"
        assert lab.plan(wanted).actions == (), what


def test_servers_with_every_word_that_a_site_can_ask_for_are_added(lab: living.Lab, web: tuple[int, int]) -> None:
    living.certificate_files(lab.folder)
    re = ", tls: reencrypt, verify: {ca: ca.pem"
    keys = {
        "checked": ", tls: none, health: {http: /up, every: 1s}, send_proxy: v2",
        "grpc": ", tls: none, http2: h2c, max_connections: 9, send_proxy: v1",
        "inside": f"{re}}}, health: {{every: 1s}}",
        "h": f"{re}, name: x.test}}, http2: h2, health: {{http: /}}, send_proxy: v2",
    }
    one, two = "{address: '127.0.0.1:9', weight: 2}", "{address: '[::1]:9', weight: 5, backup: true, max_connections: 4}"

    def said(servers: str) -> str:
        made = {name: living.plain if "none" in more else living.secure for name, more in keys.items()}
        texts = (made[name](name, servers, more.removeprefix(", tls: none")) for name, more in keys.items())
        return living.site(web, "".join(texts).replace("host: h.test", "host: '*.h.test'"), living.FILES)

    lab.start(said(one))
    wanted = lab.wanted(said(f"{one}, {two}"))
    added = [step.backend for step in lab.follow(wanted).actions if isinstance(step, actions.AddServer)]
    assert sorted(added) == sorted(keys)
    assert lab.plan(wanted).actions == ()
    for backend in keys:
        has = lab.server(backend, "::1:9")
        assert (has.weight, has.status.startswith(("UP", "no check", "DOWN"))) == (5, True)
    # Only what is asked for has checks, and they are made.
    assert {backend for backend in keys if lab.server(backend, "::1:9").check_status} == {"checked", "inside", "h"}
    # A check that is under way may keep a server for a moment.
    back = lab.wanted(said(one))
    # What a service may have at most is shared by its servers.
    assert {step.kind for step in lab.follow(back).actions} == {"remove-server", "limit-server"}
    deadline = time.monotonic() + 10
    while (left := lab.plan(back)).remainders and time.monotonic() < deadline:
        assert left.actions == ()
        lab.follow(back)
    assert set(lab.read().servers) == {(backend, "127.0.0.1:9") for backend in keys}


def test_what_a_dynamic_server_can_not_have_is_a_reason_for_a_reload(lab: living.Lab, web: tuple[int, int]) -> None:
    """Each of these HAProxy refuses, or takes and does otherwise; seen by adding the server all the same."""
    living.certificate_files(lab.folder)
    raw = "raw: {service: {fixed: [balance static-rr], hashed: [hash-type map-based], like: [default-server check inter 1s]}}\n"
    keys = {
        "sticky": ", sticky: {cookie: c}",
        "fixed": "",
        "hashed": ", balance: source",
        "like": "",
    }

    def said(servers: str, more: str = "") -> str:
        return living.site(web, "".join(living.plain(name, servers, key) for name, key in keys.items()) + more, living.FILES + raw)

    lab.start(said("'127.0.0.1:9'"))
    planned = lab.plan(lab.wanted(said("'127.0.0.1:9', '127.0.0.1:10'")))
    reasons = {reason.partition("/")[0].removeprefix("server "): reason for reason in planned.reload_reasons}
    assert set(reasons) == {"fixed", "hashed", "like"} | (set() if lab.haproxy.at_least(2, 8) else {"sticky"})
    words = {"sticky": "cookie abc", "fixed": "", "hashed": "", "like": ""}
    for name in set(reasons) - {"like"}:
        assert "New server" not in lab.ask(f"add server {name}/x 127.0.0.1:10 {words[name]}".strip())
    lab.ask("add server like/x 127.0.0.1:10")
    assert "check" not in lab.server("like", "x").check_status.lower()
    for what, more in (
        ("a name", living.plain("named", "'server.test:80'")),
        ("another CA", living.secure("vault", "'127.0.0.1:9'", ", tls: reencrypt, verify: {ca: ca.pem}")),
        ("other settings", living.plain("blog", "'127.0.0.1:9'", ", retries: 7")),
    ):
        assert lab.plan(lab.wanted(said("'127.0.0.1:9'", more))).reload, what


@pytest.mark.system
def test_interrupted_after_every_step_and_planned_again(lab: living.Lab, web: tuple[int, int]) -> None:
    living.certificate_files(lab.folder)
    before = living.site(web, living.SHOP + living.API, living.FILES)
    lab.start(before)
    changed = living.plain("shop", "{address: '127.0.0.1:19', name: a, weight: 9, max_connections: 3}, '127.0.0.1:8'") + living.plain(
        "blog", "'[::1]:9'"
    )
    living.AUTHORITY.issue("new.test").write(lab.folder, "new")
    more = "certificates: [{file: one.pem}, {file: two.pem}, {file: new.pem}]\n"
    after = lab.wanted(living.site(web, living.API + changed + living.secure("new", "'127.0.0.1:9'"), more))
    whole = lab.plan(after).actions
    assert len(whole) > 12
    for there, back in ((after, lab.wanted(before)), (lab.wanted(before), after)):
        count = len(lab.plan(there).actions)
        for done in range(count):
            steps = lab.plan(there).actions
            assert len(steps) == count
            lab.act(*steps[:done])
            lab.follow(there)
            assert lab.plan(there).actions == (), f"after {done} of {[step.kind for step in steps]}"
            lab.follow(back)
            assert lab.plan(back).actions == ()
        lab.follow(there)


def test_a_certificate_that_was_made_and_not_filled(lab: living.Lab, web: tuple[int, int]) -> None:
    """Somebody was interrupted between the two commands."""
    living.certificate_files(lab.folder)
    text = living.site(web, living.SHOP + living.API, living.FILES)
    lab.start(text)
    lab.ask("new ssl cert certs/two.pem")
    wanted = lab.wanted(text.replace("{file: one.pem}", "{file: one.pem}, {file: two.pem}"))
    assert [step.kind for step in lab.follow(wanted).actions] == ["set-certificate", "list-certificate"]
    assert lab.plan(wanted).actions == ()


def test_a_refused_command_is_named_without_what_it_carries(lab: living.Lab, web: tuple[int, int]) -> None:
    living.certificate_files(lab.folder)
    lab.start(living.site(web, living.SHOP + living.API, living.FILES))
    other = living.AUTHORITY.issue("api.test", key="rsa")
    path = next(path for path in lab.read().fingerprints)
    wrong = (living.AUTHORITY.issue("api.test").pem + other.key_pem).decode()
    refused: list[tuple[actions.RuntimeAction, str]] = [
        (actions.SetCertificate(about="test", reason="test", path=path, pem=secret.Secret(wrong), mark="x"), f"commit ssl cert {path}"),
        (
            actions.SetCertificate(about="test", reason="test", path=path, pem=secret.Secret("no certificate"), mark="x"),
            f"set ssl cert {path}",
        ),
        (
            actions.MoveServer(about="test", reason="test", backend="shop", name="nobody", host="127.0.0.1", port=1),
            "set server shop/nobody addr",
        ),
        (
            actions.AddServer(about="test", reason="test", backend="nobody", name="a", address="127.0.0.1:1", words=(), mark="x"),
            "add server nobody/a",
        ),
        (
            actions.AddServer(about="test", reason="test", backend="shop", name="c", address="127.0.0.1:1", words=("what",), mark="x"),
            "add server shop/c",
        ),
        (actions.ReplaceTable(about="test", reason="test", path="maps/nothing.map", entries=(("a", "b"),)), "prepare map maps/nothing.map"),
        (actions.ListCertificate(about="test", reason="test", path="certs/list", line="certs/nothing.pem"), "add ssl crt-list certs/list"),
        (actions.ForgetCertificate(about="test", reason="test", path=path), f"del ssl cert {path}"),
    ]
    before = lab.read()
    for step, command in refused:
        with pytest.raises(errors.HaproxyFailed) as problem:
            lab.act(step)
        assert f"`{command}" in f"{problem.value}", step
        assert "PRIVATE" not in f"{problem.value} {problem.value.hint}"
        assert other.key_pem.decode().splitlines()[2] not in f"{problem.value}"
    # Nothing is left half done: the same can be done right.
    after = lab.read()
    assert replace(after, notes={}, tables={}) == replace(before, notes={}, tables={})
    assert after.notes == before.notes
    living.certificate_files(lab.folder)
    wanted = lab.wanted(living.site(web, living.SHOP + living.API, living.FILES))
    assert [step.kind for step in lab.follow(wanted).actions] == ["set-certificate"]
    assert lab.plan(wanted).actions == ()


def test_a_server_that_somebody_else_made_is_not_taken_for_ours(lab: living.Lab, web: tuple[int, int]) -> None:
    """A plan from before knows nothing of it; what it was made with nobody knows, so only a reload makes it right."""
    lab.start(living.site(web, living.plain("shop", "'127.0.0.1:9'"), ""))
    lab.ask("add server shop/127.0.0.1:8 127.0.0.1:8")
    step = actions.AddServer(
        about="test", reason="test", backend="shop", name="127.0.0.1:8", address="127.0.0.1:8", words=("check",), mark="x"
    )
    with pytest.raises(errors.HaproxyFailed):
        lab.act(step)
    assert "shop/127.0.0.1:8" not in lab.read().notes
    wanted = lab.wanted(living.site(web, living.plain("shop", "'127.0.0.1:9', '127.0.0.1:8'"), ""))
    assert [one.kind for one in lab.plan(wanted).actions] == ["reload"]


def test_a_table_of_ten_thousand_entries_comes_in_pieces(lab: living.Lab, web: tuple[int, int]) -> None:
    lab.start(living.site(web, living.plain("shop", "'127.0.0.1:9'", ", allow: [127.0.0.0/8]")))
    hosts = ", ".join(f"h{number}.example.test" for number in range(10_000))
    networks = ", ".join(f"10.{number // 256}.{number % 256}.0/24" for number in range(5000))
    wanted = lab.wanted(
        living.site(web, living.plain("shop", "'127.0.0.1:9'", f", allow: [{networks}]").replace("shop.test", f"[{hosts}]"))
    )
    lab.follow(wanted)
    assert lab.plan(wanted).actions == ()
    has = lab.read().tables
    assert (len(has["maps/web.plain.map"]), len(has["lists/shop.allow.list"])) == (10_000, 5000)


def test_a_server_with_an_open_session_goes_when_it_ends(lab: living.Lab, web: tuple[int, int], backend: Backend) -> None:
    port = backend.port
    two = f"{{address: '127.0.0.1:{port}', name: old}}, {{address: '127.0.0.1:{port}', name: new, weight: 0}}"
    any_host = f"  shop: {{host: a.test, listener: web, tls: none, servers: [{two}]}}\n"
    lab.start(living.site(web, any_host))
    answers: list[bytes] = []
    client = threading.Thread(target=lambda: answers.append(fetch(web[0], "/slow")))
    client.start()
    assert backend.started.wait(10)
    wanted = lab.wanted(living.site(web, any_host.replace(two, f"{{address: '127.0.0.1:{port}', name: new}}")))
    planned = lab.follow(wanted)
    assert next(step.disturbs for step in planned.actions if step.kind == "remove-server") == "no new sessions; 1 that are open finish"
    assert fetch(web[0]) == b"hello"
    left = lab.plan(wanted)
    assert (left.actions, left.remainders) == ((), (("shop", "old"),))
    backend.gate.set()
    client.join(10)
    assert answers == [b"first-last"]
    assert lab.follow(wanted).remainders == (("shop", "old"),)
    assert lab.plan(wanted).remainders == ()
    # And back again, while it was on its way out.
    assert ("shop", "old") not in lab.read().servers


def test_what_is_only_on_its_way_out_can_stay(lab: living.Lab, web: tuple[int, int]) -> None:
    lab.start(living.site(web, living.SHOP))
    without = lab.wanted(living.site(web, living.plain("shop", "{address: '127.0.0.1:9', name: a}")))
    lab.ask("set server shop/b state maint")
    assert lab.plan(without).remainders == (("shop", "b"),)
    wanted = lab.wanted(living.site(web, living.SHOP))
    assert [step.kind for step in lab.follow(wanted).actions] == ["set-state"]
    assert lab.plan(wanted).actions == ()


def test_told_states_and_weights_stay(lab: living.Lab, web: tuple[int, int]) -> None:
    lab.start(living.site(web, living.SHOP))
    told = {
        ("shop", "a"): running.Told("drain", None),
        ("shop", "b"): running.Told(None, 7),
        ("blog", "127.0.0.1:9"): running.Told("maint", 3),
    }
    wanted = lab.wanted(living.site(web, living.SHOP + living.plain("blog", "'127.0.0.1:9'")), told)
    lab.follow(wanted)
    assert lab.plan(wanted).actions == ()
    has = lab.read().servers
    assert (has["shop", "a"].state, has["shop", "b"].weight) == ("drain", 7)
    assert has[".spare-http-1", "127.0.0.1:9"] == running.RunningServer("127.0.0.1:9", "maint", 3)
    lifted = lab.wanted(living.site(web, living.SHOP + living.plain("blog", "'127.0.0.1:9'")))
    assert sorted(step.kind for step in lab.follow(lifted).actions) == ["set-state", "set-state", "weigh-server", "weigh-server"]


def test_reload_and_start_are_not_for_the_runtime_api(lab: living.Lab, web: tuple[int, int]) -> None:
    lab.start(living.site(web, living.SHOP))
    with pytest.raises(ValueError, match="reload"):
        lab.act(actions.Reload(about="HAProxy", reason="test"))
