"""Which states of servers a reload or a restart hands on to the new worker. Pure text in and out; called by ``process`` and
``remembering``.

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
_FORCED_MAINT, _FORCED_DRAIN = 0x01, 0x08
"""SRV_ADMF_FMAINT and SRV_ADMF_FDRAIN, in the column of the administrative state: somebody has said so."""
_AGE = "srv_time_since_last_change"


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


def told(text: str) -> str:
    """The rows of servers that somebody has told to drain or to rest: that holds however old the news is. They are taken for healthy."""
    header: list[str] = []
    kept: list[str] = []
    for line in text.splitlines():
        row = line.split()
        if line.startswith("# "):
            header = row[1:]
            kept.append(line)
        elif len(row) == len(header) and _admin(dict(zip(header, row, strict=True))) & (_FORCED_MAINT | _FORCED_DRAIN):
            kept.append(line)
    return "\n".join(("1", *kept)) if len(kept) > 1 else NOTHING


def renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with backends that stand for another one (``names``) under the name of that, which they have in the files.

    >>> renamed("1\\n# be_id be_name srv_name\\n3 .spare-1 one", {".spare-1": "web"})
    '1\\n# be_id be_name srv_name\\n3 web one'
    """
    if not names:
        return text
    split = [line.split(" ") for line in text.splitlines()]
    column = next((row[1:].index("be_name") for row in split if row[0] == "#" and "be_name" in row), 0)
    for row in split:
        if len(row) > column + 1:
            row[column] = names.get(row[column], row[column])
    return "\n".join([" ".join(row) for row in split])


def ageless(text: str) -> str:
    """The text without the times that run on while nothing happens, for comparing it with an earlier one. Of many thousand rows."""
    lines = text.splitlines()
    header = next((line[2:].split() for line in lines if line.startswith("# ")), list[str]())
    if _AGE not in header:
        return text
    before = header.index(_AGE)
    split = (line.split(" ", before + 1) for line in lines)
    return "\n".join([" ".join((*row[:before], *row[before + 1 :])) for row in split])


def _admin(row: Mapping[str, str]) -> int:
    return int(row.get("srv_admin_state", "0"))


def _is_carried(row: Mapping[str, str], unchanged: Collection[tuple[str, str]] | None) -> bool:
    if unchanged is not None and (row.get("be_name", ""), row.get("srv_name", "")) not in unchanged:
        return False
    # Without a check nothing would ever bring a server back, but for whoever took it out; one that runs keeps the address that its name
    # has.
    checked = any(int(row.get(column, "0")) & _CONFIGURED for column in ("srv_check_state", "srv_agent_state"))
    return checked or row.get("srv_op_state") == _RUNNING or bool(_admin(row) & _FORCED_MAINT)
