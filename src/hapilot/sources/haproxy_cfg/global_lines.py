"""The ``global`` sections at the start: lines for ``raw.global``, lines for a file, and lines that hapilot makes needless.

Comes in: the parts. Goes out: :class:`Globals`. Called by ``importing``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hapilot.base.origin import Origin
from hapilot.languages.haproxy import document, quoting
from hapilot.sources.haproxy_cfg import confidential, outline, verbatim
from hapilot.sources.haproxy_cfg.imported import LeftOut

BUFFERS = "tune.bufsize 16384"
"""What HAProxy has without being told; hapilot's own is larger."""

_BY_HAPILOT = {
    "daemon": "hapilot starts HAProxy in the background itself",
    "master-worker": "hapilot always starts a master with workers",
    "pidfile": "hapilot keeps its own",
    "quiet": "hapilot reads what HAProxy says",
}
"""Words of lines about how HAProxy is started, and why hapilot goes without. All others stay: of those that count once
(``user``, ``group``, ``chroot``), hapilot takes the user's in place of its own."""
_STATES = "server-state-file"
"""hapilot says one too, where it runs HAProxy, and HAProxy takes only the first."""
_FOLDER = "default-path"
"""Where relative paths start, by the place of the file or of the process."""
CHANGED = frozenset({*_BY_HAPILOT, _STATES, _FOLDER})
"""What does not stay as it is."""
_ENVIRONMENT = frozenset({"setenv", "presetenv", "unsetenv", "resetenv"})


@dataclass(slots=True)
class Globals:
    """``lines`` are for ``raw.global``, each with its text; ``hidden`` follow them and belong into a file; ``start`` are the
    comments above everything, ``above`` those above the heads."""

    lines: list[tuple[str, Origin]] = field(default_factory=list[tuple[str, Origin]])
    hidden: list[document.Line] = field(default_factory=list[document.Line])
    start: list[str] = field(default_factory=list[str])
    above: list[str] = field(default_factory=list[str])
    directives: list[document.Line] = field(default_factory=list[document.Line])


def read(start: Iterable[document.Line], parts: Iterable[outline.Part], folder: Path) -> Globals:
    """All parts, one after the other. ``start`` are the comments above everything, ``folder`` is that of the configuration."""
    made = Globals()
    lines: list[document.Line] = []
    made.start = _shown(start, made)
    for part in parts:
        made.above += _shown(part.above, made)
        if confidential.holds(part.head):
            made.hidden.append(part.head)
        elif behind := verbatim.comment(part.head):
            made.above.append(behind)
        lines += [line for line in part.below if not verbatim.is_blank(line)]
    made.directives = [line for line in lines if line.kind is not document.Kind.COMMENT]
    hidden = _hidden(lines)
    for line in lines:
        if id(line) in hidden:
            made.hidden.append(line)
        elif line.keyword not in _BY_HAPILOT:
            made.lines += [(text, line.origin) for text in texts(line, folder)]
    if not any(line.keyword == "tune.bufsize" for line in lines) or any(line.kind is document.Kind.MACRO for line in lines):
        made.lines.insert(0, (BUFFERS, Origin("")))
    return made


def left_out(lines: Iterable[tuple[str, document.Line]], folder: Path) -> list[LeftOut]:
    """What is not said any more, or in other words. ``lines`` have the kind of their section."""
    return [LeftOut(_told(line), why, line.origin) for kind, line in lines if kind == "global" and (why := _why(line, folder))]


def _why(line: document.Line, folder: Path) -> str:
    said = texts(line, folder)
    if line.keyword == _FOLDER and said != [verbatim.single(line)]:
        return f"the rendered file is elsewhere; in its place there is: {said[0]}"
    return _BY_HAPILOT.get(line.keyword, "")


def _told(line: document.Line) -> str:
    return line.keyword if confidential.holds(line) else verbatim.single(line)


def _shown(lines: Iterable[document.Line], made: Globals) -> list[str]:
    """Comments; those with secrets go with the other secrets."""
    comments = [line for line in lines if not verbatim.is_blank(line)]
    made.hidden += [line for line in comments if confidential.holds(line)]
    return [verbatim.single(line) for line in comments if not confidential.holds(line)]


def texts(line: document.Line, folder: Path) -> list[str]:
    """A line in the text of a section: what depends on where the configuration lies, or on who runs it, is said in other words."""
    text = verbatim.single(line)
    if line.keyword in _BY_HAPILOT:
        return [f"# {text}"]
    if line.keyword == _STATES:
        return [".if !defined(HAPILOT_SERVERS)", text, ".endif"]
    meant = {"config": folder, "current": folder, "parent": folder.parent}
    if line.keyword == _FOLDER and line.words[1:2] and line.words[1] in meant:
        return [f"{_FOLDER} origin {quoting.word(str(meant[line.words[1]]))}"]
    return [text]


def _hidden(lines: list[document.Line]) -> set[int]:
    """Lines with secrets; and, where some lines take variables or stand in blocks, all others behind the first of them."""
    secret = [place for place, line in enumerate(lines) if confidential.holds(line) or not verbatim.is_text(line)]
    if not secret:
        return set()
    if any(line.has_variables or line.keyword in (*_ENVIRONMENT, ".if") for line in lines):
        start = min([secret[0], *(place for place, line in enumerate(lines) if line.keyword == ".if")])
        return {id(line) for line in lines[start:]}
    return {id(lines[place]) for place in secret}
