"""Golden cases of lint: whole configurations with every finding and the difference that --fix makes; HAProxy takes what was mended."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from golden import lintcase
from hapilot.languages.haproxy import document
from hapilot.lint import fix
from support import certificates, haproxy

CASES = sorted((Path(__file__).parent / "cases" / "lint").glob("*.case"))
LOADED = re.compile(r"^# --fix makes HAProxy take it$", re.MULTILINE)


def test_the_cases_are_found() -> None:
    assert len(CASES) >= 6


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, request: pytest.FixtureRequest) -> None:
    text = path.read_text()
    came = lintcase.given(text) + lintcase.run_case(text)
    if request.config.getoption("--update-golden"):
        path.write_text(came)
        return
    assert came == text


@pytest.mark.haproxy
@pytest.mark.parametrize("path", [path for path in CASES if LOADED.search(path.read_text())], ids=lambda path: path.stem)
def test_haproxy_takes_it_once_it_is_mended_and_not_before(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    target, files = lintcase.parse(path.read_text())
    leaf = certificates.authority("lint").issue("*.example.test").write(tmp_path / "made")
    (tmp_path / "site.pem").write_bytes(leaf.combined.read_bytes())
    mended, _ = fix.mend(files, target)
    for each, wanted in ((files, 1), (mended, 0)):
        config = tmp_path / "haproxy.cfg"
        config.write_bytes(b"".join(document.data(file) for file in each))
        code, said = haproxy.check(haproxy.embedded(), config)
        assert code == wanted, said
