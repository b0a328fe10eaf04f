"""What one generation changes against the one before, in the user's words: for `apply`, for the history, and why it took a reload.

In: the files and the summaries of two generations. Out: a :class:`Difference`. Contents of files are compared and never shown: there are
private keys among them. Pure. Called by ``loop`` for every change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from hapilot.plan import tables
from hapilot.publish import tally
from hapilot.reconcile import changed
from hapilot.render import bundle, summary

LINES = 200
"""More are counted, not told."""
_BRIEF = 3
"""Lines of the brief form."""

_WHY: Mapping[tally.Reason, str] = {
    "configuration": "haproxy.cfg differs",
    "scripts": "a Lua script differs",
    "authorities": "certificates of authorities differ",
    "certificates": "certificates differ",
    "routes": "tables of hosts, paths or networks differ",
    "files": "pages or other files differ",
    "comments": "places in the site file have moved, and haproxy.cfg names them",
    "adoption": "what ran before is not known",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """``lines`` say what differs, the first things first; ``kinds`` which kinds of files, the weightiest first."""

    lines: tuple[str, ...]
    kinds: tuple[tally.Reason, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why HAProxy has to read its files again."""
        return tuple(_WHY[kind] for kind in self.kinds)

    @property
    def is_cosmetic(self) -> bool:
        """Whether nothing differs but comments."""
        return self.kinds == ("comments",)

    @property
    def brief(self) -> str:
        """A line for the history.

        >>> Difference(("a", "b", "c", "d", "e"), ()).brief
        'a; b; c; and 2 more'
        """
        if not self.lines:
            return "no change"
        more = len(self.lines) - _BRIEF
        return "; ".join((*self.lines[:_BRIEF], *([f"and {more} more"] if more > 0 else [])))


SAME = Difference((), ())


@dataclass(frozen=True, slots=True)
class State:
    """A generation: its files and what they are."""

    files: bundle.Bundle
    kept: summary.Summary


def between(before: State | None, after: State) -> Difference:
    """What ``after`` changes; without anything ``before``, how much it is."""
    if before is None:
        return Difference((_size(after.kept),), ("adoption",))
    if before.files.digest == after.files.digest:
        return Difference((), ("adoption",))
    kinds = changed.reasons(before.files, after.files)
    said = list(dict.fromkeys(_lines(before, after, kinds)))
    more = [f"and {len(said) - LINES} more"] if len(said) > LINES else []
    return Difference((*said[:LINES], *more), kinds)


def _size(kept: summary.Summary) -> str:
    services = len({use.name for use in kept.services})
    return f"{_count(services, 'service')} on {_count(len(kept.listeners), 'listener')}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def _lines(before: State, after: State, kinds: tuple[tally.Reason, ...]) -> Iterator[str]:
    old, new = before.kept, after.kept
    named = [*_listeners(old, new), *_services(old, new), *_certificates(old, new)]
    yield from (text for _, text in named)
    told = {about for about, _ in named}
    yield from (f"{about}: settings changed" for about in _sections(before, after) if about not in told)
    if "routes" in kinds and not named:
        yield from _routes(before.files, after.files) or ("tables of hosts, paths or networks changed",)
    if "certificates" in kinds and "certificate" not in {about.partition(" ")[0] for about in told}:
        yield "certificates: files changed"
    for kind, text in (("authorities", "authorities changed"), ("scripts", "scripts changed"), ("files", "pages or other files changed")):
        if kind in kinds:
            yield text
    if kinds == ("comments",):
        yield "only places in the site file have moved"


def _routes(before: bundle.Bundle, after: bundle.Bundle) -> tuple[str, ...]:
    """Hosts and paths that came, went, or lead elsewhere, on whatever listeners."""
    found: dict[str, None] = {}
    for file in after.files:
        former = before.get(file.path)
        if file.path.endswith(tables.TO_BACKENDS) and former is not None and former.content != file.content:
            old, new = tables.entries(former.content), tables.entries(file.content)
            for key in sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key)):
                what = "leads elsewhere" if key in old and key in new else "added" if key in new else "removed"
                found[f"route {key.rstrip('/')} {what}"] = None
    return tuple(found)


def _listeners(old: summary.Summary, new: summary.Summary) -> Iterator[tuple[str, str]]:
    yield from _pairs("listener", {one.name: one.bind for one in old.listeners}, {one.name: one.bind for one in new.listeners})


def _pairs(kind: str, before: Mapping[str, tuple[str, ...]], after: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """Names that came and went, and what came and went in those that stay; each with what it is about."""
    for name in sorted(before.keys() | after.keys()):
        about = f"{kind} {name}"
        if name not in before or name not in after:
            yield about, f"{about} {'added' if name in after else 'removed'}"
            continue
        for what in sorted(set(after[name]) ^ set(before[name])):
            yield about, f"{about}: {what} {'added' if what in after[name] else 'removed'}"


def _services(old: summary.Summary, new: summary.Summary) -> Iterator[tuple[str, str]]:
    # Of many thousands most are what they were, and the same objects.
    same = {id(use) for use in old.services} & {id(use) for use in new.services}
    maybe = {use.name for kept in (old, new) for use in kept.services if id(use) not in same}
    before, after = _by_name(old, maybe), _by_name(new, maybe)
    other = [name for name in maybe if before.get(name) != after.get(name)]
    yield from _pairs("service", *({name: _servers(uses[name]) for name in other if name in uses} for uses in (before, after)))


def _by_name(kept: summary.Summary, names: Collection[str]) -> dict[str, tuple[summary.ServiceSummary, ...]]:
    """The backends of each of these services."""
    found: dict[str, tuple[summary.ServiceSummary, ...]] = {}
    for use in kept.services:
        if use.name in names:
            found[use.name] = (*found.get(use.name, ()), use)
    return found


def _servers(uses: Iterable[summary.ServiceSummary]) -> tuple[str, ...]:
    """The servers of a service, however many backends it has."""
    shown = (f"server {name}" + (f" ({address})" if address != name else "") for use in uses for name, address in use.servers.items())
    return tuple(dict.fromkeys(shown))


def _certificates(old: summary.Summary, new: summary.Summary) -> Iterator[tuple[str, str]]:
    before, after = ({one.name: one for one in kept.certificates} for kept in (old, new))
    for name in sorted(before.keys() | after.keys()):
        about = f"certificate {name}"
        if name not in before or name not in after:
            yield about, f"{about} {'added' if name in after else 'removed'}"
        elif before[name].not_after != after[name].not_after:
            yield about, f"{about} replaced, now until {after[name].not_after[:10]}"
        elif before[name] != after[name]:
            yield about, f"{about} replaced, now for {', '.join(after[name].hosts)}"


def _sections(before: State, after: State) -> Iterator[str]:
    """What the sections that differ are about."""
    backends = {use.backend: use.name for kept in (before.kept, after.kept) for use in kept.services}
    listeners = {one.name for kept in (before.kept, after.kept) for one in kept.listeners}
    return _about(changed.sections(before.files, after.files), backends, listeners)


def _about(heads: Iterable[str], backends: Mapping[str, str], listeners: set[str]) -> Iterator[str]:
    for head in heads:
        kind, _, name = head.partition(" from ")[0].partition(" ")
        listener = max((one for one in listeners if name == one or name.startswith(f"{one}.")), key=len, default="")
        if name in backends:
            yield f"service {backends[name]}"
        elif listener and kind in ("frontend", "backend", "listen"):
            yield f"listener {listener}"
        else:
            yield {"global": "the process", "defaults": "defaults"}.get(kind, head)
