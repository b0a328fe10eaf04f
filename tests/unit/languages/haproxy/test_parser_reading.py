"""Reading: environment, conditional blocks, messages and files, compared with real HAProxies; and the way to a tree."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from hapilot.languages.haproxy import files, parser, printer, reading
from hapilot.languages.haproxy.evaluate.sections import prepare
from hapilot.languages.haproxy.program import Program
from roundtrip import oracle
from support import haproxy

ENVIRONMENT = {"GIVEN": "g", "OTHER": "o"}
OF_READING = ("unmatched", "lone '", "is not permitted", "non-terminated", "out of section", "unparsable")
"""Parts of HAProxy's alerts about what a reading sees."""
NAMES = ["GIVEN", "OTHER", "NEW", "NEW2"]


def read(text: str, environment: dict[str, str] | None = None, program: Program | None = None) -> reading.Reading:
    return reading.read([parser.parse(text, "x.cfg")], program or Program("2.8.3"), environment or {})


def said(found: reading.Reading) -> list[tuple[int, str]]:
    return [(message.line.number, message.text) for message in found.messages if message.macro == ".notice"]


def script(seed: int) -> str:
    """A random mix of blocks, variables and messages that say where one is."""
    dice = random.Random(seed)
    lines = ["global"]
    depth = 0
    for _ in range(dice.randint(5, 40)):
        name, other = dice.choice(NAMES), dice.choice(NAMES)
        kind = dice.choice(["notice", "notice", "set", "set", ".if", ".elif", ".else", ".endif", "section"])
        if kind in (".elif", ".else", ".endif") and not depth and dice.random() < 0.95:
            continue
        if kind == "notice":
            lines.append(f'.notice "${{{name}-unset}} ${{{other}-unset}} ${{.LINE}} ${{.SECTION}}"')
        elif kind == "set":
            keyword = dice.choice(["setenv", "setenv", "presetenv", "presetenv", "unsetenv", "resetenv"])
            value = dice.choice(["v", f'"${{{other}-w}}x"'])
            lines.append(
                f"{keyword} {name} {value}" if keyword.endswith("setenv") and keyword != "resetenv" else f"{keyword} {name} {other}"
            )
        elif kind in (".if", ".elif"):
            lines.append(
                f"{kind} {dice.choice([f'defined({name})', '0', '1', f'streq(${{{name}}},v)', 'nope' if dice.random() < 0.1 else '!0'])}"
            )
            lines[-1] = lines[-1].replace("${", '"${').replace("},v", '}",v')
            depth += kind == ".if"
        elif kind == "section":
            lines.append(dice.choice(["global", "userlist people"]))
        else:
            lines.append(kind)
            depth -= kind == ".endif"
    lines += [".endif"] * (depth if dice.random() < 0.9 else 0)
    return "\n".join(lines) + "\n"


@pytest.mark.haproxy
@pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
def test_real_haproxies_go_the_same_way(binary: haproxy.Binary, tmp_path: Path) -> None:
    heard_any = 0
    for seed in range(120):
        text = script(seed)
        (tmp_path / "x.cfg").write_text(text)
        version = binary.id.rpartition("-")[2]
        document = parser.parse(text, str(tmp_path / "x.cfg"))
        found = reading.read([document], Program(f"{version}.0"), {**ENVIRONMENT, "PATH": "/bin"})
        heard = oracle.read(binary.path, [tmp_path / "x.cfg"], ENVIRONMENT)
        assert said(found) == oracle.notices(heard), text
        heard_any += len(found.messages)
        # What is wrong with directives themselves, as "setenv" outside of "global", is not for a reading to see.
        complained = {complaint.line.number for complaint in found.complaints}
        alerted = {each.line: each.text for each in heard if each.level == "ALERT"}
        assert complained <= set(alerted), text
        assert complained >= {line for line, words in alerted.items() if any(part in words for part in OF_READING)}, text
    assert heard_any > 250


@pytest.mark.haproxy
@pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
def test_files_of_a_folder_in_order(binary: haproxy.Binary, tmp_path: Path) -> None:
    names = [
        "b.cfg",
        "a.cfg",
        "B.cfg",
        "_.cfg",
        "10.cfg",
        "9.cfg",
        "é.cfg",
        ".x.cfg",
        "a.cfg.cfg",
        "c.txt",
        "a.cfg~",
        "cfg",
        "xcfg",
        ".cfg",
    ]
    for name in names:
        (tmp_path / name).write_text(".notice x\n")
    heard = [Path(each.file).name for each in oracle.read(binary.path, [tmp_path])]
    assert heard == list(files.in_folder(names))


@pytest.mark.haproxy
@pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
def test_sections_and_blocks_end_with_their_file(binary: haproxy.Binary, tmp_path: Path) -> None:
    texts = {"a.cfg": 'global\n setenv A b\n .notice "${.SECTION}"\n', "b.cfg": ' .notice "$A${.SECTION}"\n timeout client 5s\n'}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    found = reading.read([parser.parse(text, name) for name, text in texts.items()], Program(), {})
    heard = oracle.read(binary.path, [tmp_path / name for name in texts])
    assert said(found) == oracle.notices(heard) == [(3, "global"), (1, "b")]
    assert [(complaint.line.file, complaint.line.number) for complaint in found.complaints] == [("b.cfg", 2)]
    assert any("out of section" in each.text for each in heard)


def test_blocks_decide_to_which_section_a_line_belongs() -> None:
    text = "backend a\n.if 0\nbackend b\n.endif\n server x 1.2.3.4\n"
    (section,) = read(text).sections
    assert (section.name, [line.words[0] for line in section.lines]) == ("a", ["server"])


def test_words_of_a_reading_have_their_values() -> None:
    found = read('global\n setenv PORT 80\nfrontend f\n bind ":${PORT}" "${MORE[*]}"\n', {"MORE": "ssl crt x.pem"})
    assert found.sections[1].lines[0].words == ("bind", ":80", "ssl", "crt", "x.pem")
    assert found.environment["PORT"] == "80"
    assert found.environment["HAPROXY_BRANCH"] == "2.8"
    assert not found.is_refused


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        (".endif\n", (1, 1), ".endif without .if"),
        (" .if 1\n .else\n .elif 1\n .endif\n", (3, 2), ".elif behind .else"),
        (".if 1\n\n", (2, 1), "an .if block is not ended by .endif"),
        (".if nope(1)\n.endif\n", (1, 1), "'nope(1)' is no condition"),
        (".nope\n", (1, 1), "there is no .nope"),
        (".notice a b\n", (1, 1), ".notice takes one argument: put its text between quotes"),
        (".if 1\n.endif x\n", (2, 1), ".endif takes no argument"),
        ("global\n setenv 'x\n", (2, 9), "a quote is not closed"),
        ("mode http\n", (1, 1), "'mode' stands outside of a section"),
    ],
)
def test_what_is_refused(text: str, where: tuple[int, int], what: str) -> None:
    found = read(text)
    assert [((each.line.number, each.column), each.text) for each in found.complaints] == [(where, what)]
    assert found.is_refused


def test_an_alert_stops_the_reading() -> None:
    found = read('.warning w\n.diag d\n.alert "no TLS"\n.notice behind\n')
    assert [(message.macro, message.text) for message in found.messages] == [(".warning", "w"), (".diag", "d"), (".alert", "no TLS")]
    assert found.is_refused


def test_a_tree_keeps_defaults_and_origins() -> None:
    text = "defaults base\n mode http\ndefaults more from base\n option httplog\nfrontend f from more\n bind :80\nbackend b\n"
    config = reading.as_tree(read(text))
    assert [(each.kind, each.name, each.inherits) for each in config.sections] == [
        ("defaults", "base", ""),
        ("defaults", "more", "base"),
        ("frontend", "f", "more"),
        ("backend", "b", ""),
    ]
    assert str(config.sections[2].lines[0].origin) == "x.cfg:6:2"
    assert "frontend f from more  # (x.cfg:5)" in printer.print_config(config)


def test_the_evaluator_follows_named_defaults() -> None:
    text = (
        "defaults web\n mode http\n acl old path /old\n http-request deny if old\n"
        "defaults plain\n mode tcp\n"
        "defaults more from web\n monitor-uri /up\n"
        "frontend a from more\n bind :80\n acl old path /x\n http-request set-path /y if old\n"
        "backend b\n"
        "frontend c from plain\n bind :81\n"
        "defaults\n"
        "frontend d\n bind :82\n"
    )
    first, second, third, fourth = prepare(reading.as_tree(read(text)), {}).proxies
    assert (first.mode, len(first.http), first.monitor is not None) == ("http", 2, True)
    assert (second.mode, len(second.http), second.monitor is not None) == ("http", 1, True)
    assert (third.mode, third.http) == ("tcp", [])
    assert (fourth.mode, fourth.monitor) == ("tcp", None)
