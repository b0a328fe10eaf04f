"""Every example, as it is shipped: it checks, its page shows what hapilot says, and what it renders runs without hapilot."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from docs import documented
from e2e import up
from support import certificates, client, ports, servers
from support.client import Request, Tls

pytestmark = [pytest.mark.haproxy, pytest.mark.system]

COMMANDS = ("check", "explain")
"""The verbs that a page shows and that need no running site."""


@dataclass(frozen=True, slots=True)
class Example:
    """An example: what to hand to hapilot inside its folder, and the files its page tells the reader to bring."""

    name: str
    site: str = "hapilot.yaml"
    certificates: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    authorities: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict[str, str])
    warnings: tuple[str, ...] = ()

    def prepare(self, folder: Path) -> Path:
        """A copy in ``folder``, with throw-away certificates where its page wants some."""
        place = up.copy(self.name, folder)
        for path, names in self.certificates.items():
            certificates.authority().issue(*names).write((place / path).parent, Path(path).stem)
        for path in self.authorities:
            certificates.authority().write((place / path).parent, Path(path).name)
        return place


EXAMPLES = (
    Example("quickstart", authorities=("backend-ca.pem",)),
    Example("ipv4-to-ipv6", variables={"STATS_PASSWORD": "only for this test"}),
    Example(
        "openshift-reencrypt",
        certificates={"certs/apps.pem": ("*.apps.ocp.example.test",)},
        authorities=("certs/ingress-ca.pem",),
    ),
    Example(
        "one-proxy",
        site=".",
        certificates={"certs/wildcard.pem": ("*.example.test",)},
        authorities=("certs/internal-ca.pem",),
        warnings=("warning[certificate-covers-passthrough]",),
    ),
)
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


def _place(example: Example, program: Path, folder: Path) -> up.Place:
    return up.Place(program, folder, example.variables)


@each_example
def test_it_checks(example: Example, haproxy_path: Path, tmp_path: Path) -> None:
    """Without an error, and without a warning that its page does not speak of."""
    done = _place(example, haproxy_path, tmp_path).run("check", example.site, cwd=example.prepare(tmp_path))
    assert done.returncode == 0, done.stderr
    warned = [line.split()[1] for line in done.stderr.splitlines() if " warning[" in line]
    assert warned == list(example.warnings)
    page = (up.EXAMPLES / example.name / "README.md").read_text(encoding="utf-8")
    assert all(warning in page for warning in example.warnings)


@each_example
def test_haproxy_takes_what_is_rendered_without_a_word(example: Example, haproxy_path: Path, tmp_path: Path) -> None:
    """The bare program, on the files alone."""
    out = _render(example, haproxy_path, tmp_path)
    done = subprocess.run([haproxy_path, "-c", "-q", "-f", "haproxy.cfg"], cwd=out, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _render(example: Example, program: Path, folder: Path) -> Path:
    out = folder / "out"
    done = _place(example, program, folder).run("render", example.site, "-o", out, cwd=example.prepare(folder))
    assert done.returncode == 0, done.stderr
    return out


@each_example
def test_its_page_shows_what_hapilot_says(example: Example, haproxy_path: Path, tmp_path: Path) -> None:
    """Each command is run in a copy of the folder, as its reader would."""
    folder = example.prepare(tmp_path)
    place = _place(example, haproxy_path, tmp_path)
    shown = [step for step in documented.steps(folder / "README.md") if isinstance(step, documented.Command)]
    assert shown
    for step in shown:
        verb = step.text.split()[1]
        assert verb in COMMANDS, f"line {step.line}: the test does not run {step.text}"
        words = f"{up.HAPILOT} {step.text.removeprefix('hapilot ')} --state {place.state} --haproxy {haproxy_path}"
        done = subprocess.run(
            ["bash", "-c", words],
            cwd=folder, env={**place.environment(), "COLUMNS": "100"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == step.code, done.stdout
        assert documented.matches(step.shown, done.stdout), f"line {step.line}: {step.text}\n{done.stdout}"


def test_every_example_is_tested_and_listed() -> None:
    folders = {path.name for path in up.EXAMPLES.iterdir() if path.is_dir()}
    assert folders == {example.name for example in EXAMPLES}
    index = (up.EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"({name}/README.md)" in index for name in folders)


def test_links_lead_somewhere() -> None:
    """What the pages link to is there, also the quickstart that is kept with the demo."""
    for page in up.EXAMPLES.rglob("README.md"):
        for part in page.read_text(encoding="utf-8").split("](")[1:]:
            target = part.partition(")")[0]
            assert (page.parent / target).exists(), f"{page}: {target}"
    assert (up.EXAMPLES / "quickstart" / "hapilot.yaml").read_text(encoding="utf-8").startswith("# Four services")


@contextmanager
def _bare(program: Path, out: Path, folder: Path) -> Generator[Callable[[], str]]:
    """HAProxy alone on rendered files; gives what it has said."""
    run = folder / "run"
    said = re.search(r"\((install .*) DIR\)", (out / "haproxy.cfg").read_text(encoding="utf-8"))
    assert said, "the configuration does not say how to make the folder of sockets"
    subprocess.run([*said[1].split(), run], timeout=10, check=True)
    log = folder / "haproxy.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [program, "-db", "-f", "haproxy.cfg"],
            cwd=out, env={**os.environ, "HAPILOT_RUN": str(run)}, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
        )  # fmt: skip
    try:
        yield log.read_text
    finally:
        process.terminate()
        process.wait(10)


def test_it_runs_without_hapilot(stand: servers.Stand, haproxy_path: Path, tmp_path: Path) -> None:
    """one-proxy, which has every kind of layer, from its rendered files alone. (ipv4-to-ipv6 does so in its own test.)"""
    (one_proxy,) = [example for example in EXAMPLES if example.name == "one-proxy"]
    port = ports.free_port()
    house = certificates.authority()
    behind = {
        "GIT_WEB": stand.https("git", house.issue("git.example.test")),
        "PROMETHEUS": stand.http("prometheus"),
        "VAULT": stand.https("vault", house.issue("vault.example.test"), proxy="required"),
        "GIT_SSH": stand.tcp("git-ssh", "ssh"),
    }
    variables = {"SSH_PORT": str(ports.free_port()), "HTTP_PORT": str(ports.free_port()), "HTTPS_PORT": str(port)}
    variables |= {name: f"127.0.0.1:{server.port}" for name, server in behind.items()}
    one_proxy = replace(one_proxy, variables=variables)
    with _bare(haproxy_path, _render(one_proxy, haproxy_path, tmp_path), tmp_path) as said:
        address = ("127.0.0.1", port)
        up.wait_until(lambda: client.ssh(address).standin == "git-ssh", said)
        for name in ("git", "prometheus", "vault"):
            host = f"{name}.example.test"
            how = Tls(house.client_context(check_hostname=True), host)
            outcome = client.get(address, Request(host=host), tls=how, source="127.0.0.77")
            assert outcome.standin == name, outcome
            assert "127.0.0.77" in str(outcome.json()["proxy"] or outcome.json()["headers"])


def test_nothing_secret_is_shipped() -> None:
    """No key, certificate or password lies in the examples."""
    for path in up.EXAMPLES.rglob("*"):
        if path.is_file():
            assert path.name in ("README.md",) or path.suffix == ".yaml", path
            assert "PRIVATE KEY" not in path.read_text(encoding="utf-8")
            assert "password:" not in path.read_text(encoding="utf-8")
