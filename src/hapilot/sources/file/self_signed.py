"""A certificate authority of one's own, for trying out: created once, kept, and trusted by nobody until the user says so.

Names and the time go in; certificates with chain and key come out. With a folder, the CA and every certificate are kept in
it (0600) and reissued 30 days before their end; without one they live in memory. Called by ``certificates``; the CLI makes it.
Commands that only look at a site read what is kept and issue what is missing in memory.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import hashlib
import os
from collections.abc import Generator, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hapilot.model import values
from hapilot.sources.file import pem

CA_LIFE = datetime.timedelta(days=3650)
LEAF_LIFE = datetime.timedelta(days=365)
REISSUE = datetime.timedelta(days=30)
_SKEW = datetime.timedelta(hours=1)
"""Certificates begin a little earlier, for clients whose clock is late."""


class LocalAuthority:
    """Issues certificates. Every method may raise OSError, or pem.Refused where a kept file was changed by others.

    With ``reads_only`` the folder is left as it is.
    """

    def __init__(self, directory: Path | None, *, reads_only: bool = False) -> None:
        self._directory = directory
        self._folder = None if reads_only else directory
        self._memory: dict[str, bytes] = {}

    def certificate(self, names: Sequence[values.HostPattern], now: datetime.datetime) -> pem.Bundle:
        """A certificate for all the names, valid at ``now`` (with time zone) and for 30 days at least."""
        with self._locked():
            ca = self._ca(now)
            digest = hashlib.sha256("\n".join(map(str, names)).encode()).hexdigest()[:16]
            kept = self._load(f"leaf-{digest}.pem", f"leaf-{digest}.pem")
            if kept is not None and _fresh(kept.leaf, now) and _issued(kept.leaf, ca.leaf):
                return kept
            made = _issue(names, ca, now)
            self._save(f"leaf-{digest}.pem", made.text().encode())
            return made

    def ca_text(self, now: datetime.datetime) -> str:
        """The CA's certificate as PEM, for clients that shall trust it."""
        with self._locked():
            return self._ca(now).leaf.public_bytes(serialization.Encoding.PEM).decode("ascii")

    def _ca(self, now: datetime.datetime) -> pem.Bundle:
        kept = self._load("ca.pem", "ca.key")
        if kept is not None and _fresh(kept.leaf, now):
            return kept
        made = _create_ca(now)
        # The key first: a certificate whose key was lost in between could never be completed.
        self._remove("ca.pem")
        self._save("ca.key", pem.private_bytes(made.key))
        self._save("ca.pem", made.leaf.public_bytes(serialization.Encoding.PEM))
        return made

    def _load(self, certificate: str, key: str) -> pem.Bundle | None:
        certificate_data, key_data = self._read(certificate), self._read(key)
        if certificate_data is None or key_data is None:
            return None
        return pem.bundle(certificate_data, key_data)

    def _read(self, name: str) -> bytes | None:
        if name in self._memory or self._directory is None:
            return self._memory.get(name)
        try:
            return (self._directory / name).read_bytes()
        except FileNotFoundError:
            return None

    def _remove(self, name: str) -> None:
        self._memory.pop(name, None)
        if self._folder is not None:
            (self._folder / name).unlink(missing_ok=True)

    def _save(self, name: str, data: bytes) -> None:
        if self._folder is None:
            self._memory[name] = data
            return
        temporary = self._folder / f".{name}.new"  # one writer at a time: the lock is held
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._folder / name)

    @contextlib.contextmanager
    def _locked(self) -> Generator[None]:
        """Two hapilots that start at once must not make two CAs."""
        if self._folder is None:
            yield
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _fresh(certificate: x509.Certificate, now: datetime.datetime) -> bool:
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - REISSUE


def _issued(leaf: x509.Certificate, ca: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, begin: datetime.datetime, end: datetime.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _create_ca(now: datetime.datetime) -> pem.Bundle:
    key = ec.generate_private_key(ec.SECP256R1())
    mark = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()[:8]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"hapilot local CA {mark}")])
    usage = _usage(signs_certificates=True)
    certificate = (
        _builder(name, key, now - _SKEW, now + CA_LIFE)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return pem.Bundle(certificate, (), key)


def _issue(names: Sequence[values.HostPattern], ca: pem.Bundle, now: datetime.datetime) -> pem.Bundle:
    if not isinstance(ca.key, ec.EllipticCurvePrivateKey):
        raise pem.Refused("certificate-bad", "is not a CA that hapilot made", "remove the folder of the local CA; a new one is made")
    key = ec.generate_private_key(ec.SECP256R1())
    common = next((str(name) for name in names if len(str(name)) <= 64), "hapilot")  # RFC 5280, appendix A: ub-common-name is 64
    end = min(now + LEAF_LIFE, ca.leaf.not_valid_after_utc)
    certificate = (
        _builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)]), key, now - _SKEW, end)
        .issuer_name(ca.leaf.subject)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(str(name)) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False)
        .sign(ca.key, hashes.SHA256())
    )
    return pem.Bundle(certificate, (ca.leaf,), key)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
