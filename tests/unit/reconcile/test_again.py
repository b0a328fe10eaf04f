"""What was done before saves time and changes nothing: a site that is edited, read and compiled with a memory of how it was before each
edit, gives what it gives without one."""

from __future__ import annotations

import dataclasses
import os
import random
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from pathlib import Path

import pytest

from golden import loadcase, pems
from hapilot.base import memory
from hapilot.compile import build, compile, target  # noqa: A004 - the stage's name
from hapilot.model import expand
from hapilot.render import render
from hapilot.sources.file import load, reading, self_signed
from support import mutate

CASES = sorted(path for stage in ("load", "compile") for path in (Path(__file__).parents[2] / "golden" / "cases" / stage).glob("*.case"))
STEPS = 150 if os.environ.get("HAPILOT_FULL") else 8
"""Edits of each case."""

SITE = """\
listeners: {https: {bind: ":443"}, web: {bind: ":8080"}}
certificates: [{self_signed: ["*.example.test"]}]
services:
  shop:
    host: shop.example.test
    servers: [10.0.0.1:80]
  wiki:
    host: wiki.example.test
    path: [/a, /b]
    servers: [10.0.0.2:80, 10.0.0.3:80]
  git:
    protocol: tcp
    listener: web
    servers: [10.0.0.4]
"""
EDITS = {
    "a server": ("10.0.0.1:80", "10.0.0.1:81"),
    "lines above": ("services:", "# one\n# two\nservices:"),
    "a line inside": ("    host: wiki", "    retries: 2\n    host: wiki"),
    "a remark inside": ("    host: wiki", "    # the wiki\n    host: wiki"),
    "a service between": ("  wiki:", "  new: {host: new.example.test, servers: [10.0.0.9:80]}\n  wiki:"),
    "a service less": ("  wiki:\n    host: wiki.example.test\n    path: [/a, /b]\n    servers: [10.0.0.2:80, 10.0.0.3:80]\n", ""),
    "a host": ("host: shop.example.test", "host: [shop.example.test, store.example.test]"),
    "the same host": ("host: wiki.example.test", "host: shop.example.test"),
    "a port of a listener": (":8080", ":8081"),
    "a listener that redirects": ('web: {bind: ":8080"}', 'web: {bind: ":8080"}, http: {bind: ":80", redirect: https}'),
    "a default service": ('{bind: ":443"}', '{bind: ":443", default: wiki}'),
    "servers of a default service": (
        'web: {bind: ":8080"}',
        'web: {bind: ":8080"}, http: {bind: ":80", redirect: https, default: page}',
        "services:",
        "services:\n  page: {maintenance: {}}",
        "{maintenance: {}}",
        "{maintenance: {}, servers: [10.0.0.8:80]}",
    ),
    "a default of services": ("services:", "defaults: {retries: 5, timeouts: {server: 9s}}\nservices:"),
    "a canary": ("    path: [/a, /b]", "    path: [/a, /b]\n    canary: {service: shop, percent: 10}"),
    "lines of one's own": ("services:", "raw: {service: {shop: ['option abortonclose', 'option forwardfor']}}\nservices:"),
    "a remark above lines of one's own": (
        "    servers: [10.0.0.4]",
        "    servers: [10.0.0.4]\nraw: {service: {shop: ['option abortonclose']}}",
        "raw:",
        "# a remark\nraw:",
    ),
    "a log": ("services:", "log: {format: json, to: 'syslog:/dev/log'}\nservices:"),
    "resolvers": ("10.0.0.1:80", "shop.example.test:80"),
    "true for 1": ("    path: [/a, /b]", "    retries: 1\n    path: [/a, /b]", "retries: 1", "retries: true"),
    "a variable": ("10.0.0.1:80", "'10.0.0.1:${X}'"),
    "an anchor": (
        "    path: [/a, /b]\n    servers: [10",
        "    path: [/a, /b]\n    servers: &two [10",
        "servers: [10.0.0.4]",
        "servers: *two",
    ),
    "an anchor before": (
        "    servers: [10.0.0.1:80]",
        "    servers: &one [10.0.0.1:80]\n  more:\n    host: more.example.test\n    servers: *one",
    ),
    "an unknown listener": ("listener: web", "listener: ssh"),
    "a name twice": ("  git:", "  wiki:"),
    "a section twice": ("services:", "services: {}\nservices:"),
    "an open quote": ("    host: wiki", '    host: "wiki'),
    "a quote over two services": ("    host: shop.example.test", '    host: "shop.example.test', "    host: wiki", '    host: wiki"'),
    "an open bracket": ("servers: [10.0.0.1:80]", "servers: [10.0.0.1:80"),
    "less indentation": ("  wiki:", " wiki:"),
    "a list where services are": ("  shop:", "  - shop:"),
    "another document": ("  wiki:", "---\nservices:\n  wiki:"),
    "a section in between": ("  wiki:", "defaults:\n  wiki:"),
    "a text of several lines": ("    path: [/a", "    maintenance: {status: 503, body: 'one\n\n      two'}\n    path: [/a"),
    "a block of text": ("    path: [/a", "    maintenance:\n      body: |+\n        one\n\n\n    path: [/a"),
    "a page without its guard": (
        "    path: [/a",
        "    errors: {403: page.html}\n    path: [/a",
        "services:",
        "raw: {service: {wiki: ['option abortonclose']}}\nservices:",
    ),
    "a password": ("    path: [/a", "    basic_auth: {users: {eve: {password: one}}}\n    path: [/a", "password: one", "password: two"),
}
"""Texts to be replaced by others, one after the other."""

LINES = [
    "# a remark",
    "  # a remark between services",
    "",
    "  extra: {host: extra.example.test, servers: [10.9.9.9:90], tls: none}",
    "  other:\n    host: other.example.test\n    servers:\n    - 10.9.9.9:90\n    - ${X}:90",
    "  quoted: {host: 'a\n  b: c'}",
    "  anchored: &a {host: anchored.example.test, servers: [10.9.9.9:91]}",
    "  <<: {merged: {host: merged.example.test, servers: [10.9.9.9:92]}}",
    "  alias: *a",
    "    retries: 1",
    "    retries: true",
    "    path: [/a, /a/b]",
    "    maintenance: {body: |\n      down\n\n      for a while\n      }",
    "    canary: {service: extra, percent: 10}",
    "    listener: nowhere",
    "    timeouts: {client: 7s, server: 9s}",
    "defaults: {retries: 2, timeouts: {server: 8s}}",
    "raw: {service: {extra: ['option abortonclose']}}",
    "log: {format: json}",
    "services:",
    "---",
    "...",
    "%YAML 1.2",
    "\t",
    "expect: [{url: 'https://extra.example.test/', service: extra}]",
]


class _Folder:
    """The files of a case, and random changes to them. Each write has a time stamp of its own, long past."""

    def __init__(self, case: loadcase.Case, seed: str) -> None:
        self._random = random.Random(seed)
        self._stamp = 10**18
        self._texts: dict[str, str] = {}
        self.environment: dict[str, str] = {}
        self.site = ""
        for kind, name, body in case.sections:
            if kind in ("file", "pem", "bytes"):
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                self.site = self.site or name
            if kind == "file":
                self._texts[name] = body
                self._write(name, body.encode())
            elif kind == "bytes":
                self._write(name, body.rstrip("\n").encode("latin-1").decode("unicode_escape").encode("latin-1"))
            elif kind == "pem":
                loadcase.write_pem(Path(name), body)
            elif kind == "env":
                self.environment.update({name: value for name, _, value in (line.partition("=") for line in body.splitlines() if line)})
            elif kind == "site":
                self.site = name
        self._first = dict(self._texts)

    def edit(self) -> None:
        """One change; now and then everything is as it was at first."""
        chance = self._random.random()
        if chance < 0.25 or not self._texts:
            for name, body in self._first.items():
                self.put(name, body)
        elif chance < 0.35:
            self.environment["X"] = self._random.choice(["1", "true", "10.0.0.1", ""])
        else:
            name = self._random.choice(sorted(self._texts))
            self.put(name, self._edited(self._texts[name]))

    def _edited(self, text: str) -> str:
        lines = text.split("\n")
        place = self._random.randrange(len(lines))
        match self._random.randrange(7):
            case 0:
                del lines[place]
            case 1:
                lines[place : place + self._random.randrange(4)] = []
            case 2:
                lines.insert(place, self._random.choice(LINES))
            case 3:
                lines.insert(self._random.randrange(len(lines)), lines[place])
            case 4:
                digits = [index for index, one in enumerate(text) if one.isdigit()]
                index = self._random.choice(digits) if digits else len(text)
                return text[:index] + self._random.choice("0123456789") + text[index + 1 :]
            case 5:
                piece = self._random.choice(mutate.PIECES).decode("utf-8", "surrogateescape")
                at = self._random.randrange(len(text) + 1)
                return text[:at] + piece + text[at:]
            case _:
                lines[place] = self._random.choice(["", " ", "  "]) + lines[place].lstrip()
        return "\n".join(lines)

    def put(self, name: str, text: str) -> None:
        """Writes the file, where it is not that already."""
        if self._texts[name] != text:
            self._texts[name] = text
            self._write(name, text.encode("utf-8", "surrogateescape"))

    def _write(self, name: str, data: bytes) -> None:
        Path(name).write_bytes(data)
        Path(name).chmod(0o644)
        self._stamp += 1
        os.utime(name, ns=(self._stamp, self._stamp))


@pytest.fixture(autouse=True)
def _all_files_are_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that time stamps are relied on."""
    now = time.time_ns() + 10**12
    monkeypatch.setattr(reading.time, "time_ns", lambda: now)


def _all_of_it(folder: _Folder, authority: self_signed.LocalAuthority, before: memory.Memory | None) -> Iterator[tuple[str, object]]:
    """What comes of the site, by what it is."""
    loaded = load.load_site(Path(folder.site), environment=folder.environment, now=pems.NOW, authority=authority, before=before)
    yield "found", [(one, one.about) for one in loaded.diagnostics]
    yield "files", (loaded.watched, loaded.documents)
    made = loaded.site
    if made is None or loaded.said is None:
        return
    yield "said", (loaded.said.spec, loaded.said.spec.model_fields_set, loaded.said.dropped)
    yield "canonical", (expand.dump(made.spec), made.spec, made.materials)
    yield "explicit", {name: one.model_fields_set for name, one in made.spec.services.items()}
    yield "places", (dict(made.origins.of_values), dict(made.origins.of_keys))
    compiled = compile.compile_site(made, target.Target(), before)
    for field in dataclasses.fields(build.Build):
        if field.name != "site":
            yield field.name, getattr(compiled, field.name)
    yield "rendered", [(file.path, file.content, file.mode) for file in render.render_build(compiled, before).files]


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_after_an_edit_and_back_comes_the_same(edit: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site as it is, each edit, all of them below two more lines, and back."""
    monkeypatch.chdir(tmp_path)
    Path("page.html").write_text("<p>no")
    Path("page.html").chmod(0o600)
    texts = [SITE]
    for old, new in zip(edit[::2], edit[1::2], strict=True):
        assert texts[-1].count(old) == 1, old
        texts.append(texts[-1].replace(old, new))
    folder = _Folder(loadcase.parse(f"--- file: site.yaml\n{SITE}"), "")
    authority, before = self_signed.LocalAuthority(None), memory.Memory()
    for text in (*texts, f"# one\n# two\n{texts[-1]}", texts[-1], SITE):
        for value in ("81", "true") if "${" in text else ("81",):
            folder.put("site.yaml", text)
            folder.environment["X"] = value
            _compare(folder, authority, before, text)


class _Counting(memory.Memory):
    """Counts what had to be made."""

    __slots__ = ("made",)

    def __init__(self) -> None:
        super().__init__()
        self.made = 0

    def rows(
        self, what: Hashable, columns: tuple[Iterable[object], ...], make: Callable[..., object], *common: object
    ) -> tuple[object, ...]:
        def counted(*items: object) -> object:
            self.made += 1
            return make(*items)

        return super().rows(what, columns, counted, *common)


def _made_for(services: int, new: str, *, above: str = "") -> int:
    """How much is made anew when the second of so many services has changed."""
    lines = [f"  s{number}: {{host: s{number}.example.test, servers: ['10.0.0.1:{8000 + number}']}}\n" for number in range(services)]
    folder = _Folder(
        loadcase.parse(f"--- file: site.yaml\ncertificates: [{{self_signed: ['*.example.test']}}]\nservices:\n{''.join(lines)}"), ""
    )
    authority, before = self_signed.LocalAuthority(None), _Counting()
    for text in (None, None, new):
        if text is not None:
            lines[1] = text
            folder.put("site.yaml", f"{above}certificates: [{{self_signed: ['*.example.test']}}]\nservices:\n{''.join(lines)}")
        before.made = 0
        assert "rendered" in dict(_all_of_it(folder, authority, before))
    return before.made


@pytest.mark.parametrize(
    "new",
    [
        "  s1: {host: s1.example.test, servers: ['10.0.0.2:80']}\n",
        "  s1: {host: [s1.example.test, more.example.test], servers: ['10.0.0.1:8001']}\n",
        "  s1: {host: s1.example.test, servers: ['10.0.0.1:8001']}\n  new: {host: new.example.test, servers: ['10.0.0.9:80']}\n",
    ],
    ids=["server", "host", "service"],
)
def test_as_much_is_made_for_a_change_however_many_services_there_are(new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    added = new.count("\n") - 1
    few, many = _made_for(10, new), _made_for(60, new)
    # Below a new line the places of all others are new, and with them what tells them.
    assert many - few <= added * 50 * 20
    assert few < 90 + added * 10 * 20


@pytest.mark.system
@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_with_a_memory_of_what_was_before_comes_the_same(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = _Folder(loadcase.parse(path.read_text()), path.stem)
    authority, before = self_signed.LocalAuthority(None), memory.Memory()
    for step in range(STEPS):
        _compare(folder, authority, before, f"step {step}:\n{Path(folder.site)}")
        folder.edit()


def _compare(folder: _Folder, authority: self_signed.LocalAuthority, before: memory.Memory, where: str) -> None:
    again = dict(_all_of_it(folder, authority, before))
    anew = dict(_all_of_it(folder, authority, None))
    for what in anew:
        assert again.get(what) == anew[what], f"{what}, {where}"
    assert again.keys() == anew.keys()
