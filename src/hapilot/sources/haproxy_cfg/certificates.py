"""The certificates that a configuration names, looked up on this machine and only read.

Comes in: the folders that relative paths may be meant from, and the time. Goes out: :class:`CertificateFiles`, which lint asks. Called by
``cli.lint``. What this user may not read is left out: who runs HAProxy can, and private keys are no business of lint.
"""

from __future__ import annotations

import datetime
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hapilot.lint.certificates import Seen

if TYPE_CHECKING:
    from cryptography import x509

_BLOCK = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----.*?-----END (?:X509 |TRUSTED )?CERTIFICATE-----", re.DOTALL)
_BUNDLES = (".rsa", ".ecdsa", ".dsa")
_BESIDE = (".key", ".ocsp", ".issuer", ".sctl", ".dh")
"""Files beside a certificate that HAProxy reads with it (configuration manual, section 5.1, ``crt``)."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """The look-up. ``folders``: where relative paths are looked for, the first that has one wins."""

    folders: tuple[Path, ...]
    now: datetime.datetime

    def look(self, path: str) -> tuple[Seen, ...]:
        """What is there: see :class:`hapilot.lint.certificates.Certificates`."""
        try:
            return self._look(path)
        except PermissionError:
            return ()
        except OSError as problem:
            return (Seen(path, problem=f"can't be read: {problem.strerror}"),)

    def _look(self, path: str) -> tuple[Seen, ...]:
        found = next((each for each in (folder / path for folder in self.folders) if each.exists()), None)
        if found is None:
            bundles = [folder / f"{path}{suffix}" for folder in self.folders for suffix in _BUNDLES]
            seen = tuple(_read(each, str(each)) for each in bundles if each.is_file())
            return seen or (Seen(path, problem="is not there"),)
        if found.is_dir():
            names = sorted(each.name for each in found.iterdir() if each.is_file() and not each.name.startswith("."))
            return tuple(_read(found / name, f"{path.rstrip('/')}/{name}") for name in names if not name.endswith(_BESIDE))
        return (_read(found, path),)


def _read(path: Path, shown: str) -> Seen:
    from cryptography import x509  # a configuration without certificates need not wait for it

    blocks = _BLOCK.findall(path.read_bytes())
    if not blocks:
        return Seen(shown, problem="holds no certificate")
    try:
        with warnings.catch_warnings():  # odd serial numbers and the like are for whoever issued the certificate
            warnings.simplefilter("ignore")
            parsed = [x509.load_pem_x509_certificate(block) for block in blocks]
            leaf = next((each for each in parsed if not _is_authority(each)), None)
            last = leaf or max(parsed, key=lambda each: each.not_valid_after_utc)
            return Seen(shown, last.not_valid_after_utc, names=_names(leaf) if leaf else ())
    except (ValueError, TypeError) as problem:
        return Seen(shown, problem=f"holds a certificate that can't be parsed: {problem}")


def _is_authority(certificate: x509.Certificate) -> bool:
    from cryptography import x509

    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return False


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(found.get_values_for_type(x509.DNSName))
