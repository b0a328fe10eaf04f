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
_CRT_LINE = re.compile(r"^(?P<file>\S+):(?P<number>\d+) ?(?P<rest>.*)$")
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
    """``show servers state``, format version 1. Read for every change, and there may be many thousands of lines."""
    lines = text.splitlines()
    header = next((line[2:].split() for line in lines if line.startswith("# ")), list[str]())
    if not header:
        return ()
    be, srv, address, port, fqdn = (header.index(name) for name in ("be_name", "srv_name", "srv_addr", "srv_port", "srv_fqdn"))
    oper, admin, uweight, iweight = (header.index(name) for name in ("srv_op_state", "srv_admin_state", "srv_uweight", "srv_iweight"))
    rows = [row for line in lines if not line.startswith("#") and len(row := line.split()) == len(header)]
    return tuple(
        [
            ServerLine(
                row[be],
                row[srv],
                "" if row[address] == "-" else row[address],
                int(row[port]),
                int(row[oper]),
                int(row[admin]),
                int(row[uweight]),
                int(row[iweight]),
                "" if row[fqdn] == "-" else row[fqdn],
            )
            for row in rows
        ]
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


def parse_load(text: str) -> dict[tuple[str, str], tuple[int, int]]:
    """``show stat -1 4 -1``: of each server (by backend and name) the open sessions, and the most that it may have, 0 for any number."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for line in text.splitlines():
        # pxname, svname, qcur, qmax, scur, smax, slim (management manual, 9.1)
        row = line.split(",", 7)
        if len(row) == 8 and row[4].isdigit():
            found[row[0], row[1]] = (int(row[4]), int(row[6] or 0))
    return found


def parse_crt_lists(text: str) -> tuple[str, ...]:
    """``show ssl crt-list``: the names of the lists, without those of folders."""
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


def parse_crt_list(text: str) -> tuple[tuple[str, int, str], ...]:
    """``show ssl crt-list -n LIST``: file, line number, and the options and names behind them.

    >>> parse_crt_list("# certs/list\\ncerts/a.pem:2\\ncerts/b.pem:4 [alpn h2 ] a.test")
    (('certs/a.pem', 2, ''), ('certs/b.pem', 4, '[alpn h2 ] a.test'))
    """
    found = (_CRT_LINE.match(line) for line in text.splitlines() if not line.startswith("#"))
    return tuple((line["file"], int(line["number"]), line["rest"]) for line in found if line)


def parse_fingerprints(text: str) -> dict[str, str]:
    """Several answers to ``show ssl cert FILE``: file to the SHA-1 of its certificate, in hex."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("Filename: "):
            name = line.removeprefix("Filename: ").strip()
        elif line.startswith("SHA1 FingerPrint: "):
            found[name] = line.removeprefix("SHA1 FingerPrint: ").strip().upper()
    return found


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
