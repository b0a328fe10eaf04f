"""Sections, prepared: each frontend, backend and listen section with its sockets, rules and servers, read once.

Comes in: a configuration tree and the environment. Goes out: :class:`Sections`. Used by ``evaluator``, read by ``streams`` and ``servers``.
What stands in a ``defaults`` section holds for the proxies behind it (configuration manual, section 4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import conditions, counters, directives, rules, users, written
from hapilot.languages.haproxy.evaluate.binds import parse_servers
from hapilot.languages.haproxy.evaluate.proxies import Proxy
from hapilot.languages.haproxy.evaluate.values import Unknown

_PROXIES = frozenset({"frontend", "backend", "listen"})


@dataclass(frozen=True, slots=True)
class Sections:
    """All proxies, and those that can be a backend by name; user lists and stick tables by name."""

    proxies: tuple[Proxy, ...]
    backends: Mapping[str, Proxy]
    users: Mapping[str, users.UserList]
    tables: Mapping[str, counters.StickTable]
    has_agents: bool = False
    """Whether others than rules set variables."""


IsOwn = Callable[[str, tree.Line], bool]
"""Whether hapilot made a line in the proxy of a name."""


def prepare(config: tree.Config, environment: Mapping[str, str], is_own: IsOwn = lambda name, line: True) -> Sections:
    """Reads a whole tree. What it does not understand becomes a rule that is Unknown when it is reached. ``is_own`` tells, by the
    name of the proxy, which lines hapilot made; others are a user's."""
    last: list[written.Written] = []
    by_name: dict[str, list[written.Written]] = {}
    proxies: list[Proxy] = []
    lists: dict[str, users.UserList] = {}
    blocks = 0
    for section, read in written.sections(config, environment):
        inherited = by_name.get(section.inherits, []) if section.inherits else last
        is_perhaps = blocks > 0
        blocks += sum(_BLOCKS.get(each.words[0], 0) for each in read if each.words and each.line.opaque)
        if section.kind == "defaults":
            # Only what is named behind "from" comes from another defaults section; the one above is reset.
            last = by_name[section.name] = [*(inherited if section.inherits else ()), *read]
        elif section.kind in _PROXIES:
            proxy = _proxy(section, (inherited, read), len(proxies) + 1, is_own)
            if is_perhaps and read:
                proxy.obstacle = (read[0].line, "the section is in an .if block")
            proxies.append(proxy)
        elif section.kind == "userlist":
            lists[section.name] = users.parse(each.words for each in read)
    tables = {proxy.table.name: proxy.table for proxy in proxies if proxy.table is not None}
    has_agents = any(proxy.has_agent for proxy in proxies)
    return Sections(tuple(proxies), {proxy.name: proxy for proxy in proxies if proxy.kind != "frontend"}, lists, tables, has_agents)


def _proxy(section: tree.Section, parts: Sequence[Sequence[written.Written]], number: int, is_own: IsOwn) -> Proxy:
    """A proxy from what it inherits and what is its own; an ACL is known only in the part it stands in (manual, 4.2 "acl")."""
    proxy = Proxy(section.kind, section.name, number)
    default_server: list[str] = []
    for read in parts:
        acls, own_stats = _acls(read), False
        for each in read:
            word = next(iter(each.words), "")
            if word == "stats" and not own_stats:
                proxy.stats, own_stats = None, True  # its own lines take the place of all that it inherits
            if word == "default-server":
                default_server += each.words[1:]
            elif word.startswith(".") and not each.line.opaque:
                continue
            elif word in ("server", "server-template"):
                proxy.servers += parse_servers(each.line, each.words, default_server)
                if not written.is_known((*each.words[:2], *each.words[3 if word == "server" else 2 :], *default_server)):
                    proxy.obstacle = proxy.obstacle or (each.line, each.missing or "an environment variable")
            else:
                directives.read(proxy, each, rules.Place(acls, each.missing, not is_own(section.name, each.line)))
    return proxy


_BLOCKS = {".if": 1, ".endif": -1}
"""Hapilot's own blocks hold nothing that matters here."""


def _acls(read: Sequence[written.Written]) -> conditions.Acls:
    acls: dict[str, list[conditions.Test | Unknown]] = {}
    for each in read:
        if len(each.words) > 2 and each.words[0] == "acl":
            acls.setdefault(each.words[1], []).append(conditions.read_test(each.words[2:]))
    return acls
