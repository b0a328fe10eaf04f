"""What pydantic refuses, in the site file's words and at the site file's places.

The errors of one validation and the tree go in; diagnostics, each with the path of the value it is about, come out. A value is
shown only where it can't be a secret. Pure. Called by ``validate``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

from hapilot.base import catalogue, diagnostics, names
from hapilot.base.origin import Origin
from hapilot.model import site
from hapilot.sources.file import keys, tree
from hapilot.sources.file.complaints import shortened, shown

_WANTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_from_float": "a whole number",
    "finite_number": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_LIMITS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One error. ``path`` leads to the value that must go for the rest to be valid."""

    path: site.Path
    diagnostic: diagnostics.Diagnostic


@dataclass(frozen=True, slots=True)
class _Place:
    """A place of pydantic's in the tree. ``tag`` is the member of a union that was tried, ``rest`` what the tree lacks."""

    path: site.Path
    node: tree.Node
    tag: str
    union: site.Path
    rest: str
    of_key: bool


def explain(errors: Sequence[ErrorDetails], root: tree.Node) -> list[Problem]:
    """Diagnostics for all errors of one validation; those of one union are folded into one."""
    origins = tree.origins(root)
    placed = [(error, _locate(error["loc"], root)) for error in errors]
    misspelt = {_suggestion(place) for error, place in placed if error["type"] == "extra_forbidden"}
    words = _words(errors)
    unions: set[site.Path] = set()
    found: list[Problem] = []
    for error, place in placed:
        if error["type"] == "missing" and (place.path, place.rest) in misspelt:
            continue  # the misspelt key has been named, with the right one
        if place.tag and not isinstance(tree.find(root, place.union), tree.MapNode):
            if place.union not in unions:
                unions.add(place.union)
                found.append(_fold(words, place, origins))
        elif not place.tag.startswith("literal["):
            found.append(Problem(place.path, _one(error, place, origins)))
    return found


def _locate(loc: tuple[int | str, ...], root: tree.Node) -> _Place:
    node, path = root, ()
    tag, rest, union = "", "", ()
    of_key = loc[-1:] == ("[key]",)
    for step in loc[:-1] if of_key else loc:
        below = tree.child(node, step)
        if below is not None:
            node, path = below, (*path, step)
        elif isinstance(step, str) and step[:1].isupper() | step.startswith("literal["):
            tag, union = step, path
        else:
            rest = str(step)
    return _Place(path, node, tag, union, rest, of_key)


def _suggestion(place: _Place) -> tuple[site.Path, str]:
    """The mapping of an unknown key, and the known key it resembles."""
    meant = names.did_you_mean(str(place.path[-1]), keys.known_keys(place.path[:-1])) if place.path else ""
    return place.path[:-1], meant.partition("'")[2].rpartition("'")[0]


def _words(errors: Sequence[ErrorDetails]) -> dict[tuple[str, ...], str]:
    """The words that are allowed, by the place of the error and by every place above it; the first error counts."""
    found: dict[tuple[str, ...], str] = {}
    for error in errors:
        if error["type"] == "literal_error":
            steps = tuple(map(str, error["loc"]))
            for end in range(len(steps) + 1):
                found.setdefault(steps[:end], error.get("ctx", {}).get("expected", ""))
    return found


def _fold(words: Mapping[tuple[str, ...], str], place: _Place, origins: site.Origins) -> Problem:
    """One diagnostic for a value that is no mapping where some words or a mapping are allowed."""
    allowed = _unquoted(words.get(tuple(map(str, place.union)), ""))
    message = f"{_called(place.union)} must be {allowed} or a mapping, here it is {_kind(place.node)}"
    return Problem(place.union, diagnostics.error("wrong-type", message, origins.at(*place.union)))


def _one(error: ErrorDetails, place: _Place, origins: site.Origins) -> diagnostics.Diagnostic:
    kind = error["type"]
    context: dict[str, Any] = error.get("ctx") or {}
    where = origins.key(*place.path) if place.of_key or kind == "missing" else origins.at(*place.path)
    name = f"the key {_called(place.path)}" if place.of_key else _called(place.path)
    if kind in catalogue.CODES:
        return diagnostics.error(kind, shortened(str(context["message"])), where, shortened(str(context["hint"])))
    if kind == "extra_forbidden":
        return _unknown_key(place, origins)
    if kind == "missing":
        around = f" in {name}" if place.path else ""
        return diagnostics.error("missing-key", f"the key {place.rest!r} is missing{around}", where)
    if kind == "too_short":
        return diagnostics.error("bad-value", f"{name} is empty", where)
    if kind in _LIMITS:
        bound, words = _LIMITS[kind]
        return diagnostics.error("bad-value", f"{name} must be {words} {context[bound]}", where)
    if kind == "literal_error":
        return _not_a_word(place, str(context["expected"]), where)
    return _wrong_type(kind, context.get("class_name"), place, where)


def _unknown_key(place: _Place, origins: site.Origins) -> diagnostics.Diagnostic:
    known = keys.known_keys(place.path[:-1])
    key = str(place.path[-1])
    around = f" in {_called(place.path[:-1])}" if len(place.path) > 1 else ""
    hint = names.did_you_mean(key, known) or f"known here: {', '.join(known[:12])}{' …' if len(known) > 12 else ''}"
    return diagnostics.error("unknown-key", f"there is no key {shown(key)}{around}", origins.key(*place.path), hint)


def _not_a_word(place: _Place, expected: str, where: Origin) -> diagnostics.Diagnostic:
    name = _called(place.path)
    if not isinstance(place.node, tree.ScalarNode):
        return diagnostics.error("wrong-type", f"{name} must be {_unquoted(expected)}, here it is {_kind(place.node)}", where)
    words = _unquoted(expected).replace(" or ", ", ").split(", ")
    value = str(place.node.value)
    return diagnostics.error(
        "bad-value", f"{name} must be {_unquoted(expected)}, not {shown(value)}", where, names.did_you_mean(value, words)
    )


def _wrong_type(kind: str, model: object, place: _Place, where: Origin) -> diagnostics.Diagnostic:
    wanted = _WANTED.get(kind, "something else")
    if isinstance(model, str) and model == "Server":
        wanted = "host:port or a mapping"
    name = _called(place.path)
    if place.of_key:
        return diagnostics.error("wrong-type", f"the key {name} must be {wanted}", where)
    is_number = isinstance(place.node, tree.ScalarNode) and place.node.value is not None and not _is_text(place.node)
    hint = "put it in quotes" if wanted == "a text" and is_number else ""
    if wanted == "a list" and place.node.__class__ is tree.ScalarNode:
        hint = "put it in brackets: [ … ]"
    return diagnostics.error("wrong-type", f"{name} must be {wanted}, here it is {_kind(place.node)}", where, hint)


def _called(path: site.Path) -> str:
    """How a message calls the value at a path: the last two names, such as ``shop.retries``."""
    texts = [f"item {step + 1}" if isinstance(step, int) else step if step.isprintable() else shown(step) for step in path[-2:]]
    return shortened(": ".join(texts) if len(texts) == 2 and texts[1].startswith("item ") else ".".join(texts)) or "the site"


def _unquoted(expected: str) -> str:
    """pydantic's list of words without its quotes."""
    return expected.replace("'", "")


def _is_text(node: tree.Node) -> bool:
    return isinstance(node, tree.ScalarNode) and isinstance(node.value, str)


def _kind(node: tree.Node) -> str:
    """What a node is, without its value, which may be a secret."""
    if isinstance(node, tree.ListNode):
        return "a list"
    if isinstance(node, tree.MapNode):
        return "a mapping"
    if node.value is None:
        return "empty"
    if isinstance(node.value, str):
        return "a text"
    if isinstance(node.value, bool):
        return "true or false"
    return "a number that is not whole" if isinstance(node.value, float) else "a number"
