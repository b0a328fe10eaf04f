"""A site that is changed again and again: what is good of it is remembered, as ``up`` does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hapilot.base.diagnostics import Diagnostic
from hapilot.base.memory import Memory
from hapilot.compile import target
from hapilot.reconcile import pipeline
from hapilot.reconcile.quarantine import refusals, versions
from hapilot.render import bundle

Left = dict[str, str]
"""What stands in for each bad part."""


@dataclass
class Story:
    """The site in ``folder`` through its changes. ``serving`` is what went live last."""

    folder: Path
    serving: pipeline.Prepared | None = None
    former: versions.Former | None = None
    generation: int = 0
    environment: dict[str, str] = field(default_factory=dict[str, str])
    memories: tuple[Memory, Memory] = field(default_factory=lambda: (Memory(), Memory()))

    @property
    def site(self) -> Path:
        """The site file."""
        return self.folder / "site.yaml"

    def prepare(self, text: str) -> pipeline.Prepared:
        """The site as ``text`` says, without its bad parts."""
        self.site.write_text(text)
        prepared = pipeline.prepare_again(self.site, target.Target(), None, self.environment, self.memories[0])
        return pipeline.tolerant(prepared, lambda: self.former, self.memories[1])

    def apply(self, text: str, ask: refusals.Ask | None = None) -> pipeline.Prepared:
        """``text`` goes live, if it may. ``ask`` is HAProxy."""
        prepared = self.prepare(text)
        if ask is not None and prepared.ok and prepared.build is not None:
            said = ask(prepared.build)
            left = pipeline.without_refused(prepared, said, ask) if any(one.severity == "error" for one in said) else prepared
            assert left is not None
            prepared = left
        assert prepared.ok, prepared.diagnostics
        self.keep(prepared)
        return prepared

    def keep(self, prepared: pipeline.Prepared) -> None:
        """Remember what went live, over a file and back."""
        files, loaded, one = prepared.bundle, prepared.loaded, prepared.isolated
        assert prepared.build is not None
        assert files is not None
        assert loaded is not None
        assert loaded.said is not None
        assert one is not None
        record = versions.record(prepared.build, loaded.said.root, one.kept, one.without)
        self.serving, self.generation = prepared, self.generation + 1
        self.former = versions.Former(self.generation, json.loads(json.dumps(record)), lambda path: content(files, path))


def content(files: bundle.Bundle, path: str) -> bytes | None:
    """A file of a bundle."""
    found = files.get(path)
    return found.content if found is not None else None


def left(prepared: pipeline.Prepared) -> Left:
    """The bad parts and what stands in for them."""
    return {str(one.part): one.instead for one in prepared.quarantined}


def section(prepared: pipeline.Prepared, head: str) -> str:
    """A section of the configuration, without places, empty where there is none."""
    files = prepared.bundle
    assert files is not None
    text = files.get(bundle.CONFIG)
    assert text is not None
    for part in text.content.decode().split("\n\n"):
        lines = [line.partition("  # ")[0] for line in part.splitlines() if not line.startswith("#")]
        if lines and lines[0] == head:
            return "\n".join(lines)
    return ""


def errors(prepared: pipeline.Prepared) -> list[str]:
    """The codes of all errors."""
    return [one.code for one in prepared.diagnostics if one.severity == "error"]


def codes(found: tuple[Diagnostic, ...]) -> list[str]:
    """Their codes."""
    return [one.code for one in found]


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """A folder for a site."""
    return Story(tmp_path)
