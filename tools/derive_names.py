"""Derives the facts in ``hapilot.languages.haproxy.keywords.facts.names`` from HAProxy's source of 2.6 to 3.4: sample fetches,
converters, and the actions of rules, each with the versions that have it.

Comes in: a clone of HAProxy's repository. Goes out: one module of facts: names and versions. Run by hand when a HAProxy is released:
``python tools/derive_names.py CLONE``. The tables of names in the source are read rather than the manual, which lists none of its aliases.
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

RELEASES = ("2.6", "2.7", "2.8", "2.9", "3.0", "3.1", "3.2", "3.3", "3.4")
FACTS = Path(__file__).resolve().parents[1] / "src" / "hapilot" / "languages" / "haproxy" / "keywords" / "facts"
SOURCES = ("src", "addons")

_TABLE = re.compile(r"static struct (?P<type>sample_fetch_kw_list|acl_kw_list|sample_conv_kw_list|action_kw_list)\s+(?P<name>\w+)\s*=")
_ENTRY = re.compile(r'\{\s*"(?P<name>[^"]+)"\s*,(?P<rest>[^}]*)\}')
_REGISTERS = re.compile(r"(?P<kind>\w+)_keywords_register\s*,?\s*\(?\s*&(?P<name>\w+)")
_KINDS = {"sample_fetch_kw_list": "fetch", "acl_kw_list": "fetch", "sample_conv_kw_list": "converter"}
ACTIONS = {
    "http_req": "http-request",
    "http_res": "http-response",
    "http_after_res": "http-after-response",
    "tcp_req_conn": "tcp-request connection",
    "tcp_req_sess": "tcp-request session",
    "tcp_req_cont": "tcp-request content",
    "tcp_res_cont": "tcp-response content",
}
"""Who registers a table of actions, to the rules that take them."""
BUILT_IN: dict[str, tuple[str, ...]] = {
    "fetch": ("acl",),
    "tcp-request connection": ("accept", "reject", "capture", "track-sc*", "expect-proxy", "expect-netscaler-cip"),
    "tcp-request session": ("accept", "reject", "capture", "track-sc*"),
    "tcp-request content": ("accept", "reject", "capture", "track-sc*"),
    "tcp-response content": ("accept", "reject", "close"),
    "http-request": ("track-sc*",),
}
"""What a parser takes before it looks into a table (tcp_rules.c)."""
for _rules in ("http-request", "http-response", "http-after-response", "tcp-request content", "tcp-response content"):
    BUILT_IN[_rules] = (*BUILT_IN.get(_rules, ()), "ot-group")
BUILT_IN["quic-initial"] = ("accept", "dgram-drop", "reject", "send-retry")
_SINCE = {"fetch acl": "2.9"} | {f"quic-initial {name}": "3.1" for name in BUILT_IN["quic-initial"]}
BACKPORTED = {
    "converter host_only": "",
    "converter port_only": "",
    "converter table_expire": "",
    "converter table_idle": "",
    "fetch bc_glitches": "2.8",
    "fetch fc_glitches": "2.8",
}
"""What maintenance releases of older branches got as well, seen in ``haproxy -dKall`` of 2.6.12 and 2.8.25."""


def names(text: str) -> Iterator[tuple[str, str]]:
    """Kind and name of everything that a source file registers. A ``*`` at the end of a name stands for anything."""
    owners = {found["name"]: found["kind"] for found in _REGISTERS.finditer(text)}
    for table in _TABLE.finditer(text):
        body = text[table.end() : text.find("};", table.end())]
        kind = _KINDS.get(table["type"]) or ACTIONS.get(owners.get(table["name"], ""), "")
        for entry in _ENTRY.finditer(body):
            is_prefix = "KWF_MATCH_PREFIX" in entry["rest"] or re.search(r",\s*1\s*$", entry["rest"].strip().rstrip(",")) is not None
            if kind:
                yield kind, entry["name"] + ("*" if is_prefix and kind not in _KINDS.values() else "")


def release_names(clone: str, release: str) -> set[tuple[str, str]]:
    """All names of a release."""
    pattern = "sample_fetch_kw_list|acl_kw_list|sample_conv_kw_list|action_kw_list"
    listed = git(clone, "grep", "-lE", pattern, f"v{release}.0", "--", *SOURCES).split()
    found = {pair for path in listed for pair in names(git(clone, "show", path))}
    for kind, built_in in BUILT_IN.items():
        found |= {(kind, name) for name in built_in if RELEASES.index(_SINCE.get(f"{kind} {name}", "2.6")) <= RELEASES.index(release)}
    return found


def rows(known: dict[str, set[tuple[str, str]]]) -> list[str]:
    """``kind|since|removed|names``, without a since for what the oldest release has; several rows where the names need them."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    every = {pair for pairs in known.values() for pair in pairs}
    for kind, name in sorted(every):
        releases = [release for release in RELEASES if (kind, name) in known[release]]
        since = BACKPORTED.get(f"{kind} {name}", "" if releases[0] == RELEASES[0] else releases[0])
        after = [*RELEASES[RELEASES.index(releases[-1]) + 1 :], ""][0]
        grouped.setdefault((kind, since, after), []).append(name)
    return [
        "|".join((*key, line)) for key, names in grouped.items() for line in textwrap.wrap(" ".join(names), 110, break_on_hyphens=False)
    ]


def git(clone: str, *arguments: str) -> str:
    """What git says."""
    done = subprocess.run(["git", "-C", clone, *arguments], capture_output=True, check=True)  # noqa: S607 - found on the PATH
    return done.stdout.decode("utf-8", "replace")


def main(clone: str) -> None:
    """Write the module."""
    made = rows({release: release_names(clone, release) for release in RELEASES})
    made_by = "Made by ``tools/derive_names.py``; each line is ``kind|since|removed|names``."
    head = f'"""Sample fetches, converters and the actions of rules.\n\n{made_by}\n"""'
    body = "".join(f"{row}\n" for row in made)
    (FACTS / "names.py").write_text(f'{head}\n\nROWS = """\\\n{body}"""\n', encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
