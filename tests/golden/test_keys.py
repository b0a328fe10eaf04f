"""Every key of the site file is in the golden cases: where it is fine, and where it is wrong.

The keys come from the models, so that a new one without cases fails here. A place where a key is fine is a case of compiling without
errors; one where it is wrong is any case with an error at the key or inside it.
"""

from __future__ import annotations

import functools
import re
import types
import typing
from collections.abc import Iterator
from pathlib import Path

from golden import loadcase
from hapilot.model import section, site, spec
from hapilot.sources.file import tree, yaml

CASES = Path(__file__).parent / "cases"

Key = tuple[str, ...]
"""The way to a key from the top of the site file; ``*`` stands for any name. Places in lists are left out."""

ERROR = re.compile(r"^(?P<file>[^\s:]+):(?P<line>\d+):(?P<column>\d+) error\[", re.MULTILINE)

NEVER_WRONG: frozenset[Key] = frozenset()
"""Keys with which nothing can be wrong."""

NOT_COMPILED: frozenset[Key] = frozenset({("certificates", "acme"), ("certificates", "acme", "email"), ("certificates", "acme", "names")})
"""Keys that no site without errors has yet."""


def _keys(model: type[section.Section], before: Key = ()) -> Iterator[Key]:
    for name, said in model.model_fields.items():
        key = (*before, said.alias or name)
        yield key
        for inner, names in _models(said.annotation):
            yield from _keys(inner, (*key, *names))


def _models(annotation: object) -> Iterator[tuple[type[section.Section], Key]]:
    """The models inside a type, each with a ``*`` for each mapping around it."""
    if isinstance(annotation, type) and issubclass(annotation, section.Section):
        yield annotation, ()
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is dict:
        yield from ((model, ("*", *names)) for model, names in _models(arguments[1]))
    elif typing.get_origin(annotation) in (list, typing.Union, types.UnionType, typing.Annotated):
        for one in arguments:
            yield from _models(one)


KEYS = tuple(dict.fromkeys(_keys(spec.SiteSpec)))


@functools.cache
def _places(path: Path) -> tuple[dict[Key, list[str]], frozenset[str], bool]:
    """The keys of a case's files with the places where they and what they hold stand; the places of errors; whether there are none."""
    text = path.read_text()
    case = loadcase.parse(text)
    places: dict[Key, list[str]] = {}
    for kind, name, body in case.sections:
        if kind == "file" and name.endswith(".yaml"):
            root, _ = yaml.parse(body.encode(), name, {})
            if root is not None:
                _collect(tree.origins(root), places)
    errors = frozenset(f"{found['file']}:{found['line']}:{found['column']}" for found in ERROR.finditer(text))
    return places, errors, " error[" not in text


def _collect(origins: site.Origins, places: dict[Key, list[str]]) -> None:
    for said in (origins.of_keys, origins.of_values):
        for path, origin in said.items():
            names = tuple(part for part in path if isinstance(part, str))
            for end in range(1, len(names) + 1):
                if (key := _key(names[:end])) is not None:
                    places.setdefault(key, []).append(str(origin))


@functools.cache
def _key(names: Key) -> Key | None:
    return next((key for key in KEYS if len(key) == len(names) and all(a in ("*", b) for a, b in zip(key, names, strict=True))), None)


def test_the_keys_are_found() -> None:
    assert ("services", "*", "match", "header") in KEYS
    assert ("services", "*", "basic_auth", "users", "*", "password_env") in KEYS
    assert ("raw", "global") in KEYS


def test_every_key_is_fine_somewhere() -> None:
    fine = {key for path in (CASES / "compile").glob("*.case") for key in _places(path)[0] if _places(path)[2]}
    missing = " ".join(".".join(key) for key in KEYS if key not in fine | NOT_COMPILED)
    assert missing == ""


def test_every_key_is_wrong_somewhere() -> None:
    wrong = {key for path in CASES.glob("*/*.case") for key, places in _places(path)[0].items() if not _places(path)[1].isdisjoint(places)}
    missing = " ".join(".".join(key) for key in KEYS if key not in wrong | NEVER_WRONG)
    assert missing == ""
