"""Whom HAProxy becomes."""

from __future__ import annotations

import dataclasses
import pwd

import pytest

from hapilot.base import errors
from hapilot.reconcile import targeting
from hapilot.runtime import facts


def machine(uid: int) -> facts.Machine:
    """This machine, for another user."""
    return dataclasses.replace(facts.look(), uid=uid)


def lacking(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """A machine without these users."""
    known = pwd.getpwnam

    def look_up(name: str) -> pwd.struct_passwd:
        if name in names:
            raise KeyError(name)
        return known(name if name != "haproxy" else "daemon")

    monkeypatch.setattr(pwd, "getpwnam", look_up)


def test_root_needs_a_user_to_become(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking(monkeypatch, "haproxy", "nobody")
    with pytest.raises(errors.HapilotError, match="HAProxy would serve as root") as refused:
        targeting.require_worker(machine(0))
    assert "useradd" in refused.value.hint
    targeting.require_worker(machine(1000))
    assert targeting.make_target(None, machine(1000)).drop_to == ""


@pytest.mark.parametrize(("missing", "taken"), [("haproxy", "nobody"), ("nobody", "daemon")])
def test_root_becomes_the_user_that_is_there(monkeypatch: pytest.MonkeyPatch, missing: str, taken: str) -> None:
    lacking(monkeypatch, missing)
    targeting.require_worker(machine(0))
    assert targeting.make_target(None, machine(0)).drop_to == taken
