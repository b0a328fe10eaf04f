"""The format of tests/golden/cases/load/*.case: what a folder holds, and what loading the site in it gives.

# remarks, up to the first section
--- file: NAME              one or more; the first is the site unless `--- site` names another; NAME may have folders
--- bytes: NAME             the same with Python escapes (\\x00, \\t)
--- pem: NAME               a generated PEM file; lines `hosts:`, `begin:`, `end:` (days from now), `mode:`, `slot:` (whose key the
                            certificate is for), `key:` (whose key is in the file; `none`, `encrypted`), `certificate: none`
--- env                     NAME=VALUE lines
--- site: NAME
--- expanded                written by --update-golden: the canonical form, if there is a site
--- diagnostics             written by --update-golden
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from golden import pems
from hapilot.model import expand
from hapilot.sources.file import load, self_signed

EXPECTED = ("expanded", "diagnostics")


@dataclass(slots=True)
class Case:
    """One case, parsed. ``given`` is its text up to what is expected."""

    given: str
    sections: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])

    @property
    def expected(self) -> str:
        return "".join(f"--- {kind}\n{body}" for kind, _, body in self.sections if kind in EXPECTED)


def parse(text: str) -> Case:
    """The sections (kind, name, body) of a case."""
    case = Case(text)
    for part in ("\n" + text).split("\n--- ")[1:]:
        header, _, body = part.partition("\n")
        kind, _, name = header.partition(":")
        case.sections.append((kind.strip(), name.strip(), body + "\n" if body and not body.endswith("\n") else body))
    cut = [place for place in (text.find(f"\n--- {kind}") for kind in EXPECTED) if place >= 0]
    case.given = text[: min(cut) + 1] if cut else text
    return case


def run(case: Case) -> str:
    """Builds the folder in the current one, loads the site, and prints what came of it."""
    environment: dict[str, str] = {}
    site = ""
    for kind, name, body in case.sections:
        if kind in ("file", "bytes", "pem"):
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            site = site or name
        if kind == "file":
            Path(name).write_text(body)
        elif kind == "bytes":
            Path(name).write_bytes(body.rstrip("\n").encode("latin-1").decode("unicode_escape").encode("latin-1"))
        elif kind == "pem":
            write_pem(Path(name), body)
        elif kind == "env":
            environment.update({name: value for name, _, value in (line.partition("=") for line in body.splitlines() if line)})
        elif kind == "site":
            site = name
    loaded = load.load_site(Path(site), environment=environment, now=pems.NOW, authority=self_signed.LocalAuthority(None))
    found = "".join(f"{each}\n" for each in loaded.diagnostics)
    expanded = "" if loaded.site is None else f"--- expanded\n{expand.dump(loaded.site.spec)}"
    return f"{expanded}--- diagnostics\n{found}"


def write_pem(path: Path, body: str) -> None:
    said = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in body.splitlines() if line)}
    hosts = [host.strip() for host in said.get("hosts", "").split(",") if host.strip()]
    slot = said.get("slot", "leaf")
    made = pems.certificate(*hosts, begin=int(said.get("begin", "-30")), end=int(said.get("end", "200")), slot=slot)
    data = b"" if said.get("certificate") == "none" else pems.pem(made)
    shown = said.get("key", slot)
    if shown == "encrypted":
        data += pems.key_pem(slot, b"secret")
    elif shown != "none":
        data += pems.key_pem(shown)
    path.write_bytes(data)
    path.chmod(int(said.get("mode", "600"), 8))
