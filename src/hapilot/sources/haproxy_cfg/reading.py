"""Reads configurations from disk: files, and folders as ``haproxy -f FOLDER`` takes them.

Comes in: paths as a user gives them; ``-`` is standard input. Goes out: documents in the order in which HAProxy reads them. Called by
``cli.lint``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from hapilot.base import errors
from hapilot.languages.haproxy import document, files, parser

STANDARD_INPUT = "-"
SHOWN = "<stdin>"


def read(paths: Iterable[str]) -> tuple[document.Document, ...]:
    """All documents. Raises HapilotError for what can't be read, and for a folder without a configuration."""
    return tuple(parser.parse_bytes(_bytes(path), SHOWN if path == STANDARD_INPUT else path) for path in _files(paths))


def _files(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        folder = Path(path)
        if path == STANDARD_INPUT or not folder.is_dir():
            yield path
            continue
        try:
            names = [entry.name for entry in folder.iterdir() if entry.is_file()]
        except OSError as problem:
            raise errors.HapilotError(f"can't read {path}: {problem.strerror}") from problem
        found = files.in_folder(names)
        if not found:
            raise errors.HapilotError(f"there is no configuration in {path}", "HAProxy takes the files of a folder that end with .cfg")
        yield from (str(folder / name) for name in found)


def _bytes(path: str) -> bytes:
    if path == STANDARD_INPUT:
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as problem:
        raise errors.HapilotError(f"can't read {path}: {problem.strerror}", "name a haproxy.cfg, or a folder of them") from problem
