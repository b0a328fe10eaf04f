"""The format of tests/golden/cases/compile/*.case: a site, what it compiles to, and where connections go.

# remarks, up to the first section
--- file: NAME, --- pem: NAME, --- env    as in loadcase
--- target              optional: NAME=VALUE for the compile target (drop_to, lua=no, ipv6=no, old_workers=SECONDS)
--- live                optional: the file for changes without a reload is shown too
--- ask                 targets for explain, one a line: TARGET [from=IP] [listener=NAME] [proxy=no] [NAME:VALUE ...]
--- haproxy.cfg         written by --update-golden: all but the sections that are the same for every site
--- live.cfg            where it is asked for: the holder of notes and of each mode the first spare backend
--- PATH                every table of routes, list of networks and listener's own list of certificates; every page, after its content type
--- answers             one line for each question
--- diagnostics
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from golden import loadcase, pems
from hapilot.compile import build, compile, target  # noqa: A004 - the stage's name
from hapilot.compile.passes import spares
from hapilot.explain import explain, probe
from hapilot.languages.haproxy import printer, tree
from hapilot.render import bundle, render
from hapilot.sources.file import load, self_signed

GIVEN = ("file", "bytes", "pem", "env", "site", "target", "live", "ask")


def given(text: str) -> str:
    """The text of a case up to the first section that is expected."""
    cut = len(text)
    for number, part in enumerate(("\n" + text).split("\n--- ")):
        if number and part.partition("\n")[0].partition(":")[0].strip() not in GIVEN:
            cut = min(cut, text.find(f"--- {part.partition(chr(10))[0]}"))
    return text[:cut]


def compile_case(case: loadcase.Case) -> tuple[build.Build, tuple[str, ...]]:
    """The Build of the case's site, and every diagnostic as text."""
    environment: dict[str, str] = {}
    wanted = target.Target()
    for kind, name, body in case.sections:
        if kind in ("file", "pem"):
            Path(name).parent.mkdir(parents=True, exist_ok=True)
        if kind == "file":
            Path(name).write_text(body)
            Path(name).chmod(0o644)  # a golden warning is about it
        elif kind == "pem":
            loadcase.write_pem(Path(name), body)
        elif kind == "env":
            environment.update(_pairs(body))
        elif kind == "target":
            wanted = _target(_pairs(body))
    site = next(name for kind, name, _ in case.sections if kind == "file")
    loaded = load.load_site(Path(site), environment=environment, now=pems.NOW, authority=self_signed.LocalAuthority(None))
    assert loaded.site is not None
    made = compile.compile_site(loaded.site, wanted)
    return made, tuple(str(one) for one in (*loaded.diagnostics, *made.diagnostics))


def run(case: loadcase.Case) -> tuple[str, bundle.Bundle | None]:
    """What is expected of the case, and the files to show to a real HAProxy where there are no errors."""
    made, found = compile_case(case)
    common = ("global", "defaults") if not any(kind == "target" for kind, _, _ in case.sections) else ()
    parts = [("haproxy.cfg", printer.print_config(tree.Config(tuple(one for one in made.config.sections if one.kind not in common))))]
    if any(kind == "live" for kind, _, _ in case.sections):
        shown = [one for one in made.spares if one.name in (spares.HOLDER, spares.name("http", 1), spares.name("tcp", 1))]
        parts.append((bundle.LIVE, "\n".join(printer.print_section(one) for one in shown)))
    for table in made.tables:
        if table.path != spares.NOTES and (table.path.startswith(("maps/", "lists/")) or table.path.endswith(".list")):
            parts.append((table.path, "".join(f"{entry.key} {entry.value}".rstrip() + "\n" for entry in table.entries)))
    parts += [(page.path, f"{page.content_type}\n{page.content.decode()}".rstrip("\n") + "\n") for page in made.pages]
    asked = [line for kind, _, body in case.sections if kind == "ask" for line in body.splitlines() if line]
    refused = any(" error[" in one for one in found)
    if asked and not refused:
        explainer = explain.Explainer(made)
        parts.append(("answers", "".join(f"{line}\n    {_answer(explainer, line)}\n" for line in asked)))
    parts.append(("diagnostics", "".join(f"{one}\n" for one in found)))
    text = "".join(f"--- {name}\n{body}" for name, body in parts)
    return text, None if refused else render.render_build(made)


def _pairs(body: str) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition("=") for line in body.splitlines() if line)}


def _target(said: dict[str, str]) -> target.Target:
    usual = target.Target()
    return dataclasses.replace(
        usual,
        drop_to=said.get("drop_to", ""),
        drop_to_group="nogroup" if said.get("drop_to") else "",
        ipv6=said.get("ipv6") != "no",
        features=usual.features - ({"LUA"} if said.get("lua") == "no" else set[str]()),
        old_workers=float(said.get("old_workers", "0")),
    )


def _answer(explainer: explain.Explainer, line: str) -> str:
    target_text, *words = line.split()
    given = {
        name: value for name, equals, value in (word.partition("=") for word in words) if equals and name in ("from", "listener", "proxy")
    }
    headers = tuple((name, value) for name, _, value in (word.partition(":") for word in words if word.partition("=")[0] not in given))
    asked = probe.parse_target(target_text, source=given.get("from", ""), headers=headers)
    behind = given.get("proxy") != "no"
    said = explainer.explain(dataclasses.replace(asked, listener=given.get("listener", ""), behind_balancer=behind))
    hops = " > ".join(hop.frontend for hop in said.hops)
    where = " ".join(str(one) for one in (said.location or said.status, said.service) if one)
    mode = f" ({said.tls.mode})" if said.tls and said.tls.mode else ""
    told = f", PROXY {said.proxy.source} > {said.proxy.destination} from {said.proxy.peer or 'a socket'}" if said.proxy else ""
    return f"{said.outcome} {where}{mode} via {hops or 'nothing'}: {said.reason}{told}".replace("  ", " ")
