"""The private copy of a compiled site: the same configuration, but for where it listens and where its servers are.

In: a Build, the sockets that were opened for it and the ports of the stand-ins. Out: a Build that opens nothing of the site's own,
reaches nothing outside of this machine, and decides just as the site's. Nothing is compiled again, so that tables, rules,
redirects and ports in answers are those that would run (docs/decisions/0009). Pure. ``trial`` calls it.

A user's own lines are changed in the same way: a ``server`` in ``raw`` gets its stand-in too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hapilot.compile import build
from hapilot.languages.haproxy import tree, words
from hapilot.model import service

AUTHORITY = "standins/ca.pem"
"""Where the private copy has the CA of the stand-ins, relative to its configuration."""

_ADDRESS = re.compile(r"(?:ipv4@|ipv6@)?(?:\[(?P<six>[^\]]*)\]|(?P<four>[0-9.]*)|\*):(?P<port>\d+)")
_PROXY = "accept-proxy"
_OUTSIDE = frozenset({"resolvers", "init-addr", "addr", "port", "source", "usesrc", "interface"})
"""Words of a server's line, each with a value, that name places of the site's network."""
_SERVERS = {"server": 2, "server-template": 3}
"""Where the address stands."""


@dataclass(frozen=True, slots=True)
class Door:
    """An address of the site at which clients arrive. ``host`` is an IP address, one that stands for its family, or empty; ``port``
    is None for a socket without one. To a ``bare`` one nothing is sent in front of what the client sends: because a line of the user's
    own expects a PROXY header there, or because the clients of a unix socket have no address. At a ``balanced`` one the listener
    requires the header of a load balancer, and gets it."""

    frontend: str
    host: str
    port: int | None
    bare: bool = False
    balanced: bool = False
    is_unix: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A server of the site: ``backend`` and ``server`` are HAProxy's names; ``protocol`` is what the service's clients speak;
    ``proxied`` says whether it is told the client's address in a PROXY header."""

    backend: str
    service: str
    server: str
    protocol: Literal["http", "tcp", "ssh"]
    proxied: bool
    http2: bool
    check: str
    """The path that health checks ask for, if they do."""
    status: int
    """An answer that they take for good."""


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What of a site needs a private socket, in the order of the configuration."""

    doors: tuple[Door, ...]
    places: tuple[Place, ...]
    counters: tuple[str, ...]
    """The tables in which HAProxy remembers clients."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Where a door is: an open descriptor, and its port where it has one. ``balancer`` is the address from which the site's load
    balancer connects to the door, as rules about bare connections are to see it; "" leaves the true one."""

    descriptor: int
    port: int = 0
    balancer: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """The private sockets: one for each door, ports on 127.0.0.1 for the places, and the milliseconds between two health checks of a
    server."""

    doors: Sequence[Opening]
    places: Sequence[int]
    every: int


def survey(made: build.Build) -> Surveyed:
    """The doors, places and counters of a site."""
    uses = {use.backend: use for use in made.backends}
    doors: list[Door] = []
    places: list[Place] = []
    requires = _requiring(made)
    for section in made.config.sections:
        for line in section.lines:
            said = _said(line)
            if _is_door(section, said):
                doors.append(_door(section, said, balanced=section.name in requires and not line.opaque))
            elif section.name in uses and _is_place(said):
                places.append(_place(made, uses[section.name], said))
    counters = [section.name for section in made.config.sections if any(_said(line)[0] == "stick-table" for line in section.lines)]
    return Surveyed(tuple(doors), tuple(places), tuple(counters))


def private(made: build.Build, opened: Opened) -> build.Build:
    """The private copy. ``opened`` has a socket for each door and place that :func:`survey` found."""
    backends = {use.backend for use in made.backends}
    requires = _requiring(made)
    doors, places = iter(opened.doors), iter(opened.places)
    sections: list[tree.Section] = []
    for section in made.config.sections:
        lines: list[tree.Line] = []
        # Elsewhere such rules see what they see live: a load balancer, or another layer's socket.
        moves = section.name not in requires and any(_is_door(section, _said(line)) for line in section.lines)
        for line in section.lines:
            said = _said(line)
            if _is_door(section, said):
                lines += _opened(line, said, next(doors))
            elif section.name in backends and _is_place(said):
                lines.append(_written(line, _at_place(_spelled(line), next(places), opened.every)))
            else:
                lines += _kept(section, line, said, moves=moves)
        sections.append(replace(section, lines=tuple(lines)))
    return replace(made, config=replace(made.config, sections=tuple(sections)))


def _requiring(made: build.Build) -> frozenset[str]:
    """The listeners whose load balancers must send a PROXY header."""
    return frozenset(name for name, one in (made.site.spec.listeners or {}).items() if one.accept_proxy == "required")


def _said(line: tree.Line) -> tuple[str, ...]:
    """The words as HAProxy reads them; an environment variable stands as it is written."""
    if not line.opaque:
        return tuple(f"{word.before}${{{word.name}}}{word.after}" if isinstance(word, tree.Env) else word for word in line.words)
    return tuple(word.value for word in words.scan(str(line.words[0])).words) or ("",)


def _spelled(line: tree.Line) -> list[tree.Word]:
    """The words as they are written, quotes and all, where a user wrote them."""
    return [word.raw for word in words.scan(str(line.words[0])).words] if line.opaque else list(line.words)


def _written(line: tree.Line, changed: list[tree.Word]) -> tree.Line:
    return replace(line, words=(" ".join(map(str, changed)),) if line.opaque else tuple(changed))


def _is_door(section: tree.Section, said: Sequence[str]) -> bool:
    """A socket for clients; those between layers are in the folder of sockets, which is private anyway."""
    return section.kind == "frontend" and said[0] == "bind" and len(said) > 1 and "${HAPILOT_RUN}" not in said[1]


def _is_place(said: Sequence[str]) -> bool:
    return said[0] in _SERVERS and len(said) > _SERVERS[said[0]]


def _is_unix(said: Sequence[str]) -> bool:
    return said[1].startswith(("unix@", "abns@", "/"))


def _door(section: tree.Section, said: Sequence[str], *, balanced: bool) -> Door:
    bare = not balanced and (_PROXY in said or _is_unix(said))
    found = _ADDRESS.fullmatch(said[1].partition(",")[0])
    if found is None or _is_unix(said):
        return Door(section.name, "", None, bare, balanced, _is_unix(said))
    return Door(section.name, found["six"] or found["four"] or "0.0.0.0", int(found["port"]), bare, balanced)  # noqa: S104 - told, not opened


def _place(made: build.Build, use: build.BackendUse, said: Sequence[str]) -> Place:
    one = made.site.spec.services[use.service]
    health = one.health if isinstance(one.health, service.Health) else service.Health()
    return Place(
        backend=use.backend,
        service=use.service,
        server=said[1],
        protocol=one.protocol,
        proxied=any(word.startswith("send-proxy") for word in said),
        http2=any(word == "h2" or word.startswith("h2,") for word in said[3:]),
        check=health.http or "",
        status=next((status for status in health.expect if status >= 200), 200),
    )


def _opened(line: tree.Line, said: Sequence[str], opening: Opening) -> Iterator[tree.Line]:
    """The line of a door at its private socket. The rules that look at the peer before the header is read, the listener's own and the
    user's, see the load balancer there (manual, section 4.2, "tcp-request connection set-src")."""
    proxy = (_PROXY,) if _PROXY in said or not _is_unix(said) else ()
    yield _written(line, [*_at_door(_spelled(line), opening.descriptor), *proxy])
    if opening.balancer:
        address = f"ipv{6 if ':' in opening.balancer else 4}({opening.balancer})"
        here = ("if", "{", "dst_port", str(opening.port), "}")
        yield tree.line("tcp-request", "connection", "set-src", address, *here, comment="the load balancer")


def _at_door(spelled: list[tree.Word], descriptor: int) -> list[tree.Word]:
    """The same door at the open socket ``descriptor``, up to whether it takes a PROXY header."""
    rest = _without(spelled[2:], {"mode", "user", "group", "uid", "gid", "interface"})
    return ["bind", f"fd@{descriptor}", *(word for word in rest if word not in ("v6only", "v4v6", _PROXY))]


def _at_place(spelled: list[tree.Word], port: int, every: int) -> list[tree.Word]:
    """The same server on loopback; its certificate is issued by the CA of the stand-ins."""
    at = _SERVERS[str(spelled[0])]
    rest = _without(spelled[at + 1 :], _OUTSIDE)
    changed = {"ca-file": AUTHORITY, "inter": f"{every}ms", "fastinter": f"{every}ms", "downinter": f"{every}ms"}
    return [*spelled[:at], f"127.0.0.1:{port}", *_replaced(rest, changed)]


def _without(spelled: Sequence[tree.Word], names: frozenset[str] | set[str]) -> list[tree.Word]:
    """Without the named words and the value behind each."""
    kept: list[tree.Word] = []
    rest = iter(spelled)
    for word in rest:
        if word in names:
            next(rest, None)
        else:
            kept.append(word)
    return kept


def _replaced(spelled: Sequence[tree.Word], values: Mapping[str, str]) -> Iterator[tree.Word]:
    """With other values behind the named words."""
    before: tree.Word = ""
    for word in spelled:
        yield values.get(str(before), word)
        before = word


def _kept(section: tree.Section, line: tree.Line, said: Sequence[str], *, moves: bool) -> list[tree.Line]:
    """A line that is about nothing outside stays as it is. With ``moves``, a rule about bare connections waits for the PROXY header."""
    head = (*said, "", "")[:3]
    if head[0] == "log" and head[1] not in ("global", "stdout", "stderr"):
        return [tree.line("log", "stderr", "format", "raw", "local0", origin=line.origin)]
    if head[0] == "source" or (head[:2] == ("stats", "socket") and line.opaque):
        return []
    if section.kind == "frontend" and head[:2] == ("tcp-request", "connection") and not head[2].startswith("expect-") and moves:
        # These rules come before the PROXY header is read and would see loopback; "session" ones see the client (manual, section 4.2).
        return [_written(line, [*_spelled(line)[:1], "session", *_spelled(line)[2:]])]
    return [line]
