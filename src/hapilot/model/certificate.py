"""Certificates: where they come from, and the TLS profile."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic

from hapilot.model import section, values


class Acme(section.Section):
    """A certificate from an ACME certificate authority."""

    email: values.Text
    names: Annotated[list[values.Host], values.Many]


class Certificate(section.Section):
    """One source of certificates: exactly one of ``file``, ``dir``, ``self_signed`` and ``acme``."""

    file: values.Text | None = None
    """PEM file with the chain and, unless ``key`` names it, the private key."""
    key: values.Text | None = None
    """PEM file with the private key."""
    dir: values.Text | None = None
    """A folder; every ``*.pem`` in it."""
    self_signed: Annotated[list[values.Host], values.Many] | None = None
    """Names for certificates from a local CA, for trying out."""
    acme: Acme | None = None

    @pydantic.model_validator(mode="after")
    def _one_source(self) -> Certificate:
        given = [key for key in ("file", "dir", "self_signed", "acme") if getattr(self, key) is not None]
        if len(given) != 1:
            said = " and ".join(given) or "none of them"
            raise values.refuse("conflict", f"a certificate has exactly one of file, dir, self_signed and acme, here: {said}")
        if self.key is not None and self.file is None:
            raise values.refuse("conflict", "key goes with file")
        return self


class Tls(section.Section):
    """Settings of every listener that terminates TLS."""

    profile: Literal["modern", "intermediate", "old", "haproxy"] = "intermediate"
    """Mozilla's recommendation to follow; ``haproxy`` for none: what HAProxy does by itself, and what ``raw.global`` says."""
