"""The descriptions of keys for the JSON Schema: the docstrings below the fields of the models.

A model's JSON Schema goes in; the same with a ``description`` for each documented key comes out. pydantic can do so itself
(``use_attribute_docstrings``), but then reads and parses every source file each time a program starts: half of the time that
loading the models took. Only ``hapilot schema`` and the documentation need them. Called by :mod:`hapilot.model.spec`.
"""

from __future__ import annotations

import ast
import inspect
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from hapilot.model import section


def describe(schema: Mapping[str, Any], root: type[section.Section]) -> dict[str, Any]:
    """``schema`` with the descriptions of ``root`` and of every model in its ``$defs``. A description that is there stays."""
    models = {model.__name__: model for model in _subclasses(section.Section)}
    described = {name: _described(one, models[name]) if name in models else one for name, one in schema.get("$defs", {}).items()}
    return {**_described(schema, root), "$defs": described}


def _described(schema: Mapping[str, Any], model: type[section.Section]) -> dict[str, Any]:
    texts = {model.model_fields[name].alias or name: text for name, text in _docstrings(model) if name in model.model_fields}
    properties = {key: _with(one, texts.get(key)) for key, one in schema.get("properties", {}).items()}
    return {**schema, "properties": properties} if properties else dict(schema)


def _with(schema: dict[str, Any], text: str | None) -> dict[str, Any]:
    return schema if text is None else dict(sorted({"description": text, **schema}.items()))  # sorted as pydantic sorts the rest


def _docstrings(model: type[section.Section]) -> Iterator[tuple[str, str]]:
    """Each field of the class that has a text directly below it, and that text."""
    tree = ast.parse(inspect.getsource(model)).body[0]
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    for field, below in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            text = below.value.value if isinstance(below.value, ast.Constant) else None
            if isinstance(text, str):
                yield field.target.id, inspect.cleandoc(text)


def _subclasses(model: type[section.Section]) -> Iterator[type[section.Section]]:
    for one in model.__subclasses__():
        yield one
        yield from _subclasses(one)
