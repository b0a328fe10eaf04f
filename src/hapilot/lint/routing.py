"""Which frontends lead to which backends, as far as the text of a configuration says it.

Comes in: a context. Goes out: routes. Called by rules through ``Context.once``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hapilot.lint.context import Context, Directive, Section


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """``use_backend`` or ``default_backend`` of a frontend. ``name`` is empty where it is only known when a request comes."""

    section: Section
    directive: Directive
    name: str


def routes(context: Context) -> tuple[Route, ...]:
    """Every route of a frontend, in order; an inherited ``default_backend`` too."""
    return tuple(route for section in context.proxies if section.is_front for route in _of_section(section))


def routes_by_section(context: Context) -> Mapping[Section, tuple[Route, ...]]:
    """The routes of each frontend."""
    found: dict[Section, list[Route]] = {}
    for route in context.once(routes):
        found.setdefault(route.section, []).append(route)
    return {section: tuple(each) for section, each in found.items()}


def _of_section(section: Section) -> Iterator[Route]:
    for directive in section.lines("use_backend"):
        yield Route(section, directive, _name(directive))
    default = section.last("default_backend")
    if default is not None:
        yield Route(section, default, _name(default))


def _name(directive: Directive) -> str:
    return directive.words[1] if directive.is_known(1) and "%" not in directive.words[1] else ""


def is_dynamic(context: Context) -> bool:
    """Whether some backend is only chosen when a request comes."""
    return any(len(route.directive.words) > 1 and not route.name for route in context.once(routes))


def fronts_by_backend(context: Context) -> Mapping[str, tuple[Section, ...]]:
    """Name of a backend to the frontends that lead to it; a ``listen`` leads to itself."""
    found: dict[str, dict[Section, None]] = {}
    for route in context.once(routes):
        found.setdefault(route.name, {})[route.section] = None
    for section in context.of_kind("listen"):
        found.setdefault(section.name, {})[section] = None
    return {name: tuple(sections) for name, sections in found.items()}


def backends_by_name(context: Context) -> Mapping[str, Section]:
    """Every section that a route can lead to."""
    return {section.name: section for section in context.proxies if section.is_back}
