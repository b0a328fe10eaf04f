"""Results as a table for people. Called by :mod:`bench.__main__`."""

from __future__ import annotations

from rich import table as tables

from bench import arithmetic, values

_COLOURS: dict[values.Verdict, str] = {"pass": "green", "miss": "red", "unclear": "yellow", "not measured": "yellow"}
_LEGEND = (
    "Medians of interleaved rounds; in parentheses the single rounds. < (>): the real ratio is smaller (larger), since theirs (ours) "
    "waited for the load. !: other programs were busy, measure again."
)


def table(results: list[arithmetic.Result]) -> tables.Table:
    """One line for each row."""
    made = tables.Table(title="hapilot side by side", caption=_LEGEND)
    for name in ("row", "ours", "theirs", "CPU µs/request", "ratio (rounds)", "CPU", "target", ""):
        made.add_column(name, justify="left" if name in ("row", "") else "right")
    for result in results:
        made.add_row(*cells(result))
    return made


def cells(result: arithmetic.Result) -> tuple[str, ...]:
    """The words of one line."""
    row = result.row
    if isinstance(result, arithmetic.Missing):
        return (row.name, "", "", "", "", "", target(row), _verdict("not measured", result.reason))
    if isinstance(result, arithmetic.Bounded):
        read = result.reading
        name = f"{row.name} ({read.program})" if read.program else row.name
        value = f"{read.value:.4g}{result.row.unit}"
        return (name, read.ours, read.theirs, "", value, "", target(row), _verdict(result.verdict, result.verdict))
    load = result.row.load
    marks = ("<" if result.flattered else "") + (">" if result.belittled else "") + ("!" if result.disturbed else "")
    return (
        f"{row.name} ({result.haproxy_version})",
        f"{_amount(result.ours.rate)} {load.metric}",
        f"{_amount(result.theirs.rate)} {load.metric}",
        f"{result.ours.cpu_us:.1f} / {result.theirs.cpu_us:.1f}",
        f"{result.ratio:.3f}x{marks} ({result.lowest:.2f}–{result.highest:.2f})",
        f"{result.cpu_ratio:.2f}x",
        target(row),
        _verdict(result.verdict, result.verdict),
    )


def target(row: values.Row | values.Limit) -> str:
    """What a row has to reach, or may not pass."""
    if isinstance(row, values.Limit):
        return f"≤ {row.target:g}{row.unit}"
    return f"≥ {row.target:.2f}x" + (" CPU" if row.judged == "cpu" else "")


def _verdict(verdict: values.Verdict, text: str) -> str:
    # Reasons may have brackets, which rich would take for markup.
    escaped = text.replace("[", r"\[")
    return f"[{_COLOURS[verdict]}]{escaped}[/]"


def _amount(rate: float) -> str:
    return f"{rate / 1000:.1f}k" if rate >= 10_000 else f"{rate:.0f}"
