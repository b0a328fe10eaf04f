"""The commands that a page of the documentation shows, as a script that can be run.

A page's text goes in; its files and commands come out, in the order of the page, with what each is said to print. Nothing is
run here. ``test_commands`` runs them. The convention, which CONTRIBUTING.md tells writers:

* a ``yaml`` block whose first line is ``# NAME.yaml`` is that file, an ``html`` block that starts with ``<!-- NAME.html -->`` too, and
  a ``text`` block whose first line is ``# NAME.cfg``;
* in a ``console`` block, a line after ``$`` is a command, a final backslash continues it, and the lines behind it are its output;
  ``…`` stands for anything in a line, and for any lines where it is alone; no output shown means that any will do;
* ``&`` at the end: it runs until the end of the page, and what is shown must be printed before the next command;
* ``# exit code 1`` at the end says that the command fails;
* numbers from 8000 to 9999 are ports, and become free ones;
* ``<!-- files: PAGE -->`` takes the files of another page, named relative to this one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_FENCE = re.compile(r"^```(?P<language>[^`\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILES = {
    "yaml": re.compile(r"# (?P<name>[A-Za-z0-9][A-Za-z0-9_./-]*\.yaml)\n"),
    "text": re.compile(r"# (?P<name>[A-Za-z0-9][A-Za-z0-9_./-]*\.cfg)\n"),
    "html": re.compile(r"<!-- (?P<name>[A-Za-z0-9][A-Za-z0-9_./-]*\.html) -->\n"),
}
"""How a block of each language says that it is a file."""
_ELSEWHERE = re.compile(r"^<!-- files: (?P<page>\S+) -->$", re.MULTILINE)
_EXIT = re.compile(r"\s+# exit code (?P<code>\d+)$")
_PORT = re.compile(r"(?<![\w.])[89]\d{3}(?![\w.])")


@dataclass(frozen=True, slots=True)
class File:
    """A file that the page shows."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command: ``shown`` is its output as the page has it, ``line`` where it stands in the page."""

    line: int
    text: str
    shown: tuple[str, ...]
    code: int = 0
    stays: bool = False


@dataclass(slots=True)
class Ports:
    """Replaces the ports of a page, each always by the same one that ``free`` gave."""

    free: Callable[[], int]
    taken: dict[str, str] = field(default_factory=dict[str, str])

    def replace(self, text: str) -> str:
        """The text with free ports."""
        for port in _PORT.findall(text):
            if port not in self.taken:
                self.taken[port] = str(self.free())
        return _PORT.sub(lambda found: self.taken[found[0]], text)


def steps(page: Path) -> Iterator[File | Command]:
    """The files and commands of a page."""
    text = page.read_text(encoding="utf-8")
    for found in _ELSEWHERE.finditer(text):
        other = page.parent / found["page"]
        yield from (step for step in steps(other) if isinstance(step, File))
    for block in _FENCE.finditer(text):
        line = text.count("\n", 0, block.start("body")) + 1
        named = _FILES[block["language"]].match(block["body"]) if block["language"] in _FILES else None
        if named:
            yield File(named["name"], block["body"])
        elif block["language"] == "console":
            yield from _commands(block["body"].splitlines(), line)


def _commands(lines: list[str], first: int) -> Iterator[Command]:
    at = 0
    while at < len(lines):
        if not lines[at].startswith("$ "):
            raise ValueError(f"line {first + at} of a console block is no command and belongs to none: {lines[at]!r}")
        start, said = at, lines[at][2:]
        while said.endswith("\\"):
            at += 1
            said = f"{said[:-1].rstrip()} {lines[at].strip()}"
        at += 1
        shown: list[str] = []
        while at < len(lines) and not lines[at].startswith("$ "):
            shown.append(lines[at].rstrip())
            at += 1
        yield _command(first + start, said.strip(), tuple(shown))


def _command(line: int, said: str, shown: tuple[str, ...]) -> Command:
    code = _EXIT.search(said)
    text = _EXIT.sub("", said)
    stays = text.endswith(" &")
    return Command(line, text.removesuffix(" &"), shown, int(code["code"]) if code else 0, stays)


def matches(shown: tuple[str, ...], printed: str, *, whole: bool = True) -> bool:
    """Whether ``printed`` is what the page shows; with ``whole`` false, more lines may follow."""
    lines = [line.rstrip() for line in printed.splitlines()]
    return _match(shown, lines, whole=whole)


def _match(shown: tuple[str, ...], lines: list[str], *, whole: bool) -> bool:
    """Depth first, as with ``*`` in file names; pages are short."""
    if not shown:
        return not lines or not whole
    if shown[0].strip() == "…":
        return any(_match(shown[1:], lines[skipped:], whole=whole) for skipped in range(len(lines) + 1))
    if not lines or not re.fullmatch(".*".join(re.escape(part) for part in shown[0].split("…")), lines[0]):
        return False
    return _match(shown[1:], lines[1:], whole=whole)
