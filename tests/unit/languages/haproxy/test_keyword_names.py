"""The table of fetches, converters and actions agrees with what each HAProxy at hand says that it knows (``haproxy -dKall``)."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hapilot.languages.haproxy.keywords import names, table
from support import haproxy

NOT_LISTED = {"accept", "reject", "capture", "track-sc*", "expect-proxy", "expect-netscaler-cip", "close", "ot-group"}
"""Actions that parsers take before they look into a list, and one of a module that not every build has."""
OF_OTHER_BUILDS = re.compile(r"51d\.|da-csv|wurfl-|base32\+src|url32\+src")
"""Of device detection, and two names that the listing cuts at their plus sign."""


def listed(binary: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """Kind and name of everything that a HAProxy lists."""
    config = folder / "empty.cfg"
    config.write_text("global\n")
    done = subprocess.run([binary, "-dKall", "-c", "-f", config], capture_output=True, text=True, timeout=30, check=False)
    for part in re.split(r"^# List of registered ", done.stdout, flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        if title.startswith("ACL"):
            yield from (("fetch", name) for name in re.findall(r"^([\w.-]+) =", body, re.MULTILINE))
        elif title.startswith("sample fetch"):
            yield from (("fetch", name) for name in re.findall(r"^\[[^\]]*\]\s+([\w.-]+)", body, re.MULTILINE))
        elif title.startswith("sample converter"):
            yield from (("converter", name) for name in re.findall(r"^([\w.-]+)", body, re.MULTILINE))
        elif title.startswith("configuration"):
            rules = "|".join(names.RULES)
            yield from re.findall(rf"^\s+({rules}) (\S+)", body, re.MULTILINE)


@pytest.mark.haproxy
@pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
def test_the_table_is_what_haproxy_lists(binary: haproxy.Binary, tmp_path: Path) -> None:
    version = table.parse_version(binary.id.rpartition("-")[2])
    real = {(kind, name) for kind, name in listed(binary.path, tmp_path) if name not in NOT_LISTED}
    assert len(real) > 700
    looks = {"fetch": names.fetch, "converter": names.converter}
    known = {
        (kind, name)
        for kind in (*looks, *names.RULES)
        for name in names.every(kind)
        if name not in NOT_LISTED and not OF_OTHER_BUILDS.match(name)
        for found in [looks[kind](name) if kind in looks else names.action(kind, name)]
        if found is not None and found.is_in(version)
    }
    assert sorted(real - known) == []
    assert sorted(known - real) == []


def test_names_that_go_on() -> None:
    found = names.action("http-request", "set-var-fmt(txn.x)")
    assert found is not None
    assert found.name == "set-var-fmt*"
    assert names.action("http-request", "set-va") is None
    assert names.action("tcp-request content", "track-sc2") is not None


def test_versions() -> None:
    assert [names.fetch("fc_pp_tlv").is_in(version) for version in ((2, 8), (2, 9), (3, 4))] == [False, True, True]  # pyright: ignore[reportOptionalMemberAccess]
    assert names.fetch("nothing") is None
    assert names.converter("lower") is not None
