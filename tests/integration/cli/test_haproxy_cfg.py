"""A haproxy.cfg, or a folder of them, as the site: run, looked at, explained and changed as it is."""

from __future__ import annotations

import pytest

from support import client, servers, standin

from .conftest import Hapilot, until

CONFIG = """\
# A configuration as people have them.
global
    daemon
    maxconn 200

defaults
    mode http
    option forwardfor
    timeout connect 5s
    timeout client 10s
    timeout server 10s

frontend web
    bind 127.0.0.1:{port}
    acl is_api path_beg /api
    acl night date,ltime(%H) -m int lt 0
    http-request deny deny_status 403 if {{ path_beg /secret }}
    http-request return status 418 if {{ path /maybe }} night
    use_backend api if is_api
    use_backend shop if {{ hdr(host) -i shop.example.test }}
    default_backend fallback

backend api
    balance leastconn
    server one 127.0.0.1:{one} weight 5
backend shop
    server one 127.0.0.1:{two}

listen fallback
    bind 127.0.0.1:{other}
    server one 127.0.0.1:{one}
"""


def _write(hapilot: Hapilot, one: standin.Server, two: standin.Server, more: str = "") -> None:
    text = CONFIG.format(port=hapilot.port, other=hapilot.other_port, one=one.port, two=two.port)
    hapilot.write(text + more)


def _server(hapilot: Hapilot, path: str, host: str = "x.example.test") -> str:
    done = client.get(("127.0.0.1", hapilot.port), client.Request(target=path, host=host))
    return done.standin or str(done.status)


def test_it_is_run_looked_at_and_changed(hapilot: Hapilot, stand: servers.Stand) -> None:
    hapilot.called = "haproxy.cfg"
    one, two = stand.http("one"), stand.http("two")
    _write(hapilot, one, two)
    assert hapilot.json("check", hapilot.site)["ok"] is True
    up = hapilot.up()
    said = [_server(hapilot, "/api/x"), _server(hapilot, "/", "shop.example.test"), _server(hapilot, "/"), _server(hapilot, "/secret")]
    assert said == ["one", "two", "one", "403"]
    assert hapilot.json("plan")["actions"] == []

    # Another address of a server is told to HAProxy while it runs; a timeout takes a reload.
    _write(hapilot, one, one)
    up.wait_said("generation 2 (runtime)")
    assert _server(hapilot, "/", "shop.example.test") == "one"
    hapilot.write(hapilot.site.read_text().replace("timeout server 10s", "timeout server 11s"))
    up.wait_said("generation 3 (reload)")
    assert hapilot.json("plan")["actions"] == []

    seen = hapilot.json("status")
    assert {one["name"] for one in seen["listeners"]} == {"web", "fallback"}
    assert {one["name"] for one in seen["services"]} == {"api", "shop", "fallback"}
    assert hapilot.run("drain", "fallback/one").returncode == 0
    until(lambda: _server(hapilot, "/") == "503", "the server of a listen section drains")
    assert hapilot.run("enable", "fallback/one").returncode == 0
    until(lambda: _server(hapilot, "/") == "one", "and is back")
    assert hapilot.run("drain", "api/one").returncode == 0
    until(lambda: "drain" in hapilot.run("status").stdout, "the verb is shown")
    assert "changed by somebody else" not in up.said


def test_it_is_explained_by_its_lines(hapilot: Hapilot) -> None:
    hapilot.called = "haproxy.cfg"
    hapilot.write(CONFIG.format(port=hapilot.port, other=hapilot.other_port, one=9, two=10))

    def told(url: str) -> str:
        done = hapilot.run("explain", hapilot.site, url)
        assert done.returncode == 0, done.stderr
        return done.stdout

    shop = told(f"http://shop.example.test:{hapilot.port}/")
    assert f"http://shop.example.test:{hapilot.port}/  -> backend fallback" in shop
    by_name = hapilot.run("explain", hapilot.site, f"http://127.0.0.1:{hapilot.port}/", "-H", "Host: shop.example.test").stdout
    assert "-> shop" in by_name
    assert "-> api" in told(f"http://127.0.0.1:{hapilot.port}/api")
    assert "  403" in told(f"http://127.0.0.1:{hapilot.port}/secret")
    assert "haproxy.cfg:18" in told(f"http://127.0.0.1:{hapilot.port}/maybe")
    assert "-> backend fallback" in told(f"http://127.0.0.1:{hapilot.other_port}/")


def test_a_mistake_is_told_at_its_line(hapilot: Hapilot) -> None:
    hapilot.called = "haproxy.cfg"
    hapilot.write(CONFIG.format(port=hapilot.port, other=hapilot.other_port, one=9, two=10) + "\nbackend more\n    frobnicate\n")
    found = hapilot.run("check", hapilot.site)
    assert found.returncode == 1
    number = len(hapilot.site.read_text().splitlines())
    assert f"haproxy.cfg:{number}:" in found.stdout + found.stderr


def test_a_folder_is_read_in_the_order_of_haproxy(hapilot: Hapilot, stand: servers.Stand) -> None:
    one, two = stand.http("one"), stand.http("two")
    hapilot.called = "conf.d"
    hapilot.site.mkdir()
    whole = CONFIG.format(port=hapilot.port, other=hapilot.other_port, one=one.port, two=two.port)
    first, second = whole.split("frontend web")
    (hapilot.site / "b.cfg").write_text("frontend web" + second)
    (hapilot.site / "a.cfg").write_text(first)
    (hapilot.site / "notes.txt").write_text("not for HAProxy")
    up = hapilot.up()
    assert _server(hapilot, "/api/x") == "one"
    (hapilot.site / "c.cfg").write_text(f"backend late\n    frobnicate\n    server one 127.0.0.1:{two.port}\n")
    up.wait_said("c.cfg:2:")
    (hapilot.site / "c.cfg").write_text(f"backend late\n    server one 127.0.0.1:{two.port}\n")
    up.wait_said("generation 2")


@pytest.mark.parametrize(("what", "said"), [("missing.cfg", "error[file-unreadable]"), ("empty.cfg", "error[nothing-in-it]")])
def test_what_is_not_there_is_said(hapilot: Hapilot, what: str, said: str) -> None:
    (hapilot.folder / "empty.cfg").write_text("# nothing\n")
    done = hapilot.run("check", hapilot.folder / what)
    assert done.returncode == 1
    assert f"{what} {said}" in done.stdout + done.stderr


SECRETS = """\
global
    {setenv}

defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s

listen web
    bind 127.0.0.1:{port}
    {stats}
    server one 127.0.0.1:9
"""


@pytest.mark.parametrize(
    "wrong",
    [
        {"setenv": "setenv API_TOKEN S3CRET bogus", "stats": "stats enable"},
        {"setenv": "maxconn 100", "stats": "stats auth admin:S3CRET bogus bogus"},
        {"setenv": "maxconn 100", "stats": "http-request set-header Authorization S3CRET bogus"},
    ],
    ids=["global", "stats", "header"],
)
def test_a_refused_line_does_not_show_its_secret(hapilot: Hapilot, wrong: dict[str, str]) -> None:
    hapilot.called = "haproxy.cfg"
    hapilot.write(SECRETS.format(port=hapilot.port, **wrong))
    for command in (["check"], ["check", "--json"], ["plan"], ["apply"], ["import"], ["import", "--json"]):
        done = hapilot.run(command[0], hapilot.site, *command[1:])
        assert "S3CRET" not in done.stdout + done.stderr, command
    checked = hapilot.run("check", hapilot.site)
    if checked.returncode:
        assert "haproxy.cfg:" in checked.stdout + checked.stderr
    said = hapilot.start()
    said.process.wait(20) if checked.returncode else said.wait_said("generation 1")
    assert "S3CRET" not in said.said + said.out.read_text()


MIXED = """\
defaults common
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s

frontend web
    bind 127.0.0.1:{port}
    default_backend late

defaults special from common
    retries 2

backend late from special
    server one 127.0.0.1:9
backend later
    server one 127.0.0.1:9
"""


def test_what_haproxy_calls_an_alert_and_takes_is_a_warning(each_hapilot: Hapilot) -> None:
    each_hapilot.called = "haproxy.cfg"
    each_hapilot.write(MIXED.format(port=each_hapilot.port))
    done = each_hapilot.run("check", each_hapilot.site)
    assert done.returncode == 0, done.stdout + done.stderr
