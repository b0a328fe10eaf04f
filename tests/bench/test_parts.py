"""The pure parts around a measurement: wrk's output, /proc/stat, the moved hop, the table and the JSON."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from bench import __main__ as command
from bench import accounting, arithmetic, commands, h2load, plot, record, report, rows, values, wrk
from bench.contenders import default_reuse, hapilot, loopback
from bench.rows import scale


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


def comparisons() -> list[values.Row]:
    return [one for one in rows.ROWS if isinstance(one, values.Row)]


LIMIT = values.Limit("limit", "a limit", 2.5, "x", lambda _: values.Reading(2.0, "20 ms", "other: 10 ms", details={"more": [1]}))


def results() -> list[arithmetic.Result]:
    row = comparisons()[0]
    sample = values.Sample(values.Burst(30_000, 1.0, 0, 0, 2.0), 0.95)
    other = values.Sample(values.Burst(20_000, 1.0, 0, 0, 2.0), 0.95)
    return [
        arithmetic.compare(row, values.Samples((sample,), (other,), "2.8.25")),
        arithmetic.Missing(comparisons()[1], "wrk [x] is not installed"),
        arithmetic.bound(LIMIT, LIMIT.measure(values.Effort(1, 1))),
    ]


def test_json_keeps_measured_rows_and_the_last_run(tmp_path: Path) -> None:
    now = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    record.write(tmp_path, results(), values.Effort(1, 1), now)
    measured = tmp_path / f"2026-01-02-{comparisons()[0].name}.json"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([measured.name, "2026-01-02-limit.json", "latest.json"])
    kept = json.loads(measured.read_text())
    assert (kept["ratio"], kept["verdict"], kept["ours"]["rounds"]) == (1.5, "pass", [30_000.0])
    latest = json.loads((tmp_path / "latest.json").read_text())
    assert latest["rows"][1]["reason"] == "wrk [x] is not installed"
    limit = latest["rows"][2]
    assert (limit["value"], limit["at_most"], limit["ours"], limit["more"], limit["verdict"]) == (2.0, 2.5, "20 ms", [1], "pass")


def test_table_cells() -> None:
    measured, missing, limit = (report.cells(result) for result in results())
    assert measured[1] == "30.0k requests/s"
    assert measured[4].startswith("1.500x ")
    assert r"wrk \[x] is not installed" in missing[-1]
    assert limit[1:] == ("20 ms", "other: 10 ms", "", "2x", "", "≤ 2.5x", "[green]pass[/]")


H2LOAD = """\
Application protocol: h2

finished in 2.00s, 32145.50 req/s, 35.60MB/s
requests: 64291 total, 64491 started, 64291 done, 64290 succeeded, 1 failed, 0 errored, 0 timeout
status codes: 64290 2xx, 0 3xx, 1 4xx, 0 5xx
traffic: 71.20MB (74658433) total, 4.29MB (4500370) headers (space savings 70.59%), 62.78MB (65833984) data
"""


def test_h2load_summary() -> None:
    assert h2load.parse(H2LOAD) == values.Burst(64_290, 2.0, 65_833_984, 1, None)


@pytest.mark.parametrize(("old", "new", "said"), [("h2\n", "http/1.1\n", "no HTTP/2"), ("requests:", "r:", "no summary")])
def test_h2load_without_a_summary_or_http2_is_not_measured(old: str, new: str, said: str) -> None:
    with pytest.raises(values.NotMeasured, match=said):
        h2load.parse(H2LOAD.replace(old, new, 1))


def test_wrk_asks_for_another_host_and_closes_where_the_load_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.processes.tool", lambda name: name)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    words = wrk.arguments(values.NEW_CLIENTS, "h1.example.test", 1, 2)
    assert [words[at + 1] for at, word in enumerate(words) if word == "-H"] == ["Host: h1.example.test", "Connection: close"]
    assert "-H" not in wrk.arguments(values.SMALL, values.EDGE_HOST, 1, 2)


def test_only_the_line_about_reuse_is_left_out() -> None:
    text = "backend a\n    mode http\n    http-reuse always  # why\n    server a 10.0.0.1:443\n"
    assert default_reuse.without_reuse(text) == "backend a\n    mode http\n    server a 10.0.0.1:443\n"
    with pytest.raises(values.NotMeasured, match="no line"):
        default_reuse.without_reuse("backend a\n    http-reuse safe\n")


def test_rows_of_one_side_and_load_are_measured_together() -> None:
    groups = command.groups(comparisons())
    assert sum(map(len, groups)) == len(comparisons())
    for group in groups:
        assert len({(row.ours.name, row.load, row.haproxy) for row in group}) == 1
    assert max(map(len, groups)) >= 4


def test_contenders_of_a_group_have_names_of_their_own() -> None:
    for group in command.groups(comparisons()):
        theirs = [row.theirs for row in group]
        assert len({one.name for one in (*theirs, group[0].ours)}) == len(theirs) + 1


def test_the_many_hosts_are_a_site_with_each_of_them() -> None:
    text = hapilot.many_hosts(3)
    assert text.count("health: off") == 3
    assert "{host: h2.example.test," in text.format(host="x", port=1, server=2, certificate="c")


def test_a_typical_service_has_19_lines() -> None:
    lengths = ["\n".join(scale.typical(count)).count("\n") for count in (10, 20)]
    assert lengths[1] - lengths[0] == 190


def test_commands_are_measured_by_themselves(tmp_path: Path) -> None:
    took = commands.take(("python3", "-c", "print(1)"), tmp_path, commands.installed(tmp_path))
    assert took.output == "1\n"
    assert 0 < took.cpu < 10
    assert took.memory > 1
    with pytest.raises(values.NotMeasured, match="failed"):
        commands.take(("python3", "-c", "raise SystemExit(1)"), tmp_path, {})


def test_curves_are_drawn_or_it_is_said_why_not(tmp_path: Path) -> None:
    said = plot.draw({"ours": {100: 0.1, 1000: 1.0}}, tmp_path / "curve.svg")
    assert said == "curve.svg" or said.startswith("not drawn: ")
    assert (tmp_path / "curve.svg").exists() == (said == "curve.svg")
