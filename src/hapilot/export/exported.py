"""What every export gives: files to put somewhere, and what there is to say of them. Made by ``podman`` and ``systemd`` for the CLI."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.render import bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """``files`` in the order to show them; those named in ``kept`` are for the user to fill in, and must not be written over."""

    files: tuple[bundle.BundleFile, ...]
    kept: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def has_errors(self) -> bool:
        """Whether the files are of no use."""
        return diagnostics.has_errors(self.diagnostics)

    def with_more(self, found: tuple[Diagnostic, ...]) -> Self:
        """With what earlier stages found."""
        return replace(self, diagnostics=diagnostics.in_order((*found, *self.diagnostics)))

    def as_json(self) -> dict[str, object]:
        """For ``--json``: the files and diagnostics."""
        return {
            "files": [{"path": file.path, "mode": f"{file.mode:04o}", "text": file.content.decode()} for file in self.files],
            "diagnostics": [one.as_json() for one in self.diagnostics],
        }
