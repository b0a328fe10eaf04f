"""A rule of lint as data: its code, what it says in general, where that is written, examples, and the function that looks.

Comes in: what a module of ``rules`` writes down. Goes out: to ``run``, which lets it look, to the reports, and to ``docs/generate.py``,
which makes a page of it. ``tests/unit/lint`` runs the examples of every rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hapilot.base.diagnostics import Severity
from hapilot.languages.haproxy.keywords.table import Version
from hapilot.lint.context import Context
from hapilot.lint.finding import Hit

MANUAL = "https://docs.haproxy.org/2.8/configuration.html"
"""HAProxy's configuration manual; a source names the section behind it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be wrong.

    ``reason`` says what happens because of it, ``hint`` what to do. ``source`` is where that is written. ``failing`` has it exactly once,
    ``passing`` does the same without it; both are whole configurations for HAProxy ``target``.
    """

    code: str
    title: str
    severity: Severity
    reason: str
    hint: str
    source: str
    failing: str
    passing: str
    check: Callable[[Context], Iterator[Hit]]
    target: Version = (2, 8)


TIMEOUTS = """\
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
"""
"""What examples start with, so that they are complete."""
