"""What a configuration is turned into before it is asked the same as the original.

`imported` is the product: import, load, compile, render. `printed` prints the tree that explain follows, so that the tree is seen to
mean what the file means. Called by the tests, through `meaning.compare`.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

from hapilot.base import diagnostics
from hapilot.compile import compile, target  # noqa: A004 - the stage's name
from hapilot.languages.haproxy import document, parser, printer, program, reading
from hapilot.render import render
from hapilot.runtime import environment
from hapilot.sources.file import load, self_signed
from hapilot.sources.haproxy_cfg import importing, written
from integration.importing import placing
from integration.importing.meaning import Made
from support.haproxy import Binary

LOCAL = self_signed.LocalAuthority(None)


class NotTaken(Exception):
    """The imported site is refused. The text says why."""


def printed(originals: Sequence[Path], folder: Path, placed: placing.Placed, binary: Binary) -> Made:
    """The tree of the configuration, printed."""
    version = binary.id.rpartition("-")[2]
    known = environment.for_haproxy(placed.environment | {"testdir": str(folder), "tmpdir": str(folder)})
    read = reading.read([parser.parse_bytes(path.read_bytes(), str(path)) for path in originals], program.Program(f"{version}.0"), known)
    path = folder / "printed.cfg"
    path.write_bytes(printer.print_config(reading.as_tree(read)).encode(document.ENCODING, document.ENCODING_ERRORS))
    return Made([path], {}, folder)


def imported(originals: Sequence[Path], folder: Path, placed: placing.Placed, binary: Binary) -> Made:
    """The site that import makes of the configuration, rendered. Raises NotTaken."""
    taken = importing.take([parser.parse_bytes(path.read_bytes(), str(path)) for path in originals], folder)
    site = folder / "imported"
    written.write(taken, site)
    now = datetime.datetime.now(datetime.UTC)
    loaded = load.load_site(site / "site.yaml", environment=placed.environment, now=now, authority=LOCAL)
    wrong = [str(each) for each in loaded.diagnostics if each.severity is diagnostics.Severity.ERROR]
    if loaded.site is None or wrong:
        raise NotTaken("\n".join([*wrong, (site / "site.yaml").read_text()]))
    major, minor = binary.id.rpartition("-")[2].split(".")
    made = compile.compile_site(loaded.site, target.Target(version=(int(major), int(minor)), run_dir=str(folder)))
    errors = [str(each) for each in made.diagnostics if each.severity is diagnostics.Severity.ERROR]
    if errors:
        raise NotTaken("\n".join([*errors, (site / "site.yaml").read_text()]))
    run = folder / "run"
    for file in render.render_build(made).files:
        path = run / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=file.mode)
        path.write_bytes(file.content)
    return Made([run / "haproxy.cfg"], {"HAPILOT_RUN": str(folder)}, run)
