"""The local CA: kept, private, reissued in time, the same for all."""

from __future__ import annotations

import datetime
import multiprocessing
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from golden.pems import NOW
from hapilot.model import values
from hapilot.sources.file import pem
from hapilot.sources.file.self_signed import LocalAuthority

NAMES = [values.parse_host("*.example.test"), values.parse_host("example.test")]
DAY = datetime.timedelta(days=1)


def fingerprint(bundle: pem.Bundle) -> bytes:
    return bundle.leaf.public_bytes(serialization.Encoding.DER)


def _serial(folder: str) -> int:
    return LocalAuthority(Path(folder)).certificate(NAMES, NOW).chain[0].serial_number


@pytest.mark.parametrize("kept", [True, False])
def test_a_certificate_for_all_names(tmp_path: Path, kept: bool) -> None:
    bundle = LocalAuthority(tmp_path / "ca" if kept else None).certificate(NAMES, NOW)
    assert pem.hosts(bundle.leaf) == tuple(NAMES)
    bundle.leaf.verify_directly_issued_by(bundle.chain[0])
    assert bundle.leaf.not_valid_before_utc <= NOW
    assert bundle.leaf.not_valid_after_utc == NOW + 365 * DAY
    assert pem.bundle(bundle.text().encode(), bundle.text().encode()).leaf == bundle.leaf


def test_it_is_kept_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "ca"
    first = LocalAuthority(folder).certificate(NAMES, NOW)
    again = LocalAuthority(folder)
    assert fingerprint(again.certificate(NAMES, NOW + DAY)) == fingerprint(first)
    assert again.ca_text(NOW) == (folder / "ca.pem").read_text()
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert again.certificate(NAMES[:1], NOW).chain == first.chain
    assert again.certificate(NAMES[:1], NOW).leaf != first.leaf


@pytest.mark.parametrize(("days", "same"), [(334, True), (336, False), (-1, False)])
def test_leaves_are_reissued(tmp_path: Path, days: int, same: bool) -> None:
    authority = LocalAuthority(tmp_path)
    first = authority.certificate(NAMES, NOW)
    later = authority.certificate(NAMES, NOW + days * DAY)
    assert (fingerprint(first) == fingerprint(later)) == same
    assert later.leaf.not_valid_before_utc <= NOW + days * DAY


def test_a_new_ca_after_ten_years(tmp_path: Path) -> None:
    authority = LocalAuthority(tmp_path)
    first = authority.certificate(NAMES, NOW)
    later = authority.certificate(NAMES, NOW + 3640 * DAY)
    assert first.chain != later.chain
    later.leaf.verify_directly_issued_by(later.chain[0])


def test_a_leaf_of_another_ca_is_reissued(tmp_path: Path) -> None:
    first = LocalAuthority(tmp_path).certificate(NAMES, NOW)
    (tmp_path / "ca.pem").unlink()
    second = LocalAuthority(tmp_path).certificate(NAMES, NOW)
    assert first.chain != second.chain
    second.leaf.verify_directly_issued_by(second.chain[0])


def test_a_kept_file_that_somebody_broke_is_refused(tmp_path: Path) -> None:
    LocalAuthority(tmp_path).certificate(NAMES, NOW)
    (tmp_path / "ca.key").write_text("hello")
    with pytest.raises(pem.Refused):
        LocalAuthority(tmp_path).certificate(NAMES, NOW)


def test_one_that_only_reads_uses_what_is_kept_and_leaves_it_alone(tmp_path: Path) -> None:
    folder = tmp_path / "ca"
    kept = LocalAuthority(folder).certificate(NAMES, NOW)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    reader = LocalAuthority(folder, reads_only=True)
    assert reader.certificate(NAMES, NOW).leaf == kept.leaf
    other = reader.certificate([values.parse_host("other.test")], NOW)
    assert other.chain == kept.chain
    assert reader.certificate([values.parse_host("other.test")], NOW).leaf == other.leaf
    late = reader.certificate(NAMES, NOW + 3640 * DAY)
    late.leaf.verify_directly_issued_by(late.chain[0])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_one_that_only_reads_makes_no_folder(tmp_path: Path) -> None:
    LocalAuthority(tmp_path / "ca", reads_only=True).certificate(NAMES, NOW)
    assert list(tmp_path.iterdir()) == []


def test_several_at_once_make_one_ca(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert len(set(pool.map(_serial, [str(tmp_path)] * 6))) == 1


def test_long_names() -> None:
    long = values.parse_host(".".join(["a" * 60] * 4))
    bundle = LocalAuthority(None).certificate([long], NOW)
    assert bundle.leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName) == [
        str(long)
    ]
