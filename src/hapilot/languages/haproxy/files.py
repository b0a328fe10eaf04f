"""Which files HAProxy reads for its ``-f`` arguments, and in which order.

Comes in: names as a directory lists them. Goes out: the names that HAProxy takes. Called by who reads configurations from disk and
hands the documents, in this order, to ``reading``. ``cfgfiles_expand_directories`` in haproxy.c; management manual, section 3 ("-f").
"""

from __future__ import annotations

from collections.abc import Iterable

_SUFFIX = ".cfg"


def in_folder(names: Iterable[str]) -> tuple[str, ...]:
    """The entries of a folder that HAProxy reads, in its order; which of them are regular files is for the caller to see.

    Names compare byte by byte: HAProxy never calls ``setlocale``, so that ``alphasort`` is ``strcmp``. A name that has ``.cfg``
    twice is not taken, for HAProxy looks at the first one only.

    >>> in_folder(["b.cfg", "a.cfg", "B.cfg", ".hidden.cfg", "notes.txt", "c.cfg.cfg", "old.cfg~"])
    ('B.cfg', 'a.cfg', 'b.cfg')
    """
    return tuple(sorted((name for name in names if is_taken(name)), key=_as_bytes))


def is_taken(name: str) -> bool:
    """Whether HAProxy reads an entry of this name in a folder given to ``-f``."""
    return not name.startswith(".") and name.find(_SUFFIX) == len(name) - len(_SUFFIX) and len(name) >= len(_SUFFIX)


def _as_bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
