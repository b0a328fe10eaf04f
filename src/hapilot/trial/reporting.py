"""The results of a trial for programs: JSON for ``--json``, JUnit's XML for CI systems. Called by ``cli/test``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hapilot.base import errors
from hapilot.trial import health, judging

HEALTH = "health checks"
"""What the checks are called among the cases."""


def as_json(haproxy: str, results: Sequence[judging.Result], checks: health.Health) -> dict[str, Any]:
    """Everything that was expected, explained and seen."""
    failed = sum(1 for one in results if not one.ok)
    return {
        "ok": not failed and not checks.failing,
        "haproxy": haproxy,
        "passed": len(results) - failed,
        "failed": failed,
        "expectations": [one.as_json() for one in results],
        "health": {
            "servers": checks.servers,
            "checked": checks.checked,
            "failing": [{"service": one.service, "server": one.server, "reason": one.reason} for one in checks.failing],
        },
    }


def write_junit(path: Path, site: str, results: Sequence[judging.Result], checks: health.Health) -> None:
    """A test suite with a case for each expectation, and one for the health checks where there are any. Raises HapilotError."""
    import junitparser  # late: no other command needs it

    suite = junitparser.TestSuite(f"hapilot test {site}")
    for one in results:
        case = junitparser.TestCase(f"{one.origin.line}: {_shown(one)}", site, round(one.seconds, 3))
        if not one.ok:
            case.result = [_failure(one.failures, str(one.origin))]
        suite.add_testcase(case)
    if checks.servers:
        case = junitparser.TestCase(HEALTH, site)
        if checks.failing:
            case.result = [_failure([str(one) for one in checks.failing], site)]
        suite.add_testcase(case)
    document = junitparser.JUnitXml("hapilot test")
    document.add_testsuite(suite)
    try:
        document.write(str(path), pretty=True)  # pyright: ignore[reportUnknownMemberType] - of the XML library below
    except OSError as problem:
        raise errors.HapilotError(f"can't write {path}: {problem.strerror}", "name another file with --junit") from problem


def _shown(one: judging.Result) -> str:
    return f"{one.expected.target} from {one.expected.from_}" if one.expected.from_ else one.expected.target


def _failure(reasons: Sequence[str], where: str) -> Any:
    import junitparser

    made = junitparser.Failure(reasons[0], "expectation")
    made.text = "\n".join((*reasons, f"at {where}"))
    return made
