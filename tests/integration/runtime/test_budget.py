"""What a site needs, as the compiler counts it, against what a real HAProxy counts, takes and refuses."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.compile import budget, build, limits, target
from hapilot.reconcile import pipeline
from hapilot.runtime import binary, client, commands, plain
from hapilot.runtime import limits as machine
from support import ports

pytestmark = pytest.mark.haproxy

PLAIN = """
listeners: {web: {bind: "127.0.0.1:${PORT}"}}
services: {shop: {tls: none, listener: web, servers: ["127.0.0.1:1", "127.0.0.1:2"]}}
"""
MIXED = """
listeners:
  all: {bind: ["127.0.0.1:${PORT}", "127.0.0.2:${PORT}"], accept_proxy: optional, trusted: [127.0.0.0/8]}
  more: {bind: "127.0.0.3:${PORT}"}
services:
  shop: {host: shop.test, listener: [all, more], servers: ["127.0.0.1:1", {address: "127.0.0.1:2", backup: true}]}
  secure: {host: secure.test, tls: reencrypt, listener: all, servers: ["127.0.0.1:3"]}
  vault: {host: vault.test, tls: passthrough, listener: all, servers: ["127.0.0.1:4"], health: off}
  git: {protocol: ssh, listener: all, servers: ["127.0.0.1:5"]}
certificates: [{self_signed: [shop.test, secure.test]}]
admin: {stats: {bind: "127.0.0.4:${PORT}"}}
"""
RAW = """
listeners: {web: {bind: "127.0.0.1:${PORT}"}}
services: {shop: {tls: none, listener: web, servers: ["127.0.0.1:1"]}}
raw:
  global: ["nbthread 3", "stats socket unix@${RUN}/other.sock mode 600", "stats maxconn 25"]
  listener: {web: ["bind 127.0.0.5:${PORT},127.0.0.6:${PORT}"]}
  service: {shop: ["default-server check inter 10s", "server b 127.0.0.1:7", "server c 127.0.0.1:8 track b no-check"]}
"""
SPLICED = """
listeners: {web: {bind: "127.0.0.1:${PORT}"}}
services: {shop: {tls: none, listener: web, servers: ["127.0.0.1:1"]}}
raw: {service: {shop: ["option splice-auto"]}}
"""
SAID = """
listeners: {web: {bind: "127.0.0.1:${PORT}"}}
services: {shop: {tls: none, listener: web, servers: ["127.0.0.1:1"]}}
raw: {global: ["maxconn 700"]}
"""
SITES = {"plain": PLAIN, "mixed": MIXED, "raw": RAW, "spliced": SPLICED, "said": SAID}


@dataclass
class Site:
    """A rendered site, and how it is run."""

    haproxy: binary.Haproxy
    folder: Path
    made: build.Build

    @property
    def needed(self) -> budget.Budget:
        """Its budget here."""
        return budget.budget(self.made, machine.cpus())

    @contextmanager
    def under(self, files: int, *, soft: int = 0) -> Generator[subprocess.Popen[str]]:
        """HAProxy as ``up`` runs it, with a limit of open files that not even root can raise: programs run from here on never have
        CAP_SYS_RESOURCE (24), which PR_CAPBSET_DROP (24 too, prctl(2)) takes away."""
        code = (
            "import ctypes, os, resource, sys; os.geteuid() or ctypes.CDLL(None).prctl(24, 24, 0, 0, 0);"
            "resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2]))); os.execv(sys.argv[3], sys.argv[3:])"
        )
        command = [sys.executable, "-c", code, str(soft or files), str(files), str(self.haproxy.path), "-W"]
        command += ["-S", f"unix@{self.folder}/run/master.sock,mode,600", "-C", str(self.folder), "-f", str(self.folder / "haproxy.cfg")]
        env = {"HAPILOT_RUN": str(self.folder / "run")}
        started = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        try:
            yield started
        finally:
            started.terminate()
            started.communicate(timeout=10)

    def ends(self, files: int) -> str:
        """What HAProxy says when it does not start with so few files."""
        with self.under(files) as started:
            _, said = started.communicate(timeout=10)
        assert started.returncode == 1, said
        return said

    def information(self) -> dict[str, str]:
        """``show info``, once HAProxy answers."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(errors.HaproxyFailed):
                return commands.parse_info(client.RuntimeClient(self.folder / "run" / "runtime.sock").send("show info"))
            time.sleep(0.02)
        pytest.fail("HAProxy does not answer")


def rendered(haproxy: binary.Haproxy, folder: Path, text: str) -> Site:
    """A site's files in ``folder``."""
    (folder / "run").mkdir()
    path = folder / "site.yaml"
    path.write_text(text)
    done = pipeline.prepare(
        path,
        target.Target(version=(haproxy.version[0], haproxy.version[1])),
        None,
        {"PORT": str(ports.free_port()), "RUN": str(folder / "run")},
    )
    made, files = done.require()
    plain.write_bundle(folder, files)
    return Site(haproxy, folder, made)


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest, haproxy: binary.Haproxy, tmp_path: Path) -> Site:
    """Each of the sites."""
    return rendered(haproxy, tmp_path, SITES[request.param])


def test_haproxy_counts_as_the_budget_does(site: Site) -> None:
    for files in (4000, 2345):
        with site.under(files):
            seen = site.information()
        assert int(seen["Maxconn"]) == site.needed.room(files)
        assert int(seen["Maxsock"]) == site.needed.files(site.needed.room(files))
        assert int(seen["Nbthread"]) == site.needed.threads


def test_right_under_the_budget_it_does_not_start_and_with_it_it_does(site: Site) -> None:
    least = site.needed.least
    assert f"Cannot raise FD limit to {least}, limit is {least - 1}" in site.ends(least - 1)
    with site.under(least):
        assert int(site.information()["Maxconn"]) == (site.needed.connections or budget.LEAST_CONNECTIONS)


def test_the_diagnostic_says_so_before(site: Site) -> None:
    needed = site.needed
    assert limits.check_limits(site.made, needed, limits.Limits(needed.least, needed.least)) == ()
    (found,) = limits.check_limits(site.made, needed, limits.Limits(needed.least - 1, needed.least - 1))
    assert (found.code, str(found.severity)) == ("limit-files", "error")
    assert f"needs {needed.least} open files" in found.message
    assert f"may have {needed.least - 1}" in found.message


def test_a_soft_limit_is_raised_to_the_hard_one(haproxy: binary.Haproxy, tmp_path: Path) -> None:
    site = rendered(haproxy, tmp_path, PLAIN)
    with site.under(3000, soft=64):
        assert int(site.information()["Maxconn"]) == site.needed.room(3000)


def test_memory_is_neither_too_little_nor_far_too_much(haproxy: binary.Haproxy, tmp_path: Path) -> None:
    services = "".join(
        f"  s{n}: {{host: h{n}.test, tls: {('none', 'none', 'edge', 'reencrypt')[n % 4]}, listener: {'secure' if n % 4 > 1 else 'web'}, "
        f"servers: ['127.0.0.1:{n + 1}', '127.0.0.2:{n + 1}']}}\n"
        for n in range(400)
    )
    names = ", ".join(f"h{n}.test" for n in range(400))
    text = f'listeners: {{web: {{bind: "127.0.0.1:${{PORT}}"}}, secure: {{bind: "127.0.0.2:${{PORT}}"}}}}\nservices:\n{services}'
    site = rendered(haproxy, tmp_path, f"{text}certificates: [{{self_signed: [{names}]}}]\n")
    with site.under(6000):
        worker = int(site.information()["Pid"])
        status = Path(f"/proc/{worker}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) * 1024
    assert resident < site.needed.memory < 2 * resident
