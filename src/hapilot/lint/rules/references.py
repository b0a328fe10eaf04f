"""Names that lead nowhere, names nobody asks for, and names that exist twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from hapilot.base.diagnostics import Severity
from hapilot.lint import acls, edits, expressions, nearest, options, routing
from hapilot.lint.context import Context, Directive, Section
from hapilot.lint.finding import Hit
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule

_WORD = re.compile(r"[A-Za-z0-9_.:-]+")
_SHARED = frozenset(
    {"check", "inter", "fastinter", "downinter", "rise", "fall", "weight", "maxconn", "minconn", "cookie", "id", "slowstart"}
)
"""Options that don't change which server it is."""
_SECTIONS = {
    "resolvers": "resolvers",
    "use-fcgi-app": "fcgi-app",
    "cache-use": "cache",
    "cache-store": "cache",
    "errorfiles": "http-errors",
    "mailers": "mailers",
    "peers": "peers",
}
"""A word of a line to the kind of section that the next word names."""


def _acl_undefined(context: Context) -> Iterator[Hit]:
    for section in context.of_kind("frontend", "listen", "backend", "defaults"):
        known = acls.defined(section)
        for directive in section.own:
            for term in directive.condition.terms if directive.condition else ():
                if term.name and term.name not in known and term.name not in acls.PREDEFINED and directive.is_known(term.at):
                    near = nearest.suggestion(term.name, known)
                    yield Hit(directive.line, f"there is no acl {term.name!r} in {section.kind} {section.name!r}", term.at, near)


def _acl_unused(context: Context) -> Iterator[Hit]:
    for section in context.of_kind("frontend", "listen", "backend", "defaults"):
        known = acls.defined(section)
        if not known:
            continue
        used = {term.name for each in section.own if each.condition for term in each.condition.terms}
        used |= {name for each in section.own for name in _asked_by_fetch(each)}
        for name, lines in known.items():
            if name not in used:
                yield Hit(lines[0].line, f"no rule of {section.kind} {section.name!r} asks acl {name!r}", 1)


def _asked_by_fetch(directive: Directive) -> Iterator[str]:
    """The names between the parentheses of the fetch ``acl()``."""
    if not any("acl(" in word for word in directive.words):
        return
    for expression in expressions.of_line(directive.words, directive.condition):
        if expression.fetch.name == "acl":
            yield from (name.strip().lstrip("!") for name in expression.fetch.arguments.split(","))


def _undefined(context: Context) -> Iterator[Hit]:
    known = {kind: {each.name for each in context.of_kind(kind)} for kind in (*_SECTIONS.values(), "userlist", "defaults")}
    backends = context.once(routing.backends_by_name)
    seen: set[Directive] = set()
    for route in context.once(routing.routes):
        if route.name and route.name not in backends and route.directive not in seen:
            seen.add(route.directive)
            near = nearest.suggestion(route.name, backends)
            yield Hit(route.directive.line, f"there is no backend {route.name!r}", 1, near)
    for section in context.of_kind("frontend", "listen", "backend", "defaults"):
        if section.head.words[-2:-1] == ("from",) and section.head.words[-1] not in known["defaults"]:
            last = len(section.head.words) - 1
            yield Hit(section.head.line, f"there is no defaults section {section.head.words[last]!r}", last)
        for directive in section.own:
            yield from _undefined_sections(directive, known)
    yield from _undefined_servers(context)
    yield from _undefined_tracks(context)
    yield from _undefined_tables(context)


def _undefined_sections(directive: Directive, known: Mapping[str, set[str]]) -> Iterator[Hit]:
    limit = directive.condition.at if directive.condition else len(directive.words)
    for at, word in enumerate(directive.words[: limit - 1]):
        kind = _SECTIONS.get(word, "")
        if kind and _names_section(directive, at) and directive.is_known(at + 1) and directive.words[at + 1] not in known[kind]:
            near = nearest.suggestion(directive.words[at + 1], known[kind])
            yield Hit(directive.line, f"there is no {kind} section {directive.words[at + 1]!r}", at + 1, near)
    if any("http_auth" in word for word in directive.words):
        for expression in expressions.of_line(directive.words, directive.condition):
            wanted = expression.fetch.arguments.partition(",")[0]
            if expression.fetch.name.startswith("http_auth") and wanted and wanted not in known["userlist"]:
                yield Hit(
                    directive.line, f"there is no userlist {wanted!r}", expression.word, nearest.suggestion(wanted, known["userlist"])
                )


def _names_section(directive: Directive, at: int) -> bool:
    """Whether the word is the one that a section's name follows, in this directive."""
    wanted = {"resolvers": ("server", "default-server", "server-template"), "peers": ("stick-table",), "mailers": ("email-alert",)}
    word = directive.words[at]
    if word in wanted:
        return directive.keyword in wanted[word] and at > 0
    return at == (0 if word in ("use-fcgi-app", "errorfiles") else 1)


def _undefined_servers(context: Context) -> Iterator[Hit]:
    by_section = context.once(options.servers_by_section)
    for section in context.proxies:
        has_template = any(True for _ in section.lines("server-template"))
        known = {server.name for server in by_section.get(section, ())}
        for directive in section.lines("use-server"):
            name = directive.words[1] if directive.is_known(1) else ""
            if name and "%" not in name and name not in known and not has_template:
                yield Hit(directive.line, f"{section.kind} {section.name!r} has no server {name!r}", 1, nearest.suggestion(name, known))


def _undefined_tracks(context: Context) -> Iterator[Hit]:
    """``track [backend/]server``."""
    by_section = context.once(options.servers_by_section)
    backends = context.once(routing.backends_by_name)
    names = {section: {server.name for server in servers} for section, servers in by_section.items()}
    for server in context.once(options.servers):
        if "track" not in server.places or not server.directive.is_known(server.places["track"] + 1):
            continue
        wanted = "".join(server.options["track"])
        back, _, name = wanted.rpartition("/")
        section = backends.get(back) if back else server.section
        is_known = section is not None and ("server-template" in section.by_keyword or name in names.get(section, ()))
        if wanted and not is_known:
            yield Hit(server.directive.line, f"there is no server {wanted!r} to track", server.places["track"] + 1)


def _undefined_tables(context: Context) -> Iterator[Hit]:
    """``table NAME`` behind rules that count: a proxy, or ``PEERS/TABLE``."""
    known = {section.name for section in context.proxies}
    known |= {f"{section.name}/{each.word(1)}" for section in context.of_kind("peers") for each in section.lines("table")}
    for section in context.of_kind("frontend", "listen", "backend", "defaults"):
        for keyword in ("http-request", "http-response", "tcp-request", "stick"):
            for directive in section.lines(keyword):
                at = _table_place(directive)
                if at and directive.is_known(at) and directive.words[at] not in known:
                    near = nearest.suggestion(directive.words[at], known)
                    yield Hit(directive.line, f"there is no proxy {directive.words[at]!r} with a table", at, near)


def _table_place(directive: Directive) -> int:
    """The index of the table's name; 0 where none is named."""
    counts = directive.keyword == "stick" or any(word.startswith("track-sc") for word in directive.words[1:3])
    limit = directive.condition.at if directive.condition else len(directive.words)
    words = directive.words[:limit]
    return words.index("table") + 1 if counts and "table" in words[:-1] else 0


def _backend_unused(context: Context) -> Iterator[Hit]:
    has_lua = any(True for section in context.of_kind("global") for key in ("lua-load", "lua-load-per-thread") for _ in section.lines(key))
    if has_lua or context.once(routing.is_dynamic) or not any(section.is_front for section in context.proxies):
        return
    unused = {section.name: section for section in context.of_kind("backend") if section.name}
    for section in context.sections:
        for directive in section.own:
            for word in directive.words[1:]:
                for name in () if not unused else (word, *_WORD.findall(word)) if not word.isalnum() else (word,):
                    unused.pop(name, None)
    for section in unused.values():
        if not any(True for _ in section.lines("stick-table")):
            yield Hit(section.head.line, f"nothing leads to backend {section.name!r}", 1)


def _duplicate_names(context: Context) -> Iterator[Hit]:
    seen: dict[tuple[str, str], Section] = {}
    for section in context.proxies:
        sides = [side for side, is_it in (("front", section.is_front), ("back", section.is_back)) if is_it]
        earlier = next((seen[side, section.name] for side in sides if (side, section.name) in seen), None)
        if earlier is not None and section.name:
            place = f"{earlier.head.line.file}:{earlier.head.line.number}"
            yield Hit(section.head.line, f"{earlier.kind} {earlier.name!r} exists already, at {place}", 1)
        seen |= {(side, section.name): section for side in sides if (side, section.name) not in seen}


def _duplicate_servers(context: Context) -> Iterator[Hit]:
    for section, servers in context.once(options.servers_by_section).items():
        by_name: dict[str, options.Server] = {}
        by_address: dict[object, options.Server] = {}
        for server in servers:
            directive = server.directive
            if directive.keyword != "server" or not (directive.is_known(1) and directive.is_known(2)):
                continue
            named, addressed = by_name.setdefault(server.name, server), by_address.setdefault(_reached(server), server)
            if named is not server:
                same = named.directive.words == directive.words
                fix = edits.removed(directive.line) if same else ()
                message = f"{section.kind} {section.name!r} has a server {server.name!r} already, in line {named.directive.line.number}"
                yield Hit(directive.line, message, 1, edits=fix, severity=Severity.ERROR)
            elif addressed is not server and ":" in server.address and "port" not in server.options:
                message = f"server {addressed.name!r} in line {addressed.directive.line.number} has the same address {server.address}"
                yield Hit(directive.line, message, 2, "one program gets twice the share: use `weight`, or take one of them out")


def _reached(server: options.Server) -> object:
    """What is reached and how: one address may stand for two servers, told apart by name, source or protocol."""
    own = tuple((name, values) for name, values in sorted(server.options.items()) if name not in _SHARED)
    return server.address, own


def _duplicate_binds(context: Context) -> Iterator[Hit]:
    seen: dict[str, options.Bind] = {}
    for bind in context.once(options.binds):
        if not bind.directive.is_known(1) or bind.options.keys() & {"interface", "namespace", "process", "thread", "shards"}:
            continue
        for address in bind.addresses:
            earlier = seen.setdefault(address, bind)
            if earlier is not bind and not address.startswith(("fd@", "sockpair@")):
                place = f"{earlier.section.kind} {earlier.section.name!r}, line {earlier.directive.line.number}"
                yield Hit(bind.directive.line, f"{address} is bound already by {place}", 1)


_TWO = """\
frontend web
    bind :8080
{}
backend app
    server app1 10.0.0.20:8080
"""

RULES = (
    Rule(
        code="acl-undefined",
        title="A condition names an ACL that is not defined",
        severity=Severity.ERROR,
        reason="HAProxy refuses the configuration. ACLs are seen only in the section that defines them.",
        hint="define it in this section, or correct the name",
        source=f"{MANUAL}#7.2",
        failing=TIMEOUTS + _TWO.format("    acl is_api path_beg /api\n    use_backend app if is_app is_api\n"),
        passing=TIMEOUTS + _TWO.format("    acl is_api path_beg /api\n    use_backend app if is_api\n"),
        check=_acl_undefined,
    ),
    Rule(
        code="acl-unused",
        title="An ACL that no rule asks",
        severity=Severity.WARNING,
        reason="Either it is left over, or the rule that should ask it is missing, and something is not protected or not routed as its "
        "author thinks.",
        hint="use it in a rule, or take it out",
        source=f"{MANUAL}#7.2",
        failing=TIMEOUTS + _TWO.format("    acl is_internal src 10.0.0.0/8\n    default_backend app\n"),
        passing=TIMEOUTS
        + _TWO.format("    acl is_internal src 10.0.0.0/8\n    http-request deny unless is_internal\n    default_backend app\n"),
        check=_acl_unused,
    ),
    Rule(
        code="reference-undefined",
        title="A name that leads nowhere",
        severity=Severity.ERROR,
        reason="HAProxy refuses a configuration that names a backend, server, userlist, resolvers, cache, peers or errors section that "
        "does not exist.",
        hint="define it, or correct the name",
        source=f"{MANUAL}#4.2-use_backend",
        failing=TIMEOUTS + _TWO.format("    use_backend api if { path_beg /api }\n    default_backend app\n"),
        passing=TIMEOUTS + _TWO.format("    default_backend app\n"),
        check=_undefined,
    ),
    Rule(
        code="backend-unused",
        title="A backend that nothing leads to",
        severity=Severity.WARNING,
        reason="Its servers are checked and shown on the statistics page and never get a request. Often a `use_backend` was lost.",
        hint="add the `use_backend` that leads to it, or take it out",
        source=f"{MANUAL}#4.2-use_backend",
        failing=TIMEOUTS + _TWO.format("    default_backend app\n") + "\nbackend old\n    server old1 10.0.0.21:8080\n",
        passing=TIMEOUTS + _TWO.format("    default_backend app\n"),
        check=_backend_unused,
    ),
    Rule(
        code="name-duplicate",
        title="Two proxies with one name",
        severity=Severity.ERROR,
        reason="HAProxy refuses two frontends, or two backends, of the same name; a `listen` counts as both.",
        hint="rename one of them",
        source=f"{MANUAL}#4",
        failing=TIMEOUTS + _TWO.format("    default_backend app\n") + "\nbackend app\n    server app2 10.0.0.21:8080\n",
        passing=TIMEOUTS
        + _TWO.format("    use_backend api if { path_beg /api }\n    default_backend app\n")
        + "\nbackend api\n    server app2 10.0.0.21:8080\n",
        check=_duplicate_names,
    ),
    Rule(
        code="server-duplicate",
        title="A server twice in one backend",
        severity=Severity.WARNING,
        reason="Two servers of one name are refused. One address under two names gets twice the share of the load and hides that there "
        "is no second server to take over.",
        hint="take one of them out, or give it its own name and address",
        source=f"{MANUAL}#4.2-server",
        failing=TIMEOUTS
        + _TWO.format("    default_backend app\n").replace("server app1 10.0.0.20:8080", "server app1 10.0.0.20:8080 check")
        + "    server app2 10.0.0.20:8080 check\n",
        passing=TIMEOUTS
        + _TWO.format("    default_backend app\n").replace("server app1 10.0.0.20:8080", "server app1 10.0.0.20:8080 check")
        + "    server app2 10.0.0.21:8080 check\n",
        check=_duplicate_servers,
    ),
    Rule(
        code="bind-duplicate",
        title="One address bound twice",
        severity=Severity.WARNING,
        reason="The kernel gives each new connection to one of the two at random, so that half of the clients meet the other frontend.",
        hint="keep one of the `bind` lines; tell sites apart by name with `use_backend`",
        source=f"{MANUAL}#4.2-bind",
        failing=TIMEOUTS + _TWO.format("    default_backend app\n") + "\nfrontend other\n    bind :8080\n    default_backend app\n",
        passing=TIMEOUTS + _TWO.format("    default_backend app\n") + "\nfrontend other\n    bind :8081\n    default_backend app\n",
        check=_duplicate_binds,
    ),
)
