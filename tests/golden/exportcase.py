"""The format of tests/golden/cases/export/*.case: a site, what is around it, and the files that run it in a container.

# remarks, up to the first section
--- file: NAME, --- pem: NAME, --- env    as in loadcase; the first file is the site
--- around              lines: `site PATH`, `folder PATH`, `used PATH`, `variable NAME`, `entry PATH OWNER GROUP MODE` (a folder ends in /)
--- wish                optional lines: NAME=VALUE for the wish (name, image, stop_seconds, rootless=yes, mount=PATH)
--- PATH                every file but the Containerfile, written by --update-golden
--- diagnostics         those of the export, written by --update-golden
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from golden import loadcase, pems
from hapilot.export import container, podman, surroundings
from hapilot.sources.file import load, self_signed

GIVEN = ("file", "pem", "env", "around", "wish")


def given(text: str) -> str:
    """The text of a case up to the first section that is expected."""
    lines = text.splitlines(keepends=True)
    cut = (number for number, line in enumerate(lines) if line.startswith("--- ") and line[4:].partition(":")[0].strip() not in GIVEN)
    return "".join(lines[: next(cut, len(lines))])


def run(case: loadcase.Case) -> str:
    """What is expected of the case."""
    environment: dict[str, str] = {}
    around, wish = _around(""), container.Wish("localhost/hapilot:1.2.3")
    for kind, name, body in case.sections:
        if kind == "file":
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(body)
        elif kind == "pem":
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            loadcase.write_pem(Path(name), body)
        elif kind == "env":
            environment.update({name: value for name, _, value in (line.partition("=") for line in body.splitlines())})
        elif kind == "around":
            around = _around(body)
        elif kind == "wish":
            wish = _wish(body)
    path = next(name for kind, name, _ in case.sections if kind == "file")
    loaded = load.load_site(Path(path), environment=environment, now=pems.NOW, authority=self_signed.LocalAuthority(None))
    assert loaded.site is not None
    exported = podman.export(loaded.site, around, wish, "FROM somewhere\n")
    parts = [(file.path, file.content.decode()) for file in exported.files if file.path != podman.CONTAINERFILE]
    parts.append(("diagnostics", "".join(f"{one}\n" for one in exported.diagnostics)))
    return "".join(f"--- {name}\n{body}" for name, body in parts)


def _around(body: str) -> surroundings.Surroundings:
    said: dict[str, list[list[str]]] = {}
    for words in (line.split() for line in body.splitlines() if line):
        said.setdefault(words[0], []).append(words[1:])
    entries = (
        surroundings.Entry(PurePosixPath(path), int(owner), int(group), int(mode, 8), path.endswith("/"))
        for path, owner, group, mode in said.get("entry", ())
    )
    site = said.get("site", [["/srv/site/site.yaml"]])[0][0]
    folder = said.get("folder", [[str(PurePosixPath(site).parent)]])[0][0]
    used = tuple(PurePosixPath(path) for [path] in said.get("used", ()))
    variables = tuple(name for [name] in said.get("variable", ()))
    return surroundings.Surroundings(PurePosixPath(site), PurePosixPath(folder), used, tuple(entries), variables)


def _wish(body: str) -> container.Wish:
    pairs = [line.split("=", 1) for line in body.splitlines() if line]
    said = dict(pairs)
    return container.Wish(
        image=said.get("image", "localhost/hapilot:1.2.3"),
        name=said.get("name", ""),
        mounts=tuple(PurePosixPath(value) for name, value in pairs if name == "mount"),
        stop_seconds=int(said.get("stop_seconds", "30")),
        rootless=said.get("rootless") == "yes",
    )
