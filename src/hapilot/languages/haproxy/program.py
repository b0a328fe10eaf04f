"""What a configuration can ask about the HAProxy that reads it: its version, how it was built, its TLS library.

Comes in: what ``haproxy -vv`` says, as values. Goes out: :class:`Program`, which ``predicates`` asks. Versions compare as in HAProxy itself
(``split_version`` in haproxy.c, ``openssl_version_parser`` in ssl_utils.c).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_VERSION = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.(\d+))?(?:-(.*))?", re.DOTALL)
_TAG = re.compile(r"(dev|rc|pre)(\d*)(?:-(.*))?", re.DOTALL)
_STAGES = {"dev": 1, "rc": 2, "pre": 2}
_RELEASE = 3
_SSL_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-(beta(\d+)|.*)|([A-Za-z]*))")
_MOST = (0xF, 0xFF, 0xFF)

BRANCH_VARIABLE = "HAPROXY_BRANCH"
STARTUP_VERSION_VARIABLE = "HAPROXY_STARTUP_VERSION"


@dataclass(frozen=True, slots=True)
class Program:
    """A HAProxy. ``ssl_library`` is its whole name (``OpenSSL 3.0.15 3 Sep 2024``), empty for one built without TLS.

    ``features`` are those with a ``+`` in ``haproxy -vv``; ``enabled`` are the words that ``enabled()`` finds true.
    """

    version: str = "2.8.0"
    features: frozenset[str] = frozenset({"OPENSSL", "THREAD", "LUA"})
    ssl_library: str = "OpenSSL 3.0.15"
    enabled: frozenset[str] = frozenset({"POLL", "EPOLL", "SPLICE", "GETADDRINFO", "REUSEPORT", "FAST-FORWARD"})
    awslc_api: int | None = None

    @property
    def branch(self) -> str:
        """``2.8`` of ``2.8.25``."""
        return ".".join(self.version.partition("-")[0].split(".")[:2])

    def environment(self) -> Mapping[str, str]:
        """The variables that HAProxy itself sets before it reads a configuration, but for the log formats."""
        return {BRANCH_VARIABLE: self.branch, STARTUP_VERSION_VARIABLE: self.version}


def version_key(text: str) -> tuple[int, ...] | None:
    """What to compare versions by; None for a text that is none. A release comes after its release candidates."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    numbers = tuple(int(part or 0) for part in found.group(1, 2, 3, 4))
    rest = found[5]
    if rest is None:
        return (*numbers, _RELEASE, 0, 0)
    tag = _TAG.fullmatch(rest)
    if tag is None:
        return (*numbers, _RELEASE, 0, _commit(rest))
    return (*numbers, _STAGES[tag[1]], int(tag[2] or 0), _commit(tag[3] or ""))


def _commit(text: str) -> int:
    last = text.rpartition("-")[2]
    return int(last) if last.isdecimal() else 0


def ssl_number(text: str) -> int | None:
    """The number HAProxy makes of a version that a configuration names (MNNFFPPS); None for a text that is none."""
    found = _SSL_VERSION.fullmatch(text)
    if found is None:
        return None
    major, minor, fix = (int(part) for part in found.group(1, 2, 3))
    if any(number > most for number, most in zip((major, minor, fix), _MOST, strict=True)):
        return None
    patch, status = 0, 0xF
    if found[4] is not None:
        status = int(found[5] or 0)
    elif found[6]:
        patch = 1 + sum(ord(letter.upper()) - ord("A") for letter in found[6])
    number = major << 28 | minor << 20 | fix << 12 | (patch & 0xFF) << 4 | status
    return number if status <= 14 or status == 0xF else None


def library_number(name: str) -> int | None:
    """OPENSSL_VERSION_NUMBER of a library by its name; None where the name has no version.

    From OpenSSL 3 on, the third part of a version is the patch in this number, while HAProxy reads a version in a configuration as before.
    """
    found = re.search(r"\b(\d+\.\d+\.\d+\S*)", name)
    if found is None:
        return None
    number = ssl_number(found[1])
    if number is None or number < 0x30000000:
        return number
    major, minor, patch = (int(part) for part in re.findall(r"\d+", found[1])[:3])
    return major << 28 | minor << 20 | patch << 4
