"""Imports for the tests of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hapilot.languages.haproxy import parser
from hapilot.sources.haproxy_cfg import importing
from hapilot.sources.haproxy_cfg.imported import Imported

FOLDER = Path("/etc/haproxy")
DEFAULTS = "defaults\n mode http\n"


def take(*texts: str) -> Imported:
    """The import of files ``0.cfg``, ``1.cfg``, …"""
    return importing.take([parser.parse(text, f"{number}.cfg") for number, text in enumerate(texts)], FOLDER)


def backend(lines: str, *, before: str = DEFAULTS) -> dict[str, Any]:
    """The service and its raw lines of ``backend b`` with these lines."""
    made = take(f"{before}backend b\n{lines}")
    return {**made.site["services"]["b"], "lines": made.site["raw"].get("service", {}).get("b", [])}


def frontend(lines: str, *, after: str = "backend b\n server s 10.0.0.1:80\n") -> dict[str, Any]:
    """The listener and its raw lines of ``frontend f`` with these lines, beside a backend ``b``."""
    made = take(f"{DEFAULTS}frontend f\n{lines}{after}")
    return {**made.site["listeners"]["f"], "lines": made.site["raw"].get("listener", {}).get("f", [])}


def why(text: str) -> list[str]:
    """Why sections stay whole."""
    return [each.why for each in take(text).report.whole]
