"""Which files are read for which arguments, and certificates as lint sees them."""

from __future__ import annotations

import datetime
import io
import sys
from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.sources.haproxy_cfg import certificates, reading
from support import certificates as made

NOW = datetime.datetime.now(datetime.UTC)


def test_folders_are_read_as_haproxy_does(tmp_path: Path) -> None:
    for name in ("b.cfg", "a.cfg", "notes.txt", ".c.cfg"):
        (tmp_path / name).write_text(f"# {name}\n")
    (tmp_path / "d.cfg").mkdir()
    (tmp_path / "x").write_text("# x\n")
    found = reading.read([str(tmp_path / "x"), str(tmp_path)])
    assert [Path(each.file).name for each in found] == ["x", "a.cfg", "b.cfg"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"global\xff\n")))
    (found,) = reading.read(["-"])
    assert (found.file, len(list(found.all_lines()))) == ("<stdin>", 1)


@pytest.mark.parametrize("name", ["missing.cfg", "empty"])
def test_what_is_not_there(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(errors.HapilotError, match=name):
        reading.read([str(tmp_path / name)])


def test_certificates(tmp_path: Path) -> None:
    authority = made.authority("reading")
    good = authority.issue("a.test", "*.a.test").write(tmp_path, "good").combined
    authority.issue("a.test", validity="expired").write(tmp_path, "old")
    (tmp_path / "empty.pem").write_text("nothing\n")
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    authority.write(tmp_path, "ca.pem")
    files = certificates.CertificateFiles((Path("/nowhere"), tmp_path), NOW)
    (seen,) = files.look("good.pem")
    assert (seen.path, seen.problem, sorted(seen.names)) == ("good.pem", "", ["*.a.test", "a.test"])
    assert seen.ends is not None
    assert seen.ends > NOW
    assert files.look(str(good))[0].ends == seen.ends
    (old,) = files.look("old.pem")
    assert old.ends is not None
    assert old.ends < NOW
    assert files.look("ca.pem")[0].names == ()
    assert files.look("empty.pem")[0].problem == "holds no certificate"
    assert "can't be parsed" in files.look("broken.pem")[0].problem
    assert files.look("gone.pem")[0].problem == "is not there"
    assert files.look("a\0b")[0].problem == "is not there"


def test_a_folder_of_certificates(tmp_path: Path) -> None:
    authority = made.authority("reading")
    authority.issue("a.test").write(tmp_path / "certs", "a")
    (tmp_path / "certs" / ".hidden").write_text("x")
    files = certificates.CertificateFiles((tmp_path,), NOW)
    assert [each.path for each in files.look("certs/")] == ["certs/a.crt", "certs/a.pem"]


def test_the_kinds_of_one_certificate(tmp_path: Path) -> None:
    made.authority("reading").issue("a.test").write(tmp_path, "a").combined.rename(tmp_path / "site.pem.ecdsa")
    files = certificates.CertificateFiles((tmp_path,), NOW)
    assert [each.problem for each in files.look("site.pem")] == [""]


def test_what_one_may_not_read_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret.pem").touch()

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert certificates.CertificateFiles((tmp_path,), NOW).look("secret.pem") == ()
