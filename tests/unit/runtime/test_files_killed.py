"""Killed at any step and at any byte of any write, the state directory is what it was or what it was to be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = r'''
import dataclasses, json, os, resource, shutil, signal, sys
from pathlib import Path
from hapilot.render.bundle import Bundle, BundleFile
from hapilot.runtime import files, record

root, change, way = Path(sys.argv[1]), sys.argv[2], sys.argv[3]

def bundle(text):
    return Bundle((BundleFile("haproxy.cfg", text * 40), BundleFile("maps/a", text)))

HELD = record.Held(("/site.yaml",), "mark")
CHANGES = {
    "write and activate": lambda state: state.activate(
        state.write(bundle(b"new"), files.Description(2.0, "new", "x", "rollback", 1, HELD, record.Trial(60.0, 1))).number),
    "confirm": lambda state: state.confirm(2),
    "accept": lambda state: state.accept(1),
    "release": lambda state: state.release(1),
    "put on trial": lambda state: state.put_on_trial(1, record.Trial(60.0, 1, 5.0)),
    "prune": lambda state: state.prune(1),
}

def prepared():
    shutil.rmtree(root, ignore_errors=True)
    state = files.StateDirectory(root)
    state.generations.mkdir(parents=True)
    for text in (b"one", b"two"):
        state.write(bundle(text), files.Description(1.0, "", "x"))
    state.activate(1)
    state.confirm(1)
    state.activate(2)
    if change in ("accept", "release", "put on trial"):
        state.activate(1)
    if change == "prune":
        state.confirm(2)
    return state

def seen(state):
    """Everything that can be read, without the times at which something happened."""
    links = [one.number if one else 0 for one in (state.current(), state.serving())]
    known = state.kept()
    for one in known:
        assert state.bundle(one.number).digest == one.digest, "a generation is not whole"
    assert len(known) == len([entry for entry in state.generations.iterdir() if entry.name.isdecimal()]), "a damaged generation"
    rows = [
        [one.number, one.digest, one.description.as_json(), [bool(v) for v in dataclasses.astuple(one.progress)]] for one in known
    ]
    return json.dumps([links, rows])

def die_at_step(left):
    def dying(name):
        real = getattr(os, name)
        def call(*arguments, **named):
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **named)
        setattr(os, name, call)
    for name in ("fsync", "rename", "replace", "symlink", "open", "mkdir", "unlink", "rmdir", "fchmod"):
        dying(name)

def die_at_byte(left):
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (left, left))

before = seen(prepared())
state = prepared()
CHANGES[change](state)
after = seen(state)
found, died = set(), 0
for left in range(0, 1000, 1 if way == "step" else int(sys.argv[4])):
    state = prepared()
    child = os.fork()
    if not child:
        (die_at_step if way == "step" else die_at_byte)(left)
        CHANGES[change](state)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    died += bool(status)
    found.add(seen(state))
    CHANGES[change](state)
    again = seen(state)
    if change != "write and activate":
        assert again == after, "it does not converge"
    if change == "write and activate":
        assert not list(state.generations.glob(".new-*")), "something is left over"
    if not status:
        break
else:
    raise SystemExit("it never came to its end")
between = found - {before, after}
if change == "write and activate":
    # Written, and not yet current.
    between = {one for one in between if json.loads(one)[0] != json.loads(before)[0]}
if change == "confirm":
    # Noted as served, and not yet the serving one: the next start takes it for an interrupted change.
    between = {one for one in between if json.loads(one)[0] != json.loads(before)[0]}
print(json.dumps({"died": died, "before": before in found, "after": after in found, "between": sorted(between)}))
'''


FAST = ("write and activate", "confirm", "put on trial")
SLOW = [pytest.param(change, marks=pytest.mark.system) for change in ("accept", "release")]


@pytest.mark.parametrize("change", [*FAST, *SLOW, "prune"])
def test_killed_at_any_step(tmp_path: Path, change: str) -> None:
    assert _killed(tmp_path, change, "step", 1) > 3


@pytest.mark.parametrize("stride", [61, pytest.param(1, marks=pytest.mark.system)])
@pytest.mark.parametrize("change", [*FAST, *SLOW])
def test_killed_at_any_byte(tmp_path: Path, change: str, stride: int) -> None:
    assert _killed(tmp_path, change, "byte", stride) > 0


def _killed(folder: Path, change: str, way: str, stride: int) -> int:
    """How often it was killed."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, folder / "state", change, way, str(stride)], check=False, timeout=60, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr + done.stdout
    result = json.loads(done.stdout)
    assert result["before"], result
    assert result["after"], result
    assert result["between"] == [], result
    return int(result["died"])
