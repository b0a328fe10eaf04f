"""The table of behaviours is true: every test in it exists, every test is in it, and what waits is refused."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from integration.behaviour import sites, table

FOLDER = Path(__file__).parent


def _tests(module: str) -> set[str]:
    """The names of the tests in a file."""
    parsed = ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
    return {node.name for node in parsed.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_behaviour_names_tests_that_exist() -> None:
    """A test that was renamed or lost leaves its behaviour without proof."""
    for module, behaviours in table.BEHAVIOURS.items():
        there = _tests(module)
        for behaviour, names in behaviours.items():
            assert names, behaviour
            assert set(names) <= there, behaviour


def test_every_test_stands_for_a_behaviour() -> None:
    """And a test that stands for nothing is not found by who looks for it."""
    for module, behaviours in table.BEHAVIOURS.items():
        named = {name for names in behaviours.values() for name in names}
        assert _tests(module) - named <= {"test_each_haproxy_is_the_one_that_was_asked_for"}
    assert {path.stem for path in FOLDER.glob("test_*.py")} == {*table.BEHAVIOURS, Path(__file__).stem}


@pytest.mark.parametrize("promise", table.WAITING)
def test_a_behaviour_without_a_test_is_refused_by_its_key(promise: str, tmp_path: Path, ca: str) -> None:
    """What the compiler can't do yet it says, so that nobody relies on it. When it can, the promise gets a test instead."""
    where, text = table.WAITING[promise]
    (tmp_path / "page.html").write_text("", encoding="ascii")
    web = f"host: web.example.test, servers: ['127.0.0.1:9']{', ' + text if where == 'web' else ''}"
    keys = {"services": f"{{web: {{{web}}}}}", "certificates": "[{self_signed: ['*.example.test']}]"}
    keys |= {where: text} if where != "web" else {}
    made = sites.compiled("\n".join(f"{key}: {value}" for key, value in keys.items()), tmp_path, CA=ca)
    assert "not-yet" in [one.code for one in made.diagnostics], made.diagnostics
