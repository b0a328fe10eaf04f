"""Rules that are never reached, and rules without which nothing would change."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from hapilot.base.diagnostics import Severity
from hapilot.lint import acls, covering, edits
from hapilot.lint.acls import Criterion
from hapilot.lint.conditions import Term
from hapilot.lint.context import Context, Directive, Section
from hapilot.lint.finding import Hit
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule

_FINAL = {
    ("http-request",): {"allow", "auth", "deny", "redirect", "reject", "return", "silent-drop", "tarpit", "use-service"},
    ("http-response",): {"allow", "deny", "redirect", "return", "silent-drop"},
    ("http-after-response",): {"allow"},
    ("tcp-request", "connection"): {"accept", "reject", "silent-drop"},
    ("tcp-request", "session"): {"accept", "reject", "silent-drop"},
    ("tcp-request", "content"): {"accept", "reject", "silent-drop"},
    ("tcp-response", "content"): {"accept", "close", "reject", "silent-drop"},
}
"""A kind of rules to the actions behind which nothing follows (ACT_FLAG_FINAL in HAProxy's source)."""
_ANSWERS = frozenset({"deny", "redirect", "reject", "return", "silent-drop", "tarpit"})
_IN_TWO_WORDS = frozenset({"tcp-request", "monitor"})
_RANKS = {
    "tcp-request connection": 1,
    "tcp-request session": 2,
    "tcp-request content": 3,
    "monitor fail": 4,
    "http-request": 5,
    "redirect": 6,
    "use_backend": 7,
    "use-server": 8,
}
"""Rules in the order in which HAProxy takes them (the ``warnif_rule_after`` functions in cfgparse-listen.c)."""
WITH_EFFECT = ("inc_gpc", "clr_gpc", "inc-gpc", "rand")
"""Fetches that change something when they are asked, or that answer differently each time."""

Terms = frozenset[tuple[bool, str, tuple[str, ...]]]


def _unreachable(context: Context) -> Iterator[Hit]:
    for section in context.of_kind("frontend", "listen", "backend", "defaults"):
        for words, final in _FINAL.items():
            if words[0] in section.by_keyword:
                yield from _behind_final(section, words, final)
        for keyword in ("use_backend", "redirect", "use-server"):
            ended = None
            for directive in section.lines(keyword):
                if ended is not None:
                    yield _behind(directive, ended)
                elif _is_always(directive):
                    ended = directive


def _behind_final(section: Section, words: tuple[str, ...], final: Collection[str]) -> Iterator[Hit]:
    """A section's own rules of one kind that stand behind a final one, which may be inherited."""
    own, ended = set(section.lines(*words)), None
    for directive in section.all_lines(*words):
        action = directive.words[len(words)] if len(directive.words) > len(words) else ""
        if ended is not None and directive in own:
            yield _behind(directive, ended)
        elif ended is None and action in final and _is_always(directive):
            ended = directive


def _is_always(directive: Directive) -> bool:
    """Whether a rule has no condition, or one that always holds; ``redirect … ignore-empty`` goes on where its location is empty."""
    return "ignore-empty" not in directive.words and (directive.condition is None or directive.condition.constant is True)


def _answered(context: Context) -> Iterator[Hit]:
    """Routes of a frontend that answers every request itself."""
    for section in context.of_kind("frontend", "listen"):
        answers = [each for each in section.all_lines("http-request") if each.word(1) in _ANSWERS and _is_always(each)]
        answers += [each for each in section.lines("redirect") if _is_always(each)]
        for directive in section.lines("use_backend") if answers and section.mode == "http" else ():
            yield Hit(directive.line, f"line {answers[0].line.number} answers every request before a backend is chosen", 0)


def _order(context: Context) -> Iterator[Hit]:
    for section in context.of_kind("frontend", "listen", "backend"):
        latest: Directive | None = None
        for directive in section.own:
            rank = _rank(directive)
            if rank and latest is not None and rank < _rank(latest):
                words = [" ".join(each.words[: 2 if each.keyword in _IN_TWO_WORDS else 1]) for each in (directive, latest)]
                yield Hit(directive.line, f"`{words[0]}` comes before the `{words[1]}` in line {latest.line.number}, wherever it stands", 0)
            elif rank:
                latest = directive


def _rank(directive: Directive) -> int:
    """When HAProxy takes a rule, from 1 on; 0 for what is no rule of a request."""
    return _RANKS.get(directive.keyword) or _RANKS.get(" ".join(directive.words[:2]), 0)


def _check_reach(context: Context) -> Iterator[Hit]:
    unreachable = list(_unreachable(context))
    yield from unreachable
    known = {hit.line for hit in unreachable}
    yield from (hit for hit in _answered(context) if hit.line not in known)


def _behind(directive: Directive, ended: Directive) -> Hit:
    message = f"line {ended.line.number} ends these rules for everything, so this one is never reached"
    # A capture takes a slot even if it is never reached, and the later ones are counted from there.
    fix = () if "capture" in directive.words[:3] else edits.removed(directive.line)
    return Hit(directive.line, message, 0, edits=fix)


def _shadowed(context: Context) -> Iterator[Hit]:
    for section in context.proxies:
        routed = _Routed(context.once(acls.named_by_section).get(section, {}))
        effects = _with_effect(section)
        for directive in section.lines("use_backend"):
            if _is_always(directive):
                break
            if _has_effect(directive, effects):
                continue
            first = routed.already(directive)
            if first is not None:
                message = f"whatever this matches went to backend {first.words[1]!r} already, by line {first.line.number}"
                yield Hit(directive.line, message, 0, edits=edits.removed(directive.line))
            else:
                routed.add(directive)


class _Routed:
    """What the rules so far have sent elsewhere: whole conditions, and patterns of conditions with a single term."""

    def __init__(self, named: Mapping[str, Sequence[Criterion]]) -> None:
        self._named = named
        self._conditions: dict[object, Directive] = {}
        self._patterns = covering.Taken()

    def already(self, directive: Directive) -> Directive | None:
        """The rule before that takes all of what this one would; the first one where several do it together."""
        condition = directive.condition
        if condition is None or condition.sign != "if":
            return self._conditions.get(condition.key) if condition is not None else None
        found = [self._of_group(group, directive) for group in condition.groups]
        return found[0] if all(found) else None

    def _of_group(self, group: tuple[Term, ...], directive: Directive) -> Directive | None:
        """The rule that takes all of a group: the same one, or one that takes all of one of its terms."""
        terms = _terms(group)
        same = self._conditions.get(terms) or next(
            (self._conditions[frozenset({term})] for term in terms if frozenset({term}) in self._conditions), None
        )
        if same is not None:
            return same
        criteria = (covering.of_term(term, directive, self._named) for term in group if not term.negated)
        return next((taker for each in criteria if (taker := self._patterns.taker(each)) is not None), None)

    def add(self, directive: Directive) -> None:
        """This rule takes what it matches."""
        condition = directive.condition
        if condition is None or condition.sign != "if":
            self._conditions.setdefault(condition.key if condition is not None else (), directive)
            return
        for group in condition.groups:
            self._conditions.setdefault(_terms(group), directive)
            if len(group) == 1 and not group[0].negated:
                self._patterns.add(covering.of_term(group[0], directive, self._named), directive)


def _terms(group: tuple[Term, ...]) -> Terms:
    return frozenset((term.negated, term.name, term.words) for term in group)


def _with_effect(section: Section) -> frozenset[str]:
    """The ACLs of a section that do more than to answer."""
    return frozenset(" ".join(each.words[1:2]) for each in section.lines("acl") if _mentions(each.words))


def _has_effect(directive: Directive, effects: frozenset[str]) -> bool:
    """Whether asking the condition does more than to answer."""
    names = {term.name for term in directive.condition.terms} if directive.condition else set[str]()
    return not names.isdisjoint(effects) or _mentions(directive.words)


def _mentions(words: tuple[str, ...]) -> bool:
    return any(sign in word for word in words for sign in WITH_EFFECT)


def _redundant(context: Context) -> Iterator[Hit]:
    for section in context.proxies:
        default = section.last("default_backend")
        rules = list(section.lines("use_backend"))
        if default is None or len(default.words) < 2 or not default.is_known(1):
            continue
        effects = _with_effect(section)
        while rules and rules[-1].words[1:2] == default.words[1:2]:
            rule = rules.pop()
            fix = () if _has_effect(rule, effects) else edits.removed(rule.line)
            message = (
                f"with or without this rule it is backend {default.words[1]!r}: default_backend in line {default.line.number} names it too"
            )
            yield Hit(rule.line, message, 1, edits=fix)


_SITE = """\
frontend web
    bind :8080
{}    default_backend app

backend app
    server app1 10.0.0.20:8080

backend api
    server api1 10.0.0.30:8080
"""

RULES = (
    Rule(
        code="rule-unreachable",
        title="A rule behind one that ends them all",
        severity=Severity.WARNING,
        reason="Rules are taken in order, and an `allow`, `deny`, `return`, `redirect`, `accept` or `use_backend` without a condition "
        "is the last one. What stands behind it looks as if it protected or routed something.",
        hint="move it above, or give the rule before it a condition",
        source=f"{MANUAL}#4.2-http-request",
        failing=TIMEOUTS
        + _SITE.format("    http-request allow\n    http-request deny if { path_beg /admin }\n    use_backend api if { path_beg /api }\n"),
        passing=TIMEOUTS + _SITE.format("    http-request deny if { path_beg /admin }\n    use_backend api if { path_beg /api }\n"),
        check=_check_reach,
    ),
    Rule(
        code="rule-order",
        title="A rule below one that comes later",
        severity=Severity.WARNING,
        reason="HAProxy takes rules kind by kind: those on connections, on content, `http-request`, `redirect`, and `use_backend` "
        "last. Read from top to bottom, such a section does something else than it says. HAProxy warns too.",
        hint="move it up, so that the order of the lines is the order in which they count",
        source=f"{MANUAL}#4.2-use_backend",
        failing=TIMEOUTS + _SITE.format("    use_backend api if { path_beg /api }\n    http-request deny if { path_beg /api/admin }\n"),
        passing=TIMEOUTS + _SITE.format("    http-request deny if { path_beg /api/admin }\n    use_backend api if { path_beg /api }\n"),
        check=_order,
    ),
    Rule(
        code="use-backend-shadowed",
        title="A use_backend that comes too late",
        severity=Severity.WARNING,
        reason="The first `use_backend` whose condition holds wins. An earlier one already takes everything that this one asks for.",
        hint="move the narrower condition above the wider one, or take this rule out",
        source=f"{MANUAL}#4.2-use_backend",
        failing=TIMEOUTS
        + _SITE.format("    acl is_api path_beg /api\n    use_backend app if is_api\n    use_backend api if is_api { method POST }\n"),
        passing=TIMEOUTS + _SITE.format("    acl is_api path_beg /api\n    use_backend api if is_api { method POST }\n"),
        check=_shadowed,
    ),
    Rule(
        code="use-backend-redundant",
        title="A use_backend to the default backend",
        severity=Severity.WARNING,
        reason="What the condition does not match goes to the same backend, so the condition decides nothing: a host name that should "
        "be the only one to be let in is not.",
        hint="let `default_backend` lead to a place that refuses, or take the rule out",
        source=f"{MANUAL}#4.2-default_backend",
        failing=TIMEOUTS
        + _SITE.format("    use_backend api if { path_beg /api }\n    use_backend app if { hdr(host) -i app.example.test }\n"),
        passing=TIMEOUTS + _SITE.format("    use_backend api if { path_beg /api }\n"),
        check=_redundant,
    ),
)
