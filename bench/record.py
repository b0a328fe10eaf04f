"""Results as JSON: a file for each row and day, and ``latest.json`` with every row of the last run.

In: results, the effort and the time. Out: files. Called by :mod:`bench.__main__`. Nothing that names the machine's owner is kept.
"""

from __future__ import annotations

import datetime
import json
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

from bench import arithmetic, processes, values

FOLDER = Path(__file__).with_name("results")


def write(folder: Path, results: list[arithmetic.Result], effort: values.Effort, now: datetime.datetime) -> None:
    """Write all files; a later run on the same day replaces the day's file of a row."""
    folder.mkdir(parents=True, exist_ok=True)
    around = {"date": now.isoformat(timespec="seconds"), "seconds": effort.seconds, "rounds": effort.rounds, "machine": machine()}
    rows = [as_json(result) for result in results]
    for row in rows:
        if row["verdict"] != "not measured":
            _write(folder / f"{now.date().isoformat()}-{row['row']}.json", {**around, **row})
    _write(folder / "latest.json", {**around, "rows": rows})


def as_json(result: arithmetic.Result) -> dict[str, Any]:
    """One row."""
    row = result.row
    known = {"row": row.name, "title": row.title, "target": row.target}
    if isinstance(result, arithmetic.Missing):
        return {**known, "verdict": "not measured", "reason": result.reason}
    if isinstance(result, arithmetic.Bounded):
        read = result.reading
        shown = {"ours": read.ours, "theirs": read.theirs} if read.theirs else {"ours": read.ours}
        measured = {"haproxy": read.program or None, "value": round(read.value, 4), "unit": result.row.unit, "verdict": result.verdict}
        return {**known, "at_most": row.target, **measured, **shown, **read.details}
    return {
        **known,
        "haproxy": result.haproxy_version,
        "metric": result.row.load.metric,
        "judged_by": result.row.judged,
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
        "p99_ms": None if side.p99_ms is None else round(side.p99_ms, 3),
    }


def machine() -> dict[str, str]:
    """The processor, the kernel, and the versions of what is compared and of what makes the load."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    around = {"cpu": found.group(1) if found else platform.machine(), "kernel": platform.release(), "python": platform.python_version()}
    return around | {name: said for name, option in _PROGRAMS.items() if (said := _version(name, option))}


_PROGRAMS = {"nginx": "-v", "caddy": "version", "wrk": "-v", "h2load": "--version"}


def _version(name: str, option: str) -> str:
    """What a program says of its version; nothing where it is missing."""
    try:
        done = subprocess.run([processes.tool(name), option], capture_output=True, text=True, timeout=10, check=False)
    except (values.NotMeasured, OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\d+(?:\.\d+)+", done.stdout + done.stderr)
    return found[0] if found else ""


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
