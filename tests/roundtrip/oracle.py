"""What a real HAProxy says while it reads a configuration: its messages, each with file and line.

``.notice WORD`` makes it print the word that it sees, so that one run tells hundreds of words.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_HEAD = re.compile(r"^\[(NOTICE|WARNING|ALERT)\] +\(\d+\) : config : parsing \[(.*?):(\d+)\] ?: ", re.MULTILINE)


class Said(NamedTuple):
    """One message."""

    level: str
    file: str
    line: int
    text: str


def read(binary: Path, files: Sequence[Path], environment: Mapping[str, str] | None = None) -> list[Said]:
    """The messages about lines, in order, of ``haproxy -c``. The files or folders go in as they are given."""
    arguments = [part for path in files for part in ("-f", str(path))]
    done = subprocess.run(
        [str(binary), "-c", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    text = done.stdout.decode("utf-8", "surrogateescape")
    heads = list(_HEAD.finditer(text))
    ends = [*(head.start() for head in heads), len(text)][1:]
    return [Said(head[1], head[2], int(head[3]), _own(text[head.end() : end])) for head, end in zip(heads, ends, strict=True)]


def notices(said: Sequence[Said]) -> list[tuple[int, str]]:
    """Line and text of each ``.notice``."""
    return [(each.line, each.text[1:-2]) for each in said if each.level == "NOTICE" and each.text.startswith("'")]


def _own(text: str) -> str:
    """A message without the general ones that follow it."""
    return re.split(r"\n(?:\[(?:NOTICE|WARNING|ALERT)\]|Configuration file |Warnings were found)", text.removesuffix("\n"))[0]
