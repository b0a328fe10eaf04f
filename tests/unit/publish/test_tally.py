"""The counters of what one hapilot has done."""

from __future__ import annotations

from hapilot.publish import tally


def test_it_begins_with_every_counter_at_zero() -> None:
    begun = tally.Tally()
    assert begun.changes == dict.fromkeys(tally.RESULTS, 0)
    assert begun.reloads == dict.fromkeys(tally.REASONS, 0)
    assert (begun.restarts, begun.seconds, begun.is_current, begun.is_adopted) == (0, None, True, False)


def test_a_start_is_a_change_and_no_reload() -> None:
    done = tally.Tally().started().applied(0.5)
    assert (done.changes["applied"], sum(done.reloads.values()), done.seconds) == (1, 0, 0.5)


def test_each_reload_counts_once_under_its_reason() -> None:
    done = tally.Tally().applied(0.5, "routes").applied(0.25, "routes").applied(0.125, "certificates")
    assert {reason: count for reason, count in done.reloads.items() if count} == {"routes": 2, "certificates": 1}
    assert (done.changes["applied"], done.seconds) == (3, 0.125)


def test_files_are_not_current_from_a_failure_to_the_next_success() -> None:
    failed = tally.Tally().applied(0.5).failed("refused")
    assert not failed.is_current
    assert failed.changes["refused"] == 1
    assert failed.seconds == 0.5
    assert not failed.failed("failed").is_current
    assert failed.unchanged().is_current
    assert failed.applied(0.1, "routes").is_current


def test_an_adopted_haproxy_is_ours_once_we_have_started_it_again() -> None:
    adopted = tally.Tally().adopted()
    assert adopted.is_adopted
    assert adopted.applied(0.1, "adoption").is_adopted
    again = adopted.restarted()
    assert (again.is_adopted, again.restarts) == (False, 1)
    assert not adopted.started().is_adopted


def test_an_event_changes_no_former_tally() -> None:
    begun = tally.Tally()
    begun.applied(1.0, "routes")
    assert begun == tally.Tally()
