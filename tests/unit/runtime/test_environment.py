"""What HAProxy gets to see of our environment."""

from __future__ import annotations

import pytest

from hapilot.runtime import environment


def test_ours_without_what_is_not_for_haproxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTIFY_SOCKET", "HAPROXY_MWORKER", "SECRET_WORD", "KEPT_WORD"):
        monkeypatch.setenv(name, "x")
    seen = environment.for_haproxy({"HAPILOT_RUN": "/run/x"}, ["SECRET_WORD"])
    assert {"HAPILOT_RUN", "KEPT_WORD"} <= seen.keys()
    assert not {"NOTIFY_SOCKET", "HAPROXY_MWORKER", "SECRET_WORD"} & seen.keys()
