"""Pass: what is kept as it was written in a haproxy.cfg: whole sections, and listeners and services to which hapilot adds nothing.

A draft whose globals are made goes in; the sections, and what they mean in our words, come out. They stand in front of hapilot's own
``defaults``, which so begins anew for everything behind it, also for what other files say. What hangs together in them HAProxy checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from hapilot.base import diagnostics, names
from hapilot.base.diagnostics import Diagnostic
from hapilot.base.origin import Origin
from hapilot.compile import build
from hapilot.compile.draft import Draft
from hapilot.compile.passes import globals_section
from hapilot.compile.rules import servers
from hapilot.languages.haproxy import document, parser, quoting, tree
from hapilot.model import listener, service, site, values

WHY = "as it was written"


def make_written(draft: Draft) -> Draft:
    """Add the sections.

    >>> _condition(listener.WrittenRoute(service="shop", host=["a.test", "b.test"], path=["/x"]))
    '{ req.hdr(host) -i a.test b.test } { path_beg /x }'
    """
    said = draft.site.spec
    listeners = {name: one for name, one in (said.listeners or {}).items() if one.from_ is not None}
    services = {name: one for name, one in said.services.items() if one.from_ is not None}
    if not (listeners or services or said.raw.sections or said.raw.folder):
        return draft
    sections = list(_verbatim(draft))
    draft = draft.noting(_unknown(draft, sections))
    sections += [_frontend(draft, name, one) for name, one in listeners.items()]
    sections += [_backend(draft, name, one) for name, one in services.items()]
    before, after = draft.sections[:1], draft.sections[1:]
    return replace(
        draft,
        sections=(*before, *_in_folder(draft, sections), *after),
        layers=(*draft.layers, *(build.Layer(name, name, _kind(sections, name), WHY) for name in listeners)),
        backends=(*draft.backends, *(_use(draft, name, one) for name, one in services.items())),
    )


def _unknown(draft: Draft, sections: Iterable[tree.Section]) -> Iterator[Diagnostic]:
    """Names behind ``from`` that no section has."""
    known = [section.name for section in sections if section.kind == "defaults"]
    said = draft.site.spec
    for kind, things in (("listeners", said.listeners or {}), ("services", said.services)):
        for name, one in things.items():
            if one.from_ is not None and one.from_ not in known:
                message = f"{kind[:-1]} {name}: there is no section defaults {one.from_}"
                near = names.did_you_mean(one.from_, known)
                hint = near or f"write it under raw.sections, if need be without lines: defaults {one.from_}"
                yield diagnostics.error("unknown-defaults", message, draft.site.origins.at(kind, name, "from"), hint)


def _kind(sections: Iterable[tree.Section], name: str) -> Literal["http", "tcp"]:
    """What a frontend speaks: what its own lines say of the mode, else those of the defaults that it starts from."""
    by_title = {(section.kind, section.name): section for section in sections}
    here = by_title["frontend", name]
    for section in (here, by_title.get(("defaults", here.inherits))):
        modes = [str(line.words[0]).split() for line in section.lines if line.opaque] if section else []
        for words in reversed(modes):
            if words[:1] == ["mode"] and words[1:]:
                return "http" if words[1] == "http" else "tcp"
    return "tcp"


def _verbatim(draft: Draft) -> Iterator[tree.Section]:
    """The user's sections, one for each head in ``raw.sections``."""
    for index, one in enumerate(draft.site.spec.raw.sections):
        path = ("raw", "sections", index)
        text = draft.site.materials.sections.get((*path, "file"), "") if one.text is None else one.text
        parsed = parser.parse(text, one.file or "")
        for section in parsed.sections:
            above = "\n".join(line.text.strip().lstrip("#") for line in section.above)
            lines = tuple(
                tree.opaque(_bare(line.text), origin=_place(draft, path, line))
                for line in section.lines
                if line.kind is not document.Kind.BLANK
            )
            head = section.head.text.strip()
            place = _place(draft, path, section.head)
            yield tree.Section(section.kind, section.name, lines, above, place, section.inherits, head=head)


def _bare(text: str) -> str:
    """A line without blanks around it, but with one that is escaped."""
    bare = text.strip(document.BLANKS)
    return f"{bare} " if bare.endswith("\\") and len(bare) < len(text.rstrip("\n")) else bare


def _place(draft: Draft, path: site.Path, line: document.Line) -> Origin:
    """Where a line of ``raw.sections`` was said: where the site says, else in its file, or below the key, as in a block of YAML."""
    origins = draft.site.origins
    if origins.has(*path, line.number):
        return origins.at(*path, line.number)
    if line.file:
        return line.origin
    around = origins.at(*path)
    return replace(around, line=around.line + line.number, column=1) if around.line else around


def _in_folder(draft: Draft, sections: list[tree.Section]) -> list[tree.Section]:
    """With the user's own global lines, all read as if HAProxy had been started in their folder."""
    folder = draft.site.spec.raw.folder
    if folder is None:
        return sections
    there = [tree.line("default-path", "origin", folder, origin=draft.site.origins.said("raw", "folder")), *globals_section.own(draft)]
    back = [tree.line("default-path", "config")]
    return [tree.Section("global", "", tuple(there)), *sections, tree.Section("global", "", tuple(back))]


def _frontend(draft: Draft, name: str, one: listener.Listener) -> tree.Section:
    origins, here = draft.site.origins, ("listeners", name)
    raw = draft.site.spec.raw.listener.get(name, [])
    lines = [tree.line("bind", _address(bind), origin=origins.at(*here, "bind", index)) for index, bind in enumerate(one.bind)]
    lines += [tree.opaque(text, origin=origins.at("raw", "listener", name, index)) for index, text in enumerate(raw)]
    for index, route in enumerate(one.routes):
        lines.append(tree.opaque(f"use_backend {route.service} if {_condition(route)}", origin=origins.at(*here, "routes", index)))
    if one.default is not None:
        lines.append(tree.line("default_backend", one.default, origin=origins.at(*here, "default")))
    comment, origin = f"listener {name}", origins.key(*here)
    return tree.Section("frontend", name, tuple(lines), comment, origin, one.from_ or "")


def _address(bind: values.BindAddress) -> str:
    if bind.kind == "tcp":
        return str(bind)
    return f"unix@{bind.path}" if bind.kind == "unix" else f"fd@{bind.fd}"


def _condition(route: listener.WrittenRoute) -> str:
    if route.if_ is not None:
        return route.if_
    tests = {"req.hdr(host) -i": route.host, "path_beg": route.path}
    return " ".join(f"{{ {test} {' '.join(map(quoting.word, said))} }}" for test, said in tests.items() if said)


def _backend(draft: Draft, name: str, one: service.Service) -> tree.Section:
    origins, here = draft.site.origins, ("services", name)
    raw = draft.site.spec.raw.service.get(name, [])
    lines = [tree.line("mode", "http" if one.protocol == "http" else "tcp", origin=origins.at(*here, "protocol"))]
    if one.balance is not None:
        lines.append(tree.line("balance", str(one.balance), origin=origins.at(*here, "balance")))
    if one.retries is not None:
        lines.append(tree.line("retries", str(one.retries), origin=origins.at(*here, "retries")))
    for kind in ("connect", "server", "queue", "tunnel"):
        duration = getattr(one.timeouts, kind) if one.timeouts else None
        if duration is not None:
            lines.append(tree.line("timeout", kind, values.print_duration(duration), origin=origins.at(*here, "timeouts", kind)))
    lines += [tree.opaque(text, origin=origins.at("raw", "service", name, index)) for index, text in enumerate(raw)]
    lines += [_server(server, origins.at(*here, "servers", index)) for index, server in enumerate(one.servers)]
    return tree.Section("backend", name, tuple(lines), f"service {name}", origins.key(*here), one.from_ or "")


def _server(server: service.Server, origin: Origin) -> tree.Line:
    said = ["server", servers.name(server, None), servers.address(server, None)]
    if server.weight is not None:
        said += ["weight", str(server.weight)]
    if server.max_connections is not None:
        said += ["maxconn", str(server.max_connections)]
    if server.backup:
        said.append("backup")
    if server.raw is None:
        return tree.line(*said, origin=origin)
    return tree.opaque(" ".join([*map(quoting.word, said), server.raw]), origin=origin)


def _use(draft: Draft, name: str, one: service.Service) -> build.BackendUse:
    origins = draft.site.origins
    uses = [
        build.ServerUse(servers.name(server, None), servers.address(server, None), origins.at("services", name, "servers", index))
        for index, server in enumerate(one.servers)
    ]
    return build.BackendUse(name, name, "none", tuple(uses), origins.key("services", name))
