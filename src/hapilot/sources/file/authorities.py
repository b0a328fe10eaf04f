"""The CA files that services name, for verifying servers and clients.

The services go in; the PEM text of each file, by its path, comes out. Called by ``load``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from hapilot.base import diagnostics
from hapilot.model import service, site
from hapilot.sources.file import pem, reading


def load(services: Mapping[str, service.Service], origins: site.Origins, files: reading.Files) -> dict[str, str]:
    """Each CA file once. Only its certificates are kept: a key or remarks that are in it stay where they are."""
    result: dict[str, str] = {}
    bad: set[str] = set()
    for path, said in _named(services):
        if said in result or said in bad:
            continue
        text = _text(said, path, origins, files)
        if text is None:
            bad.add(said)
        else:
            result[said] = text
    return result


def _named(services: Mapping[str, service.Service]) -> Iterator[tuple[site.Path, str]]:
    for name, each in services.items():
        if each.verify is not None and each.verify.ca is not None:
            yield ("services", name, "verify", "ca"), each.verify.ca
        if each.client_certificates is not None:
            yield ("services", name, "client_certificates", "ca"), each.client_certificates.ca


def _text(said: str, path: site.Path, origins: site.Origins, files: reading.Files) -> str | None:
    origin = origins.at(*path)
    content = files.read(Path(said), origin)
    if content is None:
        return None
    try:
        found = pem.certificates(content.data)
    except pem.Refused as refused:
        files.found.append(diagnostics.error("ca-bad", f"the CA file {said!r} {refused}", origin, refused.hint))
        return None
    if not found:
        hint = "it needs a PEM block: -----BEGIN CERTIFICATE-----"
        files.found.append(diagnostics.error("ca-bad", f"the CA file {said!r} holds no certificate", origin, hint))
        return None
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in found).decode("ascii")
