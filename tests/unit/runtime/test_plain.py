"""Files in an ordinary folder: what is replaced, and what is left to others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.render.bundle import Bundle, BundleFile
from hapilot.runtime import plain

CONFIG = BundleFile("haproxy.cfg", b"global\n")
KEY = BundleFile("certs/a.pem", b"key\n", 0o600)
MAP = BundleFile("maps/a.map", b"a b\n")


def names(folder: Path) -> set[str]:
    """Every file below a folder, without the list."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {plain.WRITTEN}


def test_what_is_no_more_wanted_goes(tmp_path: Path) -> None:
    assert plain.replace_bundle(tmp_path, Bundle((CONFIG, KEY, MAP))) == ()
    assert (tmp_path / "certs" / "a.pem").stat().st_mode & 0o777 == 0o600
    assert plain.replace_bundle(tmp_path, Bundle((CONFIG, MAP))) == ("certs/a.pem",)
    assert names(tmp_path) == {"haproxy.cfg", "maps/a.map"}
    assert not (tmp_path / "certs").exists()
    assert plain.replace_bundle(tmp_path, Bundle((CONFIG, MAP))) == ()


def test_what_others_wrote_or_changed_stays(tmp_path: Path) -> None:
    (tmp_path / "certs").mkdir()
    (tmp_path / "certs" / "mine.pem").write_bytes(b"mine")
    plain.replace_bundle(tmp_path, Bundle((CONFIG, KEY, MAP)))
    (tmp_path / "maps" / "a.map").write_bytes(b"edited\n")
    assert plain.replace_bundle(tmp_path, Bundle((CONFIG,))) == ("certs/a.pem",)
    assert names(tmp_path) == {"haproxy.cfg", "certs/mine.pem", "maps/a.map"}


def test_an_interrupted_call_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain.replace_bundle(tmp_path, Bundle((CONFIG, KEY)))

    def interrupt(*_: object) -> None:
        raise errors.StateBroken("full")

    with monkeypatch.context() as patched:
        patched.setattr(plain, "write_bundle", interrupt)
        with pytest.raises(errors.StateBroken):
            plain.replace_bundle(tmp_path, Bundle((CONFIG, MAP)))
    plain.replace_bundle(tmp_path, Bundle((CONFIG,)))
    assert names(tmp_path) == {"haproxy.cfg"}


@pytest.mark.parametrize("listed", ["../outside", "/OUTSIDE", "link/outside", ""])
def test_a_list_that_leads_elsewhere_removes_nothing(tmp_path: Path, listed: str) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(KEY.content)
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    (folder / plain.WRITTEN).write_text(json.dumps({listed.replace("/OUTSIDE", str(outside)): KEY.digest}))
    assert plain.replace_bundle(folder, Bundle((CONFIG,))) == ()
    assert outside.exists()


@pytest.mark.parametrize("text", ["", "[]", '{"haproxy.cfg": 1}'])
def test_a_damaged_list_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / plain.WRITTEN).write_text(text)
    assert plain.replace_bundle(tmp_path, Bundle((CONFIG,))) == ()
