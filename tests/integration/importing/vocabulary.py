"""The words of a configuration that requests can be made of: names, paths, headers, cookies, parameters, passwords, addresses.

Comes in: the configuration as it was written, and the folder it was moved to, whose maps and lists count too. Goes out: `Vocabulary`.
Whatever looks like a name or a path is taken as one: a word too many is only another request.
"""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hapilot.languages.haproxy import document

_HOST = re.compile(r"[a-zA-Z0-9*.-]*[a-zA-Z0-9-]+\.[a-zA-Z]{2,}")
_FILE = re.compile(r".*\.(pem|crt|key|cfg|map|http|lst|sock|lua|txt|acl|list|log|pid|state|html?|json|ico|png|css|js|php|cgi)")
_PATH = re.compile(r"/[A-Za-z0-9_.~%/-]*(?:\?[A-Za-z0-9_=&;.-]+)?")
_HEADER = re.compile(r"hdr(?:_\w+|s)?\(([\w-]+)")
_COOKIE = re.compile(r"cook(?:ie)?(?:_\w+)?\(([\w.-]+)")
_PARAMETER = re.compile(r"(?:url_param|urlp\w*)\(([\w-]+)")
_NETWORK = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3})(?:/\d+)?")
_WORD = re.compile(r"[A-Za-z0-9_.-]+")
_NO_VALUES = frozenset({"if", "unless", "or", "and", "-i", "-m", "-f", "reg", "beg", "end", "sub", "found", "str", "check", "inter"})
_SPECIAL = ("/slow", "/sse", "/big", "/paced")
"""Paths for which stand-ins do something else than answer at once."""


@dataclass(slots=True)
class Vocabulary:
    """What there is to ask for, without doubles and in the order of the file. ``names`` are those of sections."""

    hosts: list[str] = field(default_factory=list[str])
    paths: list[str] = field(default_factory=list[str])
    endings: list[str] = field(default_factory=list[str])
    headers: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    cookies: list[str] = field(default_factory=list[str])
    parameters: list[str] = field(default_factory=list[str])
    values: list[str] = field(default_factory=list[str])
    addresses: list[str] = field(default_factory=list[str])
    logins: list[str] = field(default_factory=list[str])
    names: list[str] = field(default_factory=list[str])


def of(parsed: document.Document, folder: Path) -> Vocabulary:
    """The vocabulary of a configuration. That of the moved one would differ from run to run."""
    found = Vocabulary(names=[section.name for section in parsed.sections if section.name])
    for line in parsed.all_lines():
        if line.words and line.words[0] not in ("bind", "log", "nameserver"):
            _line(found, line.words)
    for path in _lists(parsed, folder):
        for text in path.read_text().splitlines():
            _words(found, text.split()[:1])
    for name in ("hosts", "paths", "endings", "cookies", "parameters", "values", "addresses", "logins"):
        setattr(found, name, list(dict.fromkeys(getattr(found, name))))
    return found


def _lists(parsed: document.Document, folder: Path) -> list[Path]:
    """The lists and maps that it names."""
    found: list[Path] = []
    for line in parsed.all_lines():
        for before, word in zip(("", *line.words), line.words, strict=False):
            named = word if before == "-f" else next(iter(re.findall(r"map\w*\(([^,)]+)", word)), "")
            path = folder / named.lstrip("/")
            if named and path.is_file():
                found.append(path)
    return found


def _line(found: Vocabulary, said: tuple[str, ...]) -> None:
    text = " ".join(said)
    found.cookies += _COOKIE.findall(text)
    found.parameters += _PARAMETER.findall(text)
    for name in _HEADER.findall(text):
        found.headers.setdefault(name, []).extend(_values(said[1:]))
    _logins(found, said)
    if said[0] in ("server", "server-template"):
        found.values += [said[1], *(follower for word, follower in itertools.pairwise(said) if word == "cookie")]
    elif said[0] == "cookie":
        found.cookies.append(said[1])
    else:
        found.values += _values(said[1:])
        _words(found, said[1:])


def _values(said: Iterable[str]) -> list[str]:
    return [word for word in said if _WORD.fullmatch(word) and word not in _NO_VALUES]


def _logins(found: Vocabulary, said: tuple[str, ...]) -> None:
    plain = ""
    if said[0] == "user" and "insecure-password" in said:
        plain = f"{said[1]}:{said[said.index('insecure-password') + 1]}"
    elif said[0] == "user":
        plain = f"{said[1]}:secret"
    elif said[:2] == ("stats", "auth"):
        plain = said[2]
    if plain:
        found.logins.append("Basic " + base64.b64encode(plain.encode()).decode())


def _words(found: Vocabulary, said: Iterable[str]) -> None:
    for word in said:
        bare = word.strip("^$").replace("\\.", ".").replace(".*", "x").replace(".+", "x").replace("\\", "")
        if bare.startswith(".") and _WORD.fullmatch(bare):
            found.endings.append(bare)
            found.hosts.append(f"sub{bare}")
        elif _HOST.fullmatch(bare) and not _FILE.fullmatch(bare):
            found.hosts.append(bare.replace("*", "any"))
        elif network := _NETWORK.fullmatch(bare):
            found.addresses.append(network[1])
        elif path := _PATH.match(bare):
            found.paths += [path[0]] if not path[0].startswith(_SPECIAL) else []
        elif "/" in bare and (both := bare.split("/", 1)) and _HOST.fullmatch(both[0]):
            found.hosts.append(both[0])
            found.paths.append(f"/{both[1]}")
