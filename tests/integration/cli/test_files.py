"""``render``, ``check`` and ``demo`` with the real HAProxy."""

from __future__ import annotations

import datetime
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hapilot.sources.file import self_signed
from support import client, servers

from .conftest import PATIENCE, Hapilot, until

pytestmark = pytest.mark.haproxy


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def tls_site(hapilot: Hapilot, server_port: int) -> None:
    """A site with a certificate, a map and both kinds of listeners."""
    hapilot.write(
        f"""listeners:
  http: {{bind: "127.0.0.1:{hapilot.other_port}", redirect: https}}
  https: {{bind: "127.0.0.1:{hapilot.port}"}}
services:
  shop: {{host: "*.example.test", servers: ["127.0.0.1:{server_port}"]}}
certificates:
  - self_signed: ["*.example.test"]
"""
    )


def test_what_was_rendered_runs_without_hapilot(each_hapilot: Hapilot, stand: servers.Stand, tmp_path: Path) -> None:
    tls_site(each_hapilot, stand.http("shop").port)
    folder = tmp_path / "rendered"
    done = each_hapilot.run("render", each_hapilot.site, "-o", folder)
    assert (done.returncode, done.stdout) == (0, "")
    first = contents(folder)
    assert each_hapilot.run("render", each_hapilot.site, "-o", folder).returncode == 0
    assert contents(folder) == first
    with tempfile.TemporaryDirectory(prefix="hapilot-bare-") as run:
        Path(run).chmod(0o711)
        bare = subprocess.Popen(
            [each_hapilot.program, "-W", "-f", "haproxy.cfg"], cwd=folder, env={**os.environ, "HAPILOT_RUN": run}, stderr=subprocess.PIPE
        )
        try:
            target = f"http://shop.example.test:{each_hapilot.other_port}/cart"
            until(lambda: redirected(each_hapilot), f"HAProxy serves {target}")
        finally:
            bare.terminate()
            _, said = bare.communicate(timeout=PATIENCE)
    assert [line for line in said.splitlines() if line.startswith((b"[WARNING]", b"[ALERT]")) and b"xit" not in line] == []


def redirected(hapilot: Hapilot) -> bool:
    """Whether plain HTTP is sent to https, path and all."""
    answer = client.get(("127.0.0.1", hapilot.other_port), client.Request("GET", "/cart", "shop.example.test"))
    return (answer.status, answer.header("location")) == (308, f"https://shop.example.test:{hapilot.port}/cart")


def test_render_prints_the_same_bytes_twice(hapilot: Hapilot) -> None:
    tls_site(hapilot, 9)
    first, second = hapilot.run("render", hapilot.site), hapilot.run("render", hapilot.site)
    assert first.returncode == 0
    assert first.stdout == second.stdout
    assert "frontend https" in first.stdout
    shown = hapilot.json("render", hapilot.site)
    assert shown["text"]["haproxy.cfg"] == first.stdout
    assert [one["path"] for one in shown["files"] if one["mode"] == "0600"] != []
    assert "PRIVATE KEY" not in json.dumps(shown)


def test_render_into_a_place_that_is_none(hapilot: Hapilot) -> None:
    tls_site(hapilot, 9)
    (hapilot.folder / "file").touch()
    done = hapilot.run("render", hapilot.site, "-o", hapilot.folder / "file" / "below")
    assert done.returncode == 1
    assert done.stderr.startswith("error ")
    assert "Traceback" not in done.stderr


def test_check_is_content(each_hapilot: Hapilot) -> None:
    tls_site(each_hapilot, 9)
    done = each_hapilot.run("check", each_hapilot.site)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(f"{each_hapilot.site}: ok (0 errors, 0 warnings; checked by HAProxy 2.")


def test_check_with_only_warnings_is_content(hapilot: Hapilot) -> None:
    hapilot.plain(9)
    hapilot.site.write_text(hapilot.site.read_text().replace("listeners:", 'listeners:\n  unused: {bind: ":1"}'))
    found = hapilot.json("check", hapilot.site)
    assert found["ok"] is True
    assert [(one["severity"], one["code"]) for one in found["diagnostics"]] == [("warning", "unused-listener")]


@pytest.mark.parametrize(
    ("text", "line", "column", "code"),
    [
        ("services:\n  shop:\n    hots: a.test\n    servers: ['127.0.0.1:1']\n", 3, 5, "unknown-key"),
        ("services: [\n", 2, 1, "yaml-syntax"),
        ("services:\n  shop: {host: a.test, servers: ['127.0.0.1:1']}\n", 2, 16, "certificate-uncovered"),
        ("services:\n  shop: {host: a.test, servers: [fd00::1:1]}\n", 2, 34, "bad-address"),
        ("services:\n  shop: {tls: none, host: a.test, listener: [htp], servers: ['127.0.0.1:1']}\n", 2, 46, "unknown-listener"),
    ],
)
def test_check_says_where_it_is_wrong(hapilot: Hapilot, text: str, line: int, column: int, code: str) -> None:
    site = hapilot.write(text)
    done = hapilot.run("check", site, "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["ok"] is False
    assert {"file": str(site), "line": line, "column": column} in [one["origin"] for one in found["diagnostics"] if one["code"] == code]
    shown = hapilot.run("check", site)
    assert (shown.returncode, shown.stdout) == (1, "")
    assert f"{site}:{line}:{column} error[{code}] " in shown.stderr


def test_check_says_who_checked(hapilot: Hapilot) -> None:
    site = hapilot.write("services: [\n")
    assert "checked by hapilot alone)" in hapilot.run("check", site).stderr
    assert json.loads(hapilot.run("check", site, "--json").stdout)["checked_by_haproxy"] is None
    hapilot.plain(9)
    assert hapilot.json("check", site)["checked_by_haproxy"].startswith("2.")
    assert hapilot.json("check", site, "--no-haproxy")["checked_by_haproxy"] is None


def test_looking_leaves_the_local_ca_alone(hapilot: Hapilot) -> None:
    """The CA is the one that is kept, and no certificate of a site that never ran joins it."""
    tls_site(hapilot, 9)
    hapilot.state.prepare()
    assert hapilot.run("check", hapilot.site).returncode == 0
    assert contents(hapilot.state.ca) == {}
    self_signed.LocalAuthority(hapilot.state.ca).ca_text(datetime.datetime.now(datetime.UTC))
    before = contents(hapilot.state.ca)
    assert before
    target = f"https://a.example.test:{hapilot.port}/"
    for command in (["check", hapilot.site], ["render", hapilot.site], ["explain", hapilot.site, target]):
        assert hapilot.run(*command).returncode == 0
    assert contents(hapilot.state.ca) == before


def test_render_removes_what_the_last_render_wrote_and_this_one_did_not(hapilot: Hapilot, tmp_path: Path) -> None:
    tls_site(hapilot, 9)
    folder = tmp_path / "out"
    assert hapilot.run("render", hapilot.site, "-o", folder).returncode == 0
    assert list(folder.glob("certs/*.pem")) != []
    (folder / "notes.txt").write_text("mine")
    hapilot.plain(9)
    done = hapilot.run("render", hapilot.site, "-o", folder)
    assert done.returncode == 0
    assert "of an earlier render removed" in done.stderr
    assert list(folder.glob("certs/*.pem")) == []
    assert (folder / "notes.txt").exists()


def test_check_passes_on_what_haproxy_says(hapilot: Hapilot) -> None:
    hapilot.plain(9, extra="raw: {service: {shop: ['no-such-keyword yes']}}\n")
    done = hapilot.run("check", hapilot.site)
    assert done.returncode == 1
    assert f"{hapilot.site}:5:24 error[haproxy-refused] HAProxy 2." in done.stderr
    assert "about the line: no-such-keyword yes" in done.stderr
    assert hapilot.run("check", hapilot.site, "--no-haproxy").returncode == 0


def test_a_long_folder_for_temporary_files_is_no_fault_of_the_site(hapilot: Hapilot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of unix sockets have at most 107 bytes; those of the check are never opened."""
    tls_site(hapilot, 9)
    long = hapilot.folder / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert hapilot.run("check", hapilot.site).returncode == 0


def test_a_failed_expectation_can_be_explained(hapilot: Hapilot) -> None:
    hapilot.plain(9, extra=f"expect:\n  - {{url: 'http://a.test:{hapilot.port}/', outcome: reject}}\n")
    assert "error[expectation-failed]" in hapilot.run("check", hapilot.site).stderr
    assert hapilot.json("explain", hapilot.site, f"http://a.test:{hapilot.port}/")["service"] == "shop"


def test_expand_prints_what_reads_as_the_same(hapilot: Hapilot) -> None:
    tls_site(hapilot, 9)
    first = hapilot.run("check", hapilot.site, "--expand")
    assert first.returncode == 0
    (hapilot.folder / "expanded.yaml").write_text(first.stdout)
    again = hapilot.run("check", hapilot.folder / "expanded.yaml", "--expand")
    assert (again.returncode, again.stdout) == (0, first.stdout)
    assert hapilot.json("check", hapilot.site, "--expand")["site"]["services"]["shop"]["tls"] == "edge"


def test_the_demo_agrees_with_itself(each_hapilot: Hapilot) -> None:
    done = each_hapilot.run("demo", "--haproxy", each_hapilot.program, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    shown = json.loads(done.stdout)
    assert shown["disagreements"] == 0
    assert len(shown["tries"]) == 6


def test_the_demo_leaves_nothing_behind_when_it_is_ended(hapilot: Hapilot, tmp_path: Path) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    for number in (signal.SIGTERM, signal.SIGINT):
        with subprocess.Popen(
            [sys.executable, "-m", "hapilot", "demo", "--keep"],
            env={**hapilot.environment, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        ) as demo:
            assert demo.stdout is not None
            for line in demo.stdout:
                if line.startswith("running;"):
                    break
            assert len(haproxy_masters(folder)) == 1
            sockets = next(folder.glob("hapilot-demo-*/state/run")).resolve()
            assert (sockets / "master.sock").is_socket()
            demo.send_signal(number)
            assert demo.wait(PATIENCE) == 0
        assert list(folder.iterdir()) == []
        assert not sockets.exists()
        until(lambda: not haproxy_masters(folder), "HAProxy has ended")


def haproxy_masters(folder: Path) -> list[int]:
    """Masters that run on a configuration below ``folder``."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                arguments = (entry / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            except OSError:
                continue
            if "-W" in arguments and any(part.startswith(f"{folder}/") for part in arguments):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                found += [int(entry.name)] if parent not in found else []
    return found
