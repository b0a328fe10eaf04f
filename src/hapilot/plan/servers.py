"""Servers: which to add, move, weigh, limit, drain and remove so that a backend is as it should be.

In: the sections of the wanted files and of those that were loaded, the servers in memory, what verbs said. Out: actions, and reasons for a
reload where the runtime API can't do it. Pure; called by ``plan`` once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from hapilot.plan import actions, running, sections

_COOKIE_SINCE = (2, 8)
"""Before, dynamic servers have no cookie (live: 2.6.12 refuses, 2.8.25 takes it)."""

_BACKEND = "backend "
_DEFAULTS = "defaults"

_HASHES = frozenset({"source", "uri", "url_param", "hdr", "rdp-cookie", "hash"})
"""Algorithms that are static unless ``hash-type consistent`` is said."""
_FIXED = "the way in which its service is balanced takes no change of servers and weights"


@dataclass(frozen=True, slots=True)
class Around:
    """What is known besides. ``given`` is backend to its spare; ``loaded`` and ``wanted`` are sections by head; ``authorities`` the files
    of CAs that HAProxy has read."""

    state: running.Running
    wanted: running.Wanted
    loaded: Mapping[str, sections.Section]
    sections: Mapping[str, sections.Section]
    given: Mapping[str, str]
    authorities: frozenset[str]

    def about(self, backend: str, server: str) -> str:
        """A server in the user's words."""
        return f"server {self.wanted.services.get(backend, backend)}/{server}"

    def said(self, backend: str, keyword: str) -> tuple[str, ...]:
        """What HAProxy's own backend, or else the defaults that it starts from, say behind a word; nothing where they don't say it."""
        head, seen = f"{_BACKEND}{backend}", set[str]()
        while head and head not in seen:
            seen.add(head)
            section = self.loaded.get(head)
            if section is not None and (said := section.last(keyword)):
                return said
            named = section.inherits if section is not None else ""
            # A proxy that names none starts from the last one without a name; such a section from nothing.
            head = f"{_DEFAULTS} {named}" if named else "" if head.startswith(_DEFAULTS) else _DEFAULTS
        return ()


@dataclass(slots=True)
class Found:
    """Steps before and after the tables change, what only a reload can do, and servers that are only waiting to be deleted."""

    before: list[actions.RuntimeAction] = field(default_factory=list[actions.RuntimeAction])
    after: list[actions.RuntimeAction] = field(default_factory=list[actions.RuntimeAction])
    reasons: list[str] = field(default_factory=list[str])
    remainders: list[running.ServerKey] = field(default_factory=list[running.ServerKey])


def compare(around: Around) -> Found:
    """All servers of all backends."""
    found = Found()
    names: dict[str, str] = {}
    for head, section in around.sections.items():
        if head.startswith(_BACKEND):
            backend = head.removeprefix(_BACKEND)
            name = around.given.get(backend, backend)
            names[name] = backend
            former = around.loaded.get(f"{_BACKEND}{name}")
            for server in section.servers.values():
                if not _is_as_before(around, (backend, name), server, former):
                    _one(found, around, (backend, name), server)
    for head in (head for head, section in around.sections.items() if section.in_order and head.startswith(_BACKEND)):
        backend = head.removeprefix(_BACKEND)
        name = around.given.get(backend, backend)
        if f"{_BACKEND}{name}" in around.loaded:
            _ordered(found, around, (key[1] for key in around.state.servers if key[0] == name), head)
    for (name, server), now in around.state.servers.items():
        if f"{_BACKEND}{name}" in around.loaded and not _keeps(around, names.get(name), server):
            _gone(found, around, (name, server), now)
    return found


def _is_as_before(around: Around, names: tuple[str, str], wanted: sections.Server, former: sections.Section | None) -> bool:
    """Whether there is surely nothing to do, as for nearly every server: it was loaded with the same line, is shown as the line says, and
    nobody said anything of it."""
    backend, name = names
    key, state = (name, wanted.name), around.state
    return (
        former is not None
        and former.servers.get(wanted.name) == wanted
        and wanted.shown is not None
        and state.servers.get(key) == wanted.shown
        and (backend, wanted.name) not in around.wanted.told
        and state.limits.get(key, wanted.limit) == wanted.limit
        and f"{name}/{wanted.name}" not in state.notes
    )


def _keeps(around: Around, backend: str | None, server: str) -> bool:
    """Whether the site has it, or may have it."""
    section = around.sections.get(f"{_BACKEND}{backend}") if backend is not None else None
    return section is not None and (section.is_open or server in section.servers)


def _gone(found: Found, around: Around, key: running.ServerKey, now: running.RunningServer) -> None:
    if now.state == "maint":
        found.remainders.append(key)
        return
    name, server = key
    stood_for = around.state.notes.get(name, name)
    left = around.state.sessions.get(key, 0)
    found.after.append(
        actions.RemoveServer(
            about=around.about(stood_for, server),
            reason="not in the site",
            disturbs=f"no new sessions; {left} that are open finish" if left else "no new sessions; open ones finish",
            backend=name,
            name=server,
        )
    )


def _one(found: Found, around: Around, names: tuple[str, str], wanted: sections.Server) -> None:
    backend, name = names
    told = around.wanted.told.get((backend, wanted.name), running.Told())
    now = around.state.servers.get((name, wanted.name))
    about = around.about(backend, wanted.name)
    if now is None:
        # A backend that is not there yet comes with a reload, which has its own reason.
        problem = _not_addable(around, name, wanted) if f"{_BACKEND}{name}" in around.loaded else ""
        if problem:
            found.reasons.append(f"{about} is added, and {problem}")
            return
        found.before.append(
            actions.AddServer(
                about=about,
                reason="new in the site",
                backend=name,
                name=wanted.name,
                address=wanted.address,
                words=_words(wanted, told),
                mark=wanted.mark,
                state=told.state or _state(wanted),
            )
        )
        return
    if _mark(around, (name, wanted.name)) != wanted.mark:
        found.reasons.append(f"{about}: its checks, its TLS or other settings that only a reload changes are different")
        return
    if around.said(name, "default-server") and _line(around, (name, wanted.name)) != wanted.words:
        found.reasons.append(f"{about}: its line differs, and what default-server adds to it only HAProxy knows")
        return
    steps = tuple(step for step in _settings(around, (name, about), wanted, now) if _is_ours(around, name, wanted, step))
    if any(isinstance(step, actions.WeighServer) for step in steps) and _is_static(around, name):
        found.reasons.append(f"{about} gets another weight, and {_FIXED}")
        return
    found.before += steps


def _settings(
    around: Around, where: tuple[str, str], wanted: sections.Server, now: running.RunningServer
) -> Iterator[actions.RuntimeAction]:
    """What the runtime API sets on a server that is there. ``where`` is HAProxy's backend and the server in words."""
    name, about = where
    backend = around.state.notes.get(name, name)
    told = around.wanted.told.get((backend, wanted.name), running.Told())
    if wanted.is_plain and now.address != sections.normal(wanted.address):
        host, _, port = wanted.address.rpartition(":")
        yield actions.MoveServer(
            about=about,
            reason=f"address from {now.address or 'nowhere'} to {wanted.address}",
            disturbs="new sessions go there; open ones finish where they are",
            backend=name,
            name=wanted.name,
            host=host.removeprefix("[").removesuffix("]"),
            port=int(port),
        )
    weight = told.weight if told.weight is not None else wanted.weight
    if now.weight != weight:
        reason = f"weight from {now.weight} to {weight}" + (", as told" if told.weight is not None else "")
        disturbs = "the share of new sessions"
        yield actions.WeighServer(
            about=about,
            reason=reason,
            disturbs=disturbs,
            backend=name,
            name=wanted.name,
            weight=weight,
            is_told=told.weight is not None,
        )
    limit = around.state.limits.get((name, wanted.name))
    if limit is not None and limit != wanted.limit:
        reason = f"at most {wanted.limit or 'any number of'} sessions at a time, was {limit or 'any number'}"
        yield actions.LimitServer(about=about, reason=reason, backend=name, name=wanted.name, connections=wanted.limit)
    state = told.state or _state(wanted)
    if now.state != state:
        reason = f"state from {now.state} to {state}" + (", as told" if told.state is not None else "")
        disturbs = actions.NOTHING if state == "ready" else "no new sessions; open ones finish"
        is_told = told.state is not None
        yield actions.SetState(about=about, reason=reason, disturbs=disturbs, backend=name, name=wanted.name, state=state, is_told=is_told)


def _is_ours(around: Around, name: str, wanted: sections.Server, step: actions.RuntimeAction) -> bool:
    """Whether a difference is one at all: what ``default-server`` says, or an agent on the server, stands in no line of it."""
    others = around.said(name, "default-server") or "agent-check" in wanted.words
    if not others or isinstance(step, actions.MoveServer):
        return True
    return isinstance(step, actions.WeighServer | actions.SetState) and step.is_told


def _line(around: Around, key: running.ServerKey) -> tuple[str, ...] | None:
    section = around.loaded.get(f"{_BACKEND}{key[0]}")
    server = section.servers.get(key[1]) if section is not None else None
    return server.words if server is not None else None


def _ordered(found: Found, around: Around, there: Iterable[str], head: str) -> None:
    """HAProxy keeps the order in which it got servers, and added ones come last; ``first`` goes by their numbers, and an added one gets the
    first that is free."""
    section, backend = around.sections[head], head.removeprefix(_BACKEND)
    kept = [name for name in there if name in section.servers]
    comes = [name for name in section.servers if name not in kept]
    if [*kept, *comes] != list(section.servers) or (comes and section.last("balance")[:1] == ("first",)):
        found.reasons.append(f"service {around.wanted.services.get(backend, backend)}: its servers are used in their order, which changes")


def _state(wanted: sections.Server) -> running.AdminState:
    return "maint" if wanted.disabled else "ready"


def _mark(around: Around, key: running.ServerKey) -> str:
    """What stands for the settings that a running server was made with."""
    noted = around.state.notes.get("/".join(key))
    if noted is not None:
        return noted
    section = around.loaded.get(f"{_BACKEND}{key[0]}")
    server = section.servers.get(key[1]) if section is not None else None
    return server.mark if server is not None else ""


def _words(wanted: sections.Server, told: running.Told) -> tuple[str, ...]:
    """What the new server gets: its weight is the one that it shall have, and its state is set later."""
    words = [word for word in wanted.words if word != "disabled"]
    if told.weight is not None:
        if "weight" in words:
            words[words.index("weight") + 1] = str(told.weight)
        else:
            words += ["weight", str(told.weight)]
    return tuple(words)


def _not_addable(around: Around, backend: str, wanted: sections.Server) -> str:
    """Why the runtime API can't add it to ``backend``; empty if it can. What else it refuses, which no site but one with raw lines can
    ask for, is found out when it is done (management manual, "add server")."""
    if not wanted.is_plain:
        return "its address is a name, which HAProxy resolves only for servers that it has read from a file"
    if "cookie" in wanted.words and around.state.version < _COOKIE_SINCE:
        return "this HAProxy knows no cookies for servers that are added"
    if not around.authorities.issuperset(_values(wanted.words, "ca-file")):
        return "the CA that verifies it has not been read"
    if around.said(backend, "default-server"):
        return "what default-server says does not count for servers that are added"
    return _FIXED if _is_static(around, backend) else ""


def _is_static(around: Around, backend: str) -> bool:
    """Whether the backend's algorithm knows its servers and their weights from the start (configuration manual, "balance")."""
    algorithm = (*around.said(backend, "balance"), "roundrobin")[0].partition("(")[0]
    is_hash = algorithm in _HASHES and around.said(backend, "hash-type")[:1] != ("consistent",)
    return algorithm == "static-rr" or is_hash


def _values(words: tuple[str, ...], name: str) -> Iterable[str]:
    return [words[place + 1] for place, word in enumerate(words[:-1]) if word == name]
