"""The heading "Security": sockets, keys and passwords on disk, who HAProxy runs as, hostile values, hostile requests."""

from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hapilot.base import diagnostics, errors
from hapilot.reconcile import verify
from hapilot.render import render
from hapilot.runtime import binary, plain
from integration.behaviour import hostile, sites, visits
from support import certificates, client, http1, servers
from support import haproxy as programs
from support.client import Request

pytestmark = pytest.mark.haproxy

NOBODY = 65534
PASSWORD = """p a"s'w#o$r%[src]d\\:ü"""
SITE = """
listeners:
  https: {bind: "127.0.0.1:${HTTPS}", accept_proxy: optional, trusted: [10.0.0.0/8], sniff_timeout: 400ms}
  http: {bind: "127.0.0.1:${HTTP}"}
services:
  web: {host: web.example.test, servers: ["${web}"]}
  clear: {host: web.example.test, tls: none, servers: ["${web}"], listener: http}
  other: {host: other.example.test, tls: none, servers: ["${other}"], listener: http}
  vault: {host: vault.example.test, tls: passthrough, servers: ["${vault}"]}
  git-ssh: {protocol: ssh, servers: ["${vault}"], listener: https}
certificates:
  - file: "${PEM}"
  - self_signed: [local.test]
admin:
  stats: {bind: "127.0.0.1:${STATS}", path: /stats, users: {admin: {password_env: SECRET}, "o'neil": {password_file: "${FILE}"}}}
  metrics: {bind: "127.0.0.1:${METRICS}"}
defaults: {health: off}
"""


@pytest.fixture(scope="module")
def site(starter: sites.Starter, stand: servers.Stand, pem: str, tmp_path_factory: pytest.TempPathFactory) -> sites.Running:
    secret = tmp_path_factory.mktemp("secret") / "password"
    secret.touch(mode=0o600)
    secret.write_text(f"{PASSWORD}2\n", encoding="utf-8")
    leaf = certificates.authority().issue("vault.example.test")
    named = {"web": stand.http("web"), "other": stand.http("other"), "vault": stand.https("vault", leaf)}
    return starter.start(SITE, named, PEM=pem, SECRET=PASSWORD, FILE=secret)


# What lies on disk


def test_every_socket_is_for_its_owner_only(site: sites.Running) -> None:
    """Master, runtime and hand-over sockets are 0600, in a directory that others can't list or write."""
    sockets = {path.name: stat.S_IMODE(path.stat().st_mode) for path in site.process.run_dir.iterdir() if path.is_socket()}
    assert sockets == dict.fromkeys(("master.sock", "runtime.sock", "https.again.sock", "https.tls.sock", "https.plain.sock"), 0o600)
    assert stat.S_IMODE(site.process.run_dir.stat().st_mode) & 0o067 == 0


def test_private_keys_are_for_their_owner_only_and_outside_the_configuration(site: sites.Running) -> None:
    """Every file with a key is 0600, and haproxy.cfg has none."""
    root = site.process.state.root
    with_keys = [path for path in root.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    assert len(with_keys) >= 4, "two certificates, the local authority and its leaf"
    assert {stat.S_IMODE(path.stat().st_mode) for path in with_keys} == {0o600}
    assert "PRIVATE KEY" not in site.config
    assert stat.S_IMODE(root.stat().st_mode) & 0o067 == 0


def test_no_secret_is_in_the_configuration_or_the_state(site: sites.Running) -> None:
    """Passwords are hashed; the words themselves are nowhere, nor in HAProxy's environment."""
    for path in site.process.state.root.rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes(), path
    assert site.config.count("password $6$") + site.config.count("password '$6$") == 2
    assert PASSWORD.encode() not in Path(f"/proc/{site.process.pid}/environ").read_bytes()


def test_the_hashed_password_lets_its_user_in_and_nobody_else(site: sites.Running) -> None:
    """Odd characters in names and passwords count as they are."""

    def status(user: str, password: str) -> int:
        credentials = client.Request(target="/stats", host="stats.test", headers=(("Authorization", _basic(user, password)),))
        return client.get(site.at("STATS"), credentials).status

    assert [status("admin", PASSWORD), status("o'neil", f"{PASSWORD}2")] == [200, 200]
    assert [status("admin", "guess"), status("o'neil", PASSWORD), status("nobody", PASSWORD)] == [401, 401, 401]
    assert client.get(site.at("STATS"), Request(target="/stats")).status == 401


def _basic(user: str, password: str) -> str:
    """The value of Authorization (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_nothing_administrative_is_open_without_a_password(tmp_path: Path) -> None:
    """A page on an address that others reach has users, or the site is refused."""
    for part in ("stats", "metrics"):
        for bind, is_open in ((":50000", True), ("192.0.2.1:50000", True), ("127.0.0.1:50000", False), ("[::1]:50000", False)):
            text = f"""
            services: {{web: {{tls: none, servers: ["127.0.0.1:9"]}}}}
            admin: {{{part}: {{bind: "{bind}"}}}}
            """
            found = [one.code for one in sites.compiled(text, tmp_path).diagnostics]
            assert ("admin-open" in found) == is_open, bind
    assert not list(sites.lines_of(sites.compiled("services: {web: {servers: ['127.0.0.1:9'], tls: none}}", tmp_path), "", "stats")[1:])


# Who it runs as


def test_a_worker_that_root_started_is_somebody_else_in_a_chroot(site: sites.Running) -> None:
    """Root opens the ports; the worker that meets the world is another user, without capabilities, in a directory of sockets."""
    programs.require_root("only root can become somebody else")
    worker = site.process.serving_worker()
    fields = dict(line.split(":\t", 1) for line in Path(f"/proc/{worker}/status").read_text().splitlines() if ":\t" in line)
    uids = {int(uid) for uid in fields["Uid"].split()}
    assert len(uids) == 1
    assert 0 not in uids
    assert 0 not in {int(gid) for gid in (*fields["Gid"].split(), *fields["Groups"].split())}
    assert int(fields["CapEff"], 16) == 0
    assert Path(f"/proc/{worker}/root").readlink() == site.process.run_dir


def test_low_ports_need_one_capability_and_not_root(haproxy: binary.Haproxy, pem: str) -> None:
    """Started by an ordinary user with CAP_NET_BIND_SERVICE, the same site serves on 443."""
    programs.require_root("only root can hand out capabilities")
    setpriv = programs.require("setpriv", "it starts a program with a capability")
    # Another address for each process: HAProxys share a port willingly, and tests run side by side.
    address = f"127.77.{os.getpid() >> 8 & 255}.{os.getpid() & 255}", 443
    text = """
    listeners: {https: {bind: "${ADDRESS}:443"}}
    services: {web: {host: web.example.test, servers: ["127.0.0.1:9"], health: off, retries: 0}}
    certificates: [{file: "${PEM}"}]
    """
    with tempfile.TemporaryDirectory(prefix="hapilot-") as name:
        folder = Path(name)
        made = sites.compiled(text, folder, PEM=pem, ADDRESS=address[0])
        plain.write_bundle(folder, render.render_build(made))
        (folder / "run").mkdir()
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        dropped = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        able = ["--inh-caps=+net_bind_service", "--ambient-caps=+net_bind_service"]
        environment = {"HAPILOT_RUN": str(folder / "run"), "PATH": os.environ["PATH"]}
        log = folder / "log"
        with log.open("wb") as sink:
            process = subprocess.Popen([*dropped, *able, haproxy.path, "-db", "-f", folder / "haproxy.cfg"], env=environment, stderr=sink)
        try:
            while (outcome := visits.https(address, "web.example.test")).kind == "refused":
                assert process.poll() is None, log.read_text()
                time.sleep(0.01)
            assert outcome.status == 503, log.read_text()
            uids = next(line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if line.startswith("Uid:"))
            assert set(uids.split()[1:]) == {str(NOBODY)}
        finally:
            process.kill()
            process.wait(10)


# Hostile values in the site file


def _shape(text: str) -> list[str]:
    """The first word of every line that is no comment: what HAProxy takes for sections and directives."""
    return [line.split()[0] for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


@pytest.mark.parametrize("place", [*hostile.PLACES, *hostile.NAMES])
def test_a_hostile_value_is_refused_or_stays_one_value(place: str, tmp_path: Path) -> None:
    """Line ends, quotes, comments, variables, log formats, argument ends: the configuration has the same directives as with a
    harmless value, and HAProxy takes it. One HAProxy is enough: what is asked is whether a line ends where it should."""
    haproxy = binary.choose("embedded")
    usual = _shape(_rendered(json.dumps(hostile.harmless()), tmp_path, haproxy))
    accepted: list[str] = []
    for value in hostile.EVIL:
        try:
            text = _rendered(hostile.site(place, value), tmp_path, haproxy)
        except errors.SiteError:
            continue
        accepted.append(value)
        assert _shape(text) == usual, value
    assert accepted or place != "stats password", "the test would not notice if nothing were accepted"


def _rendered(text: str, folder: Path, haproxy: binary.Haproxy) -> str:
    """haproxy.cfg of a site. Raises SiteError where hapilot refuses it; where HAProxy does, that is a failure."""
    made = sites.compiled(text, folder)
    found = [one for one in made.diagnostics if one.severity is diagnostics.Severity.ERROR]
    if found:
        raise errors.SiteError(found)
    rendered = render.render_build(made)
    refused = verify.verify(made, rendered, haproxy)
    assert not diagnostics.has_errors(refused), (text, refused)
    return sites.text_of(rendered, "haproxy.cfg")


@pytest.mark.parametrize("name", ["a\nbackend evil\n.yaml", "a b'c\"d#$HOME.yaml", "%[src].yaml"])
def test_the_name_of_a_file_stays_in_its_comment(name: str, tmp_path: Path) -> None:
    """Names of files come back in comments; a line end in one starts no directive."""
    services = "services: {web: {host: web.example.test, tls: none, servers: ['127.0.0.1:9']}}"
    shapes: list[list[str]] = []
    for file in ("plain.yaml", name):
        folder = tmp_path / ("site" if file == name else "usual")
        folder.mkdir()
        (folder / file).write_text(services, encoding="utf-8")
        made = sites.compiled_file(folder / file, {})
        shapes.append(_shape(sites.text_of(render.render_build(made), "haproxy.cfg")))
    assert shapes[0] == shapes[1]


def test_a_verbatim_line_stays_one_line(tmp_path: Path) -> None:
    """raw is the user's own HAProxy, but a line of it is a line."""
    text = r"""
    services: {web: {host: web.example.test, tls: none, servers: ['127.0.0.1:9']}}
    raw: {global: ["maxconn 10\nbackend evil"]}
    """
    with pytest.raises(errors.SiteError, match="error"):
        sites.compiled(text, tmp_path)


# Hostile requests


@pytest.fixture
def web(site: sites.Running) -> Iterator[servers.Server]:
    server = site.servers["web"]
    server.forget()
    yield server
    server.forget()


@pytest.mark.parametrize("kind", [*hostile.CONFLICTS, *hostile.REFUSED])
def test_a_request_with_two_readings_never_reaches_a_server_as_two(site: sites.Running, web: servers.Server, kind: str) -> None:
    """What is behind the end of a request, as HAProxy sees it, is a request of its own or nothing: the first one's server never
    sees it."""
    with client.connect(site.at("HTTP")) as connection:
        connection.send({**hostile.CONFLICTS, **hostile.REFUSED}[kind])
        connection.end_sending()
        connection.read_to_end(timeout=2)
    assert "/smuggled" not in [one.target for one in web.requests]
    assert len([one for one in web.requests if one.target == "/first"]) <= 1
    for one in web.requests:
        framing = [name for name, _ in one.headers if name.lower() in ("content-length", "transfer-encoding")]
        assert len(framing) <= 1, one


@pytest.mark.parametrize("kind", hostile.REFUSED)
def test_a_malformed_request_is_refused(site: sites.Running, web: servers.Server, kind: str) -> None:
    """Bad lengths, bad chunks, bad names: an error (or the end), and no whole request at a server."""
    with client.connect(site.at("HTTP")) as connection:
        connection.send(hostile.REFUSED[kind])
        outcome = connection.read_response(timeout=2)
    assert outcome.kind in ("closed", "reset") or outcome.status in (400, 413, 501), outcome
    assert web.requests == ()


@pytest.mark.parametrize("kind", hostile.HTTP2_HEADERS)
def test_a_malformed_http2_request_is_refused(site: sites.Running, web: servers.Server, kind: str) -> None:
    """What HTTP/2 can say and HTTP/1 can't is not translated for a server: the stream is refused."""
    request = Request(target="/first", host="web.example.test", headers=hostile.HTTP2_HEADERS[kind])
    (outcome,) = visits.http2(site.at("HTTPS"), "web.example.test", [request])
    assert outcome.kind in ("reset", "closed") or outcome.status == 400, outcome
    assert web.requests == ()


def test_a_wrong_length_in_http2_never_shifts_the_next_request(site: sites.Running, web: servers.Server) -> None:
    """A length without its body is refused (2.8) or corrected (2.6); what follows is a request of its own in any case."""
    wanted = [Request(target="/first", host="web.example.test", headers=(("content-length", "50"),))]
    wanted += [Request(target=f"/{number}", host="web.example.test") for number in range(3)]
    first, *others = visits.http2(site.at("HTTPS"), "web.example.test", wanted)
    assert first.kind in ("reset", "closed") or first.status in (200, 400)
    assert {outcome.status for outcome in others if outcome.kind == "response"} <= {200}
    assert [one for one in web.requests if one.body or (one.header("content-length") or "0") != "0"] == []
    assert visits.https(site.at("HTTPS"), "web.example.test", "/last").status == 200


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/a b"), ("GET", "/a\r\nX-Evil: 1"), ("G ET", "/"), ("GET\r\nX: y", "/"), ("GET", "no-slash"), ("GET", "")],
)
def test_a_malformed_http2_request_line_is_refused(site: sites.Running, web: servers.Server, method: str, target: str) -> None:
    """Method and path of HTTP/2 can't write a request line of their own."""
    (outcome,) = visits.http2(site.at("HTTPS"), "web.example.test", [Request(method, target, "web.example.test")])
    assert outcome.kind in ("reset", "closed") or outcome.status == 400, outcome
    assert web.requests == ()


def test_no_option_that_relaxes_parsing_is_emitted(site: sites.Running) -> None:
    """HAProxy's own strictness is left alone."""
    words = {word for line in site.config.splitlines() for word in line.split()}
    assert not [word for word in words if word.startswith(("accept-invalid", "accept-unsafe", "h1-accept", "insecure"))]
    assert "option" in words, "the test reads the words of the configuration"


def test_a_body_is_read_as_it_was_framed(site: sites.Running, web: servers.Server) -> None:
    """The other side of refusing: what is well framed arrives whole, and a pipelined request is one."""
    chunks = http1.chunk(b"hello") + hostile.CHUNKED_END
    with client.connect(site.at("HTTP")) as connection:
        second = b"GET /second HTTP/1.1\r\nHost: web.example.test\r\n\r\n"
        connection.send(hostile.post(b"Transfer-Encoding: chunked", body=chunks) + second)
        assert [connection.read_response().status for _ in range(2)] == [200, 200]
    assert [(one.target, one.body) for one in web.requests] == [("/first", b"hello"), ("/second", b"")]
