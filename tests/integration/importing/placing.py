"""A configuration of somebody else, moved to this machine: the same file with other ports, addresses of servers and paths.

Comes in: the text of a ``haproxy.cfg``, a folder, and who lends stand-ins. Goes out: `Placed`: a valid file that listens on free ports of
loopback, whose servers are stand-ins and whose files are in the folder; and where its doors are. What is changed, word by word, is all
that follows; the rest stays as it was written, byte by byte:

- ``bind``: each port becomes a free one, an address of this machine alone stays, any other becomes 127.0.0.1; sockets move to the folder.
  A variable as the port gets the free port as its value.
- ``server``, ``server-template``: the address becomes that of a stand-in, or of the door of the same file that it meant. Ports and
  addresses of checks go with it.
- absolute paths of certificates, lists, maps, error pages, states and sockets start in the folder.
- ``log``, ``mailer``, ``server`` of a ring or of peers: another machine's address becomes loopback. ``peer``: free ports.
- ``maxconn`` and ``ulimit-n`` of the global section become what any machine can do.
- ``chroot``, ``user``, ``group``, ``uid``, ``gid`` and ``daemon`` are left out: they need root, or let go of the process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from hapilot.languages.haproxy import document, parser, words
from integration.importing import papers
from support import client, ports, standin

Mode = Literal["http", "tcp"]
Kind = Literal["web", "tls", "line"]

_ANY = frozenset({"random", "leastconn"})
"""Ways to balance that need not choose the same servers again."""

LEFT_OUT = frozenset({"chroot", "user", "group", "uid", "gid", "daemon"})
PATH_FOLLOWS = papers.CERTIFICATES | papers.AUTHORITIES | {"crl-file", "crt-list", "ca-base", "crt-base", "-f", "lf-file"}
STATES = frozenset({"pidfile", "server-state-file", "server-state-base", "stats-file", "ssl-dh-param-file"})
_IN_A_WORD = re.compile(r"(?<=[(,])/(?=[a-z])")
"""An absolute path as a converter's argument: ``map(/etc/haproxy/hosts.map)``."""
_VARIABLE = re.compile(r"\$\{?(\w+)")
_MACHINE = re.compile(r"[\w.-]+(:\d+)?$|\d+\.")
_LOOPBACK = re.compile(r"127\.\d+\.\d+\.\d+|localhost|::1")
_ANYWHERE = frozenset({"", "*", "0.0.0.0", "::", "[::]"})
_LINE_PORTS = frozenset({21, 22, 25, 110, 143, 1883, 3306, 5432, 6379, 9000, 11211, 27017})
"""Ports of protocols in which lines of text go over the stand-in's connection."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where the configuration listens. ``proxied``: it asks for a PROXY header; ``alpn``: what it offers in TLS."""

    place: client.Place
    mode: Mode
    tls: bool
    proxied: bool
    alpn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """The moved configuration. ``kinds`` says what the stand-ins are, ``any_server`` the backend of each that may stand for another
    one of the same backend, and ``peer`` the name that HAProxy has among its peers, if there are any."""

    text: str
    doors: tuple[Door, ...]
    environment: dict[str, str]
    kinds: frozenset[Kind]
    any_server: dict[str, str]
    peer: str = ""


Lend = Callable[[Kind, bool, int], standin.Server]
"""Lends a stand-in of a kind, with or without PROXY headers, by number."""


def place(text: str, folder: Path, lend: Lend) -> Placed:
    """Move a configuration to this machine."""
    parsed = parser.parse(text, "haproxy.cfg")
    mover = _Mover(folder, lend)
    lines = list(_located(parsed))
    for each in lines:
        if each.line.keyword == "bind" and each.section in ("frontend", "listen", "peers"):
            mover.bind(each)
    changed = "".join(mover.line(each) + each.line.end for each in lines)
    papers.write(parser.parse(changed, "haproxy.cfg"), folder)
    return Placed(changed, tuple(mover.doors), mover.environment, frozenset(mover.kinds), mover.any_server, mover.peer)


class _Located(NamedTuple):
    """A line, kind and name of its section, the section's mode, what ``default-server`` says in it, and how it balances."""

    line: document.Line
    section: str
    name: str
    mode: Mode
    defaults: tuple[str, ...]
    balance: str


class _Setting(NamedTuple):
    """What a section or its ``defaults`` says."""

    mode: Mode = "tcp"
    server: tuple[str, ...] = ()
    balance: str = "roundrobin"

    def with_line(self, said: tuple[str, ...]) -> _Setting:
        """The same with one more line."""
        match said:
            case ("mode", mode, *_):
                return self._replace(mode="http" if mode == "http" else "tcp")
            case ("default-server", *rest):
                return self._replace(server=(*self.server, *rest))
            case ("balance", way, *_):
                return self._replace(balance=way)
            case _:
                return self


def _located(parsed: document.Document) -> Iterator[_Located]:
    known: dict[str, _Setting] = {}
    last = _Setting()
    yield from (_Located(line, "", "", *_Setting()) for line in parsed.start)
    for section in parsed.sections:
        setting = known.get(section.inherits, _Setting() if section.kind == "defaults" else last)
        for line in section.lines if section.kind in document.PROXIES else ():
            setting = setting.with_line(line.words)
        if section.kind == "defaults":
            last = known[section.name] = setting
        for line in section.all_lines():
            yield _Located(line, section.kind, section.name, *setting)


@dataclass(slots=True)
class _Mover:
    """What is known while lines are moved. ``moved`` has the new place of each address that the file binds."""

    folder: Path
    lend: Lend
    doors: list[Door] = field(default_factory=list[Door])
    environment: dict[str, str] = field(default_factory=dict[str, str])
    kinds: set[Kind] = field(default_factory=set[Kind])
    peer: str = ""
    moved: dict[str, str] = field(default_factory=dict[str, str])
    binds: dict[int, str] = field(default_factory=dict[int, str])
    any_server: dict[str, str] = field(default_factory=dict[str, str])
    servers: int = 0

    def bind(self, each: _Located) -> None:
        """Give each address of a ``bind`` line a free place, before servers ask for them."""
        scanned = words.scan(each.line.text).words
        parts = scanned[1].value.split(",")
        found = [self._door(part, scanned[1].has_variables) for part in parts]
        self.binds[each.line.number] = ",".join(new for new, _ in found)
        said = each.line.words
        alpn = tuple(said[said.index("alpn") + 1].split(",")) if "alpn" in said else ()
        skipped = each.section == "peers" or {"proto", "interface", "namespace"} & set(said)
        for _, place in found if not skipped else ():
            self.doors.append(Door(place, each.mode, "ssl" in said, "accept-proxy" in said, alpn))

    def _door(self, part: str, has_variables: bool) -> tuple[str, client.Place]:
        prefix, _, rest = part.rpartition("@") if not part.startswith("fd@") else ("", "", part)
        if part.startswith("fd@"):
            port = ports.free_port()
            self.moved[_VARIABLE.findall(part)[0]] = f"127.0.0.1:{port}"
            return f"127.0.0.1:{port}", ("127.0.0.1", port)
        if prefix.startswith("abns"):
            self.moved[part] = f"{prefix}@{self.folder.name}-{rest}"
            return self.moved[part], f"\0{self.folder.name}-{rest}".ljust(108, "\0")  # HAProxy fills the whole name
        if rest.startswith("/"):
            path = self.path(rest)
            self.moved[part] = f"{prefix}@{path}" if prefix else path
            return self.moved[part], path
        if prefix == "unix":  # from the folder of the configuration
            self.moved[part] = part
            return part, str(self.folder / rest)
        host, _, port = rest.rpartition(":")
        return self._port(prefix, host, port, has_variables)

    def _port(self, prefix: str, host: str, port: str, has_variables: bool) -> tuple[str, client.Place]:
        free = ports.free_port()
        variables = _VARIABLE.findall(port) if has_variables else []
        self.environment |= {name: str(free) for name in variables}
        self.environment |= dict.fromkeys(_VARIABLE.findall(host) if has_variables else (), "127.0.0.1")
        if variables:
            return f"{prefix}@{host}:{port}" if prefix else f"{host}:{port}", ("127.0.0.1", free)
        kept = host if host in _ANYWHERE or _LOOPBACK.fullmatch(host) or has_variables else "127.0.0.1"
        for meant in {kept, "127.0.0.1"} if kept in _ANYWHERE else {host, kept}:
            self.moved[f"{meant}:{port}"] = f"127.0.0.1:{free}"
        bare = kept.strip("[]")
        target = ("::1" if ":" in bare else "127.0.0.1") if bare in _ANYWHERE or has_variables else bare
        return f"{prefix}@{kept}:{free}" if prefix else f"{kept}:{free}", (target, free)

    def line(self, each: _Located) -> str:
        """The moved line."""
        if not each.line.keyword:
            return each.line.text
        said = list(each.line.words)
        if each.section == "global" and said[0] in LEFT_OUT:
            return ""
        changes: dict[int, str] = {}
        if each.line.number in self.binds:
            changes[1] = self.binds[each.line.number]
        elif said[0] in ("server", "server-template") and each.section in ("backend", "listen"):
            changes = self._server(each)
        elif each.section == "global" and said[0] in ("maxconn", "ulimit-n", "maxsslconn") and len(said) > 1:
            changes[1] = "2000" if said[0] != "ulimit-n" else "8000"
        elif said[0] in ("log", "mailer", "peer", "server"):
            changes = self._elsewhere(each)
        return _edited(each.line.text, self._paths(each) | changes)

    def _server(self, each: _Located) -> dict[int, str]:
        said = each.line.words
        at = 3 if said[0] == "server-template" else 2
        self.servers += 1
        changes = {at: self._stood_for(said[at], each)}
        port = changes[at].rpartition(":")[2]
        changes |= {number + 1: port for number in range(at, len(said)) if said[number] == "port"}
        changes |= {number + 1: "127.0.0.1" for number in range(at, len(said)) if said[number] == "addr"}
        return changes

    def _stood_for(self, address: str, each: _Located) -> str:
        """The stand-in for a server, or the door of the same file that its address means."""
        if address in self.moved:
            return self.moved[address]
        meant = [self.moved[name] for name in self.moved if f"_{name}_addr}}" in address]
        if meant:
            return meant[0]
        said = {*each.line.words[2:], *each.defaults}
        _, _, number = address.rpartition(":")
        kind = _kind(said, each.mode, int(number) if number.isdecimal() else 0)
        self.kinds.add(kind)
        lent = self.lend(kind, any(word.startswith("send-proxy") for word in said), self.servers)
        if each.balance in _ANY:
            self.any_server[lent.name] = each.name
        return f"127.0.0.1:{lent.port}"

    def _elsewhere(self, each: _Located) -> dict[int, str]:
        match each.line.words:
            case ("log", address, *_) if _MACHINE.match(address) and address not in ("global", "stdout", "stderr"):
                return {1: "127.0.0.1:9"}
            case ("mailer", _, _, *_):
                return {2: "127.0.0.1:9"}
            case ("server", _, address, *_) if each.section in ("ring", "peers") and "$" not in address:
                return {2: "127.0.0.1:9"}
            case ("peer", name, _, *_) if each.section == "peers":
                self.peer = self.peer or name
                return {2: f"127.0.0.1:{ports.free_port()}"}
            case _:
                return {}

    def _paths(self, each: _Located) -> dict[int, str]:
        """The words with absolute paths, at their new place."""
        said = each.line.words
        changes: dict[int, str] = {}
        for number, word in enumerate(said):
            before = said[number - 1] if number else ""
            is_socket = said[0] == "stats" and before == "socket"
            is_page = (said[0] == "errorfile" and number == 2) or (said[0].startswith("http-") and before == "file")
            if word.startswith("/") and (before in PATH_FOLLOWS | STATES or is_socket or is_page):
                changes[number] = self.path(word)
            elif is_socket and ":" in word:
                changes[number] = f"127.0.0.1:{ports.free_port()}"
            elif ("map" in word or "lf-file" in word) and _IN_A_WORD.search(word):
                changes[number] = _IN_A_WORD.sub(f"{self.folder}/", word)
        return changes

    def path(self, path: str) -> str:
        """Where an absolute path is now; its folder is made."""
        moved = self.folder / path.lstrip("/")
        moved.parent.mkdir(parents=True, exist_ok=True)
        return str(moved) + ("/" if path.endswith("/") else "")


def _kind(said: set[str], mode: Mode, port: int) -> Kind:
    if "ssl" in said or (mode == "tcp" and str(port).endswith("443")):
        return "tls"
    return "line" if mode == "tcp" and port in _LINE_PORTS else "web"


def _edited(text: str, changes: dict[int, str]) -> str:
    """The line with some words replaced; a new word is quoted as the old one was."""
    scanned = words.scan(text).words
    for number in sorted(changes, reverse=True):
        old = scanned[number]
        mark = old.raw[0] if old.raw[0] in "\"'" and old.raw[0] == old.raw[-1] else ""
        new = changes[number] if mark or old.value == old.raw else _escaped(changes[number])
        text = text[: old.column - 1] + mark + new + mark + text[old.column - 1 + len(old.raw) :]
    return text


def _escaped(word: str) -> str:
    return re.sub(r"([ \\#])", r"\\\1", word)
