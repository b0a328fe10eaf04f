"""Lines that another one of the same section makes void."""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.base.diagnostics import Severity
from hapilot.lint import edits
from hapilot.lint.context import Context, Directive
from hapilot.lint.finding import Hit
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule
from hapilot.lint.rules.reach import WITH_EFFECT

_LAST_WINS = frozenset({"mode", "maxconn", "default_backend", "retries", "fullconn", "backlog", "timeout"})
"""Settings of proxies: each line replaces the one before (cfgparse-listen.c)."""
_FIRST_WINS = frozenset({"chroot", "maxconn", "pidfile", "ulimit-n"})
"""Settings of the ``global`` section: HAProxy says "already specified" and goes on (cfgparse-global.c)."""
_SAME_AGAIN = frozenset({"acl", "option"})
"""Where only the very same line says nothing new."""


def _check(context: Context) -> Iterator[Hit]:
    first: dict[str, Directive] = {}
    for section in context.of_kind("global"):
        for directive in section.own:
            earlier = first.setdefault(directive.keyword, directive) if directive.keyword in _FIRST_WINS else directive
            if earlier is not directive:
                yield _hit(directive, earlier, 1)
    for section in context.of_kind("defaults", "frontend", "listen", "backend"):
        last: dict[tuple[str, ...], Directive] = {}
        for directive in reversed(section.own):
            size = _size(directive)
            later = last.setdefault(directive.words[:size], directive) if size else directive
            if later is not directive:
                yield _hit(directive, later, min(size, 2))


def _size(directive: Directive) -> int:
    """How many words must be the same for one line to replace the other; 0 where none does."""
    if directive.keyword in _LAST_WINS:
        return 2 if directive.keyword == "timeout" else 1
    is_same = directive.keyword in _SAME_AGAIN and not any(sign in word for word in directive.words for sign in WITH_EFFECT)
    return len(directive.words) if is_same else 0


def _hit(directive: Directive, counting: Directive, size: int) -> Hit:
    shown = " ".join(directive.words[:size])
    again = "says the same" if counting.words == directive.words else "counts instead"
    # Lines between two modes are read in the first one.
    fix = () if directive.keyword == "mode" and counting.words != directive.words else edits.removed(directive.line)
    return Hit(directive.line, f"`{shown}` in line {counting.line.number} {again}", 0, edits=fix)


_SITE = """\
frontend web
    bind :8080
    default_backend app

backend app
{}    timeout server 1m
    server app1 10.0.0.20:8080
"""

RULES = (
    Rule(
        code="line-overridden",
        title="A line that another one makes void",
        severity=Severity.WARNING,
        reason="Only one of them counts. Who reads or changes the other one thinks that it does something.",
        hint="keep one of them",
        source=f"{MANUAL}#4.2",
        failing=TIMEOUTS + _SITE.format("    timeout server 10m\n"),
        passing=TIMEOUTS + _SITE.format(""),
        check=_check,
    ),
)
