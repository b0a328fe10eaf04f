"""HTTP's directives where only bytes pass, and frontends that lead to backends of another mode."""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.base.diagnostics import Severity
from hapilot.lint import acls, covering, routing
from hapilot.lint.context import Context, Directive, Section
from hapilot.lint.finding import Hit
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule

_HTTP_ONLY = frozenset(
    {"capture", "compression", "cookie", "http-request", "http-response", "http-after-response", "monitor-uri", "redirect"}
)
_HTTP_OPTIONS = frozenset(
    {
        "accept-invalid-http-request", "accept-invalid-http-response", "accept-unsafe-violations-in-http-request",
        "accept-unsafe-violations-in-http-response", "checkcache", "forwarded", "h1-case-adjust-bogus-client",
        "h1-case-adjust-bogus-server", "http-buffer-request", "http-ignore-probes", "http-keep-alive", "http-no-delay",
        "http-pretend-keepalive", "http-restrict-req-hdr-names", "http-server-close",
        "http-use-proxy-header", "httpclose", "httplog", "httpslog", "originalto",
    }
)  # fmt: skip
_OF_REQUEST = frozenset({"path", "url", "hdr", "req.hdr", "base", "method", "cook", "req.cook", "query"})
"""Fetches of a request, up to an underscore."""
_PROXIES = frozenset({"defaults", "frontend", "listen", "backend"})
_BY_REQUEST = frozenset({"hdr", "uri", "url_param"})


def _in_tcp(context: Context) -> Iterator[Hit]:
    heirs = _heirs(context)
    for section in context.sections:
        users = [section] if section.kind != "defaults" else heirs.get(section, [])
        if not users or section.kind not in _PROXIES or any(user.mode != "tcp" or _may_switch(user) for user in users):
            continue
        for directive in section.own:
            word = _http_word(directive)
            if word is not None:
                shown = " ".join(directive.words[: word + 1])
                yield Hit(directive.line, f"`{shown}` does nothing in TCP mode, which {users[0].kind} {users[0].name!r} is in", word)


def _heirs(context: Context) -> dict[Section, list[Section]]:
    """The proxies that start from each defaults section, also through others."""
    found: dict[Section, list[Section]] = {}
    for section in context.proxies:
        parent = section.parent
        while parent is not None:
            found.setdefault(parent, []).append(section)
            parent = parent.parent
    return found


def _logs(context: Context) -> Iterator[Hit]:
    """``option httplog`` of defaults in a frontend that sees no requests; HAProxy warns, and logs connections."""
    seen: set[Directive] = set()
    for section in context.of_kind("frontend", "listen"):
        own = section.own
        if (
            section.mode != "tcp"
            or _may_switch(section)
            or any(each.keyword == "log-format" or each.starts("option", "tcplog") for each in own)
        ):
            continue
        for name in ("httplog", "httpslog"):
            directive = section.option(name)
            inherited = directive is not None and directive not in section.by_keyword.get("option", ())
            if directive is not None and inherited and directive not in seen and not _has_later_format(section, directive):
                seen.add(directive)
                message = f"{section.kind} {section.name!r} is in TCP mode and logs as with `option tcplog`"
                yield Hit(directive.line, message, 1, "add `option tcplog` to that section")


def _has_later_format(section: Section, directive: Directive) -> bool:
    """Whether ``log-format`` or ``option tcplog`` of defaults replaces it; the last of them counts."""
    formats = [*section.all_lines("log-format"), *section.all_lines("option", "tcplog")]
    return any((each.line.file, each.line.number) > (directive.line.file, directive.line.number) for each in formats)


def _check_tcp(context: Context) -> Iterator[Hit]:
    found = list(_in_tcp(context))
    yield from found
    yield from _asked_too_early(context)
    known = {hit.line for hit in found}
    yield from (hit for hit in _logs(context) if hit.line not in known)


def _asked_too_early(context: Context) -> Iterator[Hit]:
    """Routes by what a request says, in TCP mode: it is only there if a rule has waited for it."""
    for section in context.of_kind("frontend", "listen"):
        if section.mode != "tcp" or any(each.words[2:3] != ("set-var",) for each in section.all_lines("tcp-request", "content")):
            continue
        named = context.once(acls.named_by_section).get(section, {})
        for directive in section.lines("use_backend"):
            terms = directive.condition.terms if directive.condition else ()
            asked = [(term, each) for term in terms for each in covering.of_term(term, directive, named)]
            for term, criterion in asked:
                name = criterion.expression.fetch.name
                if name.partition("_")[0] in _OF_REQUEST:
                    message = f"{name} is never there: in TCP mode nobody has read a request when the backend is chosen"
                    yield Hit(directive.line, message, term.at)
                    break


def _may_switch(section: Section) -> bool:
    """``tcp-request content switch-mode http`` makes HTTP of a connection."""
    return any("switch-mode" in each.words for each in section.all_lines("tcp-request", "content"))


def _http_word(directive: Directive) -> int | None:
    """The index of the word that is about HTTP."""
    second = directive.words[1] if len(directive.words) > 1 else ""
    if directive.keyword in _HTTP_ONLY:
        return 0
    if directive.keyword == "option" and second in _HTTP_OPTIONS:
        return 1
    if directive.keyword == "stats" and second in ("enable", "uri"):
        return 1
    if directive.keyword == "balance" and second.partition("(")[0] in _BY_REQUEST:
        return 1
    return None


def _mismatch(context: Context) -> Iterator[Hit]:
    backends = context.once(routing.backends_by_name)
    for route in context.once(routing.routes):
        back = backends.get(route.name)
        front = route.section.mode
        if back is None or "disabled" in back.by_keyword or back.mode == front or (front, back.mode) == ("tcp", "http"):
            continue
        message = f"{route.section.kind} {route.section.name!r} is in {front} mode, and backend {back.name!r} in {back.mode} mode"
        yield Hit(route.directive.line, message, 1)


_SITE = """\
frontend web
    bind :8443
    mode tcp
{}    default_backend app

backend app
    mode {}
    server app1 10.0.0.20:8443
"""

RULES = (
    Rule(
        code="http-in-tcp",
        title="A directive of HTTP in TCP mode",
        severity=Severity.WARNING,
        reason="In TCP mode nobody reads requests: headers are not set, nothing is denied, no cookie is followed. HAProxy at most warns.",
        hint="set `mode http` (and end TLS there), or take it out",
        source=f"{MANUAL}#4.2-mode",
        failing=TIMEOUTS + _SITE.format("    http-request deny if { path_beg /admin }\n", "tcp"),
        passing=TIMEOUTS + _SITE.format("    tcp-request connection reject unless { src 10.0.0.0/8 }\n", "tcp"),
        check=_check_tcp,
    ),
    Rule(
        code="mode-mismatch",
        title="A frontend that leads to a backend of another mode",
        severity=Severity.ERROR,
        reason="HAProxy refuses a frontend in HTTP mode that leads to a backend in TCP mode: it has read the request already.",
        hint="give both the same mode",
        source=f"{MANUAL}#4.2-mode",
        failing=TIMEOUTS + _SITE.format("", "tcp").replace("    mode tcp\n", "    mode http\n", 1),
        passing=TIMEOUTS + _SITE.format("", "tcp"),
        check=_mismatch,
    ),
)
