"""Words that the target version of HAProxy has no more, not yet, or never had.

Comes in: the verdicts of ``words_known``. Goes out: hits, with edits where ``replacements`` knows the exact one.
"""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.base.diagnostics import Severity
from hapilot.languages.haproxy.keywords.table import Version
from hapilot.lint import replacements, words_known
from hapilot.lint.context import Context
from hapilot.lint.finding import Hit
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule
from hapilot.lint.words_known import State, Verdict


def _shown(version: Version | None) -> str:
    return ".".join(str(part) for part in version or ())


def _quoted(name: str) -> str:
    if name.startswith("section "):
        return f"section {name.removeprefix('section ')!r}"
    return name if name == words_known.OLD_ADDRESS else repr(name)


def _of(context: Context, state: State) -> Iterator[Verdict]:
    return (each for each in context.once(words_known.verdicts) if each.state is state)


_ADVICE = {
    "section program": "let systemd or a container of its own start the program",
    "bind-process": "take it out: there is one process, and `thread` on `bind` lines chooses among its threads",
    "option http-tunnel": "take it out: HAProxy follows every request of a connection, and WebSockets by themselves",
    "master-worker": "start HAProxy with `-W`, or by its systemd unit",
}
"""What to do instead, where that is no other keyword."""


def _use(verdict: Verdict) -> str:
    return f"use `{verdict.replacement}`" if verdict.replacement else _ADVICE.get(verdict.name, "")


def _removed(context: Context) -> Iterator[Hit]:
    for verdict in _of(context, State.REMOVED):
        when = f"was removed in HAProxy {_shown(verdict.version)}" if verdict.version else "is no longer understood"
        message = f"{_quoted(verdict.name)} {when}; {_shown(context.target)} refuses it"
        fix = replacements.edits_for(verdict, context)
        hint = "take it out: it says what is so anyway" if fix and replacements.is_gone(verdict) else _use(verdict)
        yield Hit(verdict.directive.line, message, verdict.word, hint, fix)


def _too_new(context: Context) -> Iterator[Hit]:
    for verdict in _of(context, State.TOO_NEW):
        message = f"{_quoted(verdict.name)} came with HAProxy {_shown(verdict.version)}; {_shown(context.target)} refuses it"
        yield Hit(verdict.directive.line, message, verdict.word)


def _unknown(context: Context) -> Iterator[Hit]:
    for verdict in _of(context, State.UNKNOWN):
        message = f"{verdict.name!r} is no {verdict.kind}" + (f" of {verdict.section.kind} sections" if verdict.kind == "keyword" else "")
        yield Hit(verdict.directive.line, message, verdict.word, verdict.nearest)


def _deprecated(context: Context) -> Iterator[Hit]:
    for verdict in _of(context, State.DEPRECATED):
        message = f"{_quoted(verdict.name)} is deprecated since HAProxy {_shown(verdict.version)}"
        fix = replacements.edits_for(verdict, context)
        yield Hit(verdict.directive.line, message, verdict.word, _use(verdict), fix)


def _build(context: Context) -> Iterator[Hit]:
    for verdict in _of(context, State.BUILD):
        yield Hit(verdict.directive.line, f"{verdict.name!r} is only known to a HAProxy built with {verdict.kind}", verdict.word)
    for verdict in _of(context, State.CHOSEN):
        message = f"{verdict.name!r} is only known to a HAProxy built with {verdict.kind}, and not every distribution's is"
        yield Hit(verdict.directive.line, message, verdict.word, severity=Severity.INFO)


def _misplaced(context: Context) -> Iterator[Hit]:
    keywords = context.once(words_known.known_keywords)
    for section in context.of_kind("defaults", "frontend", "listen", "backend"):
        for directive in section.own:
            known = keywords.get(directive)
            if known is None or not known.sections:
                continue
            if section.kind not in known.sections:
                yield Hit(directive.line, f"`{known.name}` has no place in a {section.kind} section")
            elif section.kind == "defaults" and known.only_named and not section.name:
                message = f"`{known.name}` may only stand in a defaults section with a name"
                yield Hit(directive.line, message, 0, "write `defaults NAME`, and `from NAME` behind the proxies", severity=Severity.ERROR)


def _unreadable(context: Context) -> Iterator[Hit]:
    for complaint in context.complaints:
        column = f" (column {complaint.column})" if complaint.column > 1 else ""
        yield Hit(complaint.line, f"{complaint.text}{column}")


_SITE = """\
frontend web
    bind :8080
{}    default_backend app

backend app
    server app1 10.0.0.20:8080
"""

RULES = (
    Rule(
        code="line-unreadable",
        title="A line that HAProxy can't read",
        severity=Severity.ERROR,
        reason="HAProxy cuts every line into words before it looks at them. A quote that is not closed, a condition that is none or a "
        "directive outside of a section makes it refuse the whole file.",
        hint="correct the line; section 2.2 of the manual has the rules of quoting",
        source=f"{MANUAL}#2.2",
        failing=TIMEOUTS + _SITE.format('    log stdout format raw local0\n    log-format "%ci %r\n'),
        passing=TIMEOUTS + _SITE.format('    log stdout format raw local0\n    log-format "%ci %r"\n'),
        check=_unreadable,
    ),
    Rule(
        code="keyword-removed",
        title="A keyword that HAProxy has no more",
        severity=Severity.ERROR,
        reason="The target version refuses the whole configuration because of it, so an upgrade ends with a proxy that does not start.",
        hint="remove it, or say what it did with today's directives",
        source="https://docs.haproxy.org/2.0/configuration.html#4.1",
        failing=TIMEOUTS + _SITE.format("    reqidel ^X-Forwarded-For:.*\n"),
        passing=TIMEOUTS + _SITE.format("    http-request del-header X-Forwarded-For\n"),
        check=_removed,
    ),
    Rule(
        code="keyword-too-new",
        title="A keyword that came with a later HAProxy",
        severity=Severity.ERROR,
        reason="The target version does not know it and refuses the whole configuration.",
        hint="use a newer HAProxy, or put the lines between `.if version_atleast(…)` and `.endif`",
        source=f"{MANUAL}#2.4",
        failing=TIMEOUTS + _SITE.format("    guid web\n"),
        passing=TIMEOUTS + _SITE.format("    .if version_atleast(3.0)\n    guid web\n    .endif\n"),
        check=_too_new,
    ),
    Rule(
        code="keyword-unknown",
        title="A word that no HAProxy from 2.6 to 3.4 knows there",
        severity=Severity.ERROR,
        reason="HAProxy refuses the whole configuration because of it. Most often it is a slip of the pen, or a line in the wrong section.",
        hint="look at the spelling and at the section it stands in",
        source=f"{MANUAL}#4.1",
        failing=TIMEOUTS + _SITE.format("    option http-server-closed\n"),
        passing=TIMEOUTS + _SITE.format("    option http-server-close\n"),
        check=_unknown,
    ),
    Rule(
        code="keyword-misplaced",
        title="A directive in a section that does not take it",
        severity=Severity.WARNING,
        reason="A backend has no clients and a frontend no servers: HAProxy warns and ignores the line, or refuses the configuration.",
        hint="move it to the section that takes it; a `listen` takes both",
        source=f"{MANUAL}#4.1",
        failing=TIMEOUTS + _SITE.format("    balance leastconn\n"),
        passing=TIMEOUTS + _SITE.format("") + "    balance leastconn\n",
        check=_misplaced,
    ),
    Rule(
        code="keyword-deprecated",
        title="A keyword that HAProxy advises against",
        severity=Severity.WARNING,
        reason="It still works and HAProxy says that it will go, which makes it an error of some later upgrade.",
        hint="use what the manual names instead",
        source=f"{MANUAL}#3.2",
        failing="global\n    tune.ssl.capture-cipherlist-size 800\n\n" + TIMEOUTS + _SITE.format(""),
        passing="global\n    tune.ssl.capture-buffer-size 800\n\n" + TIMEOUTS + _SITE.format(""),
        check=_deprecated,
    ),
    Rule(
        code="keyword-needs-build",
        title="A keyword of an add-on that distributions leave out",
        severity=Severity.WARNING,
        reason="Device detection (51Degrees, DeviceAtlas, WURFL) is only in a HAProxy that somebody built with it; any other refuses "
        "the configuration. For what some distributions have and others have not (QUIC before 3.0, zlib, engines) there is a note.",
        hint="run `haproxy -vv` where the configuration is used and see whether the add-on is there",
        source=f"{MANUAL}#3.1",
        failing="global\n    wurfl-data-file /usr/share/wurfl.zip\n\n" + TIMEOUTS + _SITE.format(""),
        passing=TIMEOUTS + _SITE.format(""),
        check=_build,
    ),
)
