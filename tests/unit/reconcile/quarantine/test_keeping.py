"""What is remembered beside a generation."""

from __future__ import annotations

import json
from pathlib import Path

from hapilot.reconcile.quarantine import keeping
from hapilot.render import bundle
from hapilot.runtime import files, record

from .conftest import Story, section

GOOD = """
services:
  shop: {host: shop.example.test, servers: [10.0.0.1:80], basic_auth: {users: {ann: {password: "in-clear"}}}}
  bad: {host: bad.example.test, servers: [10.0.0.2:80]}
certificates: [{self_signed: ["*.example.test"]}]
"""
BAD = GOOD.replace("10.0.0.2:80", "a b")


def _written(state: files.StateDirectory, wanted: bundle.Bundle) -> int:
    number = state.write(wanted, record.Description(1.0, "", "", "start")).number
    state.activate(number)
    state.confirm(number)
    return number


def _live(state: files.StateDirectory, story: Story, text: str, now: float) -> int:
    from hapilot.compile import target
    from hapilot.reconcile import pipeline

    story.site.write_text(text)
    prepared = pipeline.tolerant(pipeline.prepare(story.site, target.Target(), None, {}), keeping.former(state))
    _, wanted = prepared.require()
    before = state.serving()
    number = _written(state, wanted)
    assert keeping.keep(state, prepared, number, before.number if before else 0, now) == ""
    story.serving = prepared
    return number


def test_a_part_is_remembered_from_its_first_failure_to_its_repair(tmp_path: Path, story: Story) -> None:
    state = files.StateDirectory(tmp_path / "state")
    state.prepare(None)
    assert keeping.quarantined(state, _live(state, story, GOOD, 10.0)) == ()
    second = _live(state, story, BAD, 20.0)
    (one,) = keeping.quarantined(state, second)
    assert (one.part, one.instead, one.since) == ("service bad", "former", 20.0)
    assert one.shown.startswith("service bad (its last good version goes on): ")
    third = _live(state, story, BAD + "# \n", 30.0)
    assert [each.since for each in keeping.quarantined(state, third)] == [20.0]
    assert story.serving is not None
    assert "10.0.0.2" in section(story.serving, "backend bad")
    fourth = _live(state, story, GOOD, 40.0)
    assert keeping.quarantined(state, fourth) == ()
    keeping.carry(state, third, fourth)
    assert [each.since for each in keeping.quarantined(state, fourth)] == [20.0]


def test_there_are_no_good_versions_where_hapilot_was_killed_too_early(tmp_path: Path, story: Story) -> None:
    """Those of the generation before let in whom the last one does not."""
    state = files.StateDirectory(tmp_path / "state")
    state.prepare(None)
    _live(state, story, GOOD, 10.0)
    second = _live(state, story, GOOD.replace("10.0.0.2:80]", "10.0.0.2:80], allow: [10.0.0.0/8]"), 20.0)
    (state.generations / str(second) / keeping.VERSIONS).unlink()
    (one,) = keeping.quarantined(state, _live(state, story, BAD, 30.0))
    assert (one.part, one.instead) == ("service bad", "closed")


def test_nothing_that_is_kept_has_a_password_in_clear(tmp_path: Path, story: Story) -> None:
    state = files.StateDirectory(tmp_path / "state")
    state.prepare(None)
    for text in (GOOD, BAD, BAD.replace("retries", "").replace("shop: {", "shop: {unknown: 1, ")):
        number = _live(state, story, text, 10.0)
        kept = state.generations / str(number) / keeping.VERSIONS
        assert kept.stat().st_mode & 0o777 == 0o600
        assert "in-clear" not in kept.read_text()
        assert "$6$" in json.dumps(json.loads(kept.read_text())["users"]["shop"])
    assert story.serving is not None
    assert {str(one.part): one.instead for one in story.serving.quarantined} == {"service bad": "former", "service shop": "former"}
    assert "$6$" in section(story.serving, "userlist shop")


def test_what_is_damaged_is_not_there(tmp_path: Path, story: Story) -> None:
    state = files.StateDirectory(tmp_path / "state")
    state.prepare(None)
    assert keeping.former(state)() is None
    number = _live(state, story, BAD, 10.0)
    folder = state.generations / str(number)
    for damaged in ("", "[]", "{", '{"format": 1}', '{"format": 2}', '{"format": 1, "said": 3, "kept": [], "parts": [{}]}'):
        for name in (keeping.VERSIONS, keeping.QUARANTINE):
            (folder / name).write_text(damaged)
        assert keeping.quarantined(state, number) == ()
        former = keeping.former(state)()
        assert former is None or (former.services(frozenset({"bad"})) == {} and former.certificates() == ())
