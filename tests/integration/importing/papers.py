"""The files that a moved configuration names: those that come with the tests, and what can be made: certificates, lists, maps, pages.

Comes in: the moved configuration (`placing`) and its folder. Goes out: files below the folder. A certificate ``shop.test.pem`` is for
that name and the names below it, any other is for all names of the tests.
"""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from hapilot.languages.haproxy import document
from support import certificates

GIVEN = Path(__file__).parent / "configurations" / "files"
"""Files as they stand on the machine of whoever wrote a configuration."""

NAMES = ("*.test", "*.shop.test", "*.corp.test", "*.internal.test", "localhost")
"""The names of certificates that have no name of their own, and of stand-ins."""

CERTIFICATES = frozenset({"crt", "ssl-f-use"})
AUTHORITIES = frozenset({"ca-file", "ca-verify-file"})
_CONVERTED = re.compile(r"map(?:_[a-z_]+)?\(([^,)]+)|lf-file\s+(\S+)")
_NAME = re.compile(r"((?:[\w-]+\.)+[a-z]{2,})\.(?:pem|crt)")


def write(parsed: document.Document, folder: Path) -> None:
    """Put all files in place."""
    if GIVEN.is_dir():
        shutil.copytree(GIVEN, folder, dirs_exist_ok=True)
    bases = {line.keyword: line.words[1] for line in parsed.all_lines() if line.keyword in ("crt-base", "ca-base")}
    for line in parsed.all_lines():
        for word, follower in itertools.pairwise(line.words):
            if word in CERTIFICATES:
                _certificate(folder / bases.get("crt-base", "") / follower, is_folder=follower.endswith("/"))
            elif word in AUTHORITIES and not follower.startswith("@"):
                _once(folder / bases.get("ca-base", "") / follower, certificates.authority().pem.decode())
        for path, content in _texts(line.words):
            _once(folder / path, content)


def _texts(said: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The text files of a line, and what they hold if they did not come with the tests."""
    if said[:1] == ("errorfile",):
        yield said[2], f"HTTP/1.1 {said[1]} Page\r\nContent-Type: text/html\r\nCache-Control: no-cache\r\n\r\n<p>page {said[1]}</p>\n"
    for word, follower in itertools.pairwise(said):
        if word == "-f":
            yield follower, "127.0.0.3\n" if said[:1] == ("acl",) and said[2].startswith("src") else "listed.test\n/listed\n"
        elif word == "crt-list":
            yield follower, ""
        elif word in ("lf-file", "file") and follower.startswith("/"):
            yield follower, "a file\n"
        elif word == "server-state-file":
            yield follower, ""
    for word in said:
        for found in _CONVERTED.findall(word):
            yield found[0] or found[1], ""


def _certificate(path: Path, *, is_folder: bool) -> None:
    if is_folder or path.is_dir():
        for name in ("default.pem", "www.shop.test.pem", "api.test.pem"):
            _certificate(path / name, is_folder=False)
        return
    if path.exists():
        return
    named = _NAME.fullmatch(path.name)
    names = (named[1], f"*.{named[1]}") if named else NAMES
    leaf = certificates.authority().issue(*names)
    _once(path, (leaf.pem + leaf.key_pem).decode())


def _once(path: Path, content: str) -> None:
    if not path.exists() and not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
