"""Findings as SARIF 2.1.0, which code scanning services and editors read.

Comes in: findings. Goes out: what ``json.dumps`` takes. Called by ``cli.lint``. Sections in the docstrings are those of the OASIS standard
"Static Analysis Results Interchange Format Version 2.1.0".
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote_from_bytes

from hapilot.languages.haproxy.document import ENCODING, ENCODING_ERRORS
from hapilot.lint.finding import Edit, Finding
from hapilot.lint.rule import Rule
from hapilot.lint.rules import catalogue

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def as_data(found: Iterable[Finding], version: str) -> dict[str, object]:
    """A log with one run (3.14); ``version`` is hapilot's."""
    rules = list(catalogue.RULES)
    index = {rule.code: number for number, rule in enumerate(rules)}
    driver = {"name": "hapilot", "version": version, "rules": [_rule(rule) for rule in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, index[each.code]) for each in found],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, object]:
    """A reportingDescriptor (3.49)."""
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.reason},
        "help": {"text": f"{rule.reason} What to do: {rule.hint}."},
        "helpUri": rule.source,
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(finding: Finding, number: int) -> dict[str, object]:
    """A result (3.27)."""
    said: dict[str, object] = {
        "ruleId": finding.code,
        "ruleIndex": number,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message}. {finding.hint}" if finding.hint else finding.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(finding.file)},
                    "region": {"startLine": finding.line, "startColumn": finding.column, "endColumn": finding.end},
                }
            }
        ],
    }
    if finding.fix:
        said["fixes"] = [_fix(finding.fix)]
    return said


def _fix(edits: tuple[Edit, ...]) -> dict[str, object]:
    """A fix (3.55): one artifactChange for each file."""
    files = dict.fromkeys(edit.file for edit in edits)
    changes = [
        {"artifactLocation": {"uri": _uri(file)}, "replacements": [_replacement(edit) for edit in edits if edit.file == file]}
        for file in files
    ]
    return {"description": {"text": "what hapilot lint --fix writes"}, "artifactChanges": changes}


def _replacement(edit: Edit) -> dict[str, object]:
    region: dict[str, int] = {"startLine": edit.number, "startColumn": edit.start + 1, "endColumn": edit.end + 1}
    if edit.removes:
        region = {"startLine": edit.number, "startColumn": 1, "endLine": edit.number + 1, "endColumn": 1}
    return {"deletedRegion": region, "insertedContent": {"text": edit.text}}


def _uri(path: str) -> str:
    """A path as a URI (3.4.3): relative ones stay relative."""
    quoted = quote_from_bytes(path.encode(ENCODING, ENCODING_ERRORS))
    return f"file://{quoted}" if path.startswith("/") else quoted
