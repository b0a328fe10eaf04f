"""The systems that others built by hand, imported: they answer as before, and what ``explain`` says of them happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from golden import lintcase
from hapilot.cli import main
from hapilot.languages.haproxy import document
from integration.cli.conftest import Hapilot, hapilot_in
from integration.importing import meaning, ways
from integration.importing.pool import Pool
from integration.linting import papers
from support import certificates, haproxy, servers
from support.ports import free_port

pytestmark = [pytest.mark.haproxy, pytest.mark.system]

SYSTEMS = ("1-ipv4-to-ipv6.md", "2-openshift-reencrypt.md", "one-proxy")
_BIND = re.compile(r"(?m)^(?P<before>\s*bind\s+)\S+:(?P<port>\d+)")
_SERVER = re.compile(r"(?m)^(?P<before>\s*server\s+\S+\s+)\S+(?P<after>.*)$")


def mended(name: str, folder: Path) -> str:
    """The configuration after ``hapilot lint --fix``: one of them is for a HAProxy that nobody has any more."""
    if name == "one-proxy":
        _, documents = lintcase.parse((Path(lintcase.__file__).parent / "cases" / "lint" / "one-proxy.case").read_text())
        text = "".join(map(document.text, documents))
    else:
        text = papers.configuration(name)
    path = folder / "haproxy.cfg"
    path.write_text(text)
    certificates.authority("systems").issue("*.apps.example.test").write(folder / "made").combined.rename(folder / "site.crt")
    done = CliRunner().invoke(main.cli, ["lint", "--target", "2.8", "--fix", "--yes", str(path)])
    assert done.exit_code in (0, 1), done.output
    return path.read_text()


@pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
@pytest.mark.parametrize("name", SYSTEMS)
def test_it_answers_the_same(name: str, binary: haproxy.Binary, stands: Pool, tmp_path: Path) -> None:
    compared = meaning.compare(name, [mended(name, tmp_path)], binary, stands, ways.imported, count=300)
    assert not compared.differences(), "\n\n".join([*compared.differences(), compared.made])
    assert compared.count >= 300


def _moved(text: str, stand: servers.Stand) -> tuple[str, dict[str, int]]:
    """Here: free ports for those of the binds, and a stand-in for every server, over TLS where the port is one for it."""
    ports: dict[str, int] = {}
    web, secure = stand.http("web"), stand.https("secure", certificates.authority("systems").issue("*.apps.example.test"))

    def bind(found: re.Match[str]) -> str:
        port = ports[found["port"] if found["port"] not in ports else f"{found['port']} again"] = free_port()
        return f"{found['before']}127.0.0.1:{port}"

    def server(found: re.Match[str]) -> str:
        port = web.port if re.search(r":80\b", found[0]) else secure.port
        return f"{found['before']}127.0.0.1:{port}{found['after'].replace('ca-file site.crt', 'verify none')}"

    return _SERVER.sub(server, _BIND.sub(bind, text)), ports


@pytest.mark.parametrize("name", SYSTEMS[:2])
def test_what_explain_says_happens(name: str, tmp_path: Path) -> None:
    with servers.Stand() as stand, hapilot_in(tmp_path, haproxy.embedded()) as hapilot:
        _explained(name, hapilot, stand)


def _explained(name: str, hapilot: Hapilot, stand: servers.Stand) -> None:
    text, ports = _moved(mended(name, hapilot.folder), stand)
    kept = "\n".join(line for line in text.splitlines() if line.split()[:1] not in (["chroot"], ["user"], ["group"], ["stats", "socket"]))
    (hapilot.folder / "haproxy.cfg").write_text(f"{kept}\n")
    imported = hapilot.run("import", "haproxy.cfg", "-o", "taken")
    assert imported.returncode == 0, imported.stderr
    hapilot.called = "taken/site.yaml"
    hapilot.up()
    asked = {
        "1-ipv4-to-ipv6.md": [f"tls://api.any.example.test:{ports.get('6443')}", f"http://127.0.0.1:{ports.get('50000')}/elsewhere"],
        "2-openshift-reencrypt.md": [
            f"tls://api.example.test:{ports.get('6443')}",
            f"http://shop.apps.example.test:{ports.get('80')}/a",
            f"https://shop.apps.example.test:{ports.get('443 again')}/a",
        ],
    }[name]
    for target in asked:
        done = hapilot.run("explain", hapilot.site, target, "--live")
        assert done.returncode == 0, f"{target}\n{done.stdout}{done.stderr}"
        assert "not known" not in done.stdout, done.stdout
