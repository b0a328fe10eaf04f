"""Every command that the documentation shows is run, and prints what is shown there."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from docs import documented
from support import haproxy, ports

ROOT = Path(__file__).resolve().parents[2]
LATER = (ROOT / "docs" / "site-file", ROOT / "docs" / "cli")
"""Many small pages: ``make test`` runs what on those about keys looks at a site in one process (test_site_file), ``make test-all`` runs
all of them here."""
PAGES = [
    pytest.param(page, marks=pytest.mark.system) if page.parent in LATER else page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if "_build" not in page.parts and any(isinstance(step, documented.Command) for step in documented.steps(page))
]
TOOLS = ("curl", "openssl")
"""Programs that pages may use beside hapilot and Python."""
SECONDS = 30.0


@pytest.mark.haproxy
@pytest.mark.timeout(180)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page(page: Path) -> None:
    haproxy.embedded()
    for tool in TOOLS:
        if f"\n$ {tool} " in page.read_text(encoding="utf-8"):
            haproxy.require(tool, f"{page.name} shows it")
    wanted = documented.Ports(ports.free_port)
    with _folder() as folder, contextlib.ExitStack() as running:
        for step in documented.steps(page):
            if isinstance(step, documented.File):
                target = folder / step.name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(wanted.replace(step.text), encoding="utf-8")
            elif step.stays:
                running.enter_context(_background(step, wanted, folder))
            else:
                _foreground(step, wanted, folder)


@contextlib.contextmanager
def _folder() -> Generator[Path]:
    """Where a page's reader would be. The user to whom HAProxy drops can go through it."""
    with tempfile.TemporaryDirectory(prefix="hapilot-docs-") as name:
        Path(name).chmod(0o711)
        work = Path(name) / "work"
        work.mkdir()
        yield work


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HAPILOT_", "COVERAGE"))}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}",
        "HOME": str(folder.parent),
        "HAPILOT_STATE": str(folder.parent / "state"),
        "HAPILOT_HAPROXY": "embedded",
        "PYTHONUNBUFFERED": "1",
        "COLUMNS": "100",
    }


def _foreground(step: documented.Command, wanted: documented.Ports, folder: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", wanted.replace(step.text)],
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    shown = tuple(wanted.replace(line) for line in step.shown)
    assert done.returncode == step.code, f"line {step.line}: $ {step.text}\nexit code {done.returncode}\n{done.stdout}"
    if shown:
        assert documented.matches(shown, done.stdout), _difference(step, shown, done.stdout)


@contextlib.contextmanager
def _background(step: documented.Command, wanted: documented.Ports, folder: Path) -> Generator[None]:
    """Runs until the end of the page; on the way in, waits for what is shown."""
    shown = tuple(wanted.replace(line) for line in step.shown)
    log = folder.parent / f"line-{step.line}.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            ["bash", "-c", f"exec env {wanted.replace(step.text)}"],
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
        )
    try:
        _wait(step, shown, log, process)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def _wait(step: documented.Command, shown: tuple[str, ...], log: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    while not documented.matches(shown, printed := log.read_text(encoding="utf-8"), whole=False):
        assert process.poll() is None, f"line {step.line}: $ {step.text} ended\n{printed}"
        assert time.monotonic() < end, _difference(step, shown, printed)
        time.sleep(0.02)


def _difference(step: documented.Command, shown: tuple[str, ...], printed: str) -> str:
    page = "\n".join(shown)
    return f"line {step.line}: $ {step.text}\n--- the page shows\n{page}\n--- it prints\n{printed}"


def _blocks(language: str) -> Iterator[tuple[Path, str]]:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for block in page.read_text(encoding="utf-8").split(f"```{language}\n")[1:]:
            yield page, block.partition("```")[0]


def test_commands_outside_of_console_blocks_are_only_those_that_change_the_machine() -> None:
    allowed = (
        "make",
        "pip install",
        "sudo ",
        "apt ",
        "git ",
        ".venv/bin/",
        "docs/",
        "source ",
        "mkdir ",
        "install -d ",
        "HAPILOT_RUN=",
        "cd ",
    )
    wrong = [
        f"{page.relative_to(ROOT)}: {line}"
        for page, block in _blocks("sh")
        for line in block.splitlines()
        if line and not line.startswith(("#", *allowed))
    ]
    assert wrong == []
