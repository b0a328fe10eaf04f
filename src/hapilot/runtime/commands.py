"""The runtime API's and the master CLI's language: text to values and back. Pure; ``client`` carries it.

References are to HAProxy's management manual, sections 9.3 (runtime) and 9.4 (master CLI).
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

_PROC = re.compile(
    r"^(?P<pid>\d+)\s+(?P<type>\S+)\s+(?P<reloads>\d+)(?:\s+\[failed: (?P<failed>\d+)\])?"
    r"\s+(?P<uptime>\S+)\s+(?P<version>\S+)\s*$"
)
_UPTIME = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_MAP = re.compile(r"^(?P<id>-?\d+) \((?P<file>.*?)\) (?P<description>.*)$")
_ENTRY_COUNT = re.compile(r"entry_cnt=(\d+)")
_SESSION = re.compile(r"^0x[0-9a-f]+: proto=(?P<proto>\S+) src=(?P<src>\S+) fe=(?P<fe>\S+) be=(?P<be>\S+) srv=(?P<srv>\S+) ")
_RELOAD = re.compile(r"^Success=(?P<success>[01])\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ProcessLine:
    """One line of ``show proc``. ``reloads`` of a worker counts the reloads it has survived: 0 is the newest."""

    pid: int
    kind: str
    reloads: int
    failed: int
    uptime_seconds: int
    version: str
    old: bool


@dataclass(frozen=True, slots=True)
class ServerLine:
    """One line of ``show servers state``; the states are HAProxy's numbers (management manual, ``show servers state``)."""

    backend: str
    name: str
    address: str
    port: int
    operational_state: int
    admin_state: int
    weight: int
    initial_weight: int
    fqdn: str


@dataclass(frozen=True, slots=True)
class MapLine:
    """One line of ``show map``: ``identifier`` for ``#id``, ``file`` is empty where no file stands behind it."""

    identifier: int
    file: str
    entries: int


@dataclass(frozen=True, slots=True)
class MapEntry:
    """One entry of a map; ``reference`` is the pointer that ``del map … #ref`` takes."""

    reference: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One stream of ``show sess``; server is empty until one is chosen."""

    source: str
    frontend: str
    backend: str
    server: str


def argument(text: str) -> str:
    """``text`` as one argument of a command: blanks, backslashes and semicolons lose their meaning (section 9.3)."""
    if not text or any(character in text for character in "\r\n\0"):
        raise ValueError(f"{text!r} can't be an argument of a runtime command")
    return re.sub(r"([\\; \t\"'#])", r"\\\1", text)


def with_payload(command: str, payload: str) -> str:
    """``command`` followed by lines; empty lines are left out, because the first one ends the payload."""
    lines = [line for line in payload.splitlines() if line.strip()]
    return "\n".join([f"{command} <<", *lines, ""])


def parse_info(text: str) -> dict[str, str]:
    """``show info`` in text or JSON form, as field name to value."""
    if text.lstrip().startswith("["):
        fields = cast("list[dict[str, dict[str, object]]]", json.loads(text))
        return {str(field["field"]["name"]): str(field["value"]["value"]) for field in fields}
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def parse_stat(text: str) -> tuple[Mapping[str, str], ...]:
    """``show stat``: one mapping of column to value for each frontend, listener, server and backend, in HAProxy's order."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return ()
    rows = csv.reader(lines)
    header = [column.removeprefix("# ") for column in next(rows)]
    return tuple({name: value for name, value in zip(header, row, strict=False) if name} for row in rows)


def parse_servers_state(text: str) -> tuple[ServerLine, ...]:
    """``show servers state``, format version 1."""
    lines = [line for line in text.splitlines() if line.strip()]
    header = next((line.removeprefix("# ").split() for line in lines if line.startswith("# ")), list[str]())
    rows = (dict(zip(header, line.split(), strict=False)) for line in lines if not line.startswith("#") and " " in line)
    return tuple(_server_line(row) for row in rows)


def _server_line(row: Mapping[str, str]) -> ServerLine:
    return ServerLine(
        backend=row["be_name"],
        name=row["srv_name"],
        address="" if row["srv_addr"] == "-" else row["srv_addr"],
        port=int(row["srv_port"]),
        operational_state=int(row["srv_op_state"]),
        admin_state=int(row["srv_admin_state"]),
        weight=int(row["srv_uweight"]),
        initial_weight=int(row["srv_iweight"]),
        fqdn="" if row["srv_fqdn"] == "-" else row["srv_fqdn"],
    )


def parse_sessions(text: str) -> tuple[SessionLine, ...]:
    """``show sess`` without the sessions of the runtime sockets themselves: the number of users' connections."""
    found = (_SESSION.match(line) for line in text.splitlines())
    return tuple(
        SessionLine(line["src"], line["fe"], _named(line["be"]), _named(line["srv"])) for line in found if line and line["fe"] != "GLOBAL"
    )


def _named(text: str) -> str:
    return "" if text.lower() == "<none>" else text


def parse_certificates(text: str) -> tuple[str, ...]:
    """``show ssl cert``: the names of the loaded files, without those of a transaction that is not committed (``*``)."""
    return tuple(line for line in text.splitlines() if line and not line.startswith(("#", "*")))


def parse_certificate(text: str) -> dict[str, str]:
    """``show ssl cert FILE``: its fields, such as ``Serial`` and ``notAfter``."""
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def parse_maps(text: str) -> tuple[MapLine, ...]:
    """``show map`` without an argument."""
    found = (_MAP.match(line) for line in text.splitlines() if not line.startswith("#"))
    return tuple(MapLine(int(line["id"]), line["file"], _entries(line["description"])) for line in found if line)


def _entries(description: str) -> int:
    found = _ENTRY_COUNT.search(description)
    return int(found[1]) if found else 0


def parse_map(text: str) -> tuple[MapEntry, ...]:
    """``show map FILE``: the entries in the order in which HAProxy holds them."""
    rows = (line.split(" ", 2) for line in text.splitlines() if line.startswith("0x"))
    return tuple(MapEntry(row[0], row[1], row[2] if len(row) > 2 else "") for row in rows if len(row) > 1)


def parse_processes(text: str) -> tuple[ProcessLine, ...]:
    """``show proc``: the master, the current worker, and the old workers that still finish their connections."""
    found: list[ProcessLine] = []
    old = False
    for line in text.splitlines():
        if line.startswith("# "):
            old = line.startswith("# old")
        row = _PROC.match(line)
        if row:
            uptime = _seconds(row["uptime"])
            found.append(
                ProcessLine(int(row["pid"]), row["type"], int(row["reloads"]), int(row["failed"] or 0), uptime, row["version"], old)
            )
    return tuple(found)


def _seconds(uptime: str) -> int:
    """``0d00h00m01s`` as seconds."""
    parts = _UPTIME.fullmatch(uptime)
    days, hours, minutes, seconds = (int(part or 0) for part in parts.groups()) if parts else (0, 0, 0, 0)
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def parse_reload(text: str) -> tuple[bool | None, str]:
    """The answer to the master's ``reload``: whether it worked (None before 2.7, which doesn't say) and HAProxy's messages."""
    found = _RELOAD.search(text)
    if found is None:
        return None, text
    return found["success"] == "1", text.partition("\n--\n")[2]
