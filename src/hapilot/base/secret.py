"""A value that must never be shown. It prints as stars everywhere; only ``reveal`` gives it out."""

from __future__ import annotations

import hmac


class Secret:
    """A text that is kept out of logs, configurations, JSON and tracebacks."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself. Call it only where the value leaves for its one destination."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> str:
        raise TypeError("a Secret can't be pickled")


class Hashed(Secret):
    """A password of which only the hash is known, in the form of crypt(3)."""

    __slots__ = ()
