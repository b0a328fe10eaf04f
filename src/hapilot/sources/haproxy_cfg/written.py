"""The files of an import: the site file, for people to read and change, and the files with secrets.

Comes in: an :class:`~hapilot.sources.haproxy_cfg.imported.Imported`. Goes out: text, and files on disk. Called by ``cli.import_``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from hapilot.base import errors
from hapilot.model import core_schema, site
from hapilot.sources.haproxy_cfg.imported import Comment, Imported

SITE = "site.yaml"
_WIDTH = 120
_PLAIN = re.compile(r"[A-Za-z0-9_/.][A-Za-z0-9_/.@+-]*")
_PLAIN_LINE = re.compile(r"[A-Za-z_/.](?:[^#:]|(?<! )#|:(?! ))*")
_OTHER_WORDS = frozenset({"y", "n", "yes", "no", "on", "off"})
"""Texts here, and something else to readers of YAML 1.1."""


def write(imported: Imported, into: Path, *, force: bool = False) -> tuple[Path, ...]:
    """Write all files into the folder. Raises HapilotError where one is there already (unless ``force``), or can't be written."""
    files = {into / SITE: (render(imported), 0o644)}
    files |= {into / name: (text, 0o600) for name, text in imported.secrets.items()}
    there = next((path for path in files if os.path.lexists(path)), None)
    if there is not None and not force:
        raise errors.HapilotError(f"{there} is there already", "name another folder with -o, or say --force to write over it")
    try:
        for path, (text, mode) in files.items():
            _write(path, text, mode)
    except OSError as problem:
        raise errors.HapilotError(f"can't write {problem.filename or into}: {problem.strerror}", "name another folder with -o") from problem
    return tuple(files)


def render(imported: Imported) -> str:
    """The site file: the same bytes for the same import."""
    return "".join(f"{line}\n" for line in (*_header(imported), *_Printer(imported).mapping(imported.site, (), 0)))


def _write(path: Path, text: str, mode: int) -> None:
    """In one step, and never readable by more than shall read it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755 if mode & 0o044 else 0o700)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    beside.replace(path)


def _header(imported: Imported) -> Iterator[str]:
    report = imported.report
    yield f"# Made by `hapilot import`: {report.understood} of {report.lines} lines are in keys of the site ({report.share} %)."
    yield "# All others stand under raw, word by word."
    for each in report.left_out:
        yield f"# Left out: {each.text}  ({each.origin.short}: {each.why})"
    if imported.start:
        yield ""
    yield from imported.start
    yield ""


class _Printer:
    """Prints plain data as YAML, with the comments of the original in their places."""

    def __init__(self, imported: Imported) -> None:
        self.comments = imported.comments
        self.with_comments = {path[:end] for path in imported.comments for end in range(len(path))}

    def mapping(self, data: dict[str, Any], path: site.Path, depth: int) -> Iterator[str]:
        """The lines of a mapping."""
        for number, (key, value) in enumerate(data.items()):
            if not path and number:
                yield ""
            yield from self._above((*path, key), depth)
            yield from self._entry(f"{'  ' * depth}{scalar(key)}:", value, (*path, key), depth)

    def _entry(self, start: str, value: Any, path: site.Path, depth: int) -> Iterator[str]:
        behind = self.comments.get(path, Comment()).behind
        behind = f"  {behind}" if behind else ""
        if self._is_flow(value, path, len(start)):
            yield f"{start} {flow(value)}{behind}"
        elif isinstance(value, dict):
            yield start + behind
            yield from self.mapping(cast("dict[str, Any]", value), path, depth + 1)
        else:
            yield start + behind
            for index, item in enumerate(value):
                yield from self._above((*path, index), depth + 1)
                yield from self._item(item, (*path, index), depth + 1)

    def _item(self, item: Any, path: site.Path, depth: int) -> Iterator[str]:
        behind = self.comments.get(path, Comment()).behind
        start = f"{'  ' * depth}- "
        if isinstance(item, str) and path[0] == "raw":
            yield from block(item, start) if "\n" in item else (f"{start}{line(item)}",)
        else:
            yield f"{start}{flow(item)}{f'  {behind}' if behind else ''}"

    def _is_flow(self, value: Any, path: site.Path, used: int) -> bool:
        """Whether the value stands on the line of its key."""
        if not value or not isinstance(value, dict | list):
            return True
        if path in self.with_comments or path[0] == "raw" or len(path) < 3:
            return len(path) == 1 and path[0] == "tls"
        items: list[Any] = list(value.values()) if isinstance(value, dict) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return not any(isinstance(each, dict) for each in items) and used + len(flow(value)) < _WIDTH

    def _above(self, path: site.Path, depth: int) -> Iterator[str]:
        yield from (f"{'  ' * depth}{text}" for text in self.comments.get(path, Comment()).above)


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        return "{" + ", ".join(f"{scalar(key)}: {flow(each)}" for key, each in items.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, cast("list[Any]", value))) + "]"
    return scalar(value)


def scalar(value: Any) -> str:
    """A scalar that can stand anywhere.

    >>> print(scalar("web"), scalar("on"), scalar("10"), scalar(10), scalar("a ${b}"), scalar(True))
    web "on" "10" 10 "a $${b}" true
    """
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and core_schema.resolve(value) is value and value.lower() not in _OTHER_WORDS:
        return value
    return json.dumps(_literal(value), ensure_ascii=False)


def line(text: str) -> str:
    """A line of a configuration in a list.

    >>> print(line('acl a path "/x" # why'), line("maxconn 100"), line("a ${b}"))
    'acl a path "/x" # why' maxconn 100 a $${b}
    """
    text = _literal(text)
    if _PLAIN_LINE.fullmatch(text) and not text.endswith((" ", ":")) and core_schema.resolve(text) is text:
        return text if text.lower() not in _OTHER_WORDS else f"'{text}'"
    return "'" + text.replace("'", "''") + "'"


def block(text: str, start: str) -> Iterator[str]:
    """Lines of a configuration as they are; the first one has no indentation."""
    yield f"{start}|"
    indent = " " * len(start)
    yield from (f"{indent}{each}" if each.strip(" ") else "" for each in _literal(text).removesuffix("\n").split("\n"))


def _literal(text: str) -> str:
    """The site file's own variables look like HAProxy's."""
    return text.replace("${", "$${")
