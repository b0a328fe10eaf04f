"""How load is spread: by the client's address, among servers that nobody checks, and up to which number of connections."""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.base.diagnostics import Severity
from hapilot.lint import acls, addresses, options, routing
from hapilot.lint.context import Context, Directive, Section
from hapilot.lint.finding import Hit
from hapilot.lint.options import Bind, Server
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule

_FEW = 4
"""Addresses: those of a pair of load balancers in both families."""
_FILES_PER_CONNECTION = 2
"""A connection needs one file towards the client and one towards the server (management manual, section 5)."""
_CHECKS = frozenset(
    {
        "external-check", "httpchk", "ldap-check", "mysql-check", "pgsql-check", "redis-check", "smtpchk", "spop-check", "ssl-hello-chk",
        "tcp-check",
    }
)  # fmt: skip
"""Options that say what a check asks."""
_CHECKING = frozenset({"check", "agent-check", "track"})


def _source(context: Context) -> Iterator[Hit]:
    fronts = context.once(routing.fronts_by_backend)
    by_section = context.once(options.binds_by_section)
    own = _own_addresses(context)
    for section in context.proxies:
        balance = section.last("balance")
        if not section.is_back or balance is None or not balance.starts("balance", "source"):
            continue
        users = fronts.get(section.name, ())
        few = next((each for user in users if (each := _few_clients(user)) is not None), None)
        if few is not None and len(users) == 1:
            message = f"line {few.line.number} lets in {len(_patterns(few))} addresses only, which speak for all clients"
            yield Hit(balance.line, f"{message}: `balance source` sees no others", 1)
            continue
        found = [bind for user in users for bind in by_section.get(user, ())]
        if found and all(_is_behind(bind, own) for bind in found):
            behind = found[0].directive
            message = (
                f"all clients of {section.kind} {section.name!r} come through a proxy ({behind.words[1]}), so one server gets them all"
            )
            yield Hit(balance.line, message, 1)


def _few_clients(section: Section) -> Directive | None:
    """The rule that refuses all but some single addresses, where those don't say for whom they speak."""
    if any("accept-proxy" in each.words for each in section.lines("bind")) or any(
        each.words[1:2] == ("set-src",) or "expect-proxy" in each.words for each in section.own
    ):
        return None
    for directive in (*section.lines("tcp-request", "connection", "reject"), *section.lines("http-request", "deny")):
        if directive.condition is not None and directive.condition.sign == "unless" and _patterns(directive):
            return directive
    return None


def _patterns(directive: Directive) -> tuple[str, ...]:
    """The addresses of a condition that asks nothing but ``src``; none where one of them is a network or stands in a file."""
    terms = list(directive.condition.terms) if directive.condition else []
    criteria = list(acls.inline(directive))
    if len(terms) != 1 or len(criteria) != 1 or terms[0].negated or criteria[0].expression.fetch.name != "src" or criteria[0].has_files:
        return ()
    patterns = tuple(pattern for _, pattern in criteria[0].patterns)
    return patterns if len(patterns) <= _FEW and all(addresses.parse(f"[{each}]:1").ip is not None for each in patterns) else ()


def _own_addresses(context: Context) -> frozenset[str]:
    """Where servers of this configuration are that are spoken to without a PROXY header."""
    return frozenset(
        server.address for server in context.once(options.servers) if not any(name.startswith("send-proxy") for name in server.options)
    )


def _is_behind(bind: Bind, own: frozenset[str]) -> bool:
    """Whether what connects here is a proxy that does not say who its client is."""
    if "accept-proxy" in bind.options or any(True for _ in bind.section.lines("tcp-request", "connection", "expect-proxy")):
        return False
    return all(addresses.parse(each).is_local or each in own for each in bind.addresses)


def _checks(context: Context) -> Iterator[Hit]:
    for section, servers in context.once(options.servers_by_section).items():
        if section.mode not in ("tcp", "http") or any(server.directive.keyword == "server-template" for server in servers):
            continue
        unchecked = [server for server in servers if not _is_checked(server)]
        asked = _described_check(section)
        if asked is not None and len(unchecked) == len(servers):
            yield Hit(asked.line, f"this says how to check, and no server of {section.kind} {section.name!r} has `check`", 1)
        elif unchecked and len(servers) > 1:
            names = ", ".join(server.name for server in unchecked[:3]) + (" …" if len(unchecked) > 3 else "")
            yield Hit(unchecked[0].directive.line, f"nobody checks {names}: requests go to a server that is down", 1)


def _described_check(section: Section) -> Directive | None:
    """The section's own line that says what a check asks."""
    return next((each for each in section.lines("option") if each.word(1) in _CHECKS), None)


def _is_checked(server: Server) -> bool:
    return (
        bool(_CHECKING & server.options.keys())
        or "disabled" in server.options
        or server.address.startswith("unix@")
        or "observe" in server.options
    )


def _maxconn(context: Context) -> Iterator[Hit]:
    limit = _global_number(context, "maxconn")
    files = _global_number(context, "ulimit-n") or _global_number(context, "fd-hard-limit")
    if limit and files and files[1] < limit[1] * _FILES_PER_CONNECTION:
        message = f"{limit[1]} connections need {limit[1] * _FILES_PER_CONNECTION} files and more; {files[1]} are allowed"
        yield Hit(limit[0].line, message, 1)
    if not limit:
        return
    yield from _of_servers(context, limit[1])
    for section in context.of_kind("defaults", "frontend", "listen"):
        for directive in section.lines("maxconn"):
            value = directive.number(1)
            if value is not None and value > limit[1]:
                yield Hit(
                    directive.line, f"{value} connections here, and {limit[1]} for the whole process (line {limit[0].line.number})", 1
                )


def _of_servers(context: Context, limit: int) -> Iterator[Hit]:
    for server in context.once(options.servers):
        value = "".join(server.options.get("maxconn", ()))
        if "maxconn" in server.places and value.isdecimal() and int(value[:18]) > limit:
            message = f"{value} connections to server {server.name!r}, and {limit} for the whole process"
            yield Hit(server.directive.line, message, server.places["maxconn"])


def _global_number(context: Context, keyword: str) -> tuple[Directive, int] | None:
    found = None
    for section in context.of_kind("global"):
        for directive in section.lines(keyword):
            value = directive.number(1)
            if value is not None:
                found = directive, value
    return found


_LAYERS = """\
frontend tls
    bind :8443
    default_backend inner

backend inner
    server inner 127.0.0.1:12443{}

frontend web
    bind 127.0.0.1:12443{}
    default_backend app

backend app
    balance source
    server app1 10.0.0.20:8080 check
    server app2 10.0.0.21:8080 check
"""
_SITE = """\
frontend web
    bind :8080
{}    default_backend app

backend app
    server app1 10.0.0.20:8080{}
    server app2 10.0.0.21:8080 check
"""

RULES = (
    Rule(
        code="balance-source-behind-proxy",
        title="`balance source` where every client has one address",
        severity=Severity.WARNING,
        reason="`balance source` chooses the server by the client's address. Behind another proxy or NAT that address is always the "
        "same, so one server gets everything.",
        hint="let the proxy in front say who the client is (`send-proxy-v2` and `accept-proxy`), or use `leastconn` or a cookie",
        source=f"{MANUAL}#4.2-balance",
        failing=TIMEOUTS + _LAYERS.format("", ""),
        passing=TIMEOUTS + _LAYERS.format(" send-proxy-v2", " accept-proxy"),
        check=_source,
    ),
    Rule(
        code="health-check-missing",
        title="Several servers, and nobody checks them",
        severity=Severity.WARNING,
        reason="Without `check` HAProxy thinks that a server is always up, and keeps sending its share of requests to one that is down. "
        "`option httpchk` and its like only say what is asked where a server has `check`.",
        hint="add `check` to each server, or `default-server check`",
        source=f"{MANUAL}#5.2-check",
        failing=TIMEOUTS + _SITE.format("", ""),
        passing=TIMEOUTS + _SITE.format("", " check"),
        check=_checks,
    ),
    Rule(
        code="maxconn-above-limit",
        title="More connections than the process may have",
        severity=Severity.WARNING,
        reason="The process stops at its own `maxconn`, and that at the files it may open. A larger number further down never counts, "
        "and who reads it plans with what is not there.",
        hint="raise the global `maxconn` (and leave `ulimit-n` to HAProxy), or lower this one",
        source=f"{MANUAL}#3.2-maxconn",
        failing="global\n    maxconn 2000\n\n" + TIMEOUTS + _SITE.format("    maxconn 5000\n", " check"),
        passing="global\n    maxconn 10000\n\n" + TIMEOUTS + _SITE.format("    maxconn 5000\n", " check"),
        check=_maxconn,
    ),
)
