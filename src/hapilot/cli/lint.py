"""``hapilot lint``: faults and risks of a HAProxy configuration, and ``--fix`` for what is provably safe."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from hapilot.cli import options, output

if TYPE_CHECKING:
    from hapilot.base.diagnostics import Severity
    from hapilot.languages.haproxy import document
    from hapilot.languages.haproxy.keywords.table import Version
    from hapilot.lint.certificates import Certificates
    from hapilot.lint.finding import Finding
    from hapilot.lint.rule import Rule

_TARGETS = ("2.6", "2.7", "2.8", "2.9", "3.0", "3.1", "3.2", "3.3", "3.4")


@click.command("lint")
@click.argument("paths", nargs=-1, required=True, metavar="FILE|FOLDER|-...")
@click.option("--target", type=click.Choice(_TARGETS), help="The HAProxy that shall run it (default: the one that hapilot would use).")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "sarif", "github"]), default="text", help="How to print what is found."
)
@click.option("--select", multiple=True, metavar="CODE", help="Only this code or topic; may be repeated, or name several with commas.")
@click.option("--ignore", multiple=True, metavar="CODE", help="All but this code or topic; may be repeated, or name several with commas.")
@click.option("--fix", is_flag=True, help="Mend what is provably safe: shows a diff and asks before it writes.")
@click.option("--yes", is_flag=True, help="With --fix: write without asking.")
@options.haproxy
def command(paths: tuple[str, ...], target: str | None, form: str, haproxy_wanted: str | None, **given: object) -> None:
    """What is wrong with a haproxy.cfg, at which line, why, and what to do. Several files, or a folder, are one configuration."""
    from hapilot.base import collecting
    from hapilot.lint import run
    from hapilot.sources.haproxy_cfg import reading

    is_filter = bool(given["fix"]) and reading.STANDARD_INPUT in paths
    if is_filter and (form != "text" or len(paths) > 1):
        raise click.UsageError("with --fix, standard input is mended to standard output: give nothing but - and --fix")
    version = _version(target, haproxy_wanted)
    rules = _rules(_codes(given["select"]), _codes(given["ignore"]))
    with collecting.paused():
        files = reading.read(paths)
        if given["fix"]:
            files = _mended(files, rules, version, _Asking(form, answered=bool(given["yes"])))
        found = run.lint(files, version, rules, _certificates(files))
    _report(found, version, form, to_stderr=is_filter)
    sys.exit(1 if any(each.severity == "error" for each in found) else 0)


def _version(target: str | None, wanted: str | None) -> Version:
    """The version asked for, else that of the HAProxy that hapilot would use, else the newest that the tables know."""
    from hapilot.base import errors
    from hapilot.languages.haproxy.keywords import table
    from hapilot.runtime import binary

    if target:
        return table.parse_version(target)
    try:
        found = binary.choose(wanted).version[:2]
    except errors.HaproxyMissing:
        if wanted:
            raise
        return table.NEWEST
    return min(max((found[0], found[1]), table.OLDEST), table.NEWEST)


def _codes(said: object) -> tuple[str, ...]:
    """Codes given one by one or with commas."""
    texts = cast("tuple[str, ...]", said)
    return tuple(code.strip() for text in texts for code in text.split(",") if code.strip())


def _rules(select: Sequence[str], ignore: Sequence[str]) -> tuple[Rule, ...]:
    from hapilot.base import names
    from hapilot.lint import run
    from hapilot.lint.rules import catalogue

    known = {*catalogue.BY_CODE, *catalogue.TOPICS}
    for code in (*select, *ignore):
        if code not in known:
            raise click.UsageError(f"there is no code or topic {code!r}. {names.did_you_mean(code, known)}".rstrip())
    return run.chosen(select, ignore)


def _certificates(files: Sequence[document.Document]) -> Certificates:
    """Relative paths are looked for where HAProxy would, in the current folder, and beside the configuration."""
    from hapilot.sources.haproxy_cfg import certificates

    folders = dict.fromkeys([Path(), *(Path(file.file).parent for file in files)])
    return certificates.CertificateFiles(tuple(folders), datetime.datetime.now(datetime.UTC))


class _Asking:
    """How ``--fix`` gets its answer, and where it shows what it asks about."""

    def __init__(self, form: str, *, answered: bool) -> None:
        self.to_stderr = form != "text"
        self.answered = answered

    def show(self, difference: str) -> None:
        """The diff, in colour on terminals."""
        colours = {"+": "green", "-": "red", "@": "cyan"}
        for line in difference.splitlines():
            click.echo(output.style(line, colours.get(line[:1])), err=self.to_stderr)

    def agrees(self) -> bool:
        """Whether to write."""
        if self.answered:
            return True
        if not sys.stdin.isatty():
            output.message("nothing was written: say --yes to write without being asked")
            return False
        return click.confirm("write this?", err=True)


def _mended(files: Sequence[document.Document], rules: Sequence[Rule], version: Version, asking: _Asking) -> tuple[document.Document, ...]:
    """The files as they are after ``--fix``: as before where nothing was written."""
    from hapilot.languages.haproxy import document
    from hapilot.lint import difference, fix
    from hapilot.runtime import rewriting
    from hapilot.sources.haproxy_cfg import reading

    mended, done = fix.mend(files, version, rules)
    if files[0].file == reading.SHOWN:
        click.echo(document.data(mended[0]), nl=False)
        return mended
    if not done:
        output.message("there is nothing to mend")
        return tuple(files)
    asking.show(difference.unified(files, mended))
    if not asking.agrees():
        return tuple(files)
    for before, after in zip(files, mended, strict=True):
        if before != after:
            rewriting.rewrite(Path(before.file), document.data(before), document.data(after))
    output.message(f"{len(done)} finding{'' if len(done) == 1 else 's'} mended")
    return mended


def _coloured(severity: Severity) -> str:
    return output.style(str(severity), {"error": "red", "warning": "yellow", "info": "blue"}[severity], bold=True)


def _report(found: Sequence[Finding], version: Version, form: str, *, to_stderr: bool) -> None:
    from hapilot import __version__
    from hapilot.lint import report_github, report_json, report_sarif, report_text

    if form == "json":
        output.print_json(report_json.as_data(found, version))
    elif form == "sarif":
        output.print_json(report_sarif.as_data(found, __version__))
    elif form == "github":
        click.echo(report_github.render(found), nl=False)
    else:
        for line in report_text.lines(found, _coloured):
            click.echo(line, err=to_stderr)
        output.message(f"for HAProxy {version[0]}.{version[1]}: {report_text.summary(found)}")
