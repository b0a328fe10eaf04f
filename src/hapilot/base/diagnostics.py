"""Diagnostics as values. Every stage returns them beside its result; only the CLI prints them."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field

from hapilot.base import catalogue
from hapilot.base.origin import Origin


class Severity(enum.StrEnum):
    """How much a diagnostic matters: an error stops the operation, the others do not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. ``code`` is a key of :data:`hapilot.base.catalogue.CODES`; ``hint`` says what to do.

    ``about`` names the parts of the site that it is about (``service shop``, ``certificate shop.pem``) where the origin does not say it
    or says one of several. It is for ``reconcile.quarantine``, is not shown, and makes no difference between two findings.
    """

    severity: Severity
    code: str
    message: str
    origin: Origin
    hint: str = ""
    about: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if self.code not in catalogue.CODES:
            raise AssertionError(f"diagnostic code {self.code!r} is not in the catalogue")

    def __str__(self) -> str:
        first = f"{self.origin} {self.severity}[{self.code}] {self.message}"
        return f"{first}\n    {self.hint}" if self.hint else first

    def as_json(self) -> dict[str, object]:
        """The shape that docs/cli.md shows: severity, code, message, origin, hint."""
        return {
            "severity": str(self.severity),
            "code": self.code,
            "message": self.message,
            "origin": {"file": self.origin.file, "line": self.origin.line, "column": self.origin.column},
            "hint": self.hint,
        }


def error(code: str, message: str, origin: Origin, hint: str = "", about: tuple[str, ...] = ()) -> Diagnostic:
    """A finding that stops the operation."""
    return Diagnostic(Severity.ERROR, code, message, origin, hint, about)


def warning(code: str, message: str, origin: Origin, hint: str = "") -> Diagnostic:
    """A finding that deserves a look and stops nothing."""
    return Diagnostic(Severity.WARNING, code, message, origin, hint)


def has_errors(found: Iterable[Diagnostic]) -> bool:
    """Whether any of the diagnostics is an error."""
    return any(item.severity is Severity.ERROR for item in found)


def in_order(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Diagnostics in the order a reader wants: by place, each only once."""
    return tuple(sorted(dict.fromkeys(found), key=lambda item: (item.origin, item.severity, item.code, item.message)))
