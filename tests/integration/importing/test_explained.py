"""What the evaluator says of configurations that hapilot did not write, against real HAProxys.

Each file of ``explained/`` is served with a stand-in behind every server, and gets a few dozen requests made of its own words. The
evaluator either foretells what happens (status, location, page, which server, and the headers and the path that it saw) or says by which
line nobody can know. It reads the file twice: as ``reading.as_tree`` does, and as raw sections, which the compiler leaves as they are.

``PORT_x`` and ``SERVER_x`` in a file become ports (``PORT_tls`` and ``SERVER_tls_x`` speak TLS), ``FOLDER`` a folder with ``BESIDE``.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import pytest

from hapilot.languages.haproxy import document, parser, program, reading, tree
from hapilot.languages.haproxy.evaluate import connection, evaluator, trace
from support import certificates, client, haproxy, servers
from support.outcome import Outcome

FILES = sorted((Path(__file__).parent / "explained").glob("*.cfg"))
EACH = 36
"""Requests to each configuration."""
LEAST_DECIDED = 0.6
OUTSIDE = "one"
"""An environment variable that HAProxy finds, and of which raw lines know nothing."""
SOURCE = "127.0.0.1"

BESIDE = {
    "hosts.map": b"shop.test shop\nwiki.test rest\n",
    "blocked.lst": b"192.0.2.0/24\n127.0.0.1\n",
    "page.html": b"<h1>page</h1>\n",
    "400.http": b"HTTP/1.0 400 Bad request\r\nContent-Type: text/plain\r\n\r\nour 400\n",
    "403.http": b"HTTP/1.0 403 Forbidden\r\nContent-Type: text/plain\r\n\r\nour 403\n",
    "404.http": b"HTTP/1.0 200 Found\r\nContent-Type: text/plain\r\n\r\nfound after all\n",
    "503.http": b"HTTP/1.0 503 Service Unavailable\r\nContent-Type: text/plain\r\n\r\nour 503\n",
}
PAGES = tuple(name for name in BESIDE if name.endswith(".http"))
"""The files that whoever asks the evaluator has read."""

_PLACE = re.compile(r"\b(PORT|SERVER)_(\w+)")
_HOST = re.compile(r"\b(?:[a-z0-9-]+\.)+test\b")
_PATH = re.compile(r"(?<![\w.])/[\w.-]+(?:/[\w.-]+)*")
_HEADER = re.compile(r"hdr(?:_\w+)?\((?:\d+,)?([\w-]+)")
_USUAL_HEADERS = (("X-Secret", "s"), ("User-Agent", "a crawler"), ("Cookie", "a=b; SRV=two; c=d"), ("Cookie", "SRV=one"), ("X-Word", "Ab"))
_LOGINS = ("YW5uOnNlY3JldA==", "Ym9iOmhpZGRlbg==", "YWRtaW46cGFzc3dvcmQ=", "YWRtaW46d3Jvbmc=")
_NOT_COMPARED = frozenset({"connection", "keep-alive", "transfer-encoding", "proxy-connection", "content-length"})


@dataclass(frozen=True)
class Asked:
    """One request, at the port of a name."""

    port: str
    request: connection.Request


@dataclass(frozen=True)
class Served:
    """A configuration that runs. ``servers`` are the stand-ins' names by their ports."""

    path: Path
    text: str
    ports: Mapping[str, int]
    servers: Mapping[int, str]
    folder: Path


@pytest.fixture(scope="module")
def stand() -> Generator[servers.Stand]:
    with servers.Stand() as running:
        yield running


@pytest.mark.haproxy
@pytest.mark.parametrize("binary", haproxy.each(slow=True))
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_foretold_happens(
    path: Path, binary: haproxy.Binary, stand: servers.Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTSIDE", OUTSIDE)
    wrong: list[str] = []
    with _serving(path, binary, stand, tmp_path) as served:
        evaluators = _evaluators(served)
        for asked in _requests(served):
            seen = _ask(served, asked)
            for way, one in evaluators.items():
                found = one.run(_connection(served, asked))
                wrong += [f"{way}: {asked}: {each}" for each in _differences(served, found, seen)]
    assert not wrong, f"{len(wrong)} differences\n" + "\n".join(wrong[:4])


def test_most_is_decided_and_the_rest_has_its_line(tmp_path: Path) -> None:
    """Nothing runs here: the share of requests of which the outcome is known."""
    decided: Counter[str] = Counter()
    opaque: Counter[str] = Counter()
    for path in FILES:
        served = _prepared(path, tmp_path, lambda name: f"is-{name}")
        for way, one in _evaluators(served).items():
            for asked in _requests(served):
                outcome = one.run(_connection(served, asked)).outcome
                if isinstance(outcome, trace.Opaque):
                    assert outcome.line.origin is not None, f"{way}: {asked}"
                    assert outcome.line.origin.line > 0, f"{way}: {asked}"
                    opaque[f"{way} {path.stem}"] += 1
                else:
                    decided[way] += 1
    assert len(FILES) >= 30
    for way in ("read", "raw"):
        assert decided[way] >= len(FILES) * EACH * LEAST_DECIDED, (decided, opaque)
    # Where all is known, and where something can't be, it must show.
    assert not {"read hosts_by_acl", "read basic_auth", "raw named_defaults", "raw paths_and_rewrites"} & set(opaque), opaque
    assert {
        "read map_of_hosts",
        "read rate_limit",
        "raw acl_files",
        "raw environment",
        "raw conditional",
        "read cached",
        "raw tcp_unawaited",
        "read switched_off",
    } <= set(opaque)


def _prepared(path: Path, folder: Path, start: Callable[[str], str | int]) -> Served:
    """The file with everything filled in. ``start`` makes what stands behind a name of a server: its port, or nothing that runs."""
    for name, content in BESIDE.items():
        (folder / name).write_bytes(content)
    text = path.read_text()
    ports, names = dict[str, int](), dict[int, str]()
    for kind, name in sorted(set(_PLACE.findall(text))):
        made = haproxy.free_port() if kind == "PORT" else start(name)
        port = made if isinstance(made, int) else 20000 + len(names)
        if kind == "PORT":
            ports[name] = port
        else:
            names[port] = name
    by_name = {name: port for port, name in names.items()}
    text = _PLACE.sub(lambda found: str((ports if found[1] == "PORT" else by_name)[found[2]]), text)
    return Served(path, text.replace("FOLDER", str(folder)), ports, names, folder)


@contextmanager
def _serving(path: Path, binary: haproxy.Binary, stand: servers.Stand, folder: Path) -> Generator[Served]:
    certificates.authority().issue("shop.test").write(folder, "front")
    leaf = certificates.authority().issue("inside.test")

    def start(name: str) -> int:
        return (stand.https(name, leaf) if name.startswith("tls_") else stand.http(name)).port

    served = _prepared(path, folder, start)
    with haproxy.running(binary.path, served.text, folder, ports=[("127.0.0.1", port) for port in served.ports.values()]):
        yield served


def _evaluators(served: Served) -> Mapping[str, evaluator.Evaluator]:
    """One for the words as HAProxy reads them, one for raw lines. Neither takes anything for granted."""
    known = {str(served.folder / name): BESIDE[name] for name in PAGES}
    around = evaluator.Around(certificates={}, files=known, is_own=lambda name, line: False)
    parsed = parser.parse(served.text, str(served.path))
    read = reading.as_tree(reading.read([parsed], program.Program(), {"OUTSIDE": OUTSIDE}))
    return {"read": evaluator.Evaluator(read, around), "raw": evaluator.Evaluator(_raw(parsed), around)}


def _raw(parsed: document.Document) -> tree.Config:
    """The sections as the compiler keeps them."""
    sections = (
        tree.Section(
            section.kind,
            section.name,
            tuple(tree.opaque(line.text.strip(), origin=line.origin) for line in section.lines if line.kind is not document.Kind.BLANK),
            inherits=section.inherits,
        )
        for section in parsed.sections
    )
    return tree.Config(tuple(sections))


def _requests(served: Served) -> Iterator[Asked]:
    """Requests made of the words of the file, the same each time."""
    dice = random.Random(served.path.stem)
    text = served.path.read_text()
    hosts = [*sorted(set(_HOST.findall(text))), "wiki.any.test", "nobody.test"]
    paths = [*sorted(set(_PATH.findall(text)) - {"/dev/log"}), "/", "/a/long/way/to/nowhere/at/all.css"]
    headers = sorted(set(_HEADER.findall(text)) - {"host", "Host"})
    for _ in range(EACH):
        host = dice.choice(hosts)
        host = dice.choice((host, host, host, host.upper(), f"{host}:8080", f"www.{host}"))
        path = dice.choice(paths) + dice.choice(("", "", "", "/", "/x.png", "x", "?page=5", "?page=2&a=b", "/../y"))
        told = [(name, dice.choice(("one", "yes", "shop", "12", "3", "a, b", ""))) for name in headers if dice.random() < 0.4]
        told += [pair for pair in _USUAL_HEADERS if dice.random() < 0.2]
        if dice.random() < 0.4:
            told.append(("Authorization", f"Basic {dice.choice(_LOGINS)}"))
        if dice.random() < 0.2:
            told.append(("X-Forwarded-For", "192.0.2.9"))
        method = dice.choice(("GET", "GET", "GET", "GET", "HEAD", "POST", "TRACE", "OPTIONS"))
        yield Asked(dice.choice(sorted(served.ports)), connection.Request(method, path, host, tuple(told)))


def _connection(served: Served, asked: Asked) -> connection.Connection:
    here, there = (connection.Endpoint(ip_address(SOURCE), port) for port in (50000, served.ports[asked.port]))
    if asked.port != "tls":
        proxy = connection.ProxyHeader(2, "local") if _wants_header(served, asked) else None
        return connection.Connection(there, connection.Http(asked.request), here, proxy=proxy)
    name = (asked.request.host or "").partition(":")[0].lower()
    return connection.Connection(there, connection.Tls(name, ("http/1.1",), asked.request), here)


def _wants_header(served: Served, asked: Asked) -> bool:
    return f"PORT_{asked.port} accept-proxy" in served.path.read_text()


DROPPED = "/drop"
"""Paths for which a configuration says silent-drop: the client hears nothing at all."""
LOCAL_HEADER = b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"


def _ask(served: Served, asked: Asked) -> Outcome:
    request = client.Request(asked.request.method, asked.request.path, asked.request.host, asked.request.headers)
    header = LOCAL_HEADER if _wants_header(served, asked) else None
    with client.connect(("127.0.0.1", served.ports[asked.port]), proxy=header) as wire:
        if asked.port == "tls":
            name = (asked.request.host or "").partition(":")[0].lower()
            shaken = wire.start_tls(client.Tls(certificates.trusting_nobody(("http/1.1",)), name))
            if not shaken.ok:
                return shaken
        return wire.request(request, timeout=0.2 if asked.request.path.startswith(DROPPED) else client.TIMEOUT)


def _differences(served: Served, found: trace.Trace, seen: Outcome) -> Iterator[str]:
    match found.outcome:
        case trace.Opaque():
            return
        case trace.Forward():
            yield from _forward_differences(served, found, found.outcome, seen)
        case trace.Redirect(status, location):
            if (seen.status, seen.header("location")) != (status, location):
                yield f"{seen.status} to {seen.header('location')}, and not {status} to {location}"
        case trace.Respond(status):
            if seen.standin is not None or seen.status != status:
                yield f"{seen.kind} {seen.status} of {seen.standin}, and not {found.outcome}"
            elif found.answer is not None:
                yield from _page_differences(found.answer, seen)
        case trace.Reject():
            if seen.kind == "response":
                yield f"{seen.status} of {seen.standin}, and not {found.outcome}"


def _page_differences(answer: trace.Answer, seen: Outcome) -> Iterator[str]:
    if answer.header("location") != seen.header("location"):
        yield f"location {seen.header('location')}, and not {answer.header('location')}"
    if answer.body is not None and seen.body and answer.body != seen.body:
        yield f"the page {seen.body!r}, and not {answer.body!r}"


def _forward_differences(served: Served, found: trace.Trace, outcome: trace.Forward, seen: Outcome) -> Iterator[str]:
    names = {served.servers[int(address.rpartition(":")[2])] for address in outcome.addresses}
    if seen.standin not in names:
        yield f"{seen.kind} {seen.status} of {seen.standin}, and not of {sorted(names)} ({outcome.backend})"
        return
    if outcome.mode == "tcp" or not seen.body:
        return
    assert found.request is not None
    told = seen.json()
    if (told["method"], told["target"]) != (found.request.method, found.request.path):
        yield f"{told['method']} {told['target']} at the server, and not {found.request.method} {found.request.path}"
    left_out = _NOT_COMPARED | found.request.uncertain
    if "*" in left_out:
        return
    got, meant = (_plain(pairs, left_out) for pairs in (told["headers"], found.request.headers))
    if got != meant:
        yield f"the server sees {sorted(set(got) - set(meant))} instead of {sorted(set(meant) - set(got))}"


def _plain(pairs: Sequence[Sequence[str]], left_out: frozenset[str]) -> list[tuple[str, str]]:
    return sorted((name.lower(), value) for name, value in pairs if name.lower() not in left_out)
