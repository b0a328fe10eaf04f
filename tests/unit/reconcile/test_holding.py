"""Whether the site's files are still what a rollback was made against."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hapilot.compile import target
from hapilot.reconcile import holding, pipeline


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "a.yaml").write_text("services: {}\n")
    return folder


def test_the_same_files_are_the_same(site: Path) -> None:
    held = holding.hold([site, site / "a.yaml"])
    (site / "a.yaml").unlink()
    (site / "a.yaml").write_text("services: {}\n")
    (site / ".a.yaml.swp").write_text("an editor's")
    os.utime(site / "a.yaml", (1, 1))
    assert not holding.is_changed(held)


CHANGES: dict[str, Callable[[Path], object]] = {
    "other text": lambda site: (site / "a.yaml").write_text("services: { }\n"),
    "one more": lambda site: (site / "b.yaml").write_text(""),
    "one gone": lambda site: (site / "a.yaml").unlink(),
    "all gone": lambda site: site.rename(site.with_name("elsewhere")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_is_noticed_and_so_is_what_changes_back(site: Path, change: str) -> None:
    held = holding.hold([site, site / "a.yaml"])
    CHANGES[change](site)
    assert holding.is_changed(held)


def test_relative_paths_mean_the_same_from_elsewhere(site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(site)
    held = holding.hold([Path("a.yaml")])
    monkeypatch.chdir(tmp_path)
    assert not holding.is_changed(held)


def test_only_the_sites_own_text_counts(site: Path) -> None:
    (site / "more").mkdir()
    (site / "more" / "b.yaml").write_text("")
    (site / "secret").write_text("one")
    (site / "a.yaml").write_text(
        "include: more/*.yaml\nservices:\n  shop: {tls: none, servers: ['10.0.0.1:80'], host: a.test}\n"
        "listeners:\n  web: {bind: ':81'}\n"
        "admin: {stats: {bind: '127.0.0.1:84', users: {anna: {password_file: secret}}}}\n"
    )
    prepared = pipeline.prepare(site / "a.yaml", target.Target(), None, {})
    assert site / "secret" in prepared.watched, prepared.diagnostics
    assert set(prepared.documents) == {site / "a.yaml", site / "more", site / "more" / "b.yaml"}
