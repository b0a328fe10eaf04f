"""Certificates at fixed times, for tests in which the time is an argument. Keys are made once per process."""

from __future__ import annotations

import datetime
import functools

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.UTC)


@functools.cache
def key(slot: str = "leaf") -> ec.EllipticCurvePrivateKey:
    """One key per slot."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(slot: str = "leaf", passphrase: bytes = b"") -> bytes:
    """A private key as PEM, encrypted if there is a passphrase."""
    protection = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key(slot).private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)


def certificate(*hosts: str, begin: int = -30, end: int = 200, slot: str = "leaf", issuer: str = "", common: str = "") -> x509.Certificate:
    """A certificate for ``hosts`` (none: no subjectAltName), valid from ``begin`` to ``end``, in days from NOW."""
    name = common or (hosts[0] if hosts else "nobody")
    signer = issuer or slot
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer or name)]))
        .public_key(key(slot).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + datetime.timedelta(days=begin))
        .not_valid_after(NOW + datetime.timedelta(days=end))
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
    return builder.sign(key(signer), hashes.SHA256())


def pem(made: x509.Certificate) -> bytes:
    """The certificate as PEM."""
    return made.public_bytes(serialization.Encoding.PEM)
