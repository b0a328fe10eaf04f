"""Pattern tables: the entries of a map, of an ``-f`` file or of an ACL, prepared for fast matching.

Comes in: (key, value) pairs in file order. Goes out: the entry that HAProxy would pick for a value and a matching method.
Used by ``converters`` (maps) and ``conditions`` (ACLs). Strings, prefixes and addresses live in trees, where the exact or longest
entry wins; the other methods are lists, where the first entry in the file wins (HAProxy's ``pat_index_fcts``).
"""

from __future__ import annotations

import ipaddress
import re
import warnings
from collections.abc import Callable, Sequence

from hapilot.languages.haproxy.evaluate import values
from hapilot.languages.haproxy.evaluate.values import Unknown, Value

Entry = tuple[str, str]
Finder = Callable[[Value], "int | None"]
"""From a value to the index of the entry that matches."""
Reader = Callable[[Value], str]
"""From a value to the text that is compared: as it is, or in lower case where case is ignored."""
Builder = Callable[[Sequence[str], Reader], Finder]

_OPERATORS = frozenset({"eq", "lt", "le", "gt", "ge"})
_DOMAIN_DELIMITERS = "/?.:"
_DIRECTORY_DELIMITERS = "/?"


class Table:
    """The entries of one table. Prepares itself for each matching method the first time it is asked."""

    __slots__ = ("_entries", "_finders", "_folded", "_read")

    def __init__(self, entries: Sequence[Entry], *, ignore_case: bool = False) -> None:
        self._entries = tuple(entries)
        self._read: Reader = _folded if ignore_case else values.as_text
        self._finders: dict[str, Finder] = {}
        self._folded: Table | None = None

    def find(self, method: str, value: Value) -> Entry | None:
        """The entry that matches ``value`` by ``method``, one of those of ``-m`` (``str``, ``beg``, ``ip``, …).

        Raises Unknown for a method that is not one.
        """
        finder = self._finders.get(method)
        if finder is None:
            if method not in _BUILDERS:
                raise Unknown(f"the matching method {method!r}")
            finder = self._finders[method] = _BUILDERS[method](self._keys(method), self._read)
        index = finder(value)
        return None if index is None else self._entries[index]

    def folded(self) -> Table:
        """The same entries, for texts in any case."""
        if self._folded is None:
            self._folded = Table(self._entries, ignore_case=True)
        return self._folded

    @property
    def ignores_case(self) -> bool:
        """Whether texts are compared without regard to case."""
        return self._read is _folded

    def _keys(self, method: str) -> tuple[str, ...]:
        keys = tuple(key for key, _ in self._entries)
        return tuple(key.lower() for key in keys) if self._read is _folded and method != "reg" else keys


def _folded(value: Value) -> str:
    return values.as_text(value).lower()


def _first_index(keys: Sequence[str]) -> dict[str, int]:
    """Key to the first place it is found at."""
    found: dict[str, int] = {}
    for index, key in enumerate(keys):
        found.setdefault(key, index)
    return found


def _exact(keys: Sequence[str], read: Reader) -> Finder:
    """The key that the value is. In HAProxy's tree a value ends at its first NUL; where case is ignored there is no tree."""
    index = _first_index(keys)
    if read is _folded:
        return lambda value: index.get(read(value))
    return lambda value: index.get(read(value).partition("\0")[0])


def _prefix(keys: Sequence[str], read: Reader) -> Finder:
    """The longest key that the value begins with."""
    index = _first_index(keys)
    lengths = sorted({len(key) for key in index}, reverse=True)

    def find(value: Value) -> int | None:
        text = read(value)
        return next((index[text[:size]] for size in lengths if size <= len(text) and text[:size] in index), None)

    return find


def _suffix(keys: Sequence[str], read: Reader) -> Finder:
    index = _first_index(keys)
    lengths = sorted({len(key) for key in index})

    def find(value: Value) -> int | None:
        text = read(value)
        ends = (text[len(text) - size :] for size in lengths if size <= len(text))
        return min((index[end] for end in ends if end in index), default=None)

    return find


def _substring(keys: Sequence[str], read: Reader) -> Finder:
    def find(value: Value) -> int | None:
        text = read(value)
        return next((index for index, key in enumerate(keys) if key in text), None)

    return find


def _words(delimiters: str) -> Builder:
    """Whole parts of the value between delimiters; those at the ends of a key do not count."""
    split = re.compile(f"([{re.escape(delimiters)}])")

    def build(keys: Sequence[str], read: Reader) -> Finder:
        index = _first_index([key.strip(delimiters) for key in keys])

        def find(value: Value) -> int | None:
            pieces = split.split(read(value))
            runs = ("".join(pieces[start:end]) for start in range(0, len(pieces), 2) for end in range(start + 1, len(pieces) + 1, 2))
            return min((index[run] for run in runs if run and run in index), default=None)

        return find

    return build


def _regex(keys: Sequence[str], read: Reader) -> Finder:
    patterns = [compile_regex(key, fold=read is _folded) for key in keys]

    def find(value: Value) -> int | None:
        text = values.as_text(value)
        return next((index for index, pattern in enumerate(patterns) if pattern.search(text)), None)

    return find


def compile_regex(text: str, *, fold: bool = False) -> re.Pattern[str]:
    """A regular expression of a configuration (PCRE). Raises Unknown where Python's dialect does not have it, or may mean another thing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # FutureWarning: a set in a set, which PCRE may read in another way
            return re.compile(_POSIX.sub(lambda found: _CLASSES[found[1]], text), re.IGNORECASE if fold else re.NOFLAG)
    except (re.error, Warning) as problem:
        raise Unknown(f"the regular expression {text!r}: {problem}") from problem


_CLASSES = {
    "alnum": "A-Za-z0-9",
    "alpha": "A-Za-z",
    "blank": r" \t",
    "digit": "0-9",
    "lower": "a-z",
    "space": r"\s",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_POSIX = re.compile(r"\[:(" + "|".join(_CLASSES) + r"):\]")
"""Classes within sets."""


def _binary(keys: Sequence[str], read: Reader) -> Finder:
    index: dict[bytes, int] = {}
    for place, key in enumerate(keys):
        index.setdefault(bytes.fromhex(key), place)
    return lambda value: index.get(values.as_bytes(value))


def _networks(keys: Sequence[str], read: Reader) -> Finder:
    """The narrowest network that holds the address; IPv4 is also looked for in its IPv6-mapped form, and some IPv6 as IPv4."""
    trees: dict[int, dict[int, dict[int, int]]] = {4: {}, 6: {}}
    for place, key in enumerate(keys):
        network = _network(key)
        if network is None and not key.startswith("#"):
            raise Unknown(f"the address of {key}")
        if network is not None:
            by_length = trees[network.version].setdefault(network.prefixlen, {})
            by_length.setdefault(int(network.network_address) >> (network.max_prefixlen - network.prefixlen), place)
    lengths = {version: sorted(tree, reverse=True) for version, tree in trees.items()}

    def find(value: Value) -> int | None:
        address = values.as_address(value)
        for candidate in () if address is None else _both_forms(address):
            for length in lengths[candidate.version]:
                found = trees[candidate.version][length].get(int(candidate) >> (candidate.max_prefixlen - length))
                if found is not None:
                    return found
        return None

    return find


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return None


def _both_forms(address: values.Address) -> tuple[values.Address, ...]:
    if isinstance(address, ipaddress.IPv4Address):
        return (address, ipaddress.IPv6Address(f"::ffff:{address}"))
    inner = _inner(int(address))
    return (address,) if inner is None else (address, inner)


def _inner(number: int) -> ipaddress.IPv4Address | None:
    """The IPv4 address that HAProxy sees in an IPv6 one: in a mapped (::ffff:a.b.c.d) or compatible one (::a.b.c.d, so that ::1 is
    0.0.0.1), or in the prefix of 6to4 (2002:aabb:ccdd::)."""
    if number >> 32 in (0, 0xFFFF):
        return ipaddress.IPv4Address(number & 0xFFFF_FFFF)
    return ipaddress.IPv4Address(number >> 80 & 0xFFFF_FFFF) if number >> 112 == 0x2002 else None


def _ranges(measure: Callable[[Value], int | None]) -> Builder:
    """Integers: ``5``, ``1:10``, ``:3``, and ``gt 5`` where the operator is a word of its own in front."""

    def build(keys: Sequence[str], read: Reader) -> Finder:
        bounds = list(_bounds(keys))

        def find(value: Value) -> int | None:
            number = measure(value)
            if number is None:
                return None
            return next((place for place, low, high in bounds if low <= number <= high), None)

        return find

    return build


def _bounds(keys: Sequence[str]) -> list[tuple[int, float, float]]:
    found: list[tuple[int, float, float]] = []
    operator = "eq"
    for place, key in enumerate(keys):
        if key in _OPERATORS:
            operator = key
            continue
        low, colon, high = key.partition(":")
        if colon:
            found.append((place, _number(low, float("-inf")), _number(high, float("inf"))))
        else:
            found.append((place, *_compared(operator, _number(low, 0))))
    return found


def _compared(operator: str, number: float) -> tuple[float, float]:
    infinity = float("inf")
    return {
        "eq": (number, number),
        "lt": (-infinity, number - 1),
        "le": (-infinity, number),
        "gt": (number + 1, infinity),
        "ge": (number, infinity),
    }[operator]


def _number(text: str, default: float) -> float:
    """A decimal number, or a version as two 16-bit halves: ``3.1`` is 0x30001 (``pat_parse_dotted_ver``)."""
    major, dot, minor = text.partition(".")
    try:
        if dot:
            return (int(major) << 16) + int(minor)
        return int(text) if text else default
    except ValueError as problem:
        raise Unknown(f"the number {text!r}") from problem


def _length(value: Value) -> int:
    return len(values.as_bytes(value)) if isinstance(value, str | bytes) else len(values.as_text(value))


_BUILDERS: dict[str, Builder] = {
    "str": _exact,
    "beg": _prefix,
    "end": _suffix,
    "sub": _substring,
    "dir": _words(_DIRECTORY_DELIMITERS),
    "dom": _words(_DOMAIN_DELIMITERS),
    "reg": _regex,
    "bin": _binary,
    "ip": _networks,
    "int": _ranges(values.as_integer),
    "len": _ranges(_length),
}
