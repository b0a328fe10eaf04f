"""The format of tests/golden/cases/plan/*.case: sites one after the other, and the plan from what runs to the last one.

# remarks, up to the first section
--- file: NAME, --- pem: NAME   as in loadcase; the first file is the site, and a later one of the same name replaces it
--- runs                        what was written so far is served: HAProxy was started with the first, changed or reloaded for a later one
--- memory                      optional, of what runs: `version 2.6`, `connections 3`, `sessions BACKEND/SERVER 2`, `nothing`
--- told                        optional, what verbs said: `BACKEND/SERVER drain|maint|ready|WEIGHT`
--- plan                        written by --update-golden: the text
--- json                        written by --update-golden, one step a line
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from golden import loadcase, pems
from hapilot.compile import compile, target  # noqa: A004 - the stage's name
from hapilot.plan import plan, running, shown
from hapilot.reconcile import wanting
from hapilot.render import render, summary
from hapilot.sources.file import load, self_signed
from support import memory

GIVEN = ("file", "pem", "runs", "memory", "told")


def given(text: str) -> str:
    """The text of a case up to what is expected."""
    return text.partition("--- plan\n")[0]


@dataclass(slots=True)
class _World:
    """What runs, and what was said of it."""

    site: str = ""
    version: tuple[int, int] = (2, 8)
    runs: running.Running | None = None

    def compiled(self) -> running.Wanted:
        """The site as it is on disk."""
        loaded = load.load_site(Path(self.site), environment={}, now=pems.NOW, authority=self_signed.LocalAuthority(Path("ca").absolute()))
        assert loaded.site is not None, loaded.diagnostics
        made = compile.compile_site(loaded.site, replace(target.Target(), version=self.version))
        found = [one for one in (*loaded.diagnostics, *made.diagnostics) if one.severity == "error"]
        assert not found, "\n".join(map(str, found))
        return wanting.wanted((), render.render_build(made), summary.summarise(made, ()))

    def serve(self) -> None:
        """What is on disk is served from now on."""
        wanted = self.compiled()
        planned = plan.make_plan(self.runs, wanted) if self.runs is not None else plan.start()
        if self.runs is None or planned.reload:
            self.runs = memory.fresh(wanted.files, self.version)
        else:
            self.runs = memory.after(self.runs, planned.actions)
        assert plan.make_plan(self.runs, wanted).is_empty

    def remember(self, line: str) -> None:
        """A line of ``memory``."""
        what, *words = line.split()
        if what == "version":
            self.version = (int(words[0].partition(".")[0]), int(words[0].partition(".")[2]))
            return
        assert self.runs is not None
        if what == "nothing":
            self.runs = None
        elif what == "connections":
            self.runs = replace(self.runs, connections=int(words[0]))
        else:
            backend, _, server = words[0].partition("/")
            assert what == "sessions"
            self.runs = replace(self.runs, sessions={**self.runs.sessions, (backend, server): int(words[1])})


def planned(case: loadcase.Case) -> tuple[running.Running | None, running.Wanted, plan.Plan]:
    """What runs, what is wanted, and the plan."""
    world = _World()
    told: dict[running.ServerKey, running.Told] = {}
    for kind, name, body in case.sections:
        if kind == "file":
            world.site = world.site or name
            Path(name).write_text(body)
        elif kind == "pem":
            loadcase.write_pem(Path(name), body)
        elif kind == "runs":
            world.serve()
        elif kind == "memory":
            for line in filter(None, body.splitlines()):
                world.remember(line)
        elif kind == "told":
            told.update(_told(line) for line in filter(None, body.splitlines()))
    wanted = replace(world.compiled(), told=told)
    return world.runs, wanted, plan.make_plan(world.runs, wanted) if world.runs is not None else plan.start()


def _told(line: str) -> tuple[running.ServerKey, running.Told]:
    where, said = line.split()
    backend, _, server = where.partition("/")
    if said.isdecimal():
        return (backend, server), running.Told(None, int(said))
    assert said in ("ready", "drain", "maint")
    return (backend, server), running.Told(said)


def expected(made: plan.Plan) -> str:
    """What is expected of the case."""
    text = "".join(f"{line.text}\n" for line in shown.lines(made))
    return f"--- plan\n{text}--- json\n" + "".join(f"{line}\n" for line in _json(shown.as_json(made)))


def _json(said: dict[str, Any]) -> Iterator[str]:
    """Steps have a line each."""
    for name, value in said.items():
        if name in ("actions", "included") and value:
            yield f"{name}:"
            yield from (f"  {json.dumps(one, ensure_ascii=False)}" for one in value)
        else:
            yield f"{name}: {json.dumps(value, ensure_ascii=False)}"
