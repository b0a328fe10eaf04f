"""What ``haproxy -vv`` says, as values. Pure text in, values out; :mod:`hapilot.runtime.binary` runs the program."""

from __future__ import annotations

import re
from dataclasses import dataclass

OLDEST = (2, 6)
"""The oldest branch whose runtime API and master CLI hapilot relies on."""

_VERSION = re.compile(r"^HAProxy version (?P<text>(?P<numbers>\d+(?:\.\d+)+)\S*)", re.MULTILINE)
_END_OF_LIFE = re.compile(r"^Status:.*?stop receiving fixes around (?P<when>.+?)\.?$", re.MULTILINE)
_FEATURES = re.compile(r"^Feature list\s*:(?P<list>.*)$", re.MULTILINE)
_TLS = re.compile(r"^Running on (?:OpenSSL|SSL library) version\s*:\s*(?P<library>.+)$", re.MULTILINE)
_TLS_BUILT = re.compile(r"^Built with (?:OpenSSL|SSL library) version\s*:\s*(?P<library>.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """One HAProxy build: ``version`` to compare, ``text`` to show, ``features`` without their plus sign."""

    version: tuple[int, ...]
    text: str
    features: frozenset[str]
    tls_library: str
    end_of_life: str


def parse_version(output: str) -> VersionInfo | None:
    """The build that the output of ``haproxy -vv`` describes, or None if no HAProxy wrote it."""
    found = _VERSION.search(output)
    if found is None:
        return None
    features = _FEATURES.search(output)
    words = features["list"].split() if features else []
    library = _TLS.search(output) or _TLS_BUILT.search(output)
    end = _END_OF_LIFE.search(output)
    return VersionInfo(
        version=tuple(int(number) for number in found["numbers"].split(".")),
        text=found["text"],
        features=frozenset(word[1:] for word in words if word.startswith("+")),
        tls_library=library["library"].strip() if library else "",
        end_of_life=end["when"] if end else "",
    )
