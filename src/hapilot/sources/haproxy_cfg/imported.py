"""What an import gives: the site as plain data, where each value of it was said, what belongs into files of their own, and a report.

``importing`` makes it. It goes out to ``written``, which writes the files, and to who runs a haproxy.cfg as a site.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hapilot.base.origin import Origin
from hapilot.model import site


@dataclass(frozen=True, slots=True)
class Comment:
    """Comments of the original about a value: lines ``above`` it, and what stands ``behind`` it. Each starts with ``#``."""

    above: tuple[str, ...] = ()
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """Lines of one kind of section and one keyword that are kept word by word."""

    section: str
    keyword: str
    places: tuple[Origin, ...]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.places)


@dataclass(frozen=True, slots=True)
class Whole:
    """A section that is kept as a whole, and why; ``title`` is its first line."""

    title: str
    why: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A line that the site does not have, because hapilot does itself what it is about."""

    text: str
    why: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Report:
    """How much was understood. Counted are directives and heads of sections, not comments and blank lines."""

    lines: int
    understood: int
    kept: tuple[Kept, ...]
    whole: tuple[Whole, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def share(self) -> int:
        """What share of the lines is in the model's keys, in per cent; rounded down."""
        return 100 * self.understood // self.lines if self.lines else 100


_Comments = dict[site.Path, Comment]


@dataclass(frozen=True, slots=True)
class Imported:
    """``site`` is what a site file says, as dicts, lists and scalars.

    ``places`` has the place of values by their path; ("raw", "sections", 2, 5) is the fifth line of the third section's text.
    ``secrets`` are the files that ``site`` names with sections in them, by their paths relative to the site file, for nobody else to read.
    ``comments`` are those of the original that stand at values; ``start`` is what stood above everything.
    """

    site: dict[str, Any]
    places: Mapping[site.Path, Origin]
    secrets: Mapping[str, str]
    report: Report
    comments: Mapping[site.Path, Comment] = field(default_factory=_Comments)
    start: tuple[str, ...] = ()
