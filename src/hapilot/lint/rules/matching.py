"""Conditions that can't hold."""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.base.diagnostics import Severity
from hapilot.lint import acls, options
from hapilot.lint.acls import Criterion
from hapilot.lint.context import Context, Section
from hapilot.lint.finding import Hit
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule

_HOST_FETCHES = frozenset({"ssl_fc_sni", "req.ssl_sni", "req_ssl_sni", "ssl_fc_sni_end", "ssl_fc_sni_reg"})
_HEADERS = frozenset({"hdr", "hdr_beg", "hdr_end", "hdr_dom", "hdr_sub", "req.hdr", "req.fhdr", "hdr_dir"})
_PLAIN = frozenset({"", "str", "beg", "end", "dom", "sub", "dir"})


def _contradictions(context: Context) -> Iterator[Hit]:
    for section in context.of_kind("frontend", "listen", "backend", "defaults"):
        for directive in section.own:
            condition = directive.condition
            if condition is None or condition.sign == "unless":
                continue
            for group in condition.groups:
                asked = {(term.negated, term.name, term.words) for term in group}
                for term in group:
                    if term.negated and (False, term.name, term.words) in asked:
                        yield Hit(directive.line, "this asks for something and for its opposite, so it never holds", term.at)
                        break


def _patterns(context: Context) -> Iterator[Hit]:
    tls = _tls_by_section(context)
    for section in context.of_kind("frontend", "listen", "backend", "defaults"):
        for criterion in acls.criteria(section):
            yield from _path(criterion)
            yield from _upper_case(criterion)
            yield from _wrong_layer(criterion, section, tls)


def _tls_by_section(context: Context) -> dict[Section, set[bool]]:
    """For each frontend, whether its ``bind`` lines end TLS."""
    found: dict[Section, set[bool]] = {}
    for bind in context.once(options.binds):
        found.setdefault(bind.section, set()).add("ssl" in bind.options)
    return found


def _path(criterion: Criterion) -> Iterator[Hit]:
    expression = criterion.expression
    if expression.fetch.name not in ("path", "path_beg") or expression.converters or criterion.method not in ("", "str", "beg"):
        return
    for at, pattern in criterion.patterns:
        if criterion.directive.is_known(at) and pattern and not pattern.startswith(("/", "*", "%", "http")):
            yield Hit(criterion.directive.line, f"a path starts with a slash, so {pattern!r} never matches", at, f"write `/{pattern}`")


def _upper_case(criterion: Criterion) -> Iterator[Hit]:
    fetch = criterion.expression.fetch
    is_host = fetch.name in _HOST_FETCHES or (fetch.name in _HEADERS and fetch.arguments.partition(",")[0].lower() == "host")
    if not is_host or criterion.expression.converters or "-i" in criterion.flags or criterion.method not in _PLAIN:
        return
    for at, pattern in criterion.patterns:
        if criterion.directive.is_known(at) and pattern != pattern.lower():
            message = f"clients send host names in lower case, so {pattern!r} does not match them"
            yield Hit(criterion.directive.line, message, at, "add `-i` before the names")


def _wrong_layer(criterion: Criterion, section: Section, tls: dict[Section, set[bool]]) -> Iterator[Hit]:
    name = criterion.expression.fetch.name
    if name.startswith("ssl_fc_sni") and tls.get(section) == {False}:
        message = f"{name} is the name of a TLS connection that ends here, and no `bind` of {section.kind} {section.name!r} has `ssl`"
        yield Hit(criterion.directive.line, message, criterion.expression.word, "use `req.ssl_sni` for TLS that is passed on")
    if name in ("req.ssl_sni", "req_ssl_sni") and tls.get(section) == {True}:
        message = f"{name} looks into TLS that is passed on, and every `bind` of {section.kind} {section.name!r} ends it"
        yield Hit(criterion.directive.line, message, criterion.expression.word, "use `ssl_fc_sni`, or the Host header")


def _check(context: Context) -> Iterator[Hit]:
    yield from _contradictions(context)
    yield from _patterns(context)


_SITE = """\
frontend web
    bind :8080
    use_backend api if {{ {} }}
    default_backend app

backend app
    server app1 10.0.0.20:8080

backend api
    server api1 10.0.0.30:8080
"""

RULES = (
    Rule(
        code="condition-never-holds",
        title="A condition that can't hold",
        severity=Severity.WARNING,
        reason="The rule looks as if it did something and never does: a path without its slash, a host name with capitals compared "
        "letter by letter, a TLS name asked where there is no TLS, or something and its opposite at once.",
        hint="correct the condition, or take the rule out",
        source=f"{MANUAL}#7.1",
        failing=TIMEOUTS + _SITE.format("path_beg api/"),
        passing=TIMEOUTS + _SITE.format("path_beg /api/"),
        check=_check,
    ),
)
