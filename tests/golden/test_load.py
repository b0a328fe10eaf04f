"""Golden cases of loading: site files, good and bad, with their canonical form and every diagnostic."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden import loadcase
from hapilot.model import expand, site, spec
from hapilot.sources.file import tree, yaml

CASES = sorted((Path(__file__).parent / "cases" / "load").glob("*.case"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = loadcase.parse(path.read_text())
    monkeypatch.chdir(tmp_path)
    came = loadcase.run(case)
    if request.config.getoption("--update-golden"):
        path.write_text(case.given + came)
        return
    assert came == case.expected


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_canonical_form_without_errors_is_its_own_canonical_form(path: Path) -> None:
    expected = {kind: body for kind, _, body in loadcase.parse(path.read_text()).sections}
    if "expanded" not in expected or " error[" in expected["diagnostics"]:
        return
    root, found = yaml.parse(expected["expanded"].encode(), "expanded", {})
    assert root is not None
    again, problems = expand.expand(spec.SiteSpec.model_validate(tree.plain(root)), site.Origins())
    assert expand.dump(again) == expected["expanded"]
    assert not found
    assert not problems
