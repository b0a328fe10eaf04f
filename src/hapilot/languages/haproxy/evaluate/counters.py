"""Stick tables as a client finds them that nobody has seen before: what it is counted by, and what the counters say then.

Comes in: ``stick-table`` lines, and from actions what is tracked. Goes out: the numbers of one connection. Used by ``actions_counters``,
``fetches_counters``, ``converters`` and ``streams``. Configuration manual, section 4.2 "stick-table"; ``stick_table.c`` is its code.
Rates hold as if no time passed in between.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hapilot.languages.haproxy.evaluate import values
from hapilot.languages.haproxy.evaluate.values import Unknown, Value

_AT_TRACKING = ("conn_cnt", "conn_cur", "conn_rate")
REQUEST = ("http_req_cnt", "http_req_rate")
SESSION = ("sess_cnt", "sess_rate")


@dataclass(frozen=True, slots=True)
class StickTable:
    """A table: the type of its keys, and what it keeps for each."""

    name: str
    kind: str
    stores: frozenset[str]

    def key(self, value: Value) -> Value | None:
        """The value as a key of this table; None where it can't be one (``smp_to_stkey``)."""
        address = values.as_address(value)
        if self.kind == "ip":
            return address.ipv4_mapped if address is not None and address.version == 6 else address
        if self.kind == "ipv6":
            return values.parse_address(f"::ffff:{address}") if address is not None and address.version == 4 else address
        if self.kind == "integer":
            return values.as_integer(value)
        return values.as_text(value) if self.kind == "string" else values.as_bytes(value)


@dataclass(slots=True)
class Entry:
    """What a table holds for one key. Numbers that were never counted are 0."""

    table: StickTable
    key: Value
    counts: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, *names: str) -> None:
        """Counts one, where the table keeps it."""
        for name in names:
            before = self.get(name)
            if before is not None:
                self.put(name, before + 1)

    def get(self, name: str) -> int | None:
        """A number; None where the table does not keep it."""
        kept = self._kept(name)
        return None if kept is None else self.counts.get(kept, 0)

    def put(self, name: str, number: int) -> None:
        """Sets a number, where the table keeps it."""
        kept = self._kept(name)
        if kept is not None:
            self.counts[kept] = number

    def _kept(self, name: str) -> str | None:
        """Under which name a number is kept: ``gpc0`` may also be the first element of an array, but not the other way round."""
        return next((one for one in (name, _ELEMENTS.get(name)) if one in self.table.stores), None)


@dataclass(slots=True)
class Counters:
    """All tables during one connection, and the entries that it has made in them."""

    tables: Mapping[str, StickTable]
    entries: dict[tuple[str, Value], Entry] = field(default_factory=dict[tuple[str, Value], Entry])

    def table(self, name: str) -> StickTable:
        """A table by its name. Raises Unknown where there is none."""
        found = self.tables.get(name)
        if found is None:
            raise Unknown(f"the stick table {name}")
        return found

    def find(self, table: str, value: Value) -> Entry | None:
        """The entry of a key, if this connection has made one."""
        kept = self.table(table)
        key = kept.key(value)
        return None if key is None else self.entries.get((table, key))

    def track(self, table: str, value: Value) -> Entry | None:
        """The entry of a key, made where it is not there; None where the value can't be a key."""
        key = self.table(table).key(value)
        return None if key is None else self._track(table, key)

    def track_unknown(self, table: str, text: str) -> Entry:
        """An entry of its own for a key that is not known, but for how it is found."""
        return self._track(table, f"?{text}")

    def _track(self, table: str, key: Value) -> Entry:
        entry = self.entries.setdefault((table, key), Entry(self.table(table), key))
        entry.add(*_AT_TRACKING)
        return entry


def parse(name: str, words: Sequence[str]) -> StickTable:
    """``stick-table type ip size 1m expire 10s store gpc0,gpc0_rate(10s)``."""
    kind, stores = "ip", list[str]()
    for at, word in enumerate(words[:-1]):
        if word == "type":
            kind = words[at + 1]
        elif word == "store":
            stores += _stored(words[at + 1])
    return StickTable(name, kind, frozenset(stores))


def _stored(text: str) -> list[str]:
    """Data types, without their periods. An array is named by its elements: ``gpc(2)`` is gpc.0 and gpc.1."""
    found: list[str] = []
    for name, inside in _STORED.findall(text):
        if name in ARRAYS:
            found += [f"{name}.{place}" for place in range(int(inside.partition(",")[0]))]
        else:
            found.append(name)
    return found


_STORED = re.compile(r"([a-z0-9_]+)(?:\(([^)]*)\))?")
ARRAYS = frozenset({"gpc", "gpc_rate", "gpt"})
_ELEMENTS = {"gpc0": "gpc.0", "gpc1": "gpc.1", "gpc0_rate": "gpc_rate.0", "gpc1_rate": "gpc_rate.1", "gpt0": "gpt.0"}
COUNTERS = ARRAYS | {
    *("bytes_in_rate", "bytes_out_rate", "kbytes_in", "kbytes_out", "conn_cnt", "conn_cur", "conn_rate", "gpc0", "gpc0_rate", "gpc1"),
    *("gpc1_rate", "gpt0", "http_err_cnt", "http_err_rate", "http_fail_cnt", "http_fail_rate", "http_req_cnt", "http_req_rate"),
    *("sess_cnt", "sess_rate", "updt_conn_cnt"),
}
"""What fetches can ask for."""
