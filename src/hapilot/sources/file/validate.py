"""The tree against the models: a specification of all that is valid, and every error in one go.

A merged tree goes in; the specification, the tree without what was dropped (so that origins fit) and diagnostics come out.
A bad service, listener, certificate or expectation is left out alone, the rest stays. Pure. Called by ``load``.
"""

from __future__ import annotations

from dataclasses import dataclass

import pydantic

from hapilot.base import diagnostics
from hapilot.base.origin import Origin
from hapilot.model import site, spec
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


def validate(root: tree.Node, reported: frozenset[Origin] = frozenset()) -> Checked:
    """Validates, drops what is bad, and validates again until the rest is good.

    ``reported``: places of values that are bad for another reason already, such as a variable that is not set. They are
    dropped too, and nothing more is said about them.
    """
    found: list[diagnostics.Diagnostic] = []
    dropped = {_owner(path) for path in tree.paths_at(root, reported)} if reported else set[site.Path]()
    root = tree.without(root, dropped)
    for _ in range(_ROUNDS):
        try:
            valid = spec.SiteSpec.model_validate(tree.plain(root), by_alias=True, by_name=False)
        except pydantic.ValidationError as refused:
            explained = problems.explain(refused.errors(include_url=False, include_input=False), root)
        else:
            return Checked(valid, root, tuple(found), frozenset(dropped))
        found.extend(problem.diagnostic for problem in explained)
        bad = {_owner(problem.path) for problem in explained}
        dropped |= bad
        root = tree.without(root, bad)
    return Checked(None, root, tuple(found), frozenset(dropped))


def _owner(path: site.Path) -> site.Path:
    """The smallest part that can be left out without changing what the others mean."""
    if path[:1] == ("raw",):
        return path[:3] if path[1:2] in (("listener",), ("service",)) else path[:2]
    return path[:2]
