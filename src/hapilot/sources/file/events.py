"""Bytes of a file to YAML events: UTF-8 and printable, through libyaml, or through PyYAML's own parser where it is missing.

Events (as PyYAML has them) come out. A file that can't be read on raises :class:`Stop` or PyYAML's YAMLError; ``yaml``,
the only caller, turns both into diagnostics.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
import yaml.parser
import yaml.reader
import yaml.scanner

from hapilot.base import diagnostics
from hapilot.base.origin import Origin

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML 1.2, section 5.1 (c-printable), leaves out."""

_LIBYAML: Any = getattr(getattr(yaml, "cyaml", None), "CParser", None)


class Stop(Exception):
    """The document can't be read further; the diagnostic says why. It never leaves this package."""

    def __init__(self, diagnostic: diagnostics.Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class PureParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """PyYAML's own parser: the same events, slowly."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


def events(data: bytes, file: str, parser: Any = _LIBYAML or PureParser) -> Iterator[Any]:
    """The events of a file, in order, without the end of the stream."""
    reading = parser(_decode(data, file))
    try:
        event = reading.get_event()
        while event is not None and not isinstance(event, yaml.StreamEndEvent):
            yield event
            event = reading.get_event()
    finally:
        reading.dispose()


def _decode(data: bytes, file: str) -> str:
    hint = "save it as UTF-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Stop(diagnostics.error("yaml-syntax", "the file is not UTF-8", Origin(file, 1, 1), hint))
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as problem:
        place = _place(data[: problem.start].decode("utf-8"), file)
        raise Stop(diagnostics.error("yaml-syntax", "the file is not UTF-8", place, hint)) from problem
    bad = _UNPRINTABLE.search(text)
    if bad is not None:
        message = f"the character U+{ord(bad[0]):04X} can't be in a YAML file"
        raise Stop(diagnostics.error("yaml-syntax", message, _place(text[: bad.start()], file), "remove it"))
    return text


def _place(before: str, file: str) -> Origin:
    lines = re.split("\r\n|\r|\n", before)
    return Origin(file, len(lines), len(lines[-1]) + 1)
