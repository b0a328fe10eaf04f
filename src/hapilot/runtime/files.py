"""The state directory: every generation of files, which one is current, who works on it.

In: bundles from ``render``. Out: directories that HAProxy reads, and :class:`Generation` values. Called by ``reconcile`` (to write
and switch) and by the commands that show history. Layout::

    lock  hapilot.pid  control.sock  origin.json  made-from.json  overrides.json  haproxy.pid  haproxy.log  ca/
    run/ (or a link to a short directory)
    generations/N/{meta.json, progress.json, site.json, haproxy.cfg, …}   current, serving, loaded -> generations/N

A generation appears by one rename and becomes current by another, so a crash at any moment leaves the old one whole. HAProxy reads
``current``; ``serving`` is the one it is known to run. They differ only while a change is being made, or where one was interrupted.
``loaded`` is the one that its worker has read; runtime commands lead from there to the one that serves.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from hapilot.base import errors
from hapilot.render import bundle as bundles
from hapilot.runtime import lock, record, retention, rundir, staging, writing
from hapilot.runtime.record import Description

VARIABLE = "HAPILOT_STATE"
SERVICE_VARIABLE = "STATE_DIRECTORY"
"""What systemd says to a service that has one (systemd.exec(5))."""

MADE_FROM = "made-from.json"
META, PROGRESS, SUMMARY = staging.META, staging.PROGRESS, staging.SUMMARY


@dataclass(frozen=True, slots=True)
class Generation:
    """One applied state of the site, as it lies on disk. ``digest`` is its bundle's."""

    number: int
    path: Path
    digest: str
    description: Description


def default_root(environment: Mapping[str, str] | None = None) -> Path:
    """Where state is kept: ``HAPILOT_STATE``, else what systemd gives its service, else /var/lib/hapilot for root, else
    ``$XDG_STATE_HOME``/hapilot."""
    given = os.environ if environment is None else environment
    if given.get(VARIABLE):
        return Path(given[VARIABLE]).absolute()
    if given.get(SERVICE_VARIABLE, "").startswith("/"):
        return Path(given[SERVICE_VARIABLE].partition(":")[0])
    if os.geteuid() == 0:
        return Path("/var/lib/hapilot")
    base = given.get("XDG_STATE_HOME")
    return (Path(base) if base and Path(base).is_absolute() else Path.home() / ".local" / "state") / "hapilot"


@dataclass(frozen=True, slots=True)
class StateDirectory:
    """All paths of one hapilot, and the operations on them. ``root`` is absolute."""

    root: Path

    def __post_init__(self) -> None:
        if not self.root.is_absolute():
            raise ValueError(f"{self.root} is not absolute")

    @property
    def generations(self) -> Path:
        """The directory of all generations."""
        return self.root / "generations"

    @property
    def current_link(self) -> Path:
        """The link to the current generation."""
        return self.root / "current"

    @property
    def serving_link(self) -> Path:
        """The link to the generation that HAProxy is known to run."""
        return self.root / "serving"

    @property
    def loaded_link(self) -> Path:
        """The link to the generation that the worker has read, which is kept for as long."""
        return self.root / "loaded"

    @property
    def config(self) -> Path:
        """What HAProxy is started with; goes through ``current``, so a reload reads the generation that is current then."""
        return self.current_link / bundles.CONFIG

    @property
    def pid_file(self) -> Path:
        """Written by HAProxy's master."""
        return self.root / "haproxy.pid"

    @property
    def log(self) -> Path:
        """HAProxy's stderr."""
        return self.root / "haproxy.log"

    @property
    def ca(self) -> Path:
        """The directory of the local certificate authority."""
        return self.root / "ca"

    @property
    def control(self) -> Path:
        """The socket at which `up` takes orders. Not beside HAProxy's: whoever ends HAProxy removes those."""
        return self.root / "control.sock"

    def prepare(self, drop_to: str | None = None) -> Path:
        """Makes the directories (0700) and gives the one of the sockets. ``drop_to`` is the user HAProxy's worker becomes.

        Raises StateBroken, also for a directory that holds something else: its mode would be changed and files added.
        """
        worker = rundir.account(drop_to)
        with writing.explained("make", self.root):
            self._claim()
            for directory in (self.root, self.generations, self.ca):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            rundir.close_to_others(self.root, worker)
        return rundir.prepare(self.root, worker)

    def tidy(self) -> None:
        """Leaves nothing outside the state directory once no HAProxy runs."""
        rundir.tidy(self.root)

    def run_dir(self) -> Path | None:
        """The directory of the sockets, if it was made."""
        return rundir.find(self.root)

    def lock(self, purpose: str) -> lock.Lock:
        """The right to write here, for as long as the ``with`` lasts; ``purpose`` is shown to whoever comes second."""
        return lock.Lock(self.root / "lock", purpose)

    def holder(self) -> int | None:
        """The process that holds the lock."""
        with writing.explained("read", self.root):
            return lock.holder_of(self.root / "lock")

    @contextlib.contextmanager
    def stage(self, bundle: bundles.Bundle) -> Generator[staging.Staged]:
        """The files of what may become a generation, in a folder. The caller holds the lock. Raises StateBroken."""
        with contextlib.ExitStack() as stack:
            with writing.explained("write a generation to", self.generations):
                number = max(self.numbers(), default=0) + 1
                made = stack.enter_context(staging.staged(self.generations, number, bundle))
            yield made

    def commit(self, staged: staging.Staged, description: Description, summary: Mapping[str, object] | None = None) -> Generation:
        """A new generation on disk, complete; not yet current. ``summary`` is JSON for :meth:`summary`."""
        with writing.explained("write a generation to", self.generations):
            final = staging.commit(staged, description, summary or {})
        return Generation(staged.number, final, staged.bundle.digest, description)

    def write(self, bundle: bundles.Bundle, description: Description, summary: Mapping[str, object] | None = None) -> Generation:
        """Both in one. The caller holds the lock."""
        with self.stage(bundle) as staged:
            return self.commit(staged, description, summary)

    def sweep(self) -> None:
        """Removes what a crash left half made. The caller holds the lock."""
        staging.sweep(self.generations)

    def activate(self, number: int) -> None:
        """Makes generation ``number`` the current one."""
        if number not in self.numbers():
            raise errors.StateBroken(f"there is no generation {number}", "`hapilot history` lists the ones that are kept")
        with writing.explained("switch", self.current_link):
            writing.replace_link(self.current_link, f"generations/{number}")

    def prune(self, keep: int) -> None:
        """Forgets the oldest generations beyond ``keep``, but none that is needed (see :mod:`hapilot.runtime.retention`)."""
        with contextlib.suppress(errors.StateBroken):
            links = [one.number for one in (self.current(), self.serving(), self._linked(self.loaded_link)) if one is not None]
            for old in retention.superfluous(self.kept(), keep, links):
                # Out of the way in one step: half a generation must not be listed.
                gone = self.generations / f".gone-{old}"
                with contextlib.suppress(OSError):
                    (self.generations / str(old)).rename(gone)
                shutil.rmtree(gone, ignore_errors=True)

    def confirm(self, number: int) -> None:
        """Notes that HAProxy runs generation ``number``. Until then a later hapilot takes the change for an interrupted one."""
        known = self.progress(number)
        if not known.served:
            self._note(number, replace(known, served=time.time()))
        with writing.explained("switch", self.serving_link):
            writing.replace_link(self.serving_link, f"generations/{number}")

    def note_loaded(self, number: int) -> None:
        """Notes that HAProxy has read generation ``number``."""
        target = Path("generations", str(number))
        with writing.explained("switch", self.loaded_link):
            if not self.loaded_link.is_symlink() or self.loaded_link.readlink() != target:
                writing.replace_link(self.loaded_link, f"{target}")

    def put_on_trial(self, number: int, trial: record.Trial) -> None:
        """Notes that generation ``number``, which serves already, has to be confirmed."""
        self._note(number, replace(self.progress(number), trial=trial))

    def accept(self, number: int) -> None:
        """Notes that generation ``number``, which was on trial, stays."""
        self._note(number, replace(self.progress(number), confirmed=time.time()))

    def release(self, number: int) -> None:
        """Notes that generation ``number``, which was brought back, is what the site's files say by now."""
        self._note(number, replace(self.progress(number), released=time.time()))

    def progress(self, number: int) -> record.Progress:
        """How far generation ``number`` came; nothing is known of one whose note is missing or damaged."""
        with contextlib.suppress(errors.StateBroken, KeyError, ValueError):
            return record.progress(_read_json(self.generations / str(number) / PROGRESS))
        return record.Progress()

    def _note(self, number: int, progress: record.Progress) -> None:
        path = self.generations / str(number) / PROGRESS
        with writing.explained("write", path):
            writing.replace_file(path, json.dumps(progress.as_json()).encode())

    def current(self) -> Generation | None:
        """The generation that HAProxy reads when it starts or reloads, or None before the first."""
        return self._linked(self.current_link)

    def serving(self) -> Generation | None:
        """The generation that HAProxy is known to run (or ran last), or None before the first that worked."""
        return self._linked(self.serving_link)

    def summary(self, number: int) -> dict[str, object]:
        """What :meth:`write` was given for generation ``number``."""
        return _read_json(self.generations / str(number) / SUMMARY)

    def _linked(self, link: Path) -> Generation | None:
        with writing.explained("read", link):
            if not link.is_symlink():
                return None
            target = link.readlink()
        if target.parent != Path("generations") or not target.name.isdecimal():
            raise errors.StateBroken(f"{link} points to {target}, which is no generation", "remove the link and apply the site again")
        return self.generation(int(target.name))

    def generation(self, number: int) -> Generation:
        """Generation ``number``. Raises StateBroken if it is missing or damaged."""
        path = self.generations / str(number)
        meta = _read_json(path / META)
        try:
            return Generation(number, path, str(meta["digest"]), record.description(meta))
        except (KeyError, ValueError) as problem:
            raise errors.StateBroken(f"{path / META} is damaged", f"remove {path}, or roll back to another generation") from problem

    def history(self) -> tuple[Generation, ...]:
        """All generations that are kept and whole, oldest first."""
        found: list[Generation] = []
        for number in sorted(self.numbers()):
            with contextlib.suppress(errors.StateBroken):
                found.append(self.generation(number))
        return tuple(found)

    def kept(self) -> tuple[retention.Kept, ...]:
        """The same, with how far each came."""
        return tuple(retention.Kept(one.number, one.digest, one.description, self.progress(one.number)) for one in self.history())

    def bundle(self, number: int) -> bundles.Bundle:
        """The files of a generation as they lie on disk; ``digest`` differs from the generation's if somebody edited them."""
        path = self.generations / str(number)
        modes = _read_json(path / META).get("files")
        if not isinstance(modes, dict):
            raise errors.StateBroken(f"{path / META} is damaged", f"remove {path}, or roll back to another generation")
        with writing.explained("read", path):
            files = tuple(
                bundles.BundleFile(str(name), (path / str(name)).read_bytes(), int(str(mode), 8))
                for name, mode in cast("dict[str, object]", modes).items()
            )
        return bundles.Bundle(files)

    def save_origin(self, fields: Mapping[str, object]) -> None:
        """Remembers where the site came from, for commands that are given no SITE."""
        with writing.explained("write", self.root / "origin.json"):
            writing.replace_file(self.root / "origin.json", json.dumps(dict(fields), indent=1).encode())

    def origin(self) -> dict[str, object]:
        """What :meth:`save_origin` was given last; empty if never."""
        path = self.root / "origin.json"
        return _read_json(path) if path.exists() else {}

    def remember(self, fields: Mapping[str, object]) -> None:
        """Notes what the running generation was made from, for a quick start; no fields, no note."""
        path = self.root / MADE_FROM
        with writing.explained("write", path):
            if fields:
                writing.replace_file(path, json.dumps(dict(fields)).encode())
            else:
                path.unlink(missing_ok=True)

    def remembered(self) -> dict[str, object]:
        """What :meth:`remember` was given last; empty if nothing."""
        path = self.root / MADE_FROM
        return _read_json(path) if path.exists() else {}

    @contextlib.contextmanager
    def announced(self) -> Generator[None]:
        """Our process id in ``hapilot.pid`` for as long as it lasts; `apply` and init scripts signal it. The caller holds the lock."""
        path = self.root / "hapilot.pid"
        with writing.explained("write", path):
            writing.replace_file(path, f"{os.getpid()}\n".encode(), 0o644)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                path.unlink()

    def _claim(self) -> None:
        """Refuses a directory of somebody else, or one that holds other things."""
        if not self.root.exists():
            return
        if not self.root.is_dir():
            raise errors.StateBroken(f"{self.root} is not a directory", f"set {VARIABLE} to another path")
        owner = self.root.stat().st_uid
        if owner != os.geteuid():
            raise errors.StateBroken(
                f"{self.root} belongs to user {owner}, and hapilot runs as user {os.geteuid()}",
                f"run hapilot as its owner, or set {VARIABLE} to another directory",
            )
        if not self.generations.is_dir() and any(self.root.iterdir()):
            raise errors.StateBroken(f"{self.root} holds files that are not hapilot's", f"set {VARIABLE} to an empty or a new directory")

    def numbers(self) -> set[int]:
        """Of all generations on disk, also of damaged ones."""
        try:
            return {int(entry.name) for entry in self.generations.iterdir() if entry.name.isdecimal()}
        except FileNotFoundError:
            return set()


def _read_json(path: Path) -> dict[str, object]:
    with writing.explained("read", path):
        text = path.read_bytes()
    try:
        fields: object = json.loads(text)
    except ValueError as problem:
        raise errors.StateBroken(f"{path} is damaged", "remove it, or roll back to another generation") from problem
    if not isinstance(fields, dict):
        raise errors.StateBroken(f"{path} is damaged", "remove it, or roll back to another generation")
    return cast("dict[str, object]", fields)
