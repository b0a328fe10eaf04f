"""Which part of a site an error is about, by where it was said.

In: diagnostics and what the files say. Out: for each diagnostic the parts that may be to blame, nothing where it is about no part that
could be left out: a listener, the defaults, an expectation. Pure. Called by ``isolating`` and ``refusals``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal, cast, get_args

from hapilot.base.diagnostics import Diagnostic
from hapilot.base.origin import Origin
from hapilot.model import certificate, site
from hapilot.sources.file import certificates, complaints, load, tree

Kind = Literal["service", "certificate", "admin"]
_KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """What can be left out by itself: a service, a certificate (by the path that users know it by), or a page of ``admin``."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return complaints.shortened(f"{self.kind} {self.name}")


Group = tuple[Part, ...]
"""Parts that an error is about together: leaving out one of them is enough. The one at whose place it was said is the last."""


def service(name: str) -> Part:
    """The service of this name."""
    return Part("service", name)


def named(text: str) -> Part | None:
    """The part that a diagnostic says it is about.

    >>> named("service shop")
    Part(kind='service', name='shop')
    """
    kind, _, name = text.partition(" ")
    return Part(kind, name) if kind in _KINDS else None


def suspects(every: Sequence[Diagnostic], said: load.Said) -> list[tuple[Group, ...]]:
    """For each diagnostic the groups of parts, one of each of which is to be left out; none where no part is to blame."""
    placed = _placed(said.root, {(one.origin.file, one.origin.line, one.origin.column) for one in every if not one.about})
    return [_groups(one, placed.get(one.origin, []), said) for one in every]


def _groups(one: Diagnostic, placed: Iterable[site.Path], said: load.Said) -> tuple[Group, ...]:
    if one.about:
        group = tuple(part for text in one.about if (part := named(text)) is not None)
        return (group,) if group else ()
    owners = {path: part for path in placed if (part := owner(path, said.root)) is not None}
    # What several parts share by an alias is wrong in each of those that could not be read for it.
    gone = dict.fromkeys(part for path, part in owners.items() if said.dropped & {path[:2], path[:3]})
    if gone:
        return tuple((part,) for part in gone)
    shared = tuple(dict.fromkeys(owners.values()))
    return (shared,) if shared else ()


def owner(path: site.Path, root: tree.Node) -> Part | None:
    """The part that a value belongs to."""
    match path:
        case ("services", str() as name, *_) | ("raw", "service", str() as name, *_):
            return service(name)
        case ("admin", "stats" | "metrics" as name, *_):
            return Part("admin", name)
        case ("certificates", int() as place, *_):
            entry = tree.find(root, path[:2])
            return Part("certificate", _said_name(entry) or str(place + 1))
        case _:
            return None


def _said_name(entry: tree.Node | None) -> str:
    """How users know a certificate whose entry may be anything."""
    known = cast("Mapping[str, object]", tree.plain(entry)) if isinstance(entry, tree.MapNode) else dict[str, object]()
    for key in ("file", "dir"):
        if isinstance(known.get(key), str):
            return str(PurePath(str(known[key])))
    return "acme" if "acme" in known else ""


def entry_name(entry: certificate.Certificate) -> str:
    """The same for a valid entry."""
    if entry.self_signed is not None:
        return certificates.self_signed_name(entry.self_signed)
    name = entry.file or entry.dir
    return str(PurePath(name)) if name else "acme"


def of_dropped(said: load.Said) -> tuple[Part, ...]:
    """The parts that are not valid by themselves."""
    return tuple(dict.fromkeys(part for path in sorted(said.dropped, key=str) if (part := owner(path, said.root)) is not None))


_Place = tuple[str, int, int]


def _placed(root: tree.Node, places: Collection[_Place]) -> dict[Origin, list[site.Path]]:
    """The paths of the keys and values at some places."""
    found: dict[Origin, list[site.Path]] = {}
    if places:
        for path, node in _nodes(root, ()):
            if (node.file, node.line, node.column) in places:
                found.setdefault(tree.origin(node), []).append(path)
    return found


def _nodes(node: tree.Node, path: site.Path) -> Iterator[tuple[site.Path, tree.Node]]:
    """Every value and every key, with the path of the value."""
    yield path, node
    if isinstance(node, tree.MapNode):
        for name, (key, value) in node.entries.items():
            yield (*path, name), key
            yield from _nodes(value, (*path, name))
    elif isinstance(node, tree.ListNode):
        for place, item in enumerate(node.items):
            yield from _nodes(item, (*path, place))
