"""Running and Wanted to Plan: every step, in the order in which it is taken, or one reload with every reason for it.

In: what a worker has in memory and the complete files that it should serve. Out: a :class:`Plan`; equal states give an empty one. Pure.
Called by ``reconcile`` for every change, after it (nothing may be left), and to notice what others have changed; by ``hapilot plan``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from hapilot.plan import actions, certificates, running, sections, servers, spares, tables
from hapilot.render import bundle


@dataclass(frozen=True, slots=True)
class Plan:
    """``actions`` in order. Where a reload is needed it is the only one, ``reload_reasons`` has every reason, and ``included`` what comes
    with it. ``remainders`` are servers that nobody wants and that only wait for their last session."""

    actions: tuple[actions.Action, ...] = ()
    reload_reasons: tuple[str, ...] = ()
    included: tuple[actions.RuntimeAction, ...] = ()
    remainders: tuple[running.ServerKey, ...] = ()

    @property
    def reload(self) -> bool:
        """Whether HAProxy has to read its files again."""
        return bool(self.reload_reasons)

    @property
    def is_empty(self) -> bool:
        """Whether what runs is what is wanted."""
        return not self.actions

    @property
    def first(self) -> str:
        """The first step in a few words, or the first reason for a reload."""
        if self.reload_reasons:
            return self.reload_reasons[0]
        return f"{self.actions[0].about}: {self.actions[0].reason}" if self.actions else "nothing"


def make_plan(state: running.Running, wanted: running.Wanted) -> Plan:
    """What has to be done to a HAProxy that runs."""
    if state.loaded is None:
        reason = "what HAProxy has loaded is not known"
        return Plan((_reload(state, (reason,)),), (reason,))
    loaded, should = _with_spares(state), _sections(wanted.files)
    spared = spares.assign(state, loaded, should)
    around = servers.Around(state, wanted, loaded, should, spared.given, _authorities(loaded))
    found = _Found(servers.compare(around), certificates.compare(state, wanted.files, _lenient(should)))
    reasons = (
        *_structure(wanted, loaded, should, spared),
        *_files(state, wanted.files),
        *found.servers.reasons,
        *found.certificates.reasons,
    )
    remainders = tuple(found.servers.remainders)
    if not reasons:
        return Plan(_steps(state, wanted, spared, found), (), (), remainders)
    said = tuple(dict.fromkeys(reasons))
    return Plan((_reload(state, said),), said, _included(around, found), remainders)


@dataclass(frozen=True, slots=True)
class _Found:
    """What has to be done to servers and certificates."""

    servers: servers.Found
    certificates: certificates.Found


def _steps(state: running.Running, wanted: running.Wanted, spared: spares.Spares, found: _Found) -> tuple[actions.RuntimeAction, ...]:
    """In the order in which no connection meets half of a change: what is led to comes before what leads there, and goes after it. A
    spare backend is noted before it is filled: a plan that is interrupted in between goes on with the same one."""
    return (
        *found.certificates.before,
        *spared.gives(wanted.services),
        *found.servers.before,
        *tables.changes(state, wanted.files, spared.given),
        *found.servers.after,
        *spared.takes,
        *found.certificates.after,
    )


def _included(around: servers.Around, found: _Found) -> tuple[actions.RuntimeAction, ...]:
    """What comes with a reload: a worker that reads the files has a backend for each service, so spare ones play no part."""
    state, wanted = spares.by_own_names(around.state), around.wanted
    loaded = spares.own_sections(around.loaded, around.state.notes)
    named = replace(found, servers=servers.compare(replace(around, state=state, loaded=loaded, given={})))
    return _steps(state, wanted, spares.NONE, named)


def start() -> Plan:
    """Nothing runs."""
    return Plan((actions.Start(about="HAProxy", reason="it does not run"),))


def _reload(state: running.Running, reasons: tuple[str, ...]) -> actions.Reload:
    left = f"{state.connections} open connections finish" if state.connections else "open connections finish"
    return actions.Reload(about="HAProxy", reason="; ".join(reasons), disturbs=f"{left} in the old worker")


def _sections(files: bundle.Bundle, path: str = bundle.CONFIG) -> dict[str, sections.Section]:
    """What a file says; nothing where there is none."""
    file = files.get(path)
    return sections.read(file.content) if file is not None else {}


def _with_spares(state: running.Running) -> dict[str, sections.Section]:
    """What a worker has loaded, with its spare backends. Those of the wanted files come with the next reload, whenever that is."""
    if state.loaded is None:
        return {}
    live = _sections(state.loaded, bundle.LIVE)
    return {**_sections(state.loaded), **{head: section for head, section in live.items() if head.startswith(spares.HEAD)}}


def _authorities(loaded: Mapping[str, sections.Section]) -> frozenset[str]:
    """Files of CAs that some server is verified with."""
    said = (server.words for section in loaded.values() for server in section.servers.values() if "ca-file" in server.words)
    return frozenset(words[place + 1] for words in said for place, word in enumerate(words[:-1]) if word == "ca-file")


def _lenient(should: Mapping[str, sections.Section]) -> frozenset[str]:
    """Lists of certificates of which the first is shown to clients that name no other (configuration manual, "strict-sni")."""
    binds = (line.split() for section in should.values() for line in section.lines if line.startswith("bind "))
    lists = ((words, place + 1) for words in binds for place, word in enumerate(words[:-1]) if word == "crt-list")
    return frozenset(words[place] for words, place in lists if "strict-sni" not in words)


def _structure(
    wanted: running.Wanted, loaded: Mapping[str, sections.Section], should: Mapping[str, sections.Section], spared: spares.Spares
) -> Iterator[str]:
    """Sections that only a reload can change."""
    for head, section in should.items():
        former = loaded.get(head)
        if former is None:
            name = head.removeprefix(spares.BACKEND)
            if not head.startswith(spares.BACKEND):
                yield f"{_about(head, wanted.services)} is added"
            elif name in spared.missing:
                yield f"{_about(head, wanted.services)}{_unprepared(loaded, spared.noted.get(name), section)}"
        elif former.lines != section.lines:
            yield f"{_about(head, wanted.services)}: {_difference(former.lines, section.lines)}"
    for head in loaded:
        # A backend without a way to it harms nobody.
        if head not in should and not head.startswith(spares.BACKEND):
            yield f"{_about(head, wanted.services)} is removed"


def _unprepared(loaded: Mapping[str, sections.Section], spare: str | None, wanted: sections.Section) -> str:
    """Why a backend can't be had without a reload; ``spare`` is the prepared one that stood for it."""
    former = loaded.get(f"{spares.BACKEND}{spare}")
    if former is not None:
        return f": {_difference(former.lines, wanted.lines)}"
    lines = {section.lines for head, section in loaded.items() if head.startswith(spares.HEAD)}
    if wanted.lines in lines:
        return " is added, and every prepared backend is in use"
    return " is added, and has settings that no prepared backend has"


def _about(head: str, services: Mapping[str, str]) -> str:
    kind, _, name = head.partition(" ")
    if kind == "backend":
        return f"service {services.get(name, name)}"
    if kind == "frontend":
        return f"listener {name}"
    return {"global": "the process", "defaults": "the defaults", "userlist": f"users of {name}"}.get(kind, head)


def _difference(former: tuple[str, ...], now: tuple[str, ...]) -> str:
    """The first lines that differ; rules with passwords are never shown."""
    gone = [line for line in former if line not in now]
    come = [line for line in now if line not in former]
    words = sorted({_keyword(line) for line in (*gone, *come)})
    return f"settings change ({', '.join(words[:3])}{', …' if len(words) > 3 else ''})" if words else "the order of its rules changes"


def _keyword(line: str) -> str:
    """What a line is about: its first words, none of which is anybody's secret."""
    first, _, rest = line.partition(" ")
    return f"{first} {rest.partition(' ')[0]}" if first in ("http-request", "http-response", "tcp-request", "option", "timeout") else first


_IN_MEMORY = ("maps/", "lists/", "certs/", bundle.CONFIG, bundle.LIVE)
"""Files that are compared with what HAProxy has in memory; what it does not have there is named by nothing."""


def _files(state: running.Running, wanted: bundle.Bundle) -> Iterator[str]:
    """Files that HAProxy reads only when it starts."""
    loaded = state.loaded or bundle.Bundle(())
    old = {file.path: file.content for file in loaded.files}
    for file in wanted.files:
        if not file.path.startswith(_IN_MEMORY) and old.get(file.path, file.content) != file.content:
            yield f"{file.path} changes"
