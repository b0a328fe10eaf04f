"""Sections, prepared: each frontend, backend and listen section with its sockets, rules and servers, read once.

Comes in: a configuration tree and the environment. Goes out: :class:`Sections`. Used by ``evaluator``, read by ``streams`` and ``servers``.
What stands in a ``defaults`` section holds for the proxies behind it (configuration manual, section 4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hapilot.languages.haproxy import lexer, tree
from hapilot.languages.haproxy.evaluate import (
    actions,
    actions_answer,
    actions_http,
    conditions,
    cookies,
    counters,
    formats,
    replies,
    rules,
    users,
)
from hapilot.languages.haproxy.evaluate.binds import Bind, Server, parse_binds, parse_server
from hapilot.languages.haproxy.evaluate.values import Unknown

_INHERITED = frozenset(
    {
        "acl",
        "cookie",
        "default-server",
        "default_backend",
        "errorfile",
        "http-after-response",
        "http-error",
        "http-request",
        "http-response",
        "mode",
        "monitor-uri",
        "option",
        "stats",
        "tcp-request",
    }
)
_PROXIES = frozenset({"frontend", "backend", "listen"})


@dataclass(frozen=True, slots=True)
class Switch:
    """A ``use_backend`` or ``use-server`` line: a name, perhaps dynamic, and when it holds."""

    rule: rules.Rule
    name: formats.Format


@dataclass(slots=True)
class Proxy:
    """One section. Rules are in the order of the file, each kind by itself, as HAProxy keeps them."""

    kind: str
    name: str
    number: int
    mode: Literal["tcp", "http"] = "tcp"
    waits: bool = False
    binds: list[Bind] = field(default_factory=list[Bind])
    servers: list[Server] = field(default_factory=list[Server])
    connection: list[rules.Rule] = field(default_factory=list[rules.Rule])
    session: list[rules.Rule] = field(default_factory=list[rules.Rule])
    content: list[rules.Rule] = field(default_factory=list[rules.Rule])
    http: list[rules.Rule] = field(default_factory=list[rules.Rule])
    redirects: list[rules.Rule] = field(default_factory=list[rules.Rule])
    response: list[rules.Rule] = field(default_factory=list[rules.Rule])
    after_response: list[rules.Rule] = field(default_factory=list[rules.Rule])
    errors: dict[int, replies.Reply] = field(default_factory=dict[int, replies.Reply])
    cookie: cookies.Persistence | Unknown | None = None
    table: counters.StickTable | None = None
    all_backups: bool = False
    backends: list[Switch] = field(default_factory=list[Switch])
    chosen_servers: list[Switch] = field(default_factory=list[Switch])
    default_backend: tuple[tree.Line, str] | None = None
    forward_for: tuple[tree.Line, tuple[str, ...]] | None = None
    monitor: tuple[tree.Line, str] | None = None
    stats: dict[str, tuple[tree.Line, str]] = field(default_factory=dict[str, tuple[tree.Line, str]])

    @property
    def title(self) -> str:
        """Kind and name, as in the file."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Sections:
    """All proxies, and those that can be a backend by name; user lists and stick tables by name."""

    proxies: tuple[Proxy, ...]
    backends: Mapping[str, Proxy]
    users: Mapping[str, users.UserList]
    tables: Mapping[str, counters.StickTable]


Read = tuple[tree.Line, Sequence[str]]
"""A line and its words as HAProxy reads them."""


def prepare(config: tree.Config, environment: Mapping[str, str]) -> Sections:
    """Reads a whole tree. What it does not understand becomes a rule that is Unknown when it is reached."""
    last: list[Read] = []
    by_name: dict[str, list[Read]] = {}
    proxies: list[Proxy] = []
    lists: dict[str, users.UserList] = {}
    for section in config.sections:
        read = [(line, words_of(line, environment)) for line in section.lines]
        if section.kind == "defaults":
            # Only what is named behind "from" comes from another defaults section; the one above is reset.
            kept = [(line, words) for line, words in read if words and words[0] in _INHERITED]
            last = by_name[section.name] = [*(by_name.get(section.inherits, ()) if section.inherits else ()), *kept]
        elif section.kind in _PROXIES:
            inherited = by_name.get(section.inherits, ()) if section.inherits else last
            proxies.append(_proxy(section, (inherited, read), len(proxies) + 1))
        elif section.kind == "userlist":
            lists[section.name] = users.parse(words for _, words in read)
    tables = {proxy.table.name: proxy.table for proxy in proxies if proxy.table is not None}
    return Sections(tuple(proxies), {proxy.name: proxy for proxy in proxies if proxy.kind != "frontend"}, lists, tables)


def words_of(line: tree.Line, environment: Mapping[str, str]) -> Sequence[str]:
    """The words that HAProxy sees; none for a raw line that it could not read."""
    if not line.opaque:
        return [expand(word, environment) for word in line.words]
    try:
        return lexer.split(str(line.words[0]), environment)
    except ValueError:
        return ()


def expand(word: tree.Word, environment: Mapping[str, str]) -> str:
    """A word with its environment variable replaced; one that is not set is empty."""
    return word if isinstance(word, str) else word.before + environment.get(word.name, "") + word.after


def _proxy(section: tree.Section, parts: Sequence[Sequence[Read]], number: int) -> Proxy:
    """A proxy from what it inherits and what is its own; an ACL is known only in the part it stands in (manual, 4.2 "acl")."""
    proxy = Proxy(section.kind, section.name, number)
    default_server: list[str] = []
    for read in parts:
        acls = _acls(read)
        for line, words in read:
            if words and words[0] == "default-server":
                default_server += words[1:]
            elif words and words[0] == "server":
                proxy.servers.append(parse_server(line, words, default_server))
            elif words and (reader := _READERS.get(words[0])) is not None:
                reader(proxy, line, words, acls)
    return proxy


def _acls(read: Sequence[Read]) -> conditions.Acls:
    acls: dict[str, list[conditions.Test]] = {}
    for _, words in read:
        if len(words) > 2 and words[0] == "acl":
            try:
                acls.setdefault(words[1], []).append(conditions.parse_test(words[2:]))
            except Unknown:
                continue  # every rule that names it will be Unknown
    return acls


_Reader = Callable[[Proxy, tree.Line, Sequence[str], conditions.Acls], None]


def _mode(proxy: Proxy, line: tree.Line, words: Sequence[str], acls: conditions.Acls) -> None:
    proxy.mode = "http" if len(words) > 1 and words[1] == "http" else "tcp"


def _bind(proxy: Proxy, line: tree.Line, words: Sequence[str], acls: conditions.Acls) -> None:
    proxy.binds += parse_binds(line, words, len(proxy.binds) + 1)


def _tcp_request(proxy: Proxy, line: tree.Line, words: Sequence[str], acls: conditions.Acls) -> None:
    kind = words[1] if len(words) > 1 else ""
    if kind == "inspect-delay":
        proxy.waits = True
    elif kind in ("connection", "session", "content"):
        getattr(proxy, kind).append(rules.parse(line, words[2:], actions.TCP, acls))


def _http_request(proxy: Proxy, line: tree.Line, words: Sequence[str], acls: conditions.Acls) -> None:
    proxy.http.append(rules.parse(line, words[1:], actions_http.HTTP, acls))


def _redirect(proxy: Proxy, line: tree.Line, words: Sequence[str], acls: conditions.Acls) -> None:
    proxy.redirects.append(rules.parse(line, words, actions_http.HTTP, acls))


def _response(proxy: Proxy, line: tree.Line, words: Sequence[str], acls: conditions.Acls) -> None:
    rule = rules.parse(line, words[1:], actions_answer.ANSWER, acls)
    (proxy.response if words[0] == "http-response" else proxy.after_response).append(rule)


def _http_error(proxy: Proxy, line: tree.Line, words: Sequence[str], acls: conditions.Acls) -> None:
    try:
        reply = replies.parse(words[1:], 0)
    except ValueError:
        return
    proxy.errors.pop(reply.status, None)
    if reply.source != "default-errorfiles":
        proxy.errors[reply.status] = reply


def _error_file(proxy: Proxy, line: tree.Line, words: Sequence[str], acls: conditions.Acls) -> None:
    if len(words) > 2 and words[1].isdigit():
        proxy.errors[int(words[1])] = replies.Reply(int(words[1]), source="errorfile", argument=words[2])


def _cookie(proxy: Proxy, line: tree.Line, words: Sequence[str], acls: conditions.Acls) -> None:
    try:
        proxy.cookie = cookies.parse(line, words) if len(words) > 1 else None
    except Unknown as reason:
        proxy.cookie = reason


def _stick_table(proxy: Proxy, line: tree.Line, words: Sequence[str], acls: conditions.Acls) -> None:
    proxy.table = counters.parse(proxy.name, words[1:])


def _use_backend(proxy: Proxy, line: tree.Line, words: Sequence[str], acls: conditions.Acls) -> None:
    proxy.backends.append(_switch(line, words, acls))


def _use_server(proxy: Proxy, line: tree.Line, words: Sequence[str], acls: conditions.Acls) -> None:
    proxy.chosen_servers.append(_switch(line, words, acls))


def _switch(line: tree.Line, words: Sequence[str], acls: conditions.Acls) -> Switch:
    name = words[1] if len(words) > 1 else ""
    return Switch(rules.Rule(line, lambda state, at: None, rules.parse_condition(words[2:], acls)), formats.parse(name))


def _default_backend(proxy: Proxy, line: tree.Line, words: Sequence[str], acls: conditions.Acls) -> None:
    proxy.default_backend = (line, words[1] if len(words) > 1 else "")


def _option(proxy: Proxy, line: tree.Line, words: Sequence[str], acls: conditions.Acls) -> None:
    if words[1:2] and words[1] == "forwardfor":
        proxy.forward_for = (line, tuple(words[2:]))
    elif words[1:2] and words[1] == "allbackups":
        proxy.all_backups = True


def _monitor(proxy: Proxy, line: tree.Line, words: Sequence[str], acls: conditions.Acls) -> None:
    proxy.monitor = (line, words[1] if len(words) > 1 else "")


def _stats(proxy: Proxy, line: tree.Line, words: Sequence[str], acls: conditions.Acls) -> None:
    if len(words) > 1:
        proxy.stats[words[1]] = (line, words[2] if len(words) > 2 else "")


_READERS: Mapping[str, _Reader] = {
    "mode": _mode,
    "bind": _bind,
    "tcp-request": _tcp_request,
    "http-request": _http_request,
    "redirect": _redirect,
    "http-response": _response,
    "http-after-response": _response,
    "http-error": _http_error,
    "errorfile": _error_file,
    "cookie": _cookie,
    "stick-table": _stick_table,
    "use_backend": _use_backend,
    "use-server": _use_server,
    "default_backend": _default_backend,
    "option": _option,
    "monitor-uri": _monitor,
    "stats": _stats,
}
