"""The same requests through a configuration and through what came of it: what each answered, and where they differ.

Comes in: a configuration's text, a HAProxy, the pool of stand-ins, a way to make another configuration of it. Goes out: a `Compared`.
Called by the tests. Everything runs on fresh processes one after the other, on the same ports, with the same stand-ins.

With ``balance random`` and ``leastconn``, whose ties depend on the time of checks, a configuration need not choose the same servers when
it is asked once more. Where answers differ, the servers of one such backend are taken for the same.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hapilot.languages.haproxy import document, parser
from integration.importing import asking, placing, serving, traffic, vocabulary
from integration.importing.asking import Answer
from integration.importing.pool import Pool
from support.haproxy import Binary


class Made(NamedTuple):
    """A configuration that was made of another: its files, the variables that it needs, and the folder that it is run from."""

    configs: Sequence[Path]
    environment: dict[str, str]
    folder: Path


Way = Callable[[Sequence[Path], Path, placing.Placed, Binary], Made]
"""Makes another configuration: of the original's files, into a folder, for a HAProxy."""


Answers = Sequence[Sequence[Answer]]


@dataclass(frozen=True, slots=True)
class Compared:
    """All visits, and their answers by both. ``made`` is the text of the second configuration."""

    visits: Sequence[traffic.Visit]
    first: Answers
    second: Answers
    made: str

    @property
    def count(self) -> int:
        """How many answers were compared."""
        return sum(len(answers) for answers in self.first)

    @property
    def statuses(self) -> set[int]:
        """The statuses that were seen."""
        return {answer.status for answers in self.first for answer in answers}

    @property
    def served(self) -> set[str]:
        """The stand-ins that answered."""
        return {str(answer.body["server"]) for answers in self.first for answer in answers if isinstance(answer.body, dict)}

    def differences(self, most: int = 3) -> list[str]:
        """The first differences, told in full."""
        found: list[str] = []
        for number, (visit, one, other) in enumerate(zip(self.visits, self.first, self.second, strict=True)):
            if one == other:
                continue
            at = next((k for k, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other)))
            asked = visit.asks[min(at, len(visit.asks) - 1)].data[:600]
            told = [str(answers[at]) if at < len(answers) else "nothing" for answers in (one, other)]
            where = f"visit {number} (door {visit.door}, from {visit.told or visit.source}, SNI {visit.sni}, HTTP/2 {visit.http2})"
            found.append(f"{where}, request {at}: {asked!r}\n--- original\n{told[0]}\n--- other\n{told[1]}")
            if len(found) == most:
                break
        return found


def read(path: Path) -> list[str]:
    """The texts of a configuration with any bytes: of a file, or of all files of a folder."""
    paths = sorted(path.glob("*.cfg")) if path.is_dir() else [path]
    return [each.read_bytes().decode(document.ENCODING, document.ENCODING_ERRORS) for each in paths]


def compare(name: str, texts: Sequence[str], binary: Binary, stands: Pool, way: Way, *, count: int) -> Compared:
    """Both configurations, asked the same. Raises serving.Refused where one of them does not start."""
    with _folder() as folder:
        text = "".join(texts)
        placed = placing.place(text, folder, stands.lend)
        originals = _write(placed.text, texts, folder)
        written = parser.parse(text, name)
        words = vocabulary.of(written, folder)
        visits = traffic.visits(name, words, placed.doors, placed.kinds, count)
        environment = {"testdir": str(folder), "tmpdir": str(folder), **placed.environment}
        made = way(originals, folder, placed, binary)

        def ask(run: Made) -> Answers:
            started = serving.Start(run.configs, run.folder, environment | run.environment, placed.peer)
            with serving.serving(binary, started, folder):
                return asking.Asker(placed.doors, words.names, asking.patience_for(text)).all(visits)

        first, second = ask(Made(originals, {}, folder)), ask(made)
        if first != second:
            first, second = _by_backend(first, placed), _by_backend(second, placed)
        return Compared(visits, first, second, made.configs[0].read_text(errors="replace"))


def _write(moved: str, texts: Sequence[str], folder: Path) -> list[Path]:
    """The moved text, cut into the files that it was in: no line is added or taken away."""
    lines = moved.split("\n")
    written: list[Path] = []
    for number, text in enumerate(texts):
        count = text.count("\n")
        path = folder / f"haproxy{number or ''}.cfg"
        path.write_bytes("".join(f"{line}\n" for line in lines[:count]).encode(document.ENCODING, document.ENCODING_ERRORS))
        written.append(path)
        lines = lines[count:]
    return written


def _by_backend(answers: Answers, placed: placing.Placed) -> Answers:
    """The answers with a backend wherever one of its servers is named, for backends that choose any."""
    return [[asking.renamed(answer, placed.any_server) for answer in visit] for visit in answers]


@contextmanager
def _folder() -> Generator[Path]:
    """A folder with a short path: those of unix sockets have 107 bytes at most."""
    folder = Path(tempfile.mkdtemp(prefix="hapilot-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
