"""What becomes of one section: keys of the site, lines that stay as they are, comments, places.

``frontends`` and ``backends`` fill it in; ``importing`` puts it into the site.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hapilot.base.origin import Origin
from hapilot.languages.haproxy import document
from hapilot.model import site
from hapilot.sources.haproxy_cfg import verbatim
from hapilot.sources.haproxy_cfg.imported import Comment


class MustStayWhole(Exception):
    """The section can't be taken apart without a change of meaning; the text says why."""


@dataclass(slots=True)
class Draft:
    """``keys`` are those of the listener or service, ``raw`` the lines that stay. Paths are relative to it."""

    keys: dict[str, Any] = field(default_factory=dict[str, Any])
    raw: list[document.Line] = field(default_factory=list[document.Line])
    places: dict[site.Path, Origin] = field(default_factory=dict[site.Path, Origin])
    comments: dict[site.Path, Comment] = field(default_factory=dict[site.Path, Comment])
    understood: int = 0

    def understand(self, path: site.Path, *lines: document.Line) -> None:
        """The value at ``path`` says the same as these lines."""
        self.understood += len(lines)
        self.places[path] = lines[0].origin
        behind = [found for line in lines if (found := verbatim.comment(line))]
        known = self.comments.get(path, Comment())
        if len(behind) == 1 and not known.behind and not known.above:
            self.comments[path] = Comment((), behind[0])
        elif behind:
            self.comments[path] = Comment((*known.above, *behind), known.behind)


def is_plain(line: document.Line) -> bool:
    """Whether the words of the line are the same whatever the environment, and can stand in a site file."""
    return not line.has_variables and all(line.words) and all(word.isprintable() for word in line.words)
