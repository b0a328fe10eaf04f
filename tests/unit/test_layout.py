"""The house rules that can be counted: docstrings, sizes, names, diagnostic codes in use, tests beside their sources."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from hapilot.base import catalogue

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src" / "hapilot").rglob("*.py"))
MODULES = [
    *SOURCES,
    *sorted((ROOT / "bench").rglob("*.py")),
    *sorted((ROOT / "tests").rglob("*.py")),
    *sorted((ROOT / "docs").glob("*.py")),
]
LONGEST = 400
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc)(_|$)")
WITHOUT_OWN_UNIT_TESTS = {
    "cli": "tests/integration/cli and tests/docs run the commands",
    "demo": "tests/docs runs it",
    "reconcile": "tests/integration runs the loop",
}
"""Packages that may lack a folder of unit tests, and what tests them instead."""


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_sources_are_found() -> None:
    assert len(SOURCES) > 100


def test_every_module_says_what_it_is() -> None:
    """Files of tests may let their names speak."""
    wanted = [path for path in MODULES if not path.name.startswith("test_")]
    assert [_shown(path) for path in wanted if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))] == []


def test_every_public_function_and_class_says_what_it_is() -> None:
    assert [f"{_shown(path)}: {name}" for path in SOURCES for name in _without_docstring(path)] == []


def _without_docstring(path: Path) -> list[str]:
    """Public functions and classes at the top of a module; methods repeat what their class says, or override."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    defined = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    return [node.name for node in defined if not node.name.startswith("_") and not ast.get_docstring(node)]


def test_no_module_is_longer_than_400_lines() -> None:
    long = {_shown(path): count for path in MODULES if (count := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST}
    assert long == {}


def test_no_name_says_nothing() -> None:
    vague = [_shown(path) for path in MODULES if any(VAGUE.search(part) for part in (path.stem, *path.relative_to(ROOT).parent.parts))]
    assert vague == []


def test_every_diagnostic_code_is_used() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES if path.name != "catalogue.py")
    quoted = set(re.findall(r"\"([a-z0-9-]+)\"", text)) | {f"unknown-{kind}" for kind in _kinds(text)}
    assert sorted(set(catalogue.CODES) - quoted) == []


def _kinds(text: str) -> set[str]:
    """What ``f"unknown-{kind}"`` may become: the kinds that ``model.expand`` asks about."""
    return set(re.findall(r"\.exists\(\s*\"(listener|service)\"", text)) if 'f"unknown-{kind}"' in text else set()


def test_every_package_has_unit_tests() -> None:
    packages = {path.parent.name for path in (ROOT / "src" / "hapilot").glob("*/__init__.py")}
    tested = {
        path.parent.relative_to(ROOT / "tests" / "unit").parts[0]
        for path in (ROOT / "tests" / "unit").rglob("test_*.py")
        if path.parent.name != "unit"
    }
    assert sorted(packages - tested - set(WITHOUT_OWN_UNIT_TESTS)) == []
    assert sorted(set(WITHOUT_OWN_UNIT_TESTS) - packages) == []


def test_folders_of_unit_tests_mirror_the_sources() -> None:
    known = {path.name for path in (ROOT / "src" / "hapilot").iterdir() if path.is_dir()} | {"support", "bench"}
    folders = {path.name for path in (ROOT / "tests" / "unit").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert sorted(folders - known) == []


def test_nothing_is_left_to_be_done() -> None:
    pattern = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X])\b")
    found = [
        f"{_shown(path)}:{number}"
        for path in MODULES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []
