"""The shell sees the very words of the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path, PurePosixPath

from hapilot.export import command, container


def made(site: str = "site", name: str = "hapilot-site") -> container.Container:
    """A container with a bit of everything."""
    folders = (PurePosixPath("/srv/site"), PurePosixPath("/srv/it's ~more"))
    return container.Container(name, "localhost/hapilot:1", site, ("up", "/srv/site", "--stop-seconds=30"), folders, ("A",), (), 45, False)


def test_a_shell_reads_the_script_as_the_command(tmp_path: Path) -> None:
    """With a podman that prints its words."""
    podman = tmp_path / "podman"
    podman.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    podman.chmod(0o755)
    script = tmp_path / "run.sh"
    script.write_text(command.script(made()))
    done = subprocess.run(["/bin/sh", script], env={"PATH": f"{tmp_path}:/bin:/usr/bin"}, capture_output=True, text=True, check=True)
    assert ("podman", *json.loads(done.stdout)) == command.run(made())


def test_every_option_is_one_word_before_the_image() -> None:
    words = command.run(made())
    image = words.index("localhost/hapilot:1")
    assert all(word.startswith("--") for word in words[2:image])
    assert words[image + 1 :] == ("up", "/srv/site", "--stop-seconds=30")
