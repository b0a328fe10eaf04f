"""What is said of a site for which a machine has not enough."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import budget, limits

from .test_budget import SITE, made

PLENTY = limits.Limits(1_000_000, 1_000_000, 1 << 40)


def found(folder: Path, most: limits.Limits, extra: str = "") -> list[Diagnostic]:
    """The diagnostics for the small site."""
    one = made(folder, SITE.replace("servers:", f"{extra}servers:"))
    return list(limits.check_limits(one, budget.budget(one, 1), most))


def test_plenty_is_enough(tmp_path: Path) -> None:
    assert found(tmp_path, PLENTY) == []


def test_too_few_files_for_a_start_is_an_error_that_says_how_many(tmp_path: Path) -> None:
    (one,) = found(tmp_path, dataclasses.replace(PLENTY, files=100))
    assert (one.code, str(one.severity)) == ("limit-files", "error")
    what = "240 open files for this site (2 for health checks, 2 for listeners, 200 for 100 connections)"
    assert one.message == f"HAProxy needs {what}, and may have 100"
    assert one.hint == (
        "raise the limit of open files (RLIMIT_NOFILE) to 32768: LimitNOFILE=32768 in the systemd unit, `ulimit -n 32768` in a shell, "
        "--ulimit nofile=32768 for a container"
    )


def test_what_root_may_raise_is_enough_for_a_start(tmp_path: Path) -> None:
    assert found(tmp_path, dataclasses.replace(PLENTY, files_found=100)) == []


def test_a_service_with_more_connections_than_there_is_room_for_is_warned_of(tmp_path: Path) -> None:
    most = dataclasses.replace(PLENTY, files_found=10_000)
    (one,) = found(tmp_path, most, "max_connections: 6000, ")
    assert (one.code, str(one.severity), one.origin.line) == ("limit-files", "warning", 3)
    assert one.message == "service shop may have 6000 connections at once (max_connections), and open files are enough for 4980"
    assert "to 12040:" in one.hint
    assert found(tmp_path, most, "max_connections: 4000, ") == []


@pytest.mark.parametrize(("each", "says"), [(2000, False), (3000, True)])
def test_the_limits_of_all_servers_count_as_the_services(tmp_path: Path, each: int, says: bool) -> None:
    one = made(tmp_path, SITE.replace('"10.0.0.1:80"', f'{{address: "10.0.0.1:80", max_connections: {each}}}'))
    assert limits.check_limits(one, budget.budget(one, 1), dataclasses.replace(PLENTY, files_found=10_000)) == ()
    both = SITE
    for address in ("10.0.0.1:80", "10.0.0.2:80"):
        both = both.replace(f'"{address}"', f'{{address: "{address}", max_connections: {each}}}')
    one = made(tmp_path, both)
    assert bool(limits.check_limits(one, budget.budget(one, 1), dataclasses.replace(PLENTY, files_found=10_000))) is says


def test_memory_that_is_not_enough_for_two_workers_is_a_warning_and_for_one_an_error(tmp_path: Path) -> None:
    one = made(tmp_path, SITE)
    needed = budget.budget(one, 1).memory
    said = [
        limits.check_limits(one, budget.budget(one, 1), limits.Limits(10**6, 10**6, memory, "the group's memory.max"))
        for memory in (2 * needed, 2 * needed - 1, needed - 1, 0)
    ]
    assert [[(each.code, str(each.severity)) for each in few] for few in said] == [
        [],
        [("limit-memory", "warning")],
        [("limit-memory", "error")],
        [],
    ]
    assert "the group's memory.max is" in said[2][0].message
    assert said[2][0].hint.startswith("raise the group's memory.max to ")
