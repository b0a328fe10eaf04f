"""IPv6 addresses without brackets: where the address ends and the port begins."""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.base.diagnostics import Severity
from hapilot.lint import addresses, edits
from hapilot.lint.context import Context, Directive
from hapilot.lint.finding import Hit
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule

_PLACES = {"bind": 1, "server": 2, "peer": 2, "dispatch": 1, "nameserver": 2, "source": 1, "mailer": 2, "default-server": 0}


def _check(context: Context) -> Iterator[Hit]:
    for section in context.of_kind("defaults", "frontend", "listen", "backend", "peers", "resolvers", "mailers", "ring", "log-forward"):
        for keyword, at in _PLACES.items():
            for directive in section.lines(keyword) if at else ():
                if directive.is_known(at) and ":" in directive.words[at]:
                    yield from _one(directive, at)


def _one(directive: Directive, at: int) -> Iterator[Hit]:
    parts = directive.words[at].split(",")
    lost = next((each for each in parts if addresses.lost_group(each)), "")
    if lost and directive.keyword != "source":
        message = f"HAProxy takes {addresses.lost_group(lost)!r} for the port of {lost}"
        yield Hit(directive.line, message, at, f"write [{lost}] and the port behind it", severity=Severity.ERROR)
    elif any(addresses.is_bare_ipv6(each) for each in parts):
        written = ",".join(_bracketed(each) for each in parts)
        is_plain = edits.raw_words(directive.line)[at] == directive.words[at]
        fix = edits.word(directive.line, at, written) if is_plain else ()
        yield Hit(directive.line, f"{directive.words[at]} is an IPv6 address without brackets", at, f"write {written}", fix)


def _bracketed(text: str) -> str:
    if not addresses.is_bare_ipv6(text):
        return text
    address = addresses.parse(text)
    start = len(text) - len(f"{address.host}:{address.port}")
    return f"{text[:start]}[{address.host}]:{address.port}"


_SITE = """\
frontend web
    bind :8080
    default_backend app

backend app
    server app1 {}
"""

RULES = (
    Rule(
        code="ipv6-without-brackets",
        title="An IPv6 address without brackets",
        severity=Severity.WARNING,
        reason="HAProxy takes what follows the last colon for the port. `2001:db8::11` without a port becomes another address and port "
        "11, and readers can't tell either.",
        hint="put the address between brackets: `[2001:db8::11]:443`",
        source=f"{MANUAL}#11",
        failing=TIMEOUTS + _SITE.format("2001:db8::11:8080"),
        passing=TIMEOUTS + _SITE.format("[2001:db8::11]:8080"),
        check=_check,
    ),
)
