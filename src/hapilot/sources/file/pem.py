"""PEM text to certificates and keys: which certificate is the leaf, whether the key is its key, and for which names it is.

The bytes of files go in; a bundle, or :class:`Refused` with a diagnostic code, comes out. Pure. Called by ``certificates``,
``authorities`` and ``self_signed``.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import NameOID

from hapilot.model import values

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----.*?-----END \1-----", re.DOTALL)
_PARSE_ERRORS = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)


class Refused(Exception):
    """A PEM file can't be used; ``code`` is the diagnostic's."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Bundle:
    """A leaf certificate, the others of its chain in order, and its key."""

    leaf: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: PrivateKeyTypes

    def text(self) -> str:
        """Leaf, chain and key, as HAProxy takes them (configuration manual, section 5.1, ``crt``)."""
        certificates = b"".join(each.public_bytes(serialization.Encoding.PEM) for each in (self.leaf, *self.chain))
        return (certificates + private_bytes(self.key)).decode("ascii")

    @property
    def key_kind(self) -> Literal["ecdsa", "rsa"]:
        """The kind of the key; of others it counts only that they are not ECDSA."""
        return "ecdsa" if isinstance(self.key, ec.EllipticCurvePrivateKey) else "rsa"


def private_bytes(key: PrivateKeyTypes) -> bytes:
    """The key as unencrypted PKCS #8."""
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def has_key(data: bytes) -> bool:
    """Whether a file holds a private key of any kind."""
    return b"PRIVATE KEY-----" in data


def bundle(data: bytes, key_data: bytes) -> Bundle:
    """The bundle of a certificate file and the file with its key (which may be the same)."""
    found = certificates(data)
    if not found:
        raise Refused("certificate-bad", "holds no certificate", "it needs a PEM block: -----BEGIN CERTIFICATE-----")
    key = _key(key_data)
    public = _public(key)
    leaf = next((each for each in found if _same_key(each, public)), None)
    if leaf is None:
        raise Refused("key-mismatch", "holds a certificate of another key", "put certificate and key of the same pair together")
    return Bundle(leaf, _chain(leaf, [each for each in found if each != leaf]), key)


def certificates(data: bytes) -> list[x509.Certificate]:
    """Every certificate of a file, each once, in order."""
    blocks = [found[0] for found in _BLOCK.finditer(data) if found[1] in (b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE")]
    try:
        with warnings.catch_warnings():  # odd serial numbers and the like are for whoever issued the certificate
            warnings.simplefilter("ignore")
            return list(dict.fromkeys(x509.load_pem_x509_certificate(block) for block in blocks))
    except _PARSE_ERRORS as problem:
        raise Refused(
            "certificate-bad", f"holds a certificate that can't be parsed: {problem}", "get it again from its issuer"
        ) from problem


def hosts(certificate: x509.Certificate) -> tuple[values.HostPattern, ...]:
    """The names of a certificate: subjectAltName, and only where there is none the common name (RFC 6125, section 6.4.4)."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        names = [str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    except _PARSE_ERRORS:
        return ()
    return tuple(dict.fromkeys(pattern for name in names if (pattern := _host(name)) is not None))


def _host(name: str) -> values.HostPattern | None:
    try:
        return values.parse_host(name)
    except ValueError:
        return None


def _key(data: bytes) -> PrivateKeyTypes:
    blocks = [(found[1], found[0]) for found in _BLOCK.finditer(data) if found[1].endswith(b"PRIVATE KEY")]
    if not blocks:
        raise Refused("key-missing", "holds no private key", "add the key to the file, or name its file with key:")
    kind, block = blocks[0]
    if kind.startswith(b"ENCRYPTED") or b"ENCRYPTED" in block:
        hint = "nobody is there to type a passphrase: remove it (openssl pkey -in KEY -out NEW) and protect the file by its mode"
        raise Refused("key-missing", "holds a private key that is encrypted", hint)
    try:
        return serialization.load_pem_private_key(block, password=None)
    except _PARSE_ERRORS as problem:
        raise Refused("certificate-bad", "holds a private key that can't be parsed", "make the key anew") from problem


def _public(key: PrivateKeyTypes) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _same_key(certificate: x509.Certificate, public: bytes) -> bool:
    try:
        key = certificate.public_key()
        return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo) == public
    except _PARSE_ERRORS:
        return False


def _chain(leaf: x509.Certificate, others: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """The others from the leaf's issuer upwards (RFC 8446, section 4.4.2); what does not belong comes last, as it was."""
    left = list(others)
    ordered: list[x509.Certificate] = []
    last = leaf
    while (issuer := next((each for each in left if each.subject == last.issuer), None)) is not None:
        left.remove(issuer)
        ordered.append(issuer)
        last = issuer
    return (*ordered, *left)
