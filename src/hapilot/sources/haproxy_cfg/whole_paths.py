"""Relative paths that HAProxy opens where it runs, whatever ``default-path`` says: of unix sockets, and before 2.8 of maps in
``use_backend %[…]``.

Comes in: a line, and the folder of the configuration. Goes out: the line with whole paths. Called by ``importing`` and ``sections``. Where
HAProxy was started in that folder, both are the same file; hapilot starts it elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from hapilot.languages.haproxy import document
from hapilot.sources.haproxy_cfg import verbatim
from hapilot.sources.haproxy_cfg.imported import LeftOut

_MAP = re.compile(r"\b(?P<before>map(?:_\w+)?\()(?=[A-Za-z0-9._])(?P<path>[A-Za-z0-9._/-]+)(?=[,)])")
_SOCKET = re.compile(r"(?<![^\s,@])(?P<before>unix@)(?=[A-Za-z0-9._])(?P<path>[A-Za-z0-9._/-]+)(?=[\s,]|$)")
_PLAIN_FOLDER = re.compile(r"/[A-Za-z0-9._/-]*")
_LONGEST = 97
"""Bytes of a socket's path (configuration manual, section 4.2, "bind"): a longer one stays as it is."""
_KEYWORDS = {"use_backend": _MAP, "bind": _SOCKET, "server": _SOCKET, "peer": _SOCKET, "stats": _SOCKET, "log": _SOCKET}


def folder_of(lines: Iterable[document.Line], folder: Path) -> Path | None:
    """The folder to start paths from; None where the configuration itself says where they start, or a path could not say this folder."""
    says = any(line.keyword == "default-path" or (line.keyword == "unix-bind" and "prefix" in line.words) for line in lines)
    return None if says or not _PLAIN_FOLDER.fullmatch(str(folder)) else folder


def with_paths(line: document.Line, text: str, folder: Path | None) -> str:
    """The text of a line, with whole paths if it is such a line."""
    pattern = _KEYWORDS.get(line.keyword)
    if folder is None or pattern is None or (pattern is _MAP and "%[" not in text):
        return text

    def whole(found: re.Match[str]) -> str:
        path = str(folder / found["path"])
        return found[0] if pattern is _SOCKET and len(path) > _LONGEST else found["before"] + path

    return pattern.sub(whole, text)


def changed(lines: Iterable[document.Line], folder: Path | None) -> list[LeftOut]:
    """The lines that get other words, for the report."""
    both = ((line, verbatim.single(line)) for line in lines if line.keyword in _KEYWORDS)
    told = ((line, text, with_paths(line, text, folder)) for line, text in both)
    why = "HAProxy looks for it where it runs; in its place there is: "
    return [LeftOut(text, why + new, line.origin) for line, text, new in told if new != text]
