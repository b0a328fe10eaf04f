"""The format of tests/golden/cases/lint/*.case: a configuration, what lint says of it, and what ``--fix`` makes of it.

# remarks, up to the first section
--- target: 2.8             the HAProxy that shall run it
--- file: NAME              one or more, in HAProxy's order
--- findings                written by --update-golden
--- difference              written by --update-golden, if anything is mended
"""

from __future__ import annotations

from hapilot.languages.haproxy import document, parser
from hapilot.languages.haproxy.keywords import table
from hapilot.languages.haproxy.keywords.table import Version
from hapilot.lint import difference, fix, run

GIVEN = ("target", "file")


def given(text: str) -> str:
    """The text of a case up to what is expected."""
    lines = text.splitlines(keepends=True)
    cut = (number for number, line in enumerate(lines) if line.startswith("--- ") and line[4:].partition(":")[0].strip() not in GIVEN)
    return "".join(lines[: next(cut, len(lines))])


def parse(text: str) -> tuple[Version, tuple[document.Document, ...]]:
    """The target and the files of a case."""
    target, files = (2, 8), list[document.Document]()
    for part in ("\n" + given(text)).split("\n--- ")[1:]:
        header, _, body = part.partition("\n")
        kind, _, name = header.partition(":")
        if kind == "target":
            target = table.parse_version(name.strip())
        else:
            files.append(parser.parse(body if body.endswith("\n") else f"{body}\n", name.strip()))
    return target, tuple(files)


def run_case(text: str) -> str:
    """What is expected of the case."""
    target, files = parse(text)
    mended, _ = fix.mend(files, target)
    changed = difference.unified(files, mended)
    findings = "".join(f"{each}\n" for each in run.lint(files, target))
    return f"--- findings\n{findings}" + (f"--- difference\n{changed}" if changed else "")
