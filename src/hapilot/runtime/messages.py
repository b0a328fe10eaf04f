"""What HAProxy writes to stderr, as values. Pure text in, findings out; called by ``check``, ``process`` and tests.

The forms are the same from 2.6 to 3.x (live): ``[ALERT]    (pid) : config : parsing [FILE:LINE] : text``, with the lines that
belong to a message indented by three blanks and a bar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

FindingSeverity = Literal["alert", "warning", "notice"]

_MESSAGE = re.compile(r"^\[(?P<severity>ALERT|WARNING|NOTICE)\]\s+\((?P<pid>\d+)\) : (?P<text>.*)$")
_CONTINUED = re.compile(r"^ {3}\| ?(?P<text>.*)$")
_PLACES = (
    re.compile(r"^(?:[Pp]arsing )?\[(?P<file>[^\]]+?):(?P<line>\d+)\]\s*:?\s*"),
    re.compile(r"\b(?:in|at) file '(?P<file>[^']+)' line (?P<line>\d+)"),
    re.compile(r"\b(?:in|at) file '(?P<file>[^':]+):(?P<line>\d+)'"),
    re.compile(r"\b(?:declared )?at (?P<file>[^\s:'\"]+):(?P<line>\d+)"),
)
_PREAMBLE = re.compile(r"haproxy version is |path to executable is |New worker |Loading success|Reloading HAProxy|Former worker ")
_EVENT = re.compile(
    r"Proxy \S+ stopped |Stopping |Server \S+ is |(?:Backup )?[Ss]erver \S+ was |backend '?\S+'? has no server available|Health check "
)
"""What workers say while they serve; it comes between the lines of a reload and has nothing to do with it."""

_SUMMARY = re.compile(r"Error\(s\) found in configuration file|Fatal errors found in configuration|Loading failure!")


@dataclass(frozen=True, slots=True)
class Finding:
    """One message. ``file`` is empty and ``line`` 0 where HAProxy does not say where; ``text`` leaves the place out."""

    severity: FindingSeverity
    file: str
    line: int
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file else ""
        return f"{place}{self.text}"


def parse_messages(output: str) -> tuple[Finding, ...]:
    """All messages in ``output``, in order, without HAProxy's preamble; sums such as "Fatal errors found in
    configuration" only where nothing else tells what is wrong."""
    gathered: list[tuple[FindingSeverity, list[str]]] = []
    for line in output.splitlines():
        message = _MESSAGE.match(line)
        continued = _CONTINUED.match(line)
        if message:
            gathered.append((_SEVERITIES[message["severity"]], [message["text"]]))
        elif continued and gathered:
            gathered[-1][1].append(continued["text"])
    found = tuple(
        _finding(severity, "\n".join(lines)) for severity, lines in gathered if not (_PREAMBLE.match(lines[0]) or _EVENT.match(lines[0]))
    )
    telling = tuple(finding for finding in found if not _SUMMARY.match(finding.text))
    return telling if any(finding.severity == "alert" for finding in telling) else found


_SEVERITIES: dict[str, FindingSeverity] = {"ALERT": "alert", "WARNING": "warning", "NOTICE": "notice"}


def _finding(severity: FindingSeverity, text: str) -> Finding:
    text = text.removeprefix("config : ").strip()
    for place in _PLACES:
        found = place.search(text)
        if found:
            # Only a leading place is cut out: inside a sentence it is part of what the sentence says.
            rest = text[found.end() :] if found.start() == 0 else text
            return Finding(severity, found["file"], int(found["line"]), rest.strip())
    return Finding(severity, "", 0, text)
