"""Findings as workflow commands of GitHub Actions, which it shows beside the lines of a pull request.

Comes in: findings. Goes out: text. Called by ``cli.lint``. The form is that of GitHub's "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from collections.abc import Iterable

from hapilot.lint.finding import Finding

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def render(found: Iterable[Finding]) -> str:
    """One line for each finding."""
    return "".join(f"{_line(each)}\n" for each in found)


def _line(finding: Finding) -> str:
    properties = {
        "file": finding.file,
        "line": str(finding.line),
        "col": str(finding.column),
        "endColumn": str(finding.end),
        "title": finding.code,
    }
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_LEVELS[finding.severity]} {shown}::{_text(f'{finding.message}. {finding.hint}' if finding.hint else finding.message)}"


def _text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")
