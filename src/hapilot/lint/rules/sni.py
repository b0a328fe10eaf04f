"""TLS passed on by name: the name is only there once the ClientHello has come."""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.base.diagnostics import Severity
from hapilot.lint import expressions
from hapilot.lint.context import Context, Directive, Section
from hapilot.lint.finding import Hit
from hapilot.lint.rule import MANUAL, Rule

_OF_HELLO = ("req.ssl_", "req_ssl_")
_WAITING = ("req.ssl_", "req_ssl_", "req.len", "req_len", "req.payload", "payload", "WAIT_END", "wait_end", "REQ_CONTENT")
"""Fetches and ACLs for which a content rule waits."""


def _check(context: Context) -> Iterator[Hit]:
    for section in context.of_kind("frontend", "listen"):
        used = _first_use(section)
        if used is None:
            continue
        directive, word, name = used
        delay = section.last("tcp-request", "inspect-delay") or _inherited_delay(section)
        names = _waiting_acls(section)
        waits = any(_waits(each, names) for each in section.all_lines("tcp-request", "content"))
        if delay is None or not waits:
            lacks = "`tcp-request inspect-delay`" if delay is None else "a `tcp-request content` rule that waits for the ClientHello"
            yield Hit(
                directive.line, f"{name} is asked before the ClientHello is there: {section.kind} {section.name!r} lacks {lacks}", word
            )


def _inherited_delay(section: Section) -> Directive | None:
    return section.parent.last("tcp-request", "inspect-delay") if section.parent else None


def _first_use(section: Section) -> tuple[Directive, int, str] | None:
    """The first rule that decides by what the ClientHello says."""
    if section.mode == "http":
        return None
    deciding = [*section.lines("use_backend"), *section.lines("use-server")]
    asked = {term.name for each in deciding if each.condition for term in each.condition.terms}
    deciding += [each for each in section.lines("acl") if each.word(1) in asked]
    for directive in sorted(deciding, key=lambda each: (each.line.file, each.line.number)):
        for expression in expressions.of_line(directive.words, directive.condition):
            if expression.fetch.name.startswith(_OF_HELLO):
                return directive, expression.word, expression.fetch.name
    return _first_variable(section)


def _first_variable(section: Section) -> tuple[Directive, int, str] | None:
    """The first rule that keeps what the ClientHello says, for others to ask."""
    for directive in section.lines("tcp-request", "content"):
        if directive.words[2:3] and directive.words[2].startswith("set-var(") and len(directive.words) > 3:
            expression = expressions.parse(directive.words[3], 3)
            if expression is not None and expression.fetch.name.startswith(_OF_HELLO):
                return directive, 3, expression.fetch.name
    return None


def _waiting_acls(section: Section) -> frozenset[str]:
    """The ACLs that can't be answered before data has come."""
    asked = ((each.word(1), expressions.parse(each.word(2))) for each in section.lines("acl"))
    return frozenset(name for name, expression in asked if expression and expression.fetch.name.startswith(_WAITING))


def _waits(directive: Directive, names: frozenset[str]) -> bool:
    """Whether a content rule can't be decided before data has come."""
    for term in directive.condition.terms if directive.condition else ():
        expression = expressions.parse(term.words[0]) if term.words else None
        asked = expression.fetch.name if expression else term.name
        if asked in names or asked.startswith(_WAITING):
            return True
    return False


_SITE = """\
defaults
    mode tcp
    timeout connect 5s
    timeout client 1m
    timeout server 1m

frontend tls
    bind :8443
{}    use_backend shop if {{ req.ssl_sni -i shop.example.test }}
    default_backend other

backend shop
    server shop1 10.0.0.20:8443

backend other
    server other1 10.0.0.30:8443
"""

RULES = (
    Rule(
        code="sni-without-wait",
        title="A server name asked before it is there",
        severity=Severity.ERROR,
        reason="`use_backend` is decided as soon as the connection is there, and the ClientHello with the name comes later, at times "
        "in several pieces (post-quantum keys make it longer than a segment). Without waiting the rule matches by chance or "
        "never.",
        hint="add `tcp-request inspect-delay 5s` and `tcp-request content accept if { req.ssl_hello_type 1 }`",
        source=f"{MANUAL}#7.3.5-req.ssl_sni",
        failing=_SITE.format("    tcp-request inspect-delay 5s\n"),
        passing=_SITE.format("    tcp-request inspect-delay 5s\n    tcp-request content accept if { req.ssl_hello_type 1 }\n"),
        check=_check,
    ),
)
