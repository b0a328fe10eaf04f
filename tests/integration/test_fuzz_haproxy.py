"""Whatever the compiler accepts, HAProxy accepts: mutated sites, each that compiles without an error shown to a real HAProxy."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden import loadcase, pems
from hapilot.base import diagnostics
from hapilot.compile import compile, target  # noqa: A004 - the stage's name
from hapilot.model import site
from hapilot.render import render
from hapilot.runtime import plain
from hapilot.sources.file import load, self_signed
from support import haproxy, mutate

CASES = sorted((Path(__file__).parents[1] / "golden" / "cases" / "compile").glob("*.case"))
WITHOUT = ("admin-open", "dropped-privileges")
GIVEN = [
    section
    for case in CASES
    if case.stem not in WITHOUT and not case.stem.endswith("conflicts")
    for section in loadcase.parse(case.read_text()).sections
]
SITES = [body for kind, _, body in GIVEN if kind == "file" and "services:" in body and "raw:" not in body]
"""Sites without raw lines, which are the user's own words."""
FILES = {name: body for kind, name, body in GIVEN if kind == "file" and "services:" not in body}
"""What the sites name: pages and passwords."""
ENVIRONMENT = {name: value for kind, _, body in GIVEN if kind == "env" for name, _, value in (line.partition("=") for line in body.split())}


@pytest.mark.haproxy
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "mutations", [mutate.pieces([site.encode() for site in SITES]), mutate.structures(SITES)], ids=["bytes", "structure"]
)
def test_what_compiles_is_accepted(
    mutations: st.SearchStrategy[bytes], request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ca.pem").write_bytes(pems.pem(pems.certificate("ca")))
    for name, body in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(body)
    authority = self_signed.LocalAuthority(None)
    binaries = haproxy.binaries()
    shown: set[str] = set()

    @settings(
        max_examples=max(1, request.config.option.fuzz_examples // 2),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(mutations)
    def one(data: bytes) -> None:
        Path("site.yaml").write_bytes(data)
        loaded = load.load_site(Path("site.yaml"), environment=ENVIRONMENT, now=pems.NOW, authority=authority)
        if loaded.site is None:
            return
        made = compile.compile_site(loaded.site, target.Target())
        if diagnostics.has_errors((*loaded.diagnostics, *made.diagnostics)) or _inherits(loaded.site) or _is_verbatim(loaded.site):
            return
        files = render.render_build(made)
        config = files.files[0].content.decode()
        if config in shown:
            return
        shown.add(config)
        plain.write_bundle(tmp_path / "out", files)
        _shown_to(binaries[len(shown) % len(binaries)], tmp_path / "out", data)

    one()
    assert shown, "no mutated site was accepted, so nothing was shown"


def _inherits(made: site.Site) -> bool:
    """Whether something listens on a file descriptor, which nobody hands to HAProxy here."""
    pages = (made.spec.admin.stats, made.spec.admin.metrics)
    listening = [*(made.spec.listeners or {}).values(), *(page for page in pages if page is not None)]
    return any(bind.kind == "fd" for one in listening for bind in one.bind)


def _is_verbatim(made: site.Site) -> bool:
    """Whether the site has raw lines after all, put together by a mutation: they are for HAProxy to check."""
    raw = made.spec.raw
    return bool(raw.global_ or raw.defaults or raw.listener or raw.service)


def _shown_to(binary: haproxy.Binary, folder: Path, data: bytes) -> None:
    environment = {**os.environ, "HAPILOT_RUN": str(folder)}
    done = subprocess.run(
        [str(binary.path), "-c", "-f", "haproxy.cfg"], cwd=folder, env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if "[WARNING]" in line or "[ALERT]" in line]
    assert (done.returncode, said) == (0, []), data.decode(errors="replace")
