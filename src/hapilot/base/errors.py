"""The exceptions of hapilot: one small tree, raised where an operation can't go on, handled once, in the CLI."""

from __future__ import annotations

from collections.abc import Iterable

from hapilot.base.diagnostics import Diagnostic, in_order


class HapilotError(Exception):
    """An operation failed for a reason the user can act on. ``hint`` says how."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class SiteError(HapilotError):
    """The site has errors; all of them are in ``diagnostics``, in order."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = in_order(diagnostics)
        count = sum(1 for item in self.diagnostics if item.severity == "error")
        super().__init__(f"the site has {count} error{'s' if count != 1 else ''}")


class HaproxyMissing(HapilotError):
    """No HAProxy that can be used was found."""


class HaproxyFailed(HapilotError):
    """HAProxy refused a configuration, did not start, or did not answer."""


class HaproxyMute(HaproxyFailed):
    """HAProxy has taken a configuration, and ``worker``, the process that should serve it, does not answer."""

    def __init__(self, message: str, hint: str, worker: int) -> None:
        super().__init__(message, hint)
        self.worker = worker


class StateBroken(HapilotError):
    """The state directory can't be read or written, or somebody else holds it."""
