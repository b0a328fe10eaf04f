"""Every example on the pages about the site file is a site that HAProxy takes, and every command on them prints what is shown.

In ``make test`` the commands that look at a site run in this process, up to where a page starts to run its site; ``test_commands``
runs the whole pages in ``make test-all``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import documented, in_process
from hapilot.sources.file import tree, yaml
from support import haproxy

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "site-file"
PAGES = sorted(FOLDER.glob("*.md"))
_CHECK = re.compile(r"(?:[A-Z0-9_]+=\S* )*hapilot check(?: (?P<site>[^-\s]\S*))?(?: -\S*)*")


def _steps(page: Path) -> list[documented.File | documented.Command]:
    return list(documented.steps(page))


@pytest.mark.haproxy
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    haproxy.embedded()
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    environment = {"HAPILOT_STATE": str(tmp_path / "state"), "HAPILOT_HAPROXY": "embedded", "NO_COLOR": "1", "COLUMNS": "100"}
    for step in in_process.without_a_site(_steps(page)):
        if isinstance(step, documented.File):
            target = work / step.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(step.text, encoding="utf-8")
            continue
        done = in_process.run(step, work, environment)
        assert done.code == step.code, f"line {step.line}: $ {step.text}\nexit code {done.code}\n{done.output}"
        if step.shown:
            shown = "\n".join(step.shown)
            wrong = f"line {step.line}: $ {step.text}\n--- the page shows\n{shown}\n--- it prints\n{done.output}"
            assert documented.matches(step.shown, done.output), wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_site_on_a_page_is_checked_there(page: Path) -> None:
    """Also by HAProxy itself, which ``check`` asks. Files that a site includes are checked with it."""
    files = [step for step in _steps(page) if isinstance(step, documented.File) and step.name.endswith(".yaml")]
    commands = [step.text for step in _steps(page) if isinstance(step, documented.Command)]
    checked = {found["site"] or "hapilot.yaml" for text in commands if (found := _CHECK.fullmatch(text))}
    unchecked = [one.name for one in files if one.name not in checked and Path(one.name).parent.name not in checked and "/" not in one.name]
    assert unchecked == []
    assert not any("--no-haproxy" in text for text in commands)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_yaml_block_is_a_file(page: Path) -> None:
    """An example that is only a part of a site could be wrong without anyone noticing."""
    text = page.read_text(encoding="utf-8")
    assert text.count("```yaml\n") == text.count("```yaml\n# ")


def test_every_key_of_a_service_and_of_the_top_is_shown_in_an_example() -> None:
    from hapilot.model import listener, service, spec

    said: set[tuple[str, ...]] = set()
    for page in PAGES:
        for step in _steps(page):
            if isinstance(step, documented.File) and step.name.endswith(".yaml"):
                root, _ = yaml.parse(step.text.encode(), step.name, {})
                assert root is not None, f"{page.stem}: {step.name}"
                said |= {tuple(str(part) for part in path) for path in tree.origins(root).of_values}
    top = set(spec.SiteSpec.model_fields)
    assert sorted(top - {path[0] for path in said if path}) == []
    for section, model in (("services", service.Service), ("listeners", listener.Listener)):
        keys = {field.alias or name for name, field in model.model_fields.items()}
        assert sorted(keys - {path[2] for path in said if len(path) > 2 and path[0] == section}) == []
