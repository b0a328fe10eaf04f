"""The parts around a change: what ``up`` says, the versions of a site, the times and where they went, and what counts as noticed."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import accounting, clients, effect, following, harm, kinds, long, measure, probing, processes, values
from bench.contenders import changing
from bench.rows import changes
from bench.rows import effect as effects
from hapilot.base import diagnostics
from hapilot.model import values as site_values
from hapilot.sources.file import load, self_signed

LOG = """\
ready https https://127.0.0.1:8443
applied: generation 2 (runtime), 0.04 s
not applied, the former state serves on
applied: nothing to change, 0.00 s
applied: generation 12 (reload, for a header), in 3 steps, 1.25 s
applied: generation 13 (rel"""


def test_what_up_says_of_changes_in_order_and_whole_lines_only() -> None:
    said = [(one.generation, one.how, one.seconds) for one in following.parse(LOG)]
    assert said == [(2, "runtime", 0.04), (0, "nothing", 0.0), (12, "reload", 1.25)]


def place(services: int, certificate: Path = Path("/nowhere.pem")) -> kinds.Place:
    return kinds.Place(8443, 8001, 8002, certificate, services)


@pytest.mark.parametrize("change", [one for one in kinds.CHANGES.values() if one.after is not None], ids=lambda change: change.title)
def test_a_change_of_the_file_is_one_line(change: kinds.Change) -> None:
    assert change.after is not None
    before, after = (kinds.text(place(20), version).splitlines() for version in (kinds.BEFORE, change.after))
    assert len(set(before) - set(after)) <= 1
    assert len(set(after) - set(before)) == 1


@pytest.mark.parametrize("version", [kinds.BEFORE, *(one.after for one in kinds.CHANGES.values() if one.after is not None)])
def test_every_version_is_a_site_with_so_many_services(version: kinds.Version, tmp_path: Path) -> None:
    names = [site_values.parse_host(name) for name in (values.EDGE_HOST, values.WILDCARD)]
    certificate = tmp_path / "site.pem"
    certificate.touch(mode=0o600)
    certificate.write_text(self_signed.LocalAuthority(None).certificate(names, measure.now()).text())
    path = tmp_path / "site.yaml"
    path.write_text(kinds.text(place(10, certificate), version))
    loaded = load.load_site(path, environment={}, now=measure.now(), authority=self_signed.LocalAuthority(None))
    assert not diagnostics.has_errors(loaded.diagnostics)
    assert loaded.site is not None
    assert len(loaded.site.spec.services) == 10 + version.extra_service


BEFORE = probing.Answer(b"one", 200, "8001")


@pytest.mark.parametrize(
    ("kind", "now"),
    [
        ("server", probing.Answer(b"one", 200, "8002")),
        ("host", probing.Answer(b"one", 200, "8001")),
        ("service", probing.Answer(b"one", 200, "8001")),
        ("certificate", probing.Answer(b"two")),
        ("header", probing.Answer(b"one", 200, "8001", "1")),
    ],
)
def test_a_client_sees_the_change_and_not_an_error(kind: kinds.Kind, now: probing.Answer) -> None:
    shows = kinds.CHANGES[kind].shows
    assert shows(now, BEFORE)
    if kind in ("server", "header", "certificate"):
        assert not shows(BEFORE, BEFORE)
    if kind != "certificate":
        assert not shows(probing.Answer(b"one", 503, "Service Unavailable"), BEFORE)


NAN = float("nan")
COUNTED = clients.Counted({"new connections": 10, "thinking": 90}, {"new connections": 0, "thinking": 0})


def timed(beyond: float, how: str = "runtime", checked: float = NAN) -> effect.Timed:
    return effect.Timed(effect.DEBOUNCE + beyond, checked, NAN, 0.01, how)


def an_effect(*found: effect.Timed, counted: clients.Counted = COUNTED, services: int = 1_000, foreign: float = 0.0) -> effect.Effect:
    return effect.Effect("server", services, "2.8.25", timed(9.0), found, 0.0001, counted, 0.03, foreign)


def test_the_debounce_and_the_first_change_do_not_count() -> None:
    made = an_effect(timed(0.040), timed(0.020), timed(0.500, "reload"))
    assert made.beyond == pytest.approx(0.040)
    assert made.how == "reload, runtime"
    told = made.as_json()
    assert (told["beyond_debounce_ms"], told["show_info_round_trips"]) == (pytest.approx(40.0), 400)
    assert told["first_ms"] == pytest.approx(9000 + effect.DEBOUNCE * 1e3)


def test_where_time_went_is_told_as_far_as_it_is_known() -> None:
    split = an_effect(timed(0.040, checked=effect.DEBOUNCE + 0.030)).as_json()["split_ms"]
    assert split == {"noticed_read_compiled_checked": 30.0, "written_and_carried_out": None, "work_as_up_says_without_reading": 10.0}


def measured(*made: effect.Effect) -> Callable[..., effect.Effect]:
    by_size = {one.services: one for one in made}
    return lambda _which, _kind, size, _rounds: by_size[size]  # pyright: ignore[reportUnknownLambdaType, reportUnknownVariableType]


def test_the_largest_site_is_held_against_the_middle_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effect, "measured", measured(an_effect(timed(0.05)), an_effect(timed(0.12), services=10_000)))
    read = effects.reading("embedded", "server", 10_000, values.Effort(1, 1))
    assert read.value == pytest.approx(120.0)
    assert read.details["against_middle"] == pytest.approx(2.4)
    assert read.ours == f"120 + {effect.DEBOUNCE * 1e3:.0f} ms, by runtime"
    assert read.theirs == "show info: 1200x; 1,000 services: 2.4x"


@pytest.mark.parametrize(("foreign", "mark"), [(0.05, ""), (0.06, "!")])
def test_a_busy_machine_is_marked(foreign: float, mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effect, "measured", measured(an_effect(timed(0.05), foreign=foreign)))
    read = effects.reading("embedded", "server", 1_000, values.Effort(1, 1))
    assert read.ours.startswith(f"50{mark} + ")
    assert (read.details["foreign_core_share"], read.details["cpu_ms_of_up"]) == (foreign, 30.0)


def test_what_children_used_that_have_ended_counts_for_the_family() -> None:
    before = accounting.of_family(os.getpid()) - accounting.of_process(os.getpid())
    subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"], check=True)
    assert accounting.of_family(os.getpid()) - accounting.of_process(os.getpid()) >= before + 0.01


def test_a_failed_request_leaves_nothing_to_report(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = clients.Counted(COUNTED.requests, {"new connections": 0, "thinking": 1})
    monkeypatch.setattr(effect, "measured", measured(an_effect(timed(0.05), counted=bad)))
    with pytest.raises(values.NotMeasured, match="1 of 100 requests failed"):
        effects.reading("embedded", "server", 1_000, values.Effort(1, 1))


def test_every_kind_and_size_has_a_row_with_the_target_of_its_kind() -> None:
    targets = {row.name: row.target for row in effects.ROWS}
    assert len(targets) == len(kinds.CHANGES) * 4
    debounce = effect.DEBOUNCE * 1e3
    assert targets["change-service-1000-embedded"] == 60
    assert targets["change-service-10000-embedded"] + debounce == pytest.approx(3 * (60 + debounce))
    assert targets["change-server-1000-system"] == 60


def test_what_is_never_seen_is_not_measured_and_a_broken_connection_is_no_answer() -> None:
    answers = iter([OSError(), BEFORE, BEFORE])

    def look() -> probing.Answer:
        one = next(answers, BEFORE)
        if isinstance(one, OSError):
            raise one
        return one

    assert probing.until(look, lambda now: now is BEFORE, 5.0) <= time.time()
    with pytest.raises(values.NotMeasured, match=r"not seen in 0.02 s; the last answer: 200 8001"):
        probing.until(look, lambda _: False, 0.02)


def test_a_reason_ends_with_what_the_program_said(tmp_path: Path) -> None:
    (tmp_path / processes.LOG).write_text("error[x] no\n")
    with pytest.raises(values.NotMeasured, match=r"why; it said last: error\[x\] no"), processes.quoted(tmp_path):
        raise values.NotMeasured("why")


def test_connections_that_break_are_counted_by_kind() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)
        with long.clients(listening.getsockname()[1]) as tally:
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline and not (tally.websockets_cut and tally.downloads_cut):
                with contextlib.closing(listening.accept()[0]):
                    pass
    assert tally.websockets_cut
    assert tally.downloads_cut
    assert (tally.exchanges, tally.downloads) == (0, 0)


def a_harm(**differs: object) -> harm.Harm:
    none = clients.Counted({"busy": 100}, {"busy": 0})
    made = harm.Harm("nginx", "", (0.3, 0.1), (0.02, 0.04, 0.03), none, none, long.Tally(0, 0, 5, 5))
    return dataclasses.replace(made, **differs)  # pyright: ignore[reportArgumentType]


def test_everything_that_a_client_notices_counts() -> None:
    bad = clients.Counted({"busy": 100}, {"busy": 2})
    assert a_harm().total == 0
    assert a_harm(counted=bad, counted_light=bad, lasting=long.Tally(1, 3)).total == 8
    assert str(a_harm(counted=bad, lasting=long.Tally(1, 3))) == "2, 1+3 cut, 30 ms (200 ms on full cores)"
    assert a_harm().as_json()["slowest_ms"] == pytest.approx(300.0)


def test_a_way_that_does_not_work_here_is_told_beside_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(way: changing.Way, _which: values.Which, _count: int) -> harm.Harm:
        if way.name == "caddy":
            raise values.NotMeasured("caddy is not installed")
        return a_harm(name=way.name)

    monkeypatch.setattr(harm, "measured", measured)
    read = changes.reading(changes.BESIDE[0], "embedded", values.Effort(1, 1))
    assert read.details["caddy"] == "caddy is not installed"
    assert "haproxy-sf: 0, 0+0 cut" in read.theirs
    assert "caddy" not in read.theirs
