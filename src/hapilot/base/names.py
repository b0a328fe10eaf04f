"""Names: what may name a listener, a service or a server, and how host names are written and compared."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?")
"""Listeners and services. A part of what HAProxy allows in proxy names (configuration manual, section 4): ``.`` and
``:`` are left to names that hapilot makes itself, so the two can never meet."""

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


def is_name(text: str) -> bool:
    """Whether ``text`` may name a listener or a service: 1 to 64 letters, digits, ``-`` and ``_``."""
    return NAME.fullmatch(text) is not None


def to_ascii_host(text: str) -> str:
    """A host name as it goes over the wire: lower case, IDNA (RFC 5891), without the final dot.

    Raises ValueError, with a sentence for the user, if ``text`` is no host name (RFC 1123, section 2.1).
    """
    import idna

    host = text.removesuffix(".")
    if not host:
        raise ValueError("a host name is empty")
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError as problem:
            raise ValueError(f"{text!r} is not a host name: {problem}") from problem
    host = host.lower()
    if len(host) > 253:
        raise ValueError(f"a host name has at most 253 characters, this one has {len(host)}")
    for label in host.split("."):
        if not _LABEL.fullmatch(label):
            raise ValueError(f"{text!r} is not a host name: the part {label!r} is not 1 to 63 letters, digits and hyphens")
    return host


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """``did you mean "…"?`` with the nearest of ``known``, or an empty text where none is near."""
    near = difflib.get_close_matches(wrong, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else ""
