"""Writes the parts of the documentation that follow from the code: the catalogue of diagnostics, the keys of the site file,
the options of every command, and the JSON Schema.

The code goes in, files below ``docs/`` come out. ``make docs`` calls it; with ``--check`` it writes nothing and fails where a file
is not what it would write, which ``make check`` and the tests ask. Nothing here is shipped to users.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import click

from hapilot.base import catalogue
from hapilot.cli import main
from hapilot.compile.passes import supported
from hapilot.model import spec, values

DOCS = Path(__file__).resolve().parent

SECTIONS = {
    "listeners": "Listener",
    "services": "Service",
    "servers": "Server",
    "health": "Health",
    "verify": "Verify",
    "timeouts": "Timeouts",
    "certificates": "Certificate",
    "tls": "Tls",
    "stats": "Stats",
    "metrics": "Metrics",
    "password": "Password",
    "defaults": "Defaults",
    "log": "Log",
    "resolvers": "Resolvers",
    "raw": "Raw",
    "expect": "Expectation",
}
"""Name of a table of keys to the definition in the schema."""

WAITING = {"Service": supported.SERVICE_KEYS, "Server": supported.SERVER_KEYS, "Listener": ("default",), "Certificate": ("acme",)}
"""Keys that are in the schema and not compiled yet, by definition; they are left out of the tables."""


def generated() -> Iterator[tuple[Path, str]]:
    """Every generated file with its text."""
    schema = spec.json_schema()
    yield DOCS / "hapilot.schema.json", json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    yield DOCS / "diagnostics.md", _diagnostics()
    yield DOCS / "generated" / "waiting.md", _waiting()
    for name, definition in SECTIONS.items():
        yield DOCS / "generated" / f"keys-{name}.md", _keys(schema["$defs"], definition)
    for verb in main.VERBS:
        yield DOCS / "generated" / f"options-{verb}.md", _options(verb)


def _diagnostics() -> str:
    rows = ((f"`{code}`", meaning) for code, meaning in catalogue.CODES.items())
    intro = (
        "# Diagnostics\n\nEvery finding has a code. Codes are stable: a script may rely on them. A finding is printed as "
        "`FILE:LINE:COLUMN severity[code] message`, with what to do on the next line; with `--json` it is an object with "
        "`severity`, `code`, `message`, `origin` (`file`, `line`, `column`) and `hint`. An `error` stops the operation, a `warning` "
        "does not.\n"
    )
    return f"{intro}\n{_table(('code', 'meaning'), rows)}"


def _waiting() -> str:
    keys = ", ".join(f"`{key}`" for key in sorted(supported.SERVICE_KEYS))
    return f"{keys}; `maintenance` of a server\n"


def _keys(definitions: Mapping[str, Any], name: str) -> str:
    definition = definitions[name]
    required = definition.get("required", ())
    rows = [
        (f"`{key}`", _takes(said), _default(said, needed=key in required), _meaning(definitions, said))
        for key, said in definition["properties"].items()
        if key not in WAITING.get(name, ())
    ]
    return _table(("key", "takes", "default", "meaning"), rows)


def _takes(said: Mapping[str, Any]) -> str:
    """What a value may be, in words."""
    if "anyOf" in said:
        lists = [one["items"] for one in said["anyOf"] if one.get("type") == "array"]
        return " or ".join(dict.fromkeys(_takes(one) for one in said["anyOf"] if one.get("type") != "null" and one not in lists))
    if "enum" in said:
        return ", ".join(f"`{value}`" for value in said["enum"])
    if "const" in said:
        return f"`{json.dumps(said['const'])}`" if not isinstance(said["const"], str) else f"`{said['const']}`"
    if "$ref" in said:
        return "a mapping"
    kind = said.get("type")
    if kind == "array":
        return "a list" if "$ref" in said["items"] else f"one or a list: {_takes(said['items'])}"
    if kind == "integer":
        return f"{said['minimum']} to {said['maximum']}"
    if said.get("examples"):
        return f"such as `{said['examples'][0]}`"
    return {"boolean": "`true`, `false`", "object": "a mapping by name", "string": "a text"}.get(str(kind), "a value")


def _default(said: Mapping[str, Any], *, needed: bool) -> str:
    if needed:
        return "must be there"
    value = said.get("default")
    if value in (None, [], {}, "") or isinstance(value, dict):
        return ""
    if isinstance(value, int) and said.get("pattern", "").endswith("(ms|s|m|h|d)$"):
        return f"`{values.print_duration(value)}`"
    return f"`{value}`" if isinstance(value, str) else f"`{json.dumps(value)}`"


def _meaning(definitions: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """The key's own description, else that of what it holds."""
    held = [one["$ref"].rpartition("/")[2] for one in (said, *said.get("anyOf", ())) if "$ref" in one]
    texts = (said.get("description", ""), *(definitions[name].get("description", "") for name in held))
    return next((" ".join(text.replace("``", "`").split()) for text in texts if text), "")


def _options(verb: str) -> str:
    root = click.Context(main.cli, info_name="hapilot", **main.cli.context_settings)
    command = main.cli.get_command(root, verb)
    if command is None:
        raise LookupError(f"{verb} is no command")
    context = click.Context(command, parent=root, info_name=verb)
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    rows: list[tuple[str, str]] = []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and isinstance(parameter, click.Option):
            names, meaning = record
            variable = f" Environment: `{parameter.envvar}`." if isinstance(parameter.envvar, str) else ""
            rows.append((f"`{names}`", f"{meaning}{variable}"))
    return f"```text\n{usage}\n```\n\n{_table(('option', 'meaning'), rows)}"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [tuple(heads), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    text = [f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines]
    return "\n".join([text[0], "|" + " --- |" * len(lines[0]), *text[1:]]) + "\n"


def stale() -> list[str]:
    """Files that are not what would be written, and files among the generated ones that nothing writes."""
    wanted = dict(generated())
    wrong = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    wrong += [path for path in (DOCS / "generated").iterdir() if path not in wanted]
    return sorted(str(path.relative_to(DOCS.parent)) for path in wrong)


def write() -> None:
    """Writes every file, and removes generated ones that are no longer written."""
    wanted = dict(generated())
    folder = DOCS / "generated"
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path not in wanted:
            path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the generated parts of the documentation.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is stale")
    if cast("bool", parser.parse_args().check):
        found = stale()
        sys.stderr.writelines(f"{name} is stale: run make docs\n" for name in found)
        sys.exit(1 if found else 0)
    write()
