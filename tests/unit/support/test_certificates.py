"""Throw-away certificates: files that OpenSSL loads, and faults on demand."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from support import certificates


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_files_load(kind: certificates.KeyKind, tmp_path: Path, authority: certificates.Authority) -> None:
    files = authority.issue("a.example", "*.b.example", "::1", key=kind).write(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.combined)
    assert {files.key.stat().st_mode & 0o777, files.combined.stat().st_mode & 0o777} == {0o600}
    der = ssl.PEM_cert_to_DER_cert(files.certificate.read_text())
    assert certificates.names_of(der) == ("a.example", "*.b.example", "::1")


def test_a_key_that_does_not_match(tmp_path: Path, authority: certificates.Authority) -> None:
    files = authority.issue("a.example", matching_key=False).write(tmp_path)
    with pytest.raises(ssl.SSLError, match="KEY_VALUES_MISMATCH"):
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.certificate, files.key)


def test_authorities_are_made_once(authority: certificates.Authority) -> None:
    assert certificates.authority() is authority
    assert certificates.authority("another CA").pem != authority.pem
