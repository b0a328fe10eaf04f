"""The files: YAML that says just what was imported, comments, modes, and nothing that is there already."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.sources.file import tree, yaml
from hapilot.sources.haproxy_cfg import written
from unit.sources.haproxy_cfg.taking import take

TEXT = """\
# by ann

# numbers
global # one
 daemon
 maxconn 5

defaults
 mode http
 # a: b

# everybody
frontend web # public
 bind :80 # clear
 bind 127.0.0.1:80
 http-request set-header X "${HOME}: "'$${x}' # why
 use_backend on if { path_beg /on } # on
 default_backend on # else

backend on
 timeout server 5s # slow
 # it's one: two
 server a 10.0.0.1:80 check cookie 'a#b' # first
 server b 10.0.0.2:80

userlist u
 user ann insecure-password abc
"""
SITE = """\
# Made by `hapilot import`: 11 of 17 lines are in keys of the site (64 %).
# All others stand under raw, word by word.
# Left out: daemon  (0.cfg:5: hapilot starts HAProxy in the background itself)

# by ann

tls: {profile: haproxy}

listeners:
  # everybody
  web:  # public
    from: main
    bind:
      - "0.0.0.0:80"  # clear
      - "127.0.0.1:80"
    routes:
      - {service: "on", path: [/on]}  # on
    default: "on"  # else

services:
  "on":
    from: main
    protocol: http
    timeouts:
      server: 5s  # slow
    servers:
      - {name: a, address: "10.0.0.1:80", raw: "check cookie 'a#b'"}  # first
      - {name: b, address: "10.0.0.2:80"}

raw:
  folder: /etc/haproxy
  # numbers
  # one
  global:
    - tune.bufsize 16384
    - maxconn 5
  listener:
    web:
      - 'http-request set-header X "$${HOME}: "''$$${x}'' # why'
  service:
    "on":
      - '# it''s one: two'
  sections:
    - |
      defaults main
       mode http
       # a: b
    - {file: secrets/u.cfg}
"""


def test_the_site_file() -> None:
    made = take(TEXT)
    assert written.render(made) == SITE
    root, found = yaml.parse(SITE.encode(), "site.yaml", {"HOME": "wrong"})
    assert root is not None
    assert (tree.plain(root), found) == (made.site, [])


@pytest.mark.parametrize(
    "text", ["", "0", "a: b", "a #b", "- a", "on", "~", "'", "a:", "{ a", "1.5", "null", "${A}", "é", "a, b", "&a", "x "]
)
def test_texts_come_back(text: str) -> None:
    lines = [f"- {written.scalar(text)}", f"- {written.line(text)}", f"- {written.flow({'k': [text]})}"]
    root, found = yaml.parse("\n".join(lines).encode(), "x.yaml", {})
    assert root is not None
    assert (tree.plain(root), found) == ([text, text, {"k": [text]}], [])


def test_files_and_their_modes(tmp_path: Path) -> None:
    files = written.write(take(TEXT), tmp_path / "new" / "site")
    assert [str(path.relative_to(tmp_path)) for path in files] == ["new/site/site.yaml", "new/site/secrets/u.cfg"]
    assert files[1].read_text() == "userlist u\n user ann insecure-password abc\n"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (files[1], files[1].parent)] == [0o600, 0o700]
    assert "abc" not in files[0].read_text()
    assert sorted(path.name for path in files[0].parent.iterdir()) == ["secrets", "site.yaml"]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    kept = tmp_path / "secrets" / "u.cfg"
    kept.write_text("mine")
    kept.chmod(0o644)
    with pytest.raises(errors.HapilotError, match=r"u\.cfg is there already"):
        written.write(take(TEXT), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["secrets"]
    assert kept.read_text() == "mine"
    written.write(take(TEXT), tmp_path, force=True)
    assert "abc" in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_folder_that_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("")
    with pytest.raises(errors.HapilotError, match="can't write"):
        written.write(take(TEXT), tmp_path / "site")
