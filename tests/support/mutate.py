"""Mutated texts and structures, for fuzz tests: pieces that hurt, put where they hurt."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import yaml
from hypothesis import strategies as st

PIECES = [
    b"\x00",
    b"\t",
    b"\n",
    b"\r",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xa8",
    b"\xc2\x85",
    b"'",
    b'"',
    b"\\",
    b"#",
    b"${",
    b"${X}",
    b"$${",
    b": ",
    b"- ",
    b"*a",
    b"&a ",
    b"<<: ",
    b"---\n",
    b"...\n",
    b"%YAML 1.2\n",
    b"!!str ",
    b"!x ",
    b"[",
    b"]",
    b"{",
    b"}",
    b"|\n",
    b">\n",
    b"? ",
    b"~",
    b"9" * 50,
    b"1e999",
    b".nan",
    b"0x",
    b"\\ud800",
    b'"\\ud800"',
    b'"\\0"',
    b"{path}",
    b"{host}",
    b"%[src]",
    b"\\1",
    b"include: '**'\n",
    b"include: .\n",
    b"include: ['[', '/', '']\n",
]
HOSTILE: list[Any] = [
    None,
    True,
    0,
    -1,
    10**30,
    1e308,
    float("nan"),
    float("inf"),
    "",
    " ",
    "\n",
    "\x00",
    "\u2028",
    "a" * 5000,
    "${X}",
    "${",
    "$${",
    "*.",
    "*",
    ".",
    "..",
    "/",
    "//",
    "[::1]",
    "[::1",
    ":",
    ":0",
    "unix:",
    "fd:9",
    "10.0.0.0/99",
    "::/0",
    "0.0.0.0/0",
    "1s",
    "xn--",
    "xn--a",
    "\u202e",
    "\U0001f600",
    "ß",
    "İ.test",
    [],
    {},
    [[]],
    [None],
    {"a": None},
    {"": ""},
    {"<<": 1},
    {"hash": "path"},
    {"hash": {}},
    "off",
    "/etc/passwd",
    "/dev/zero",
    "~",
    "a\\b",
    "%[src]",
    "%",
    "if",
    "unless",
    "-m",
    "}",
    "{ TRUE }",
    "https://{host}{path}",
    "/{path}",
    "{path}",
    "/a.b(c)*+$",
    "down.html",
    "Host",
    {"X-A": "%[src]"},
    {"status": 204},
    503,
]


def structures(texts: Sequence[str]) -> st.SearchStrategy[bytes]:
    """One of ``texts`` (YAML) with some of its values, keys or items changed."""
    return st.builds(_mutate_structure, st.just(texts), st.integers(0, 2**32), st.integers(1, 4))


def _mutate_structure(texts: Sequence[str], seed: int, times: int) -> bytes:
    chance = random.Random(seed)
    site = yaml.safe_load(chance.choice(texts))
    for _ in range(times):
        node: Any = site
        while _places(node):
            place = chance.choice(_places(node))
            if not isinstance(node[place], dict | list) or chance.random() < 0.2:
                _change(node, place, chance)
                break
            node = node[place]
    return yaml.safe_dump(site, allow_unicode=chance.random() < 0.5).encode("utf-8", "replace")


def _places(node: Any) -> list[Any]:
    return list(node) if isinstance(node, dict) else list(range(len(node)))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _change(node: Any, place: Any, chance: random.Random) -> None:
    kind = chance.randrange(4)
    if kind == 0:
        node[place] = chance.choice(HOSTILE)
    elif kind == 1:
        del node[place]
    elif node.__class__ is list:
        node.insert(0, chance.choice(HOSTILE))
    else:
        hostile = chance.choice(HOSTILE)
        node[hostile if isinstance(hostile, str | int | float | bool | None) else "x"] = node[place]


def pieces(files: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """One of ``files`` with bytes cut out, put in and exchanged."""
    return st.builds(changed, st.just(files), st.integers(0, 2**32), st.integers(1, 6))


def changed(files: Sequence[bytes], seed: int, times: int) -> bytes:
    """One of ``files``, changed so many times; the same for the same seed."""
    chance = random.Random(seed)
    data = bytearray(chance.choice(files))
    for _ in range(times):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice([0, 0, 1, 1, 2, 20]))
        if chance.random() < 0.3:
            other = chance.choice(files)
            begin = chance.randrange(len(other))
            data[start:end] = other[begin : begin + chance.randrange(40)]
        else:
            data[start:end] = chance.choice([*PIECES, bytes([chance.randrange(256)]), b""])
    return bytes(data)
