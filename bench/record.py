"""Results as JSON: a file for each row and day, and ``latest.json`` with every row of the last run.

In: results, the effort and the time. Out: files. Called by :mod:`bench.__main__`. Nothing that names the machine's owner is kept.
"""

from __future__ import annotations

import datetime
import json
import platform
import re
from pathlib import Path
from typing import Any

from bench import arithmetic, measure

FOLDER = Path(__file__).with_name("results")


def write(folder: Path, results: list[arithmetic.Result], effort: measure.Effort, now: datetime.datetime) -> None:
    """Write all files; a later run on the same day replaces the day's file of a row."""
    folder.mkdir(parents=True, exist_ok=True)
    around = {"date": now.isoformat(timespec="seconds"), "seconds": effort.seconds, "rounds": effort.rounds, "machine": _machine()}
    rows = [as_json(result) for result in results]
    for row in rows:
        if "ratio" in row:
            _write(folder / f"{now.date().isoformat()}-{row['row']}.json", {**around, **row})
    _write(folder / "latest.json", {**around, "rows": rows})


def as_json(result: arithmetic.Result) -> dict[str, Any]:
    """One row."""
    row = result.row
    known = {"row": row.name, "title": row.title, "target": row.target}
    if isinstance(result, arithmetic.Missing):
        return {**known, "verdict": "not measured", "reason": result.reason}
    return {
        **known,
        "haproxy": result.haproxy_version,
        "metric": row.load.metric,
        "ratio": round(result.ratio, 4),
        "ratio_of_rounds": [round(result.lowest, 4), round(result.highest, 4)],
        "cpu_ratio": round(result.cpu_ratio, 4),
        "verdict": result.verdict,
        "ours_waited_for_load": result.belittled,
        "theirs_waited_for_load": result.flattered,
        "discarded_rounds": result.discarded,
        "foreign_core_share": round(result.foreign, 3),
        "ours": _side(result.ours),
        "theirs": _side(result.theirs),
    }


def _side(side: arithmetic.Side) -> dict[str, Any]:
    return {
        "name": side.name,
        "median": round(side.rate, 1),
        "rounds": [round(rate, 1) for rate in side.rates],
        "cpu_us_per_request": round(side.cpu_us, 2),
        "core_busy": round(side.busy, 3),
        "p99_ms": round(side.p99_ms, 3),
    }


def _machine() -> dict[str, str]:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return {"cpu": found.group(1) if found else platform.machine(), "kernel": platform.release()}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
