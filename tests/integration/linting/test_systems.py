"""Lint and ``--fix`` on configurations of systems that others built by hand: the faults that are known of them are found, what can be
mended is mended, HAProxy takes it then, and it does what it did."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from hapilot.cli import main
from integration.linting import papers
from support import certificates, client, haproxy
from support.ports import free_port
from support.servers import Stand

REENCRYPT, IPV6 = "2-openshift-reencrypt.md", "1-ipv4-to-ipv6.md"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.chdir(tmp_path)
    leaf = certificates.authority("lint").issue("*.apps.example.test").write(tmp_path / "made")
    Path("site.crt").write_bytes(leaf.combined.read_bytes())


def lint(text: str, *arguments: str) -> set[tuple[str, str]]:
    """The findings: code, and the text of the line."""
    Path("haproxy.cfg").write_text(text)
    done = CliRunner().invoke(main.cli, ["lint", "--target", "2.8", "--format", "json", *arguments, "haproxy.cfg"])
    found = json.loads(done.stdout)["findings"]
    lines = [" ".join(line.split()) for line in Path("haproxy.cfg").read_text().splitlines()]
    return {(each["code"], lines[each["origin"]["line"] - 1]) for each in found}


def test_the_entrance_to_an_ipv6_cluster() -> None:
    found = lint(papers.configuration(IPV6))
    rule = "acl is_cluster0 req.ssl_sni -m reg ocp-disconnected.fede.ipv6.lab"
    assert found >= {
        ("password-default", "stats auth admin:password"),
        ("regex-host-dot", rule),
        ("sni-without-wait", rule),
        ("use-backend-redundant", "use_backend cluster0-6443 if is_cluster0"),
        ("ipv6-without-brackets", "server cluster0-master0 2620:52:0:1305::100:6443 check sni req.ssl_sni"),
        ("forwardfor-in-tcp", "option forwardfor except 127.0.0.0/8"),
    }
    left = lint(papers.configuration(IPV6), "--fix", "--yes")
    assert {code for code, _ in found - left} >= {"use-backend-redundant", "ipv6-without-brackets", "server-option-without-ssl"}
    assert "server cluster0-master0 [2620:52:0:1305::100]:6443 check\n" in Path("haproxy.cfg").read_text()


def test_the_proxy_that_encrypts_again() -> None:
    text = papers.configuration(REENCRYPT)
    found = lint(text)
    server = "server infra1 192.0.2.11:443 check ssl ca-file site.crt"
    assert found >= {
        ("keyword-removed", "reqidel ^X-Forwarded-For:.*"),
        ("server-name-unchecked", server),
        ("server-without-sni", server),
        ("timeout-missing", "frontend fe-route-http"),
    }


@pytest.mark.haproxy
@pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
def test_the_proxy_that_encrypts_again_loads_again(binary: haproxy.Binary) -> None:
    text = papers.configuration(REENCRYPT)
    Path("before.cfg").write_text(text)
    code, said = haproxy.check(binary.path, Path("before.cfg"))
    assert (code, "'reqidel' directive is not supported anymore" in said) == (1, True), said
    left = lint(text, "--fix", "--yes")
    assert "keyword-removed" not in {code for code, _ in left}
    code, said = haproxy.check(binary.path, Path("haproxy.cfg"))
    assert code == 0, said
    changed = [
        (one, other) for one, other in zip(text.splitlines(), Path("haproxy.cfg").read_text().splitlines(), strict=True) if one != other
    ]
    assert changed == [("    reqidel ^X-Forwarded-For:.*", "    http-request del-header X-Forwarded-For")] * 2


@pytest.mark.haproxy
def test_what_was_mended_does_what_was_meant(tmp_path: Path) -> None:
    """A header that a client forges does not get to a server; those of this machine are the exception that the file makes."""
    with Stand() as stand:
        server, port = stand.http("infra"), free_port()
        lint(papers.configuration(REENCRYPT), "--fix", "--yes")
        sections = re.split(r"^(?=frontend|backend)", Path("haproxy.cfg").read_text(), flags=re.MULTILINE)
        kept = "".join(each for each in sections if each.split()[1:2] in (["fe-route-http"], ["be-route-http"]))
        kept = kept.replace("127.0.0.13:80", f"127.0.0.1:{port}")
        kept = re.sub(r"192\.0\.2\.\d+:80 check", f"127.0.0.1:{server.port}", kept)
        with haproxy.running(haproxy.embedded(), kept, tmp_path, ports=[("127.0.0.1", port)]):
            client.get(("127.0.0.1", port), client.Request(headers=(("X-Forwarded-For", "203.0.113.9"), ("X-Other", "kept"))))
        (seen,) = server.requests
        assert (seen.all("X-Forwarded-For"), seen.all("X-Other")) == ((), ("kept",))
