"""Certificates that are not there or whose time is over, as far as the caller lets lint look."""

from __future__ import annotations

import datetime
import posixpath
from collections.abc import Iterator

from hapilot.base.diagnostics import Severity
from hapilot.lint import options
from hapilot.lint.certificates import Seen
from hapilot.lint.context import Context, Directive
from hapilot.lint.finding import Hit
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule

_SOON = datetime.timedelta(days=30)
_NOT_A_FILE = ("@",)
"""``@store/name`` and ``@system-ca`` are no paths."""


def _named(context: Context) -> Iterator[tuple[Directive, int, str]]:
    """Every path of a certificate: line, word, path."""
    bases = {keyword: _base(context, keyword) for keyword in ("crt-base", "ca-base")}
    for each in (*context.once(options.binds), *context.once(options.servers)):
        for option, base in (("crt", "crt-base"), ("ca-file", "ca-base"), ("ca-verify-file", "ca-base")):
            at = each.places.get(option, 0) + 1
            path = each.directive.words[at] if at > 1 and each.directive.is_known(at) else ""
            if path and not path.startswith(_NOT_A_FILE):
                yield each.directive, at, posixpath.join(bases[base], path)


def _base(context: Context, keyword: str) -> str:
    found = [each.words[1] for section in context.of_kind("global") for each in section.lines(keyword) if each.is_known(1)]
    return found[-1] if found else ""


def _seen(context: Context) -> tuple[tuple[Directive, int, Seen], ...]:
    return tuple((directive, at, seen) for directive, at, path in _named(context) for seen in context.certificates.look(path))


def _unusable(context: Context) -> Iterator[Hit]:
    for directive, at, seen in context.once(_seen):
        if seen.problem:
            yield Hit(directive.line, f"{seen.path}: {seen.problem}", at)


def _ending(context: Context) -> Iterator[Hit]:
    now = context.certificates.now
    for directive, at, seen in context.once(_seen):
        if now is None or seen.ends is None:
            continue
        if seen.ends < now:
            yield Hit(directive.line, f"{seen.path}: ended on {seen.ends:%Y-%m-%d}", at, severity=Severity.ERROR)
        elif seen.ends < now + _SOON:
            yield Hit(directive.line, f"{seen.path}: ends on {seen.ends:%Y-%m-%d}", at)


_SITE = """\
frontend web
    bind :8443 ssl crt {}
    default_backend app

backend app
    server app1 10.0.0.20:8080
"""

RULES = (
    Rule(
        code="certificate-missing",
        title="A certificate that is not there",
        severity=Severity.WARNING,
        reason="HAProxy refuses a configuration with a certificate or CA that it can't read. Lint looks at this machine, which may not "
        "be the one that runs it; that is why this is no error.",
        hint="put it there, or correct the path; without the files, `--ignore certificate-missing`",
        source=f"{MANUAL}#5.1-crt",
        failing=TIMEOUTS + _SITE.format("missing.pem"),
        passing=TIMEOUTS + _SITE.format("site.pem"),
        check=_unusable,
    ),
    Rule(
        code="certificate-ending",
        title="A certificate whose time is over, or nearly",
        severity=Severity.WARNING,
        reason="Clients refuse it from that moment on, and HAProxy says nothing.",
        hint="renew it, and let something renew it by itself",
        source="https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5",
        failing=TIMEOUTS + _SITE.format("expired.pem"),
        passing=TIMEOUTS + _SITE.format("site.pem"),
        check=_ending,
    ),
)
