"""The state directory: generations appear whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.render.bundle import Bundle, BundleFile
from hapilot.runtime import files, rundir, writing

ABOUT = files.Description(1000.5, "a change", "site.yaml")


def bundle(text: str = "global\n") -> Bundle:
    """Three files, one of them a key in a folder."""
    return Bundle(
        (
            BundleFile("haproxy.cfg", text.encode()),
            BundleFile("maps/deep/a.map", b"a b\n"),
            BundleFile("certs/0.pem", b"-----BEGIN PRIVATE KEY-----\n"),
        )
    )


@pytest.fixture
def state(tmp_path: Path) -> files.StateDirectory:
    """A prepared state directory, short enough for its own sockets."""
    made = files.StateDirectory(tmp_path / "s")
    made.root.mkdir()
    (made.root / "run").symlink_to(tmp_path / "r")
    made.generations.mkdir()
    made.prepare()
    return made


def test_a_generation_is_written_read_and_made_current(state: files.StateDirectory) -> None:
    assert state.current() is None
    made = state.write(bundle(), ABOUT)
    assert state.current() is None
    state.activate(made.number)
    assert state.current() == made
    assert state.bundle(made.number) == bundle()
    assert state.bundle(made.number).digest == made.digest
    assert state.config.read_bytes() == b"global\n"
    assert made.description == ABOUT


def test_keys_are_ours_alone_whatever_the_bundle_says(state: files.StateDirectory) -> None:
    path = state.write(bundle(), ABOUT).path
    assert (path / "certs/0.pem").stat().st_mode & 0o777 == 0o600
    assert (path / "haproxy.cfg").stat().st_mode & 0o777 == 0o644
    assert path.stat().st_mode & 0o777 == 0o700


def test_an_edited_file_shows(state: files.StateDirectory) -> None:
    made = state.write(bundle(), ABOUT)
    (made.path / "haproxy.cfg").write_bytes(b"other\n")
    assert state.bundle(made.number).digest != made.digest


def test_only_the_last_are_kept_and_always_the_current_one(state: files.StateDirectory) -> None:
    for _ in range(8):
        state.write(bundle(), ABOUT)
    state.activate(1)
    state.prune(5)
    assert [generation.number for generation in state.history()] == [1, *range(4, 9)]
    state.activate(8)
    state.prune(5)
    assert [generation.number for generation in state.history()] == list(range(4, 9))
    with pytest.raises(errors.StateBroken, match="no generation 1"):
        state.activate(1)


CRASH = """
import os, sys
from pathlib import Path
from hapilot.render.bundle import Bundle, BundleFile
from hapilot.runtime import files
left = int(sys.argv[2])
real = {}
def dying(name):
    real[name] = getattr(os, name)
    def call(*arguments, **named):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return real[name](*arguments, **named)
    setattr(os, name, call)
for name in ("fsync", "rename", "replace", "symlink", "open", "mkdir"):
    dying(name)
state = files.StateDirectory(Path(sys.argv[1]))
made = state.write(Bundle((BundleFile("haproxy.cfg", b"new"), BundleFile("maps/a", b"1"))), files.Description(2.0, "new", "x"))
state.activate(made.number)
"""


def test_a_crash_at_any_moment_leaves_the_old_or_the_new_generation(state: files.StateDirectory) -> None:
    state.activate(state.write(bundle("old"), ABOUT).number)
    seen: list[bytes] = []
    for steps in range(60):
        done = subprocess.run([sys.executable, "-c", CRASH, state.root, str(steps)], check=False, timeout=20)
        seen.append(state.config.read_bytes())
        current = state.current()
        assert current is not None
        assert state.bundle(current.number).digest == current.digest
        assert all(state.bundle(kept.number).digest == kept.digest for kept in state.history())
        if done.returncode == 0:
            break
        assert done.returncode == 9
    else:
        pytest.fail("it never came to its end")
    assert seen[0] == b"old"
    assert seen[-1] == b"new"
    assert len(seen) > 10
    assert not list(state.generations.glob(".new-*"))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permission denied"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_a_failed_write_is_one_clear_error_and_leaves_nothing(
    state: files.StateDirectory, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    state.activate(state.write(bundle("old"), ABOUT).number)

    def broken(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(writing, "write_file", broken)
        with pytest.raises(errors.StateBroken, match=words):
            state.write(bundle("new"), ABOUT)
    assert state.config.read_bytes() == b"old"
    assert [path.name for path in state.generations.iterdir()] == ["1"]


def test_a_second_holder_is_told_who_is_first(state: files.StateDirectory) -> None:
    with state.lock("hapilot up"):
        assert state.holder() == os.getpid()
        with pytest.raises(errors.StateBroken, match=rf"in use by `hapilot up` \(process {os.getpid()}\)"), state.lock("hapilot apply"):
            pass
        assert state.holder() == os.getpid()
    assert state.holder() is None
    with state.lock("hapilot apply"):
        pass


def test_the_lock_of_a_killed_process_is_free(state: files.StateDirectory) -> None:
    code = (
        "import sys, os; from pathlib import Path; from hapilot.runtime import files;"
        "files.StateDirectory(Path(sys.argv[1])).lock('x').__enter__(); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, state.root], check=False, timeout=20)
    with state.lock("hapilot up"):
        pass


def test_somebody_elses_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"")
    tmp_path.chmod(0o755)
    with pytest.raises(errors.StateBroken, match="not hapilot's"):
        files.StateDirectory(tmp_path).prepare()
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    with pytest.raises(errors.StateBroken, match="not a directory"):
        files.StateDirectory(tmp_path / "photo.jpg").prepare()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_another_user_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    with pytest.raises(errors.StateBroken, match="belongs to user 65534"):
        files.StateDirectory(tmp_path).prepare()


def test_damaged_meta_is_skipped_in_the_history_and_named_when_asked_for(state: files.StateDirectory) -> None:
    made = state.write(bundle(), ABOUT)
    (made.path / "meta.json").write_bytes(b"{")
    assert state.history() == ()
    with pytest.raises(errors.StateBroken, match="damaged"):
        state.generation(made.number)


def test_origin_and_process_id(state: files.StateDirectory) -> None:
    assert state.origin() == {}
    state.save_origin({"site": "/srv/site.yaml"})
    assert state.origin() == {"site": "/srv/site.yaml"}
    with state.announced():
        assert (state.root / "hapilot.pid").read_text() == f"{os.getpid()}\n"
    assert not (state.root / "hapilot.pid").exists()


def test_default_root() -> None:
    assert files.default_root({"HAPILOT_STATE": "/srv/x", "XDG_STATE_HOME": "/y"}) == Path("/srv/x")
    if os.geteuid() == 0:
        assert files.default_root({}) == Path("/var/lib/hapilot")
    else:
        assert files.default_root({"XDG_STATE_HOME": "/y"}) == Path("/y/hapilot")


def test_a_long_path_gets_a_short_directory_for_sockets_that_later_commands_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / ("long" * 20)
    root.mkdir()
    short = Path("/tmp") / f"hapilot-test-{os.getpid()}"
    short.mkdir()
    monkeypatch.setattr(os, "access", lambda folder, _mode: str(folder) == str(short))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    try:
        made = rundir.prepare(root, None, {"XDG_RUNTIME_DIR": str(short)})
        assert made.parent == short
        assert made.stat().st_mode & 0o777 == 0o700
        assert rundir.find(root) == made
        assert rundir.prepare(root, None, {"XDG_RUNTIME_DIR": "/elsewhere"}) == made
        made.chmod(0o777)
        with pytest.raises(errors.StateBroken, match="only this user can write to"):
            rundir.prepare(root, None, {})
        made.rmdir()
        assert rundir.prepare(root, None, {}).is_dir()
        made.rmdir()
    finally:
        short.rmdir()


def test_a_comma_in_the_path_does_not_reach_the_command_line() -> None:
    root = Path(f"/tmp/a,b{os.getpid()}")
    root.mkdir()
    try:
        made = rundir.prepare(root, None, {})
        assert "," not in str(made)
        made.rmdir()
        (root / "run").unlink()
    finally:
        root.rmdir()
