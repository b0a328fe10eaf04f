"""What a site's files are read through: links, folders above, variables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hapilot.compile import target
from hapilot.reconcile import surroundings

SITE = "listeners: {web: {bind: ':8080'}}\nservices:\n  shop: {listener: web, host: a.test, tls: none, servers: ['10.0.0.1:80']}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site in a folder of its own, with an include in another file."""
    folder = tmp_path.resolve() / "site"
    folder.mkdir()
    (folder / "site.yaml").write_text(SITE + "include: [more.yaml]\n")
    (folder / "more.yaml").write_text("log: {to: stdout}\n")
    return folder


def look(path: Path, *mounts: Path, **environment: str) -> surroundings.Looked:
    """Looks at a site that has no errors."""
    looked = surroundings.look(path, target.Target(), environment, mounts)
    assert looked.prepared.ok, looked.prepared.diagnostics
    return looked


def used(looked: surroundings.Looked) -> set[str]:
    """The paths that were used."""
    return {str(path) for path in looked.around.used}


def test_a_file_means_its_folder_and_a_folder_itself(folder: Path) -> None:
    of_file = look(folder / "site.yaml").around
    assert (str(of_file.site), str(of_file.folder)) == (str(folder / "site.yaml"), str(folder))
    assert str(look(folder).around.folder) == str(folder)


def test_relative_paths_become_absolute(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "deeper").mkdir()
    monkeypatch.chdir(folder / "deeper")
    assert str(look(Path("../site.yaml")).around.site) == str(folder / "site.yaml")
    assert str(folder / "more.yaml") in used(look(Path("../site.yaml")))


def test_each_link_and_where_it_leads_is_used(folder: Path) -> None:
    """As certbot does it: live/a.pem -> ../archive/a1.pem."""
    elsewhere = folder.parent / "elsewhere"
    (elsewhere / "live").mkdir(parents=True)
    (elsewhere / "archive").mkdir()
    (elsewhere / "archive" / "more1.yaml").write_text("log: {to: stdout}\n")
    (elsewhere / "live" / "more.yaml").symlink_to("../archive/more1.yaml")
    (folder / "more.yaml").unlink()
    (folder / "more.yaml").symlink_to(elsewhere / "live" / "more.yaml")
    expected = {folder / "more.yaml", elsewhere / "live" / "more.yaml", elsewhere / "archive" / "more1.yaml"}
    assert {str(path) for path in expected} <= used(look(folder / "site.yaml"))


def test_links_above_the_site_do_not_matter(folder: Path) -> None:
    """The container has a plain folder there."""
    (folder.parent / "link").symlink_to(folder.parent)
    site = folder.parent / "link" / "site" / "site.yaml"
    looked = look(site)
    assert str(looked.around.folder) == str(site.parent)
    assert all(path.startswith(str(site.parent)) for path in used(looked))


def test_a_link_in_a_mount_is_followed_within_it(folder: Path) -> None:
    other = folder.parent / "other"
    other.mkdir()
    (other / "real.yaml").write_text("log: {to: stdout}\n")
    (folder / "more.yaml").unlink()
    (folder / "more.yaml").symlink_to(other / "real.yaml")
    without = {str(entry.path) for entry in look(folder / "site.yaml").around.entries}
    beside = {str(entry.path) for entry in look(folder / "site.yaml", other).around.entries}
    assert beside - without == {str(other), str(other / "real.yaml")}


def test_entries_have_what_the_file_system_says(folder: Path) -> None:
    (folder / "more.yaml").chmod(0o640)
    entry = next(one for one in look(folder / "site.yaml").around.entries if one.path.name == "more.yaml")
    assert (entry.owner, entry.group, entry.mode, entry.is_folder) == (os.geteuid(), (folder / "more.yaml").stat().st_gid, 0o640, False)
    assert next(one for one in look(folder).around.entries if str(one.path) == str(folder)).is_folder


def test_variables_are_those_that_were_asked_for(folder: Path) -> None:
    (folder / "more.yaml").write_text("log: {to: '${TARGET:-stdout}'}\nadmin: {stats: {bind: ':9', users: {a: {password_env: SECRET}}}}\n")
    looked = look(folder / "site.yaml", SECRET="x", UNRELATED="y")
    assert looked.around.variables == ("SECRET", "TARGET")


def test_a_site_with_errors_is_not_looked_into(folder: Path) -> None:
    (folder / "more.yaml").write_text("nonsense: 1\n")
    looked = surroundings.look(folder / "site.yaml", target.Target(), {}, ())
    assert not looked.prepared.ok
    assert looked.around.used == ()
