"""What a removed or deprecated keyword is written as today, where that means exactly the same.

Comes in: a verdict about a word. Goes out: edits, none where only the author can say what is meant. Called by ``rules.keywords``.
The manual of HAProxy 2.0, section 4.2, describes the directives that are gone; its section 6 tells what ``req…`` rules did.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from hapilot.languages.haproxy import quoting
from hapilot.languages.haproxy.keywords import table
from hapilot.languages.haproxy.keywords.table import Version
from hapilot.lint import edits, words_known
from hapilot.lint.context import Context, Directive, Section
from hapilot.lint.finding import Edit
from hapilot.lint.words_known import Verdict

_RENAMED = re.compile(
    r"option forceclose|redispatch|redisp|(?:timeout )?(?:cli|con|srv)timeout|option accept-invalid-http-(?:request|response)"
    r"|tune\.ssl\.capture-cipherlist-size|tune\.ssl\.ocsp-update\.m..delay"
    r"|tune\.quic\.(?:cc-hystart|cc\.cubic\.min-losses|max-frame-loss|reorder-ratio|retry-threshold)"
    r"|tune\.quic\.frontend\.(?:default-max-window-size|glitches-threshold|max-data-size|max-idle-timeout|max-streams-bidi"
    r"|max-tx-mem|stream-data-ratio)"
)
"""Names whose arguments and meaning are those of their replacement."""
_HEADER = re.compile(r"\^(?P<name>[A-Za-z0-9-]+)(?::|\\:)(?P<rest>.*)", re.DOTALL)
_ANYTHING = re.compile(r"(?:\[ \]\*|\\s\*|\\ \*| \*|\\ | )?(?:\(?\.[*+]\)?)?\$?")
_LEADING_BLANK = re.compile(r"(?:\[ \][*+]?|\\s[*+]?|\\? [*+]?)")
_VALUE = re.compile(r"(?P<name>[A-Za-z0-9-]+):[ ]*(?P<value>.*)", re.DOTALL)
_ESCAPES = re.compile(r"\\.|\[\[:\w+:\]\]")


def edits_for(verdict: Verdict, context: Context) -> tuple[Edit, ...]:
    """The edits that mend a removed or deprecated word."""
    name = verdict.name
    if _RENAMED.fullmatch(name):
        return _renamed(verdict, context.target)
    if is_gone(verdict):
        return edits.removed(verdict.directive.line)
    if name == words_known.OLD_ADDRESS:
        return _own_bind(verdict.directive)
    if name == "block":
        return _deny(verdict, context)
    if name in _HEADER_RULES and verdict.section.kind != "defaults":
        return _header_rule(verdict, context)
    return ()


def is_gone(verdict: Verdict) -> bool:
    """Whether the directive says what is so today anyway."""
    return verdict.name in _GONE and _GONE[verdict.name](verdict.directive)


def _renamed(verdict: Verdict, target: Version) -> tuple[Edit, ...]:
    known = table.find(verdict.section.kind, verdict.replacement.split())
    if known is None or not known.is_in(target):
        return ()
    return edits.span(verdict.directive.line, verdict.word, verdict.word + len(verdict.name.split()), verdict.replacement)


_GONE: Mapping[str, Callable[[Directive], bool]] = {
    "nbproc": lambda directive: directive.words[1:] == ("1",),
    "bind-process": lambda directive: directive.words[1:] in (("1",), ("all",)),
    "option http-use-htx": lambda directive: directive.keyword == "option",
}
"""Directives that say what is so today anyway, if this holds."""


def _own_bind(directive: Directive) -> tuple[Edit, ...]:
    """``listen name address`` in two lines."""
    line = directive.line
    ((first), *_) = edits.span(line, 2, len(directive.words), "")
    kept = len(line.text[: first.start].rstrip())
    address = line.text[first.start : first.end]
    return (Edit(line.file, line.number, kept, first.end, f"{line.end or chr(10)}    bind {address}"),)


def _deny(verdict: Verdict, context: Context) -> tuple[Edit, ...]:
    """``block`` came before every ``http-request`` and ``req…`` rule, so only the place above them is the same."""
    line = verdict.directive.line
    first = context.once(_first_request_rules).get(verdict.section)
    return (
        ()
        if (first is not None and first.line.number < line.number) or verdict.directive.condition is None
        else edits.word(line, 0, "http-request deny")
    )


_HEADER_RULES = frozenset(
    {"reqadd", "reqdel", "reqidel", "reqrep", "reqirep", "rspadd", "rspdel", "rspidel", "rsprep", "rspirep"},
)


def _header_rule(verdict: Verdict, context: Context) -> tuple[Edit, ...]:
    """A rule on the lines of a message as one on a header, if it is about one header and no other rule here is about it."""
    directive = verdict.directive
    condition = directive.condition
    arguments = directive.words[1 : condition.at if condition else len(directive.words)]
    rules = "http-request" if directive.keyword.startswith("req") else "http-response"
    kind = directive.keyword[3:].removeprefix("i")
    made = {"add": _added, "del": _deleted, "rep": _replaced}[kind](arguments, directive.keyword[3:].startswith("i"))
    if made is None or not all(directive.is_known(at) for at in range(len(directive.words))):
        return ()
    name, action = made
    if name.lower() in context.once(_rule_texts).get((verdict.section, rules), ""):
        return ()
    behind = edits.raw_words(directive.line)[condition.at :] if condition else ()
    return edits.directive(directive.line, " ".join((rules, action, *behind)))


def _first_request_rules(context: Context) -> Mapping[Section, Directive]:
    """The first rule about requests of each section."""
    found: dict[Section, Directive] = {}
    for section in context.proxies:
        first = next((each for each in section.own if each.keyword == "http-request" or each.keyword.startswith("req")), None)
        if first is not None:
            found[section] = first
    return found


def _rule_texts(context: Context) -> Mapping[tuple[Section, str], str]:
    """All words of the rules of each section, to see whether they are about a header."""
    kinds = ("http-request", "http-response")
    return {
        (section, rules): " ".join(word.lower() for each in section.lines(rules) for word in each.words)
        for section in context.proxies
        for rules in kinds
    }


def _deleted(arguments: tuple[str, ...], _: object) -> tuple[str, str] | None:
    found = _HEADER.fullmatch(arguments[0]) if len(arguments) == 1 else None
    return (found["name"], f"del-header {found['name']}") if found and _ANYTHING.fullmatch(found["rest"]) else None


def _added(arguments: tuple[str, ...], _: object) -> tuple[str, str] | None:
    found = _VALUE.fullmatch(arguments[0]) if len(arguments) == 1 else None
    if found is None or not _is_plain(found["value"]):
        return None
    return found["name"], f"add-header {found['name']} {quoting.word(quoting.log_format(found['value']))}"


def _replaced(arguments: tuple[str, ...], ignores_case: object) -> tuple[str, str] | None:
    """``^Name: pattern`` to ``Name: text``; a pattern with letters is only the same where their case counted before."""
    if len(arguments) != 2:
        return None
    search, text = _HEADER.fullmatch(arguments[0]), _VALUE.fullmatch(arguments[1])
    if search is None or text is None or search["name"].lower() != text["name"].lower() or not _is_plain(text["value"]):
        return None
    pattern = _LEADING_BLANK.sub("", search["rest"], count=1) if _LEADING_BLANK.match(search["rest"]) else search["rest"]
    if not pattern or (ignores_case and re.search("[A-Za-z]", _ESCAPES.sub("", pattern))):
        return None
    value = quoting.word(quoting.log_format(text["value"]))
    return search["name"], f"replace-header {search['name']} {quoting.word(pattern)} {value}"


def _is_plain(text: str) -> bool:
    return bool(text) and not any(character in text for character in "\n\r\0")
