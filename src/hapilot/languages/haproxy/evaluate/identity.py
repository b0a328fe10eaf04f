"""What HAProxy reads in a client's certificate: names, number, dates and prints of it.

Comes in: the certificate as DER. Goes out: :class:`Identity`. Made by ``arrival``, read by ``fetches_tls``.
Configuration manual, section 7.3.4 (``ssl_c_…``); the forms of names are those of ``ssl_utils.c``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a distinguished name. ``kind`` is OpenSSL's short name of its type; where it has none, the number, and ``encoded`` is
    the value in DER."""

    kind: str
    value: str
    encoded: bytes = b""

    @property
    def rfc2253(self) -> str:
        """As in RFC 2253, section 2.3 and 2.4: of an unknown type in hexadecimal digits."""
        return f"{self.kind}=" + (f"#{self.encoded.hex().upper()}" if self.encoded else _escaped(self.value))


class Identity:
    """A certificate, read when the first question about it comes."""

    def __init__(self, der: bytes) -> None:
        self.der = der

    @cached_property
    def _read(self) -> x509.Certificate:
        from cryptography import x509  # late: it is slow to import, and few sites ask for certificates

        return x509.load_der_x509_certificate(self.der)

    @property
    def subject(self) -> Name:
        """Whose it is."""
        return _name(self._read.subject)

    @property
    def issuer(self) -> Name:
        """Who signed it."""
        return _name(self._read.issuer)

    @property
    def serial(self) -> bytes:
        """Its number, without leading zeros."""
        number = abs(self._read.serial_number)
        return number.to_bytes((number.bit_length() + 7) // 8 or 1, "big")

    @property
    def not_before(self) -> str:
        """From when it holds, as ``YYMMDDhhmmssZ``."""
        return f"{self._read.not_valid_before_utc:%y%m%d%H%M%SZ}"

    @property
    def not_after(self) -> str:
        """Until when it holds."""
        return f"{self._read.not_valid_after_utc:%y%m%d%H%M%SZ}"

    @property
    def version(self) -> int:
        """1 or 3."""
        return self._read.version.value + 1

    @property
    def sha1(self) -> bytes:
        """The SHA-1 fingerprint."""
        return hashlib.sha1(self.der, usedforsecurity=False).digest()


@lru_cache(maxsize=64)
def identity(der: bytes) -> Identity:
    """The certificate, read once for all connections that show it."""
    return Identity(der)


@dataclass(frozen=True, slots=True)
class Name:
    """A distinguished name: its relative names in the order of the certificate, each of one attribute or several."""

    parts: tuple[tuple[Attribute, ...], ...]

    def entry(self, wanted: str, position: int) -> str | None:
        """One attribute by its type, counted from the front, or below zero from the back; none counts as zero."""
        values = [one.value for one in self._all() if one.kind.lower() == wanted.lower()]
        index = position - 1 if position > 0 else position
        return values[index] if position and -len(values) <= index < len(values) else None

    @property
    def oneline(self) -> str | None:
        """``/C=FR/CN=client``, HAProxy's own form; None where the name is empty."""
        return "".join(f"/{one.kind}={one.value}" for one in self._all()) or None

    @property
    def rfc2253(self) -> str | None:
        """``CN=client,C=FR``: the last first, and escaped as OpenSSL does it (``XN_FLAG_RFC2253``)."""
        return ",".join("+".join(one.rfc2253 for one in reversed(part)) for part in reversed(self.parts)) or None

    def _all(self) -> Iterator[Attribute]:
        for part in self.parts:
            yield from part


def _name(name: x509.Name) -> Name:
    return Name(tuple(tuple(_attribute(each) for each in part) for part in name.rdns))


def _attribute(each: x509.NameAttribute[str | bytes]) -> Attribute:
    from cryptography import x509

    oid = each.oid.dotted_string
    value = each.value if isinstance(each.value, str) else each.value.decode("utf-8", "surrogateescape")
    if oid in _SHORT_NAMES:
        return Attribute(_SHORT_NAMES[oid], value)
    # The name is a sequence of one set of one sequence of the type and the value.
    pair = _inside(_inside(_inside(x509.Name([each]).public_bytes())))
    return Attribute(oid, value, _behind(pair))


def _inside(der: bytes) -> bytes:
    """The content of a DER element."""
    return der[_head(der) :]


def _behind(der: bytes) -> bytes:
    """What follows a DER element shorter than 128 bytes, such as a type."""
    return der[2 + der[1] :]


def _head(der: bytes) -> int:
    """The length of type and length."""
    return 2 + (der[1] & 0x7F if der[1] & 0x80 else 0)


def _escaped(value: str) -> str:
    """Special characters behind a backslash, and everything that is not printable ASCII as hexadecimal bytes."""
    out: list[str] = []
    last = len(value) - 1
    for place, character in enumerate(value):
        edge = (character == " " and place in (0, last)) or (character == "#" and place == 0)
        if character in ',+"\\<>;' or edge:
            out.append(f"\\{character}")
        elif " " <= character <= "~":
            out.append(character)
        else:
            out += [f"\\{byte:02X}" for byte in character.encode()]
    return "".join(out)


_SHORT_NAMES = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.13": "description",
    "2.5.4.17": "postalCode",
    "2.5.4.41": "name",
    "2.5.4.42": "GN",
    "2.5.4.43": "initials",
    "2.5.4.44": "generationQualifier",
    "2.5.4.46": "dnQualifier",
    "2.5.4.65": "pseudonym",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}
"""OpenSSL's short names (``OBJ_nid2sn``); other types are shown by their number."""
