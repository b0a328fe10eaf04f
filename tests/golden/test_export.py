"""Golden cases of exports: a site and what is around it, with the command, the unit and every diagnostic."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden import exportcase, loadcase

CASES = sorted((Path(__file__).parent / "cases" / "export").glob("*.case"))


def test_the_cases_are_found() -> None:
    assert len(CASES) >= 5


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text()
    monkeypatch.chdir(tmp_path)
    came = exportcase.given(text) + exportcase.run(loadcase.parse(exportcase.given(text)))
    if request.config.getoption("--update-golden"):
        path.write_text(came)
        return
    assert came == text
