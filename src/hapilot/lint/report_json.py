"""Findings as one JSON document.

Comes in: findings and the target version. Goes out: what ``json.dumps`` takes. Called by ``cli.lint``. The shape of a finding is that of
``check --json``, with the end column, the reason, and the edits that mend it.
"""

from __future__ import annotations

from collections.abc import Iterable

from hapilot.languages.haproxy.keywords.table import Version
from hapilot.lint import report_text
from hapilot.lint.finding import Edit, Finding


def as_data(found: Iterable[Finding], target: Version) -> dict[str, object]:
    """The whole document."""
    listed = list(found)
    return {
        "ok": not any(each.severity == "error" for each in listed),
        "target": f"{target[0]}.{target[1]}",
        "summary": report_text.counted(listed),
        "findings": [_finding(each) for each in listed],
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "severity": str(finding.severity),
        "code": finding.code,
        "message": finding.message,
        "origin": {"file": finding.file, "line": finding.line, "column": finding.column, "end_column": finding.end},
        "why": finding.why,
        "hint": finding.hint,
        "fix": None if finding.fix is None else [_edit(edit) for edit in finding.fix],
    }


def _edit(edit: Edit) -> dict[str, object]:
    """Columns count from 1 here, as everywhere outside."""
    place = {"file": edit.file, "line": edit.number, "column": edit.start + 1, "end_column": edit.end + 1}
    return {**place, "text": edit.text, "removes_line": edit.removes}
