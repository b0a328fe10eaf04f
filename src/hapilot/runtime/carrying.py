"""Which states of servers a reload hands on to the new worker. Pure text in and out; called by ``process``.

HAProxy takes a state by the names of backend and server alone, and its port with it, whatever the new configuration says (seen with 2.6
and 2.8). So only the servers that the change left alone are handed on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

NOTHING = "1"
"""A state file of format 1 that knows no server (management manual, ``show servers state``)."""

_CONFIGURED = 0x02
"""CHK_ST_CONFIGURED, in the columns of check and agent."""
_RUNNING = "2"
"""SRV_ST_RUNNING, in the column of the operational state."""


def carried(text: str, unchanged: Collection[tuple[str, str]] | None) -> str:
    """The answer to ``show servers state`` with the rows of servers in ``unchanged`` (backend and name; None for all) alone.

    >>> carried("1\\n# be_name srv_name srv_op_state\\nweb one 2\\nweb two 2", {("web", "two")})
    '1\\n# be_name srv_name srv_op_state\\nweb two 2'
    """
    header: list[str] = []
    kept: list[str] = []
    for line in text.splitlines():
        if line.startswith("# "):
            header = line.removeprefix("# ").split()
        row = dict(zip(header, line.split(), strict=False))
        if line.startswith("#") or len(line.split()) < 2 or _is_carried(row, unchanged):
            kept.append(line)
    return "\n".join(kept) or NOTHING


def _is_carried(row: Mapping[str, str], unchanged: Collection[tuple[str, str]] | None) -> bool:
    if unchanged is not None and (row.get("be_name", ""), row.get("srv_name", "")) not in unchanged:
        return False
    # Without a check nothing would ever bring a server back; one that runs keeps the address that its name has.
    checked = any(int(row.get(column, "0")) & _CONFIGURED for column in ("srv_check_state", "srv_agent_state"))
    return checked or row.get("srv_op_state") == _RUNNING
