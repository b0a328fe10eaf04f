"""Who the client is: headers that a client can forge, and PROXY headers that anybody may send."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from hapilot.base.diagnostics import Severity
from hapilot.lint import acls, addresses, covering, expressions, options, routing
from hapilot.lint.acls import Criterion
from hapilot.lint.context import Context, Directive, Section
from hapilot.lint.finding import Hit
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule

_FORWARDED = re.compile(r"(?i)x-forwarded-(?:for|proto|host|port)|x-real-ip|forwarded|x-client-ip|true-client-ip")
_ADDRESSES = re.compile(r"(?i)x-forwarded-for|x-real-ip|x-client-ip|true-client-ip")
_HEADER_FETCH = re.compile(r"(?i)(?:req\.)?hdr(?:_ip)?\((x-forwarded-for|x-real-ip|x-client-ip|true-client-ip)")
_ADDRESS_FETCHES = frozenset({"hdr", "hdr_ip", "req.hdr", "req.hdr_ip"})
_DECIDING = frozenset({"allow", "deny", "reject", "silent-drop", "tarpit"})


def _forwardfor(context: Context) -> Iterator[Hit]:
    fronts = context.once(routing.fronts_by_backend)
    leading = {route.section for route in context.once(routing.routes)} | set(context.once(options.servers_by_section))
    seen: set[Directive] = set()
    for section in context.proxies:
        directive = section.option("forwardfor")
        if directive is None or directive in seen or section.mode != "http":
            continue
        header = directive.words[directive.words.index("header") + 1] if "header" in directive.words[:-1] else "X-Forwarded-For"
        users = [section] if section.is_front else list(fronts.get(section.name, ()))
        users = [user for user in users if user in leading]
        own = _cleans(context, section, header)
        open_to = None if own else next((user for user in users if _lets_in(context, user, header)), None)
        if open_to is not None:
            seen.add(directive)
            what = "is believed as it comes" if "if-none" in directive.words else "stays in front of the true one"
            yield Hit(directive.line, f"a {header} header that a client of {open_to.kind} {open_to.name!r} sends {what}", 1)


def _lets_in(context: Context, front: Section, header: str) -> bool:
    """Whether a client of a frontend can send the header on."""
    return front.mode == "http" and not _is_local(context, front) and not _cleans(context, front, header)


def _is_local(context: Context, section: Section) -> bool:
    """Whether only programs of this machine are clients: another layer of the same proxy, that has cleaned the header."""
    found = context.once(options.binds_by_section).get(section, ())
    return bool(found) and all(addresses.parse(address).is_local for bind in found for address in bind.addresses)


def _cleans(context: Context, section: Section, header: str) -> bool:
    """Whether a rule takes the header away or sets it before it goes to a server."""
    known = context.once(_cleaning)
    if (section, header) not in known:
        known[section, header] = any(_takes(each, header.lower()) for each in _header_rules(section))
    return known[section, header]


def _cleaning(_: Context) -> dict[tuple[Section, str], bool]:
    """What ``_cleans`` has found out already."""
    return {}


def _header_rules(section: Section) -> Iterator[Directive]:
    yield from section.all_lines("http-request")
    for keyword in ("reqdel", "reqidel"):
        yield from section.lines(keyword)


def _takes(directive: Directive, header: str) -> bool:
    if directive.keyword.startswith("req"):
        return header in directive.words[1].lower() if len(directive.words) > 1 else False
    action, name = (*directive.words[1:3], "", "")[:2]
    name = name.lower()
    if action == "set-header":
        return name == header
    if action == "del-header":
        is_pattern = "-m" in directive.words
        return header.startswith(name.rstrip(".*").lstrip("^")) if is_pattern else name == header
    return action in ("deny", "reject", "return") and any(header in word.lower() for word in directive.words[2:])


def _added(context: Context) -> Iterator[Hit]:
    for section in context.of_kind("frontend", "listen", "backend", "defaults"):
        if section.is_front and _is_local(context, section):
            continue
        takers: dict[str, list[Directive]] = {}
        for directive in section.lines("http-request"):
            action, name = (*directive.words[1:3], "", "")[:2]
            if action not in ("add-header", "set-header") or not _FORWARDED.fullmatch(name):
                continue
            if action == "set-header" and _only_without(directive, name):
                yield Hit(directive.line, f"the {name} that a client sends itself is believed as it comes", 1, "set it in every case")
                continue
            if name not in takers:
                takers[name] = [each for each in section.all_lines("http-request") if _takes(each, name.lower())]
            if any(each is not directive for each in takers[name][:2]):
                continue
            if action == "add-header":
                yield Hit(directive.line, f"`add-header` leaves the {name} that a client sends in front of this one", 1, "use `set-header`")
            elif _only_on_tls(directive) and _has_clear_bind(context, section):
                message = f"without TLS the {name} that a client sends goes to the server as it is"
                yield Hit(directive.line, message, 1, f"put `http-request del-header {name}` before it, or set it in both cases")


def _only_without(directive: Directive, name: str) -> bool:
    """Whether a rule is only for requests that have no such header yet."""
    condition = directive.condition
    return condition is not None and any(
        term.negated == (condition.sign == "if") and criterion.expression.fetch.arguments.partition(",")[0].lower() == name.lower()
        for term in condition.terms
        for criterion in acls.of_words(directive, term.at + 1, term.words)
    )


def _believed(context: Context) -> Iterator[Hit]:
    """Rules that decide by who the client says it is, where everybody can be the client."""
    for section in context.of_kind("frontend", "listen"):
        if section.mode != "http" or _is_local(context, section) or _is_guarded(section):
            continue
        named = context.once(acls.named_by_section).get(section, {})
        for directive in section.lines("http-request"):
            action = directive.word(1)
            if action == "set-src" and directive.condition is None and (found := _HEADER_FETCH.match(directive.word(2))):
                message = f"whoever sends a {found[1]} header is taken for the client it names"
                yield Hit(directive.line, message, 1, "say for which proxies: `http-request set-src … if { src 10.0.0.0/24 }`")
            elif action in _DECIDING and (asked := _asked_header(directive, named)):
                yield Hit(directive.line, f"this decides by the {asked} header, which clients write themselves", 1, "ask `src`")


def _asked_header(directive: Directive, named: Mapping[str, Sequence[Criterion]]) -> str:
    """The header with the client's address by which alone a rule decides."""
    terms = list(directive.condition.terms) if directive.condition else []
    fetches = [each.expression.fetch for term in terms for each in covering.of_term(term, directive, named)]
    if any(fetch.name.startswith(("src", "var", "http_auth", "ssl_c_")) for fetch in fetches):
        return ""
    asked = (fetch.arguments.partition(",")[0] for fetch in fetches if fetch.name in _ADDRESS_FETCHES)
    return next((name for name in asked if _ADDRESSES.fullmatch(name)), "")


def _check_headers(context: Context) -> Iterator[Hit]:
    yield from _added(context)
    yield from _believed(context)


def _only_on_tls(directive: Directive) -> bool:
    if directive.condition is None or directive.condition.sign != "if":
        return False
    terms = list(directive.condition.terms)
    return len(terms) == 1 and not terms[0].negated and terms[0].words[:1] == ("ssl_fc",)


def _has_clear_bind(context: Context, section: Section) -> bool:
    found = context.once(options.binds_by_section).get(section, ())
    sends_on = any("https" in each.words for key in ("redirect", "http-request") for each in section.lines(key) if "redirect" in each.words)
    return not sends_on and any("ssl" not in bind.options for bind in found)


def _proxy_protocol(context: Context) -> Iterator[Hit]:
    for bind in context.once(options.binds):
        if "accept-proxy" not in bind.options or not bind.directive.is_known(1):
            continue
        if any(addresses.parse(address).is_public for address in bind.addresses) and not _is_guarded(bind.section):
            yield Hit(
                bind.directive.line, "whoever can connect here may claim any client address by a PROXY header", bind.places["accept-proxy"]
            )
    for section in context.of_kind("frontend", "listen"):
        for directive in section.lines("tcp-request", "connection", "expect-proxy"):
            if directive.condition is None and not _is_guarded(section) and not _is_local(context, section):
                yield Hit(directive.line, "whoever can connect here may claim any client address by a PROXY header", 2)


def _is_guarded(section: Section) -> bool:
    """Whether connections are refused by the address they truly come from, which rules on connections still see."""
    return any(
        any(expression.fetch.name in ("src", "src_is_local") for expression in expressions.of_line(each.words, each.condition))
        or each.condition is not None
        for each in section.all_lines("tcp-request", "connection")
        if each.words[2:3] in (("reject",), ("accept",), ("silent-drop",))
    )


def _in_tcp(context: Context) -> Iterator[Hit]:
    seen: set[Directive] = set()
    for section in context.proxies:
        directive = section.option("forwardfor")
        if directive is not None and section.mode == "tcp" and directive not in seen:
            seen.add(directive)
            yield Hit(directive.line, f"{section.kind} {section.name!r} is in TCP mode, where no header can be added", 1)


_SITE = """\
frontend web
    bind :8080
{}    default_backend app

backend app
    server app1 10.0.0.20:8080
"""

RULES = (
    Rule(
        code="forwarded-for-spoofable",
        title="A client can forge its address in X-Forwarded-For",
        severity=Severity.WARNING,
        reason="`option forwardfor` appends a header and keeps what the client sent. Applications that take the first address believe "
        "the client, and access lists, rate limits and logs become worthless.",
        hint="put `http-request del-header X-Forwarded-For` before it, in the frontend",
        source=f"{MANUAL}#4.2-option%20forwardfor",
        failing=TIMEOUTS + _SITE.format("    option forwardfor\n"),
        passing=TIMEOUTS + _SITE.format("    http-request del-header X-Forwarded-For\n    option forwardfor\n"),
        check=_forwardfor,
    ),
    Rule(
        code="forwarded-header-spoofable",
        title="A client can forge X-Forwarded-Proto and its like",
        severity=Severity.WARNING,
        reason="Applications decide by these headers who the client is, whether a connection was encrypted and which site was asked, "
        "and so do rules of HAProxy. What a client sends itself must not reach them.",
        hint="use `http-request set-header`, in every case",
        source=f"{MANUAL}#4.2-http-request%20set-header",
        failing=TIMEOUTS + _SITE.format("    http-request add-header X-Forwarded-Proto http\n"),
        passing=TIMEOUTS + _SITE.format("    http-request set-header X-Forwarded-Proto http\n"),
        check=_check_headers,
    ),
    Rule(
        code="proxy-protocol-open",
        title="PROXY headers are taken from anybody",
        severity=Severity.WARNING,
        reason="A PROXY header says who the client is, and HAProxy believes it. On an address that others than the load balancer can "
        "reach, anybody can be anybody.",
        hint="refuse others first: `tcp-request connection reject unless { src 10.0.0.0/24 }`",
        source=f"{MANUAL}#5.1-accept-proxy",
        failing=TIMEOUTS + _SITE.format("").replace(":8080\n", ":8080 accept-proxy\n", 1),
        passing=TIMEOUTS
        + _SITE.format("    tcp-request connection reject unless { src 10.0.0.0/24 }\n").replace(":8080\n", ":8080 accept-proxy\n", 1),
        check=_proxy_protocol,
    ),
    Rule(
        code="forwardfor-in-tcp",
        title="`option forwardfor` in TCP mode",
        severity=Severity.WARNING,
        reason="In TCP mode HAProxy sees bytes and no headers: it warns and ignores the option, and the servers see HAProxy's address "
        "as the client's.",
        hint="set `no option forwardfor` there; to tell the servers who the client is, use `send-proxy-v2`",
        source=f"{MANUAL}#4.2-option%20forwardfor",
        failing=TIMEOUTS + _SITE.format("").replace("bind :8080\n", "bind :8080\n    mode tcp\n    option forwardfor\n") + "    mode tcp\n",
        passing=TIMEOUTS + _SITE.format("").replace("bind :8080\n", "bind :8080\n    mode tcp\n") + "    mode tcp\n",
        check=_in_tcp,
    ),
)
