"""Mutated site files: whatever they hold, a load gives diagnostics, and never an exception."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden import loadcase, pems
from hapilot.model import expand
from hapilot.sources.file import load
from hapilot.sources.file.self_signed import LocalAuthority

CASES = sorted((Path(__file__).parents[3] / "golden" / "cases" / "load").glob("*.case"))
FILES = [
    body.encode() for case in CASES for kind, _, body in loadcase.parse(case.read_text()).sections if kind == "file" and "services" in body
]
CONTRACT = next(loadcase.parse(case.read_text()).sections[0][2] for case in CASES if case.stem == "contract")
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
]


def _structures() -> st.SearchStrategy[bytes]:
    return st.builds(_mutate_structure, st.integers(0, 2**32), st.integers(1, 4))


def _mutate_structure(seed: int, times: int) -> bytes:
    """The contract's example with some of its values, keys or items changed."""
    chance = random.Random(seed)
    site = yaml.safe_load(CONTRACT)
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


def _bytes() -> st.SearchStrategy[bytes]:
    return st.builds(_mutate_bytes, st.integers(0, 2**32), st.integers(1, 6))


def _mutate_bytes(seed: int, times: int) -> bytes:
    chance = random.Random(seed)
    data = bytearray(chance.choice(FILES))
    for _ in range(times):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice([0, 0, 1, 1, 2, 20]))
        if chance.random() < 0.3:
            other = chance.choice(FILES)
            begin = chance.randrange(len(other))
            data[start:end] = other[begin : begin + chance.randrange(40)]
        else:
            data[start:end] = chance.choice([*PIECES, bytes([chance.randrange(256)]), b""])
    return bytes(data)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("mutations", [_bytes(), _structures(), st.binary(max_size=200)], ids=["bytes", "structure", "noise"])
def test_no_file_makes_it_raise(
    mutations: st.SearchStrategy[bytes], request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = max(1, request.config.option.fuzz_examples // 3)
    monkeypatch.chdir(tmp_path)
    Path("certs").mkdir()
    Path("certs/wildcard.pem").write_bytes(pems.pem(pems.certificate("*.example.tld")) + pems.key_pem())
    Path("certs/ocp-ca.pem").write_bytes(pems.pem(pems.certificate("ca")))
    authority = LocalAuthority(None)

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(mutations)
    def one(data: bytes) -> None:
        Path("site.yaml").write_bytes(data)
        found = load.load_site(Path("site.yaml"), environment={"X": "a\nb: {"}, now=pems.NOW, authority=authority)
        assert found.site is not None or any(each.severity == "error" for each in found.diagnostics)
        for each in found.diagnostics:
            assert len(str(each)) < 2000
            assert each.message.isprintable()
            assert each.hint.isprintable()
        if found.site is not None:
            expand.dump(found.site.spec)

    one()
