"""The tree against the models: a specification of all that is valid, and every error in one go.

A merged tree goes in; the specification, the tree without what was dropped (so that origins fit) and diagnostics come out.
A bad service, listener, certificate or expectation is left out alone, the rest stays. Services are validated one by one, so that one that
says what it said before need not be validated again. Pure. Called by ``load``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pydantic

from hapilot.base import diagnostics, memory
from hapilot.base.origin import Origin
from hapilot.model import service, site, spec, values
from hapilot.sources.file import problems, tree

_ROUNDS = 4
"""Checks that need several keys run only when each key is good, so dropping may bring up more; twice is the most seen."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What is valid of a site. ``spec`` is None only if nothing can be saved."""

    spec: spec.SiteSpec | None
    tree: tree.Node
    diagnostics: tuple[diagnostics.Diagnostic, ...]
    dropped: frozenset[site.Path]
    """Listeners and services that are defined and were left out: paths of two names."""


_NAME: pydantic.TypeAdapter[str] = pydantic.TypeAdapter(values.Name, config=pydantic.ConfigDict(strict=True))


def validate(root: tree.Node, reported: frozenset[Origin] = frozenset(), before: memory.Memory | None = None) -> Checked:
    """Validates, drops what is bad, and validates again until the rest is good.

    ``reported``: places of values that are bad for another reason already, such as a variable that is not set. They are
    dropped too, and nothing more is said about them.
    """
    found: list[diagnostics.Diagnostic] = []
    known = memory.Memory() if before is None else before
    dropped = {_owner(path) for path in tree.paths_at(root, reported)} if reported else set[site.Path]()
    root = tree.without(root, dropped)
    for _ in range(_ROUNDS):
        try:
            valid = _valid(root, known)
        except pydantic.ValidationError as refused:
            explained = problems.explain(refused.errors(include_url=False, include_input=False), root)
        else:
            return Checked(valid, root, tuple(found), frozenset(dropped))
        found.extend(problem.diagnostic for problem in explained)
        bad = {_owner(problem.path) for problem in explained}
        dropped |= bad
        root = tree.without(root, bad)
    return Checked(None, root, tuple(found), frozenset(dropped))


def _valid(root: tree.Node, known: memory.Memory) -> spec.SiteSpec:
    """The specification. Raises pydantic's error with everything that is bad, services among it."""
    services = tree.services(root)
    good = _services(services, known)
    if not isinstance(root, tree.MapNode) or not services or not good:
        return spec.SiteSpec.model_validate(tree.plain(root), by_alias=True, by_name=False)
    said = {name: tree.plain(entry[1]) for name, entry in root.entries.items() if name != "services"}
    said["services"] = {name: tree.plain(entry[1]) for name, entry in services.items() if name not in good}
    # As a text, because to Python 1 is the same as true.
    inputs = (known.same("frame said", repr(said)),)
    frame = known.once("frame", inputs, lambda: spec.SiteSpec.model_validate(said, by_alias=True, by_name=False))
    return frame.model_copy(update={"services": dict(good)})


@dataclass(frozen=True, slots=True)
class _Said:
    """What a service says. Two are equal where ``text`` is, because to Python 1 is the same as true."""

    name: str
    plain: object = field(compare=False)
    text: str


def _services(services: Mapping[str, tree.Entry], known: memory.Memory) -> dict[str, service.Service]:
    """Every service that is valid, by its name."""
    said = known.each("services said", services.values(), _said)
    alike = known.once("services by name", (said,), lambda: known.same_of("services that differ", {one.name: one for one in said}))
    made = known.each("services valid", alike.values(), _service)
    return known.once("valid services", (made,), lambda: {name: one for name, one in zip(alike, made, strict=True) if one is not None})


def _said(entry: tree.Entry) -> _Said:
    plain = tree.plain(entry[1])
    return _Said(str(entry[0].value), plain, repr(plain))


def _service(said: _Said) -> service.Service | None:
    """The service by itself; None if there is anything wrong with it, which is told together with all the rest."""
    try:
        _NAME.validate_python(said.name)
        return service.Service.model_validate(said.plain, by_alias=True, by_name=False)
    except pydantic.ValidationError:
        return None


def _owner(path: site.Path) -> site.Path:
    """The smallest part that can be left out without changing what the others mean."""
    if path[:1] == ("raw",):
        return path[:3] if path[1:2] in (("listener",), ("service",)) else path[:2]
    return path[:2]
