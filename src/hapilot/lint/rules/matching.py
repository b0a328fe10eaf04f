"""Conditions that can't hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hapilot.base.diagnostics import Severity
from hapilot.lint import acls, covering, options
from hapilot.lint.acls import Criterion
from hapilot.lint.conditions import Term
from hapilot.lint.context import Context, Directive, Section
from hapilot.lint.finding import Hit
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule

_HOST_FETCHES = frozenset({"ssl_fc_sni", "req.ssl_sni", "req_ssl_sni", "ssl_fc_sni_end", "ssl_fc_sni_reg"})
_HEADERS = frozenset({"hdr", "hdr_beg", "hdr_end", "hdr_dom", "hdr_sub", "req.hdr", "req.fhdr", "hdr_dir"})
_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
_PLAIN = frozenset({"", "str", "beg", "end", "dom", "sub", "dir"})


def _contradictions(context: Context) -> Iterator[Hit]:
    for section in context.of_kind("frontend", "listen", "backend", "defaults"):
        named = context.once(acls.named_by_section).get(section, {})
        for directive in section.own:
            condition = directive.condition
            if condition is not None and condition.constant is False:
                yield Hit(directive.line, f"`{' '.join(directive.words[condition.at :])}` never holds", condition.at)
            elif condition is not None and condition.sign == "if":
                for group in condition.groups:
                    yield from _opposites(directive, group)
                    yield from _two_at_once(directive, group, named)


def _opposites(directive: Directive, group: tuple[Term, ...]) -> Iterator[Hit]:
    asked = {(term.negated, term.name, term.words) for term in group}
    for term in group:
        if term.negated and (False, term.name, term.words) in asked:
            yield Hit(directive.line, "this asks for something and for its opposite, so it never holds", term.at)
            return


def _two_at_once(directive: Directive, group: tuple[Term, ...], named: Mapping[str, Sequence[Criterion]]) -> Iterator[Hit]:
    """Terms without ``or`` between them that ask one thing to be two."""
    positive = [term for term in group if not term.negated] if len(group) > 1 else []
    asked = [(term, covering.of_term(term, directive, named)) for term in positive] if len(positive) > 1 else []
    for at, (term, criteria) in enumerate(asked):
        if any(covering.exclude(criteria, other) for _, other in asked[:at]):
            what = covering.subject(criteria[0])[0]
            message = f"both terms must hold at once, and {what} can't be two things: this never holds"
            yield Hit(directive.line, message, term.at, "write `or` between them, or the patterns behind one another")
            return


def _patterns(context: Context) -> Iterator[Hit]:
    tls = _tls_by_section(context)
    for section, criteria in context.once(acls.criteria).items():
        for criterion in criteria:
            yield from _path(criterion)
            yield from _method(criterion)
            yield from _host(criterion)
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


def _method(criterion: Criterion) -> Iterator[Hit]:
    if criterion.expression.fetch.name != "method":
        return
    for at, pattern in criterion.patterns:
        if criterion.directive.is_known(at) and pattern != pattern.upper() and pattern.upper() in _METHODS:
            yield Hit(criterion.directive.line, f"methods are in capitals, so {pattern!r} never matches", at, f"write `{pattern.upper()}`")


def _host(criterion: Criterion) -> Iterator[Hit]:
    fetch = criterion.expression.fetch
    is_host = fetch.name in _HOST_FETCHES or (fetch.name in _HEADERS and fetch.arguments.partition(",")[0].lower() == "host")
    if not is_host or criterion.expression.converters or criterion.method not in _PLAIN:
        return
    for at, pattern in criterion.patterns:
        if criterion.directive.is_known(at) and "/" in pattern:
            yield Hit(
                criterion.directive.line,
                f"a host name has no slash, so {pattern!r} never matches",
                at,
                "ask the `path` for what follows it",
            )
        elif criterion.directive.is_known(at) and pattern != pattern.lower() and "-i" not in criterion.flags:
            message = f"clients send host names in lower case, so {pattern!r} does not match them"
            yield Hit(criterion.directive.line, message, at, "add `-i` before the names")


def _wrong_layer(criterion: Criterion, section: Section, tls: dict[Section, set[bool]]) -> Iterator[Hit]:
    name = criterion.expression.fetch.name
    if name.startswith("ssl_fc_sni") and tls.get(section) == {False}:
        message = f"{name} is the name of a TLS connection that ends here, and no `bind` of {section.kind} {section.name!r} has `ssl`"
        yield Hit(criterion.directive.line, message, criterion.expression.word, "use `req.ssl_sni` for TLS that is passed on")
    if name in ("req.ssl_sni", "req_ssl_sni") and section.mode == "http" and tls.get(section) == {False}:
        message = f"{name} looks into TLS that is passed on, and {section.kind} {section.name!r} in HTTP mode takes none"
        yield Hit(criterion.directive.line, message, criterion.expression.word, "set `mode tcp`, or ask the Host header")
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
        "letter by letter, a TLS name asked where there is no TLS, something and its opposite at once, or two hosts without `or` "
        "between them.",
        hint="correct the condition, or take the rule out",
        source=f"{MANUAL}#7.1",
        failing=TIMEOUTS + _SITE.format("path_beg api/"),
        passing=TIMEOUTS + _SITE.format("path_beg /api/"),
        check=_check,
    ),
)
