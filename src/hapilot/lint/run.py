"""Lint: a configuration goes in, what is wrong with it comes out, in the order of the files.

Called by ``cli.lint`` and by ``fix``. The time it takes grows with the size of the configuration: every rule goes over the lines it is
about, through indexes that ``context`` and ``Context.once`` make once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from hapilot.languages.haproxy import document, words
from hapilot.languages.haproxy.keywords.table import Version
from hapilot.lint import context, ignores
from hapilot.lint.certificates import NOTHING, Certificates
from hapilot.lint.finding import Finding, Hit
from hapilot.lint.rule import Rule
from hapilot.lint.rules import catalogue


def lint(
    files: Sequence[document.Document],
    target: Version,
    rules: Iterable[Rule] = catalogue.RULES,
    certificates: Certificates = NOTHING,
) -> tuple[Finding, ...]:
    """Everything the rules find, each once, by place. ``files`` are in HAProxy's order; ``target`` is the version that shall run them."""
    around = context.read(files, target, certificates)
    found = [_finding(rule, hit) for rule in rules for hit in rule.check(around)]
    order = {each.file: number for number, each in enumerate(files)}
    silent = ignores.of(files)
    kept = (each for each in found if not silent.covers(each.file, each.line, each.code))
    return tuple(sorted(dict.fromkeys(kept), key=lambda each: (order.get(each.file, 0), each.line, each.column, each.code, each.message)))


def chosen(select: Collection[str], ignore: Collection[str]) -> tuple[Rule, ...]:
    """The rules with a code that is selected and not ignored; ``select`` may be empty for all. A topic's name stands for its rules."""

    def codes(names: Collection[str]) -> set[str]:
        topics = (rule.code for name in names for rule in catalogue.TOPICS.get(name, ("", ()))[1])
        return {*names, *topics}

    wanted, unwanted = codes(select), codes(ignore)
    return tuple(rule for rule in catalogue.RULES if (not wanted or rule.code in wanted) and rule.code not in unwanted)


def _finding(rule: Rule, hit: Hit) -> Finding:
    column, end = _columns(hit)
    severity = hit.severity or rule.severity
    line = hit.line
    return Finding(
        rule.code, severity, line.file, line.number, column, end, hit.message, rule.reason, hit.hint or rule.hint, hit.edits or None
    )


def _columns(hit: Hit) -> tuple[int, int]:
    """Where the word begins and the column behind it."""
    found = words.scan(hit.line.text).words
    if hit.word < len(found):
        word = found[hit.word]
        return word.column, word.column + len(word.raw)
    return len(hit.line.indent) + 1, len(hit.line.text) + 1
