"""Sample fetches of stick tables: ``sc0_gpc0_rate``, ``sc_http_req_rate(0)``, ``src_conn_cur(table)`` and their like.

Comes in: the name of the fetch, a state and the arguments. Goes out: :class:`Fetched`. Used by ``fetches``.
Configuration manual, section 7.3.3 (``sc_…``) and 7.3.2 (``src_…``); ``smp_fetch_sc_stkctr`` is its code.
"""

from __future__ import annotations

import re

from hapilot.languages.haproxy.evaluate.counters import ARRAYS, COUNTERS, Entry
from hapilot.languages.haproxy.evaluate.fetched import NOTHING, Fetched, one
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown

_NAME = re.compile(r"(?:sc([0-9])?_|src_)(tracked|trackers|(?:(get|inc|clr)_)?(.+))")
_STORED_AS = {"kbytes_in": "bytes_in_cnt", "kbytes_out": "bytes_out_cnt"}


def fetch(state: State, name: str, arguments: tuple[str, ...]) -> Fetched | None:
    """The value of such a fetch; None for another name. Raises ValueError or IndexError for arguments that it can't have."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    if found[2] not in ("tracked", "trackers") and (found[4] or "") not in COUNTERS:
        return None
    if state.strict and found[2] != "tracked":
        raise Unknown(f"{name}, which depends on what was counted before")
    rest = list(arguments)
    number = None if name.startswith("src_") else int(found[1] if found[1] is not None else rest.pop(0))
    counted, doing = found[4] or "", found[3] or ""
    if counted in ARRAYS:
        # The place of the element stands in front of the counter's number.
        place, number = (number, int(rest.pop(0))) if number is not None else (int(rest.pop(0)), None)
        counted = f"{counted}.{place}"
    tracked, entry = _entry(state, number, rest[0] if rest else "")
    if found[2] == "tracked":
        return one(tracked)
    if not tracked:
        return NOTHING
    if found[2] == "trackers":
        return one(1 if entry is not None else 0)
    return one(_value(entry, doing, _STORED_AS.get(counted, counted)))


def _entry(state: State, number: int | None, table: str) -> tuple[bool, Entry | None]:
    """Whether there is something to count by, and the entry, which may not be there in another table."""
    if number is None:
        return state.source is not None, None if state.source is None else state.shared.counters.find(table, state.source.ip)
    entry = state.tracked.get(number) or state.session_tracked.get(number)
    if entry is None:
        return False, None
    return True, state.shared.counters.find(table, entry.key) if table else entry


def _value(entry: Entry | None, doing: str, counted: str) -> int | None:
    if entry is None:
        return 0
    if doing == "inc":
        entry.add(counted, counted.replace("gpc.", "gpc_rate.") if "." in counted else f"{counted}_rate")
    before = entry.get(counted)
    if doing == "clr" and before is not None:
        entry.put(counted, 0)
    return before
