"""The pure parts around a measurement: wrk's output, /proc/stat, the moved hop, the table and the JSON."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from bench import accounting, arithmetic, measure, record, report, rows, values, wrk
from bench.contenders import loopback


def test_wrk_summary() -> None:
    burst = wrk.parse("Running 2s test\nBENCH 1000 2000000 1048576 3 1500\n")
    assert burst == values.Burst(1000, 2.0, 1_048_576, 3, 1.5)


def test_wrk_without_summary_is_not_measured() -> None:
    with pytest.raises(values.NotMeasured, match="no summary: unable to connect"):
        wrk.parse("unable to connect")


def test_busy_time_of_cores() -> None:
    text = "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 1 2 3 1000 1000 4 5 6 7 7\ncpu1 100 0 0 0 0 0 0 0 0 0\ncpu10 5000 0 0 0 0 0 0 0 0 0\n"
    tick = accounting.parse_cores("cpu0 1 0 0 0 0 0 0 0 0 0", (0,))
    assert accounting.parse_cores(text, (0, 1)) == pytest.approx(121 * tick)


def test_both_ends_of_the_hop_move_and_nothing_else() -> None:
    before = (
        'server next "unix@${HAPILOT_RUN}/https.tls.sock" send-proxy-v2\n'
        'bind "unix@${HAPILOT_RUN}/https.tls.sock" mode 600 accept-proxy ssl\n'
        'bind "unix@${HAPILOT_RUN}/https.plain.sock" mode 600 accept-proxy\n'
    )
    after = loopback.over_tcp(before, 12443).splitlines()
    assert after[0] == "server next 127.0.0.1:12443 send-proxy-v2"
    assert after[1] == "bind 127.0.0.1:12443 accept-proxy ssl"
    assert after[2] == before.splitlines()[2]


def test_a_rendering_without_the_hop_is_not_measured() -> None:
    with pytest.raises(values.NotMeasured, match="0 ends"):
        loopback.over_tcp("bind :443 ssl\n", 12443)


def results() -> list[arithmetic.Result]:
    row = rows.ROWS[0]
    sample = values.Sample(values.Burst(30_000, 1.0, 0, 0, 2.0), 0.95)
    other = values.Sample(values.Burst(20_000, 1.0, 0, 0, 2.0), 0.95)
    return [
        arithmetic.compare(row, values.Samples((sample,), (other,), "2.8.25")),
        arithmetic.Missing(rows.ROWS[1], "wrk [x] is not installed"),
    ]


def test_json_keeps_measured_rows_and_the_last_run(tmp_path: Path) -> None:
    now = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    record.write(tmp_path, results(), measure.Effort(1, 1), now)
    measured = tmp_path / f"2026-01-02-{rows.ROWS[0].name}.json"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([measured.name, "latest.json"])
    kept = json.loads(measured.read_text())
    assert (kept["ratio"], kept["verdict"], kept["ours"]["rounds"]) == (1.5, "pass", [30_000.0])
    latest = json.loads((tmp_path / "latest.json").read_text())
    assert latest["rows"][1]["reason"] == "wrk [x] is not installed"


def test_table_cells() -> None:
    measured, missing = (report.cells(result) for result in results())
    assert measured[1] == "30.0k requests/s"
    assert measured[4].startswith("1.500x ")
    assert r"wrk \[x] is not installed" in missing[-1]
