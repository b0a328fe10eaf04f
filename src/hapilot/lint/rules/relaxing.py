"""Options that take a protection away."""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.base.diagnostics import Severity
from hapilot.lint import options
from hapilot.lint.context import Context
from hapilot.lint.finding import Hit
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule

_OPTIONS = {
    "accept-invalid-http-request": "requests that break the rules of HTTP go to servers, which may read them differently",
    "accept-unsafe-violations-in-http-request": "requests that break the rules of HTTP go to servers, which may read them differently",
    "accept-invalid-http-response": "answers that break the rules of HTTP go to clients, and a cache may store what nobody sent",
    "accept-unsafe-violations-in-http-response": "answers that break the rules of HTTP go to clients, and caches may store them",
}
_BIND = {
    "allow-0rtt": "what comes as early data can be replayed by whoever recorded it",
    "ca-ignore-err": "clients get in with certificates whose chain does not hold",
    "crt-ignore-err": "clients get in with certificates that are expired, revoked or not meant for it",
}
_GLOBAL = {
    "h1-accept-payload-with-any-method": "GET, HEAD and DELETE pass with a body, which some servers take for the next request",
    "h1-do-not-close-on-insecure-transfer-encoding": "connections stay open after requests with two lengths; servers may see another end",
    "insecure-fork-wanted": "a hole in HAProxy, or a script in it, can then start other programs",
    "insecure-setuid-wanted": "a hole in HAProxy can then become root by a setuid program",
}


def _check(context: Context) -> Iterator[Hit]:
    for section in context.of_kind("defaults", "frontend", "listen", "backend"):
        for directive in section.lines("option"):
            name = " ".join(directive.words[1:2])
            if name in _OPTIONS:
                yield Hit(directive.line, f"`option {name}`: {_OPTIONS[name]}", 1)
    for bind in context.once(options.binds):
        for option in bind.places.keys() & _BIND.keys():
            yield Hit(bind.directive.line, f"`{option}`: {_BIND[option]}", bind.places[option])
    for section in context.of_kind("global"):
        for keyword, said in _GLOBAL.items():
            for directive in section.lines(keyword):
                yield Hit(directive.line, f"`{keyword}`: {said}", 0)


_SITE = """\
frontend web
    bind :8080
{}    default_backend app

backend app
    server app1 10.0.0.20:8080
"""

RULES = (
    Rule(
        code="protection-off",
        title="An option that takes a protection away",
        severity=Severity.WARNING,
        reason="HAProxy refuses what the rules of HTTP forbid because servers and proxies read it differently, which is how requests "
        "are smuggled past access rules. The manual advises to use these options for a short time only.",
        hint="mend the program that needs it, and take the option out",
        source=f"{MANUAL}#4.2-option%20accept-invalid-http-request",
        failing=TIMEOUTS + _SITE.format("    option accept-invalid-http-request\n"),
        passing=TIMEOUTS + _SITE.format(""),
        check=_check,
    ),
)
