"""The keyword table, compared with the keywords that real HAProxies list (``-dKall``) and with what they say of old ones."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from hapilot.languages.haproxy import parser
from hapilot.languages.haproxy.keywords import table
from hapilot.languages.haproxy.keywords.table import Scope
from roundtrip import corpus, oracle
from support import haproxy

BINARIES = pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
BACKPORTED = frozenset(
    {
        "harden.reject-privileged-ports.quic",
        "harden.reject-privileged-ports.tcp",
        "httpclient.retries",
        "httpclient.timeout.connect",
        "setcap",
        "tune.h2.be.glitches-threshold",
        "tune.h2.fe.glitches-threshold",
        "tune.h2.fe.max-total-streams",
        "tune.lua.log.loggers",
        "tune.lua.log.stderr",
        "tune.peers.max-updates-at-once",
        "tune.ssl.certificate-compression",
    }
)
"""What maintenance releases of 2.6 and 2.8 have, though their first release had not."""


def registered(binary: haproxy.Binary) -> Iterator[tuple[Scope, str, str]]:
    """Scope, name and what stands behind it, of all keywords that the program lists."""
    listed = subprocess.run([binary.path, "-dKcfg", "-q", "-c", "-f", "/dev/null"], capture_output=True, text=True, timeout=20, check=False)
    section = ""
    for line in listed.stdout.splitlines():
        if not line.startswith("\t"):
            section = line
            continue
        words = line.split()
        if section == "global":
            yield Scope.GLOBAL, words[0], ""
        elif line.startswith("\tbind <addr> ssl ") and len(words) > 3:
            yield Scope.BINDS, words[3], words[-1]
        elif line.startswith("\tbind <addr> ") and len(words) > 2:
            yield Scope.BINDS, words[2], words[-1]
        elif line.startswith("\tserver <name> <addr> ") and len(words) > 3:
            yield Scope.SERVERS, words[3], words[-1]
        elif words[0] == "option":
            yield Scope.PROXIES, f"option {words[1]}", line.partition("[")[2].partition("]")[0]


def version(binary: haproxy.Binary) -> table.Version:
    return table.parse_version(binary.id.rpartition("-")[2])


def known(scope: Scope, name: str) -> table.Keyword | None:
    return table.option(scope, name)


@pytest.mark.haproxy
@BINARIES
def test_what_a_haproxy_lists_is_in_the_table(binary: haproxy.Binary) -> None:
    listed = list(registered(binary))
    assert len(listed) > 250
    missing = [f"{scope} {name}" for scope, name, _ in listed if known(scope, name) is None]
    assert missing == []
    late = {name for scope, name, _ in listed if (found := known(scope, name)) and found.since and found.since > version(binary)}
    assert late <= BACKPORTED, "the table dates these later than they came"


@pytest.mark.haproxy
@BINARIES
def test_options_take_as_many_words_as_the_table_says(binary: haproxy.Binary) -> None:
    """HAProxy lists ``+n`` for an option with n arguments."""
    wrong: list[tuple[object, ...]] = []
    for scope, name, behind in registered(binary):
        found = known(scope, name)
        if scope not in (Scope.BINDS, Scope.SERVERS) or found is None or found.least is None:
            continue
        takes = int(behind[1:]) if re.fullmatch(r"\+\d+", behind) else 0 if behind == name else None
        if takes is not None and not found.least <= takes <= (found.most if found.most is not None else takes):
            wrong.append((scope, name, takes, found.least, found.most))
    assert wrong == []


@pytest.mark.haproxy
@BINARIES
def test_options_stand_in_the_sections_that_the_table_says(binary: haproxy.Binary) -> None:
    wrong: list[tuple[object, ...]] = []
    for scope, name, behind in registered(binary):
        found = known(scope, name)
        if scope is not Scope.PROXIES or found is None:
            continue
        expected = {side for side, letters in (("frontend", "FE"), ("backend", "BE")) if letters in behind.split()}
        # The table has the sections of the newest version, which may be more.
        if not expected <= found.sections:
            wrong.append((name, behind, sorted(found.sections)))
    assert wrong == []


OLD = [
    ("backend", "reqidel x"),
    ("backend", "rspadd x"),
    ("frontend", "reqrep a b"),
    ("frontend", "block if TRUE"),
    ("frontend", "monitor-net 10.0.0.0/8"),
    ("frontend", "mode health"),
    ("backend", "option forceclose"),
    ("backend", "option http_proxy"),
    ("backend", "option http-tunnel"),
    ("backend", "redispatch"),
    ("frontend", "clitimeout 5s"),
    ("backend", "srvtimeout 5s"),
    ("backend", "timeout contimeout 5s"),
    ("backend", "appsession x len 5 timeout 1h"),
    ("global", "nbproc 2"),
    ("global", "tune.chksize 5000"),
    ("frontend", "bind-process 1"),
    ("global", "stats bind-process 1"),
]


@pytest.mark.haproxy
@BINARIES
@pytest.mark.parametrize(("section", "line"), OLD, ids=lambda part: part.split()[0])
def test_what_is_removed_is_refused(binary: haproxy.Binary, section: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "x.cfg").write_text(f"{section}{'' if section == 'global' else ' x'}\n    {line}\n")
    found = table.find(section, line.split())
    assert found is not None
    alerts = [each for each in oracle.read(binary.path, [tmp_path / "x.cfg"]) if each.level == "ALERT" and each.line == 2]
    assert bool(alerts) is not found.is_in(version(binary))
    if alerts and found.replacement:
        # What HAProxy advises, it names; some of its messages give no advice.
        assert found.replacement.split()[-1] in alerts[0].text or "se '" not in alerts[0].text


def test_find_takes_the_longest_name() -> None:
    names = [
        ("frontend", "capture request header Host len 5", "capture request header"),
        ("defaults", "no option httplog", "option httplog"),
        ("backend", "option httpchk GET /", "option httpchk"),
        ("backend", "http-check send-state", "http-check send-state"),
        ("listen", "tcp-request connection reject", "tcp-request connection"),
        ("global", "tune.bufsize 1", "tune.bufsize"),
        ("ring", "maxlen 5", "ring maxlen"),
        ("resolvers", "nameserver a 1.2.3.4:53", "resolvers nameserver"),
    ]
    assert [(found := table.find(section, line.split())) and found.name for section, line, _ in names] == [name for _, _, name in names]
    assert table.find("frontend", ["no"]) is None
    assert table.find("frontend", []) is None
    assert table.find("ring", ["bind", ":80"]) is None


def test_what_a_keyword_says_of_versions() -> None:
    program, store = table.section("program"), table.section("crt-store")
    assert program is not None
    assert store is not None
    assert [program.is_in(each) for each in ((2, 6), (3, 2), (3, 3))] == [True, True, False]
    assert program.is_deprecated_in((3, 2))
    assert not program.is_deprecated_in((3, 3)), "it is gone"
    assert [store.is_in(each) for each in ((2, 9), (3, 0))] == [False, True]
    forwarded = table.find("frontend", ["option", "forwarded"])
    assert forwarded is None or forwarded.since == (2, 8)
    tlv = table.option(Scope.SERVERS, "set-proxy-v2-tlv-fmt(0x20)")
    assert tlv is not None
    assert tlv.since == (2, 9)


def test_the_table_is_sound() -> None:
    for scope in Scope:
        found = table.every(scope)
        assert found
        for each in found:
            assert each.removed is None or each.since is None or each.since < each.removed
            assert each.deprecated is None or each.removed is None or each.deprecated < each.removed
            assert each.least is None or each.most is None or each.least <= each.most
            assert each.replacement == "" or each.deprecated or each.removed


def test_replacements_exist() -> None:
    scopes = {Scope.PROXIES: "listen", Scope.GLOBAL: "global"}
    for scope, section in scopes.items():
        for each in table.every(scope):
            if each.replacement and each.replacement != "traces":
                assert table.find(section, each.replacement.split()) is not None, each.name
    assert table.option(Scope.BINDS, "thread") is not None


def test_the_corpus_is_known() -> None:
    """Nearly every directive that people write is in the table, and with as many words as it says."""
    total = unknown = 0
    wrong: list[str] = []
    for path in corpus.require():
        for section in parser.parse_bytes(path.read_bytes(), path.name).sections:
            for line in section.lines:
                if not line.keyword or line.keyword.startswith("."):
                    continue
                total += 1
                found = table.find(section.kind, line.words)
                unknown += found is None
                if found is not None and found.least is not None and not fits(found, section.kind, line.words):
                    wrong.append(f"{path.name}:{line.number}: {line.text}")
    assert total > 3000
    assert unknown / total < 0.02
    assert wrong == []


def fits(found: table.Keyword, kind: str, words: Sequence[str]) -> bool:
    """Whether a line has as many words behind its keyword as the table says."""
    behind = len(words) - (words[0] in ("no", "default")) - len(found.name.removeprefix(f"{kind} ").split())
    return found.least is not None and found.least <= behind <= (behind if found.most is None else found.most)
