"""Throw-away certificate authorities and leaf certificates.

Comes in: names and what should be wrong with them. Goes out: PEM text, PEM files, and ssl contexts of both sides.
Keys are generated once per process and reused, as generating them is what takes time. Called by tests and by the
stand-in servers.
"""

from __future__ import annotations

import datetime
import functools
import ipaddress
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
KeyKind = Literal["ecdsa", "rsa"]
Validity = Literal["valid", "expired", "not-yet"]

_DAY = datetime.timedelta(days=1)
_PERIODS: dict[Validity, tuple[int, int]] = {"valid": (-1, 90), "expired": (-90, -1), "not-yet": (1, 90)}


class Files(NamedTuple):
    """Where a leaf was written: certificate with chain, key, and both in one file as HAProxy's ``crt`` wants them."""

    certificate: Path
    key: Path
    combined: Path


@functools.cache
def private_key(kind: KeyKind = "ecdsa", slot: str = "leaf") -> Key:
    """The process's one key of this kind and slot; another slot gives another key."""
    del slot  # only part of the cache's key
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def _key_pem(key: Key) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate with its key (which may be the wrong one) and the authority that signed it."""

    certificate: x509.Certificate
    key_pem: bytes
    authority: Authority

    @property
    def pem(self) -> bytes:
        """The certificate alone, as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def names(self) -> tuple[str, ...]:
        """The names it is for, in its order."""
        return names_of(self.certificate)

    def write(self, folder: Path, stem: str = "leaf") -> Files:
        """Write ``stem.crt``, ``stem.key`` and ``stem.pem`` (both in one), keys with mode 0600."""
        folder.mkdir(parents=True, exist_ok=True)
        files = Files(folder / f"{stem}.crt", folder / f"{stem}.key", folder / f"{stem}.pem")
        files.certificate.write_bytes(self.pem)
        for path, content in ((files.key, self.key_pem), (files.combined, self.pem + self.key_pem)):
            path.touch(mode=0o600)
            path.write_bytes(content)
        return files

    def server_context(self, alpn: Sequence[str] = (), *, client_authority: Authority | None = None) -> ssl.SSLContext:
        """A server's context with this certificate; with ``client_authority`` clients must show one of its leaves."""
        with tempfile.TemporaryDirectory() as folder:
            return server_context(self.write(Path(folder)), alpn, client_authority=client_authority)


@dataclass(frozen=True, slots=True)
class Authority:
    """A self-signed certificate authority."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        """Its certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def write(self, folder: Path, name: str = "ca.pem") -> Path:
        """Write its certificate to ``folder/name``."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_bytes(self.pem)
        return path

    def issue(
        self,
        *names: str,
        key: KeyKind = "ecdsa",
        validity: Validity = "valid",
        usage: Literal["server", "client"] = "server",
        matching_key: bool = True,
        common_name: str = "",
    ) -> Leaf:
        """A leaf for ``names`` (DNS names, wildcards, IP addresses); ``matching_key=False`` gives it another's key. The common name
        is the first of them, or ``common_name``."""
        own = private_key(key)
        first, last = _PERIODS[validity]
        oid = ExtendedKeyUsageOID.SERVER_AUTH if usage == "server" else ExtendedKeyUsageOID.CLIENT_AUTH
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_subject(common_name or names[0]))
            .issuer_name(self.certificate.subject)
            .public_key(own.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + first * _DAY)
            .not_valid_after(now + last * _DAY)
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([oid]), critical=False)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        shown = own if matching_key else private_key(key, "another")
        return Leaf(builder.sign(self.key, hashes.SHA256()), _key_pem(shown), self)

    def client_context(self, alpn: Sequence[str] = (), *, check_hostname: bool = False, identity: Leaf | None = None) -> ssl.SSLContext:
        """A client's context that trusts this authority only; names are checked on demand (it needs an SNI then)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = check_hostname
        context.load_verify_locations(cadata=self.pem.decode())
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if identity is not None:
            with tempfile.TemporaryDirectory() as folder:
                files = identity.write(Path(folder))
                context.load_cert_chain(files.certificate, files.key)
        return context


@functools.cache
def authority(name: str = "hapilot test CA") -> Authority:
    """The process's authority of that name; another name gives another one, with its own key."""
    key = private_key("ecdsa", f"authority {name}")
    subject = _subject(name)
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 100 * _DAY)
        .not_valid_after(now + 100 * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def server_context(files: Files, alpn: Sequence[str] = (), *, client_authority: Authority | None = None) -> ssl.SSLContext:
    """A server's context from PEM files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if client_authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=client_authority.pem.decode())
    return context


def trusting_nobody(alpn: Sequence[str] = ()) -> ssl.SSLContext:
    """A client's context that checks nothing, to look at whatever certificate comes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def names_of(certificate: x509.Certificate | bytes) -> tuple[str, ...]:
    """The subject alternative names of a certificate (object or DER), in its order."""
    if isinstance(certificate, bytes):
        certificate = x509.load_der_x509_certificate(certificate)
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in extension.value)


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
