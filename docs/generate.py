"""Writes the parts of the documentation that follow from the code: the catalogue of diagnostics, the keys of the site file,
the options of every command, the rules of lint, the metrics, the JSON Schema, and the Grafana dashboard that lies beside it in ``deploy/``.

The code goes in, files below ``docs/`` and ``deploy/`` come out. ``make docs`` calls it; with ``--check`` it writes nothing and fails
where a file is not what it would write, which ``make check`` and the tests ask. Nothing here is shipped to users.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import click
import lint_pages

from hapilot.base import catalogue
from hapilot.cli import main
from hapilot.compile.passes import supported
from hapilot.model import fitting, spec, values
from hapilot.publish import dashboard, facts, metrics, tally

DOCS = Path(__file__).resolve().parent
FOLDERS = (DOCS / "generated", DOCS / "lint")
"""Folders with nothing but generated files."""

SECTIONS = {
    "listeners": "Listener",
    "services": "Service",
    "servers": "Server",
    "health": "Health",
    "verify": "Verify",
    "timeouts": "Timeouts",
    "match": "Match",
    "balance-hash": "HashBalance",
    "sticky": "Sticky",
    "headers": "HeaderChanges",
    "rewrite": "Rewrite",
    "redirect": "Redirect",
    "client-certificates": "ClientCertificates",
    "rate-limit": "RateLimit",
    "canary": "Canary",
    "maintenance": "Maintenance",
    "certificates": "Certificate",
    "tls": "Tls",
    "stats": "Stats",
    "metrics": "Metrics",
    "password": "Password",
    "defaults": "Defaults",
    "log": "Log",
    "resolvers": "Resolvers",
    "raw": "Raw",
    "raw-sections": "RawSections",
    "written-route": "WrittenRoute",
    "expect": "Expectation",
}
"""Name of a table of keys to the definition in the schema."""


def generated() -> Iterator[tuple[Path, str]]:
    """Every generated file with its text."""
    schema = spec.json_schema()
    yield DOCS / "hapilot.schema.json", json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    yield DOCS / "diagnostics.md", _diagnostics()
    yield DOCS / "generated" / "matrix.md", _matrix()
    yield DOCS / "generated" / "metrics.md", _metrics()
    yield DOCS.parent / "deploy" / "grafana" / "hapilot.json", dashboard.text()
    for name, text in lint_pages.pages():
        yield DOCS / "lint" / name, text
    for name, definition in SECTIONS.items():
        yield DOCS / "generated" / f"keys-{name}.md", _keys(schema["$defs"], definition)
    for words in _commands():
        yield DOCS / "generated" / f"options-{'-'.join(words)}.md", _options(*words)


def _diagnostics() -> str:
    rows = ((f"`{code}`", meaning) for code, meaning in catalogue.CODES.items())
    intro = (
        "# Diagnostics\n\nEvery finding has a code. Codes are stable: a script may rely on them. A finding is printed as "
        "`FILE:LINE:COLUMN severity[code] message`, with what to do on the next line; with `--json` it is an object with "
        "`severity`, `code`, `message`, `origin` (`file`, `line`, `column`) and `hint`. An `error` stops the operation, a `warning` "
        "does not.\n"
    )
    return f"{intro}\n{_table(('code', 'meaning'), rows)}"


def _matrix() -> str:
    """Which keys of a service go with which protocol and TLS mode."""
    heads = ("key", *(f"{protocol} {mode}" for protocol, mode in fitting.KINDS))
    rows = ((f"`{fit.shown}`", *("✓" if kind in fit.kinds else "" for kind in fitting.KINDS)) for fit in fitting.FITS)
    return _table(heads, rows)


def _metrics() -> str:
    """hapilot's own metrics, as a site with a service and a certificate has them."""
    service = facts.Service("shop", "shop", "edge", "up", 1, 1)
    running = facts.Running("2.8", 1, 0.0, 0.0, 0.0, 0, 0, 1, (service,), (facts.Certificate("shop", ("shop.example.test",), 0.0),))
    rows = (
        (f"`{one.samples[0].name}`", ", ".join(f"`{label}`" for label in one.samples[0].labels), one.type, one.documentation)
        for one in metrics.families(facts.Facts("1", tally.Tally().applied(0.0), running))
    )
    return _table(("metric", "labels", "type", "meaning"), rows)


def _keys(definitions: Mapping[str, Any], name: str) -> str:
    definition = definitions[name]
    required = definition.get("required", ())
    rows = [
        (f"`{key}`", _takes(said), _default(said, needed=key in required), _meaning(definitions, said))
        for key, said in definition["properties"].items()
        if key not in supported.WAITING.get(name, ())
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


def _commands() -> Iterator[tuple[str, ...]]:
    """The words of every command; of a group, those of its commands."""
    for verb in main.VERBS:
        command = main.cli.get_command(click.Context(main.cli), verb)
        if isinstance(command, click.Group):
            yield from ((verb, name) for name in command.commands)
        else:
            yield (verb,)


def _options(*words: str) -> str:
    context = click.Context(main.cli, info_name="hapilot", **main.cli.context_settings)
    command: click.Command = main.cli
    for word in words:
        found = command.get_command(context, word) if isinstance(command, click.Group) else None
        if found is None:
            raise LookupError(f"{' '.join(words)} is no command")
        command, context = found, click.Context(found, parent=context, info_name=word)
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
    text = [f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |") for cells in lines]
    return "\n".join([text[0], "|" + " --- |" * len(lines[0]), *text[1:]]) + "\n"


def stale() -> list[str]:
    """Files that are not what would be written, and files among the generated ones that nothing writes."""
    wanted = dict(generated())
    wrong = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    wrong += [path for folder in FOLDERS for path in folder.iterdir() if path not in wanted]
    return sorted(str(path.relative_to(DOCS.parent)) for path in wrong)


def write() -> None:
    """Writes every file, and removes generated ones that are no longer written."""
    wanted = dict(generated())
    for folder in FOLDERS:
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
