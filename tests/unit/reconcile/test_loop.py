"""One application: what is written, what is confirmed, and what is put back where HAProxy does not follow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hapilot.base import diagnostics, errors
from hapilot.base.origin import Origin
from hapilot.reconcile import loop, serving, standing, verify
from hapilot.render import summary
from hapilot.runtime import files, process, record

from .conftest import FakeProcess, World


def test_the_first_application_starts_and_confirms(world: World) -> None:
    done = world.operator.apply(world.site(81), None)
    assert (done.how, done.generation) == ("start", 1)
    assert world.links() == (1, 1)
    assert world.next_process.did == ["start", "wait"]
    kept = serving.serving_summary(world.state)
    assert kept is not None
    assert kept.opened == (summary.Opened("127.0.0.1", 81),)


def test_the_same_again_is_nothing(world: World) -> None:
    running = world.operator.apply(world.site(81), None).process
    done = world.operator.apply(world.site(81), running)
    assert (done.how, done.generation) == ("nothing", 1)
    assert world.next_process.did == ["start", "wait"]


def test_a_change_reloads_and_tries_only_new_addresses(world: World) -> None:
    running = world.operator.apply(world.site(81, 82), None).process
    done = world.operator.apply(world.site(82, 83), running)
    assert (done.how, done.generation) == ("reload", 2)
    assert world.links() == (2, 2)
    assert world.tried == [{81, 82}, {83}]
    assert world.next_process.waited == {83}


def test_what_can_be_changed_while_it_runs_takes_no_reload(world: World) -> None:
    running = world.operator.apply(world.site(81), None).process
    done = world.operator.apply(world.site(81, server="'10.0.0.2:80'"), running)
    assert (done.how, done.generation, done.reasons) == ("runtime", 2, ())
    assert world.links() == (2, 2)
    assert world.next_process.did == ["start", "wait", "runtime"]


def test_a_refused_runtime_command_becomes_a_reload(world: World) -> None:
    running = world.operator.apply(world.site(81), None).process
    world.next_process.refuses = True
    done = world.operator.apply(world.site(81, server="'10.0.0.2:80'"), running)
    assert (done.how, done.generation, done.reasons) == ("reload", 2, ("it was refused",))
    assert world.next_process.did[-3:] == ["runtime", "reload", "wait"]


def test_what_was_changed_behind_our_back_is_undone_without_a_generation(world: World) -> None:
    running = world.operator.apply(world.site(81), None).process
    world.operator.apply(world.site(81, server="'10.0.0.2:80'"), running)
    world.next_process.has = world.state.generation(1).digest
    done = world.operator.apply(world.site(81, server="'10.0.0.2:80'"), running)
    assert (done.how, done.generation) == ("runtime", 2)
    world.next_process.has = world.state.generation(1).digest
    assert world.operator.settle(running).how == "runtime"
    assert world.operator.settle(running).how == "nothing"
    assert world.links() == (2, 2)


def test_what_haproxy_refuses_is_not_written(world: World) -> None:
    world.found.append(diagnostics.error("haproxy-refused", "no", Origin("a")))
    with pytest.raises(errors.SiteError) as refused:
        world.operator.apply(world.site(81), None)
    assert [one.code for one in refused.value.diagnostics] == ["haproxy-refused"]
    assert world.links() == (0, 0)
    assert world.next_process.did == []


def test_what_haproxy_warns_of_is_handed_on(world: World) -> None:
    world.found.append(diagnostics.warning("haproxy-warned", "hm", Origin("a")))
    assert world.operator.apply(world.site(81), None).warned == tuple(world.found)


def test_a_start_that_fails_confirms_nothing(world: World) -> None:
    world.next_process.fails_at = "start"
    with pytest.raises(errors.HaproxyFailed, match="start failed"):
        world.operator.apply(world.site(81), None)
    assert world.links() == (1, 0)


def test_a_start_that_does_not_serve_leaves_no_haproxy_behind(world: World) -> None:
    world.operator.apply(world.site(81), None)
    world.next_process = FakeProcess(fails_at="wait")
    with pytest.raises(errors.HaproxyFailed, match="wait failed"):
        world.operator.apply(world.site(82), None)
    assert world.next_process.did == ["start", "wait", "stop"]
    assert world.links() == (1, 1)


def test_a_refused_reload_puts_the_link_back(world: World) -> None:
    world.operator.apply(world.site(81), None)
    running = FakeProcess(fails_at="reload")
    with pytest.raises(errors.HaproxyFailed, match="reload failed"):
        world.operator.apply(world.site(82), running.as_process)
    assert running.did == ["reload"]
    assert world.links() == (1, 1)


def test_a_reload_that_does_not_serve_is_undone(world: World) -> None:
    world.operator.apply(world.site(81), None)
    running = FakeProcess(fails_at="wait")
    with pytest.raises(errors.HaproxyFailed, match="wait failed"):
        world.operator.apply(world.site(82), running.as_process)
    assert running.did == ["reload", "wait", "reload"]
    assert world.links() == (1, 1)


def test_an_interrupted_change_converges(world: World) -> None:
    """The link was switched; whether HAProxy was reloaded nobody knows. Whichever site comes next, both agree afterwards."""
    running = world.operator.apply(world.site(81), None).process
    _interrupt(world)
    assert world.operator.apply(world.site(82), running).how == "reload"
    assert world.links() == (3, 3)
    _interrupt(world)
    # HAProxy says itself that it got nothing of it.
    assert world.operator.apply(world.site(82), running).how == "nothing"
    assert world.links() == (3, 3)


def _interrupt(world: World) -> None:
    prepared = world.site(99)
    assert prepared.bundle is not None
    assert prepared.build is not None
    made = world.state.write(prepared.bundle, files.Description(0.0, "", ""), summary.summarise(prepared.build, ()).as_json())
    world.state.activate(made.number)


def test_a_restart_confirms_what_is_current(world: World) -> None:
    world.operator.apply(world.site(81), None)
    _interrupt(world)
    world.operator.restart(None)
    assert world.links() == (2, 2)


def test_a_damaged_summary_is_one_error(world: World) -> None:
    world.operator.apply(world.site(81), None)
    (world.state.generations / "1" / files.SUMMARY).write_text('{"listeners": 1}')
    with pytest.raises(errors.StateBroken, match=r"site\.json is damaged"):
        serving.serving_summary(world.state)


def test_nothing_serves_before_the_first(world: World) -> None:
    assert serving.serving_summary(world.state) is None


NAMED = "{name: one, address: 'ADDRESS'}"


@pytest.mark.parametrize(
    ("server", "extra", "is_kept"),
    [
        (NAMED.replace("ADDRESS", "10.0.0.1:80"), "", True),
        (NAMED.replace("ADDRESS", "10.0.0.1:80").replace("}", ", weight: 7}"), "", True),
        (NAMED.replace("ADDRESS", "10.0.0.1:81"), "", False),
        (NAMED.replace("ADDRESS", "10.0.0.2:80"), "", False),
        (NAMED.replace("ADDRESS", "10.0.0.1:80"), ", health: off", False),
        (NAMED.replace("ADDRESS", "10.0.0.1:80"), ", health: {http: /healthy}", False),
    ],
)
def test_a_reload_hands_on_the_state_of_unchanged_servers_alone(world: World, server: str, extra: str, is_kept: bool) -> None:
    running = world.operator.apply(world.site(81, server=NAMED.replace("ADDRESS", "10.0.0.1:80")), None).process
    world.operator.apply(world.site(82, server=server, extra=extra), running)
    kept = serving.serving_summary(world.state)
    assert kept is not None
    assert world.next_process.unchanged == ({(kept.services[0].backend, "one")} if is_kept else set())


def test_after_an_interrupted_change_no_state_is_handed_on(world: World) -> None:
    running = world.operator.apply(world.site(81), None).process
    _interrupt(world)
    world.operator.apply(world.site(82), running)
    assert world.next_process.unchanged == set()


def test_haproxy_does_not_see_the_variables_of_passwords(world: World) -> None:
    more = "admin: {stats: {bind: '127.0.0.1:84', users: {anna: {password_env: SHOP_PASSWORD}}}}\n"
    world.operator.apply(world.site(81, more=more), None)
    world.operator.restart(None)
    assert world.withheld == [("SHOP_PASSWORD",), ("SHOP_PASSWORD",)]


def test_a_change_that_can_not_be_written_down_is_made_and_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    running = world.operator.apply(world.site(81), None).process
    with monkeypatch.context() as patched:
        patched.setattr(files.StateDirectory, "confirm", _full)
        done = world.operator.apply(world.site(82), running)
        assert (done.how, done.generation) == ("reload", 2)
        assert "generation 2 runs" in done.note
        assert "the disk is full" in done.note
        assert world.links() == (2, 1)
        assert world.operator.restart(None) is running
    # What runs is what is wanted; that can be written down by now.
    assert world.operator.apply(world.site(82), running).how == "nothing"
    assert world.links() == (2, 2)


def _full(*_: object) -> None:
    raise errors.StateBroken("the disk is full")


def test_what_the_system_refuses_is_an_error_like_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(verify, "beside", refuse)
    with pytest.raises(errors.HapilotError, match="No space left on device"):
        world.operator.apply(world.site(81), None)
    monkeypatch.setattr(process, "start", lambda *_, **__: refuse())  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    with pytest.raises(errors.HapilotError, match="No space left on device"):
        world.operator.restart(None)


def test_a_reload_that_can_not_begin_puts_the_link_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    running = world.operator.apply(world.site(81), None).process
    monkeypatch.setattr(world.next_process, "reload", _full)
    with pytest.raises(errors.StateBroken, match="full"):
        world.operator.apply(world.site(82), running)
    assert world.links() == (1, 1)


HELD = record.Held(("/site.yaml",), "mark")
BACK = loop.Occasion("rollback", held=HELD)


def test_a_former_generation_comes_back_as_a_new_one(world: World) -> None:
    running = world.operator.apply(world.site(81), None).process
    world.operator.apply(world.site(82), running)
    done = world.operator.restore(1, running, BACK, None)
    assert (done.how, done.generation, done.former) == ("reload", 3, 2)
    assert world.links() == (3, 3)
    assert world.state.bundle(3) == world.state.bundle(1)
    about = world.state.generation(3).description
    assert (about.cause, about.restores, about.held) == ("rollback", 1, HELD)
    assert about.summary == "listener web: 127.0.0.1:81 added; listener web: 127.0.0.1:82 removed"
    assert world.tried == [{81}, {82}, {81}]


def test_what_serves_need_not_come_back(world: World) -> None:
    running = world.operator.apply(world.site(81), None).process
    assert world.operator.restore(1, running, BACK, None).how == "nothing"
    assert world.links() == (1, 1)


def test_a_generation_that_was_edited_does_not_come_back(world: World) -> None:
    running = world.operator.apply(world.site(81), None).process
    world.operator.apply(world.site(82), running)
    (world.state.generations / "1" / "haproxy.cfg").write_text("global\n")
    with pytest.raises(errors.StateBroken, match="changed by hand"):
        world.operator.restore(1, running, BACK, None)
    assert world.links() == (2, 2)


def test_a_rollback_that_haproxy_refuses_leaves_what_serves(world: World) -> None:
    running = world.operator.apply(world.site(81), None).process
    world.operator.apply(world.site(82), running)
    with pytest.raises(errors.HaproxyFailed, match="reload failed"):
        world.operator.restore(1, FakeProcess(fails_at="reload").as_process, BACK, None)
    assert world.links() == (2, 2)
    assert standing.look(world.state).held is None


def test_a_trial_knows_what_it_goes_back_to(world: World) -> None:
    with pytest.raises(errors.HapilotError, match="no former generation"):
        world.operator.apply(world.site(81), None, loop.Occasion("apply", 60.0))
    assert world.links() == (0, 0)
    running = world.operator.apply(world.site(81), None).process
    done = world.operator.apply(world.site(82), running, loop.Occasion("apply", 60.0))
    assert world.state.generation(done.generation).description.trial == record.Trial(60.0, 1)


def test_an_interrupted_rollback_is_finished(world: World) -> None:
    running = world.operator.apply(world.site(81), None).process
    world.operator.apply(world.site(82), running)
    about = replace(world.state.generation(1).description, cause="rollback", restores=1, held=HELD)
    world.state.activate(world.state.write(world.state.bundle(1), about, world.state.summary(1)).number)
    assert world.links() == (3, 2)
    done = world.operator.resume(running, None)
    assert (done.how, done.generation) == ("reload", 3)
    assert world.links() == (3, 3)
    assert world.operator.resume(running, None).how == "adopt"
    assert world.operator.resume(None, None).how == "start"


def test_only_so_many_are_kept(world: World) -> None:
    operator = replace(world.operator, keep=2)
    running = operator.apply(world.site(81), None).process
    for port in (82, 83, 84):
        operator.apply(world.site(port), running)
    assert [one.number for one in world.state.history()] == [3, 4]
    operator.restore(3, running, BACK, None)
    for port in (85, 86):
        assert [one.number for one in world.state.history()] == [3, 4, 5] if port == 85 else True
        operator.apply(world.site(port), running)
    assert [one.number for one in world.state.history()] == [6, 7]
