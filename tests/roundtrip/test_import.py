"""Import loses nothing: each line of a configuration is in a key of the site or stands there word by word."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hapilot.languages.haproxy import document, parser, words
from hapilot.model import spec
from hapilot.sources.file import tree, yaml
from hapilot.sources.haproxy_cfg import confidential, importing, verbatim, written
from hapilot.sources.haproxy_cfg.imported import Imported
from roundtrip import corpus, test_random
from support import mutate

FOLDER = Path("/etc/haproxy")
TIMES = ("connect", "server", "queue", "tunnel")


def texts(made: Imported) -> Iterator[str]:
    """All lines of the site that are HAProxy's words."""
    raw = made.site["raw"]
    yield from raw["global"]
    for kind in ("listener", "service"):
        for lines in raw.get(kind, {}).values():
            yield from lines
    for one in raw.get("sections", []):
        yield from (made.secrets[one["file"]] if isinstance(one, dict) else one).split("\n")


def seen(text: str) -> tuple[str, ...]:
    """The words of a line, with its variables in one spelling."""
    return tuple("".join(map(told, word.parts)) for word in words.scan(text).words)


def told(part: words.Part) -> str:
    return part if isinstance(part, str) else f"${{{part.name}{part.splits or ''}-{part.default or ''}}}"


def is_in_keys(line: document.Line, made: Imported) -> bool:  # noqa: C901 - one case for each kind of line
    """Whether some key of the site says what the line says."""
    said = line.words
    listeners, services = made.site["listeners"], made.site["services"]
    routes = [route for one in listeners.values() for route in one.get("routes", [])]
    servers = [server for one in services.values() for server in one.get("servers", [])]
    match said[0]:
        case "frontend" | "backend":
            return said[1] in (listeners if said[0] == "frontend" else services)
        case "global" | "default-path" | "daemon" | "master-worker" | "pidfile" | "quiet":
            return True
        case "bind":
            addresses = {bind for one in listeners.values() for bind in one.get("bind", [])}
            return {f"0.0.0.0:{each.rpartition(':')[2]}" if each[0] in "*:" else each for each in said[1].split(",")} <= addresses
        case "default_backend":
            return any(one.get("default") == said[1] for one in listeners.values())
        case "use_backend":
            return any(route["service"] == said[1] for route in routes)
        case "acl":
            told = {value for route in routes for key in ("host", "path") for value in route.get(key, [])}
            return {each for each in said[3:] if each != "-i"} <= told
        case "server":
            return any((server["name"], server["address"]) == said[1:3] and options(server) == Counter(said[3:]) for server in servers)
        case "mode":
            return any(one["protocol"] == said[1] for one in services.values())
        case "balance" | "retries":
            return any(str(one.get(said[0])) == said[1] for one in services.values())
        case "timeout":
            return said[1] in TIMES and any(said[1] in one.get("timeouts", {}) for one in services.values())
        case _:
            return False


def options(server: dict[str, Any]) -> Counter[str]:
    found = Counter(seen(server.get("raw", "")))
    for key, word in (("weight", "weight"), ("max_connections", "maxconn")):
        found.update([word, str(server[key])] if key in server else [])
    found.update(["backup"] if server.get("backup") else [])
    return found


def plain(text: str) -> str:
    """Without what printing may change about a comment: blanks."""
    return " ".join(text.split())


def is_head(line: document.Line) -> bool:
    """Heads of sections may have got a name or a ``from``."""
    return line.keyword in document.PROXIES


def check(data: bytes) -> Imported:
    """Import one file, and look for each of its lines."""
    found = parser.parse_bytes(data, "x.cfg")
    made = importing.take([found], FOLDER)
    text = written.render(made)
    root, complaints = yaml.parse(text.encode(), "site.yaml", {})
    assert root is not None
    assert (tree.plain(root), complaints) == (made.site, [])
    spec.SiteSpec.model_validate(made.site)
    kept = Counter(seen(line.replace(f"({FOLDER}/", "(")) for line in texts(made))
    heads = {line[:2] for line in kept if line and line[0] in document.PROXIES} | {line[:1] for line in kept}
    comments = plain("\n".join([text, *texts(made)]))
    for line in found.all_lines():
        assert not (confidential.holds(line) and line.text.strip() in text), line
        if line.kind is document.Kind.COMMENT:
            assert plain(verbatim.repaired(line.text)) in comments, line
        elif line.words and line.problem is None and "\r" not in line.text:
            if kept[seen(line.text)]:
                kept[seen(line.text)] -= 1
            else:
                assert is_in_keys(line, made) or (is_head(line) and (line.words[:2] in heads or line.words[:1] in heads)), line
            if behind := words.scan(line.text).comment:
                assert plain(verbatim.repaired(line.text[behind - 1 :])) in comments, line
    assert made.report.understood + sum(each.count for each in made.report.kept) == made.report.lines
    return made


@pytest.mark.parametrize("path", corpus.files() or [corpus.FOLDER], ids=lambda path: path.name)
def test_every_line_is_found_again(path: Path) -> None:
    corpus.require()
    made = check(path.read_bytes())
    lines = path.read_text(errors="surrogateescape").split("\n")
    for place, origin in made.places.items():
        if place[:2] == ("raw", "sections") and len(place) == 4:
            one = made.site["raw"]["sections"][place[2]]
            text = (made.secrets[one["file"]] if isinstance(one, dict) else one).split("\n")[cast("int", place[3]) - 1]
            assert seen(text.strip().removeprefix("# "))[:1] == seen(lines[origin.line - 1].strip().removeprefix("# "))[:1]
        elif place[0] == "raw" and place[1] != "sections" and isinstance(place[-1], int):
            value: Any = made.site
            for step in place:
                value = value[step]
            assert seen(value.replace(f"({FOLDER}/", "(")) in (
                seen(lines[origin.line - 1]),
                (".if", "!defined(HAPILOT_SERVERS)"),
                (".endif",),
            )


@settings(deadline=None)
@given(test_random.configurations())
def test_random_configurations(made: test_random.Made) -> None:
    check(made.text.encode())


@pytest.mark.timeout(1200)
def test_mutated_files(request: pytest.FixtureRequest) -> None:
    files = [path.read_bytes() for path in corpus.files()] or [b"frontend f\n    use_backend b if { req.ssl_sni a }\n"]
    lines = [line for data in files for line in data.splitlines(keepends=True)]
    sources = [*random.Random(11).sample(files, min(30, len(files))), *lines]

    @settings(max_examples=request.config.option.fuzz_examples, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(mutate.pieces(sources) | st.binary(max_size=100))
    def one(data: bytes) -> None:
        check(data)

    one()
