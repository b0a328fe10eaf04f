"""Which keys of the site file the connections have tried: each must be in a site, and some connection must feel it.

Comes in: sites, and what was compared with each. Goes out: how often each key was felt (and each value of a choice), and how often
things happened that are worth counting. Called by the random test, which fails in a full run where a key of the model is missing.
"""

from __future__ import annotations

import types
import typing
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hapilot.model import section, spec
from integration.differential import feeling
from integration.differential.experiment import Compared
from integration.differential.feeling import Path, Said
from integration.differential.words import Site

ELSEWHERE: Mapping[Path, str] = {
    ("expect",): "says what must hold; nothing of it reaches HAProxy",
    ("resolvers",): "needs a DNS server; the servers of these sites are addresses",
    ("certificates", "acme"): "is not compiled yet",
    **dict.fromkeys(
        [
            ("listeners", "from"),
            ("listeners", "routes"),
            ("services", "from"),
            ("services", "servers", "raw"),
            ("raw", "sections"),
            ("raw", "folder"),
            ("tls", "profile", "=haproxy"),
        ],
        "keeps what was written for HAProxy: tests/integration/importing compares that",
    ),
}
"""Keys that no connection can feel, each with why."""


@dataclass(slots=True)
class Coverage:
    """Counts over all sites."""

    felt: Counter[str] = field(default_factory=Counter[str])
    happened: Counter[str] = field(default_factory=Counter[str])

    def add(self, site: Site, compared: Iterable[Compared]) -> None:
        """Counts what each connection felt of the site's keys."""
        every = tuple(said(site))
        for one in compared:
            touched = feeling.touched(one)
            self.felt.update({shown(each.path) for each in every if feeling.feels(each, one, touched)})
            self.happened.update(set(feeling.happenings(one)))

    def missing(self) -> list[str]:
        """Keys of the model that no connection has felt, and what never happened."""
        return [
            *(name for path in model_keys() if (name := shown(path)) not in self.felt),
            *(name for name in feeling.HAPPENINGS if name not in self.happened),
        ]

    def report(self) -> str:
        """All counts, of the model's keys only."""
        known = [shown(path) for path in model_keys()]
        told = [f"{name} {self.felt[name]}" for name in known]
        return f"{', '.join(told)}. Happened: {', '.join(f'{name} {count}' for name, count in sorted(self.happened.items()))}"


def shown(path: Path) -> str:
    """``services.tls=edge``."""
    return ".".join(path).replace(".=", "=")


def model_keys() -> Iterator[Path]:
    """Every key of the model, and each value of a choice as one more step; what only holds other keys is none.

    >>> ("services", "tls", "=edge") in set(model_keys()), ("services", "sticky") in set(model_keys())
    (True, False)
    """
    yield from (path for path in _keys(spec.SiteSpec, ()) if not any(path[: len(other)] == other for other in ELSEWHERE))


def _keys(model: type[section.Section], front: Path) -> Iterator[Path]:
    for name, one in model.model_fields.items():
        path = (*front, one.alias or name)
        inside, choices = list(_sections(one.annotation)), list(_choices(one.annotation))
        if not inside:
            yield path
        yield from ((*path, f"={choice}") for choice in choices)
        for other in inside:
            yield from _keys(other, path)


def _sections(annotation: Any) -> Iterator[type[section.Section]]:
    """The sections in the type of a key, whatever is around them."""
    if isinstance(annotation, type) and issubclass(annotation, section.Section):
        yield annotation
    for inside in typing.get_args(annotation):
        yield from _sections(inside)


def _choices(annotation: Any) -> Iterator[str | int]:
    """The values of a choice."""
    if typing.get_origin(annotation) is Literal:
        yield from (choice for choice in typing.get_args(annotation) if choice is not True)
    elif typing.get_origin(annotation) in (typing.Union, types.UnionType, typing.Annotated):
        for inside in typing.get_args(annotation):
            yield from _choices(inside)


def said(site: Site) -> Iterator[Said]:
    """Every key that a site says."""
    yield from _said(spec.SiteSpec, site, (), ())
    # The lab fills in where servers are.
    yield from (Said(("services", "servers", "address"), ("services", name), "") for name in site["services"])


def _said(model: type[section.Section], data: Mapping[str, Any], front: Path, owner: Path) -> Iterator[Said]:
    annotations = {one.alias or name: one.annotation for name, one in model.model_fields.items()}
    for key, value in data.items():
        path = (*front, key)
        yield Said(path, owner, value)
        if isinstance(value, str | int):
            # The short form of a section with one key looks like a choice: ``hash: path``.
            yield Said((*path, value if path[-2:] == ("balance", "hash") else f"={value}"), owner, value)  # pyright: ignore[reportArgumentType]
        for inside in _sections(annotations[key]):
            for name, each in _each(path, value):
                yield from _said(inside, each, path, owner or ((key, name) if name else ()))


_BY_NAME = ("services", "listeners", "users")


def _each(path: Path, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The sections in a value: itself, or those of a list, or of a mapping by name."""
    if isinstance(value, list):
        items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        yield from (("", each) for each in items if isinstance(each, dict))
    elif isinstance(value, dict) and path[-1] in _BY_NAME:
        yield from value.items()
    elif isinstance(value, dict):
        yield path[-1] if path[0] == "admin" and len(path) == 2 else "", value
