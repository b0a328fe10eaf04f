"""A haproxy.cfg that hapilot printed, as what can be compared: sections, their lines without comments, and their servers.

In: the bytes of the file. Out: :class:`Section` by head. Places in the site file stand in comments, so moving a service in its file
changes nothing here. Pure; called by ``plan`` for the files that a worker has loaded and for those that are wanted.
"""

from __future__ import annotations

import functools
import hashlib
import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from hapilot.languages.haproxy import document, words
from hapilot.plan import running

_QUOTING = "'\"\\"
"""Characters without which a line is cut at blanks, and ends at the first ``#``."""
_WORD = re.compile(f"[^{document.BLANKS}]+")
_REMARK = "  # "
"""What the printer puts before the comment behind a line."""
_SETTABLE = {"weight": 1, "maxconn": 1, "disabled": 0}
"""Words of a server that the runtime API can set later, with the number of their values."""
_LISTEN = "listen "
_FROM = " from "
"""Before the name of the ``defaults`` section that a proxy starts from. The head then is one of its lines too: another such section
means other settings."""
_FREE_VALUE = frozenset({"sni", "check-sni", "ca-file", "cookie", "crt"})
"""Words before a value that may be any text, also one of the above."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server's line. ``words`` is all behind its address; ``mark`` stands for those that can't be set while it runs; ``is_plain``
    says that its address is an IP address with a port."""

    name: str
    address: str
    words: tuple[str, ...]
    mark: str
    is_plain: bool
    weight: int = 1
    limit: int = 0
    disabled: bool = False
    shown: running.RunningServer | None = None
    """How HAProxy shows it, if nobody has changed it since; None where only HAProxy knows."""


@dataclass(frozen=True, slots=True)
class Section:
    """``lines`` has all lines but the servers'. ``is_open`` says that HAProxy makes servers of some of them, ``in_order`` that it fills
    servers in their order (configuration manual, "balance first" and "backup")."""

    lines: tuple[str, ...]
    servers: Mapping[str, Server]
    is_open: bool = False
    in_order: bool = False
    inherits: str = ""
    """The ``defaults`` section that it starts from; empty for the last one without a name."""

    def last(self, keyword: str) -> tuple[str, ...]:
        """The words behind ``keyword`` in the line that counts; nothing where there is none."""
        found = [line for line in self.lines if line.startswith(f"{keyword} ")]
        return tuple(_split(found[-1])[1:]) if found else ()

    def joined(self, other: Section) -> Section:
        """Several sections of one head, such as ``global``, are one to HAProxy."""
        servers = {**self.servers, **other.servers}
        is_open, in_order = self.is_open or other.is_open, self.in_order or other.in_order
        return Section((*self.lines, *other.lines), servers, is_open, in_order, other.inherits or self.inherits)


def read(text: bytes) -> dict[str, Section]:
    """Head to section. The printer leaves an empty line between sections, and none inside.

    >>> found = read(b"# shop\\nbackend shop  # (site.yaml:3)\\n    mode http\\n    server a 127.0.0.1:80 check weight 5\\n")
    >>> found["backend shop"].lines, found["backend shop"].servers["a"].weight
    (('mode http',), 5)
    """
    found: dict[str, Section] = {}
    for part in text.split(b"\n\n"):
        head, section = _section(part)
        for name, one in _as_proxies(head, section):
            former = found.get(name)
            found[name] = one if former is None else former.joined(one)
    return found


def _as_proxies(head: str, section: Section) -> Iterator[tuple[str, Section]]:
    """A ``listen`` section is a frontend, and a backend of the same name, which has the servers."""
    if head.startswith(_LISTEN):
        yield f"backend {head.removeprefix(_LISTEN)}", section
        yield head, replace(section, servers={})
    elif head:
        yield head, section


@functools.lru_cache(maxsize=65536)
def _section(part: bytes) -> tuple[str, Section]:
    """A part of the file. Most parts are the same from one change to the next."""
    text = part.decode(document.ENCODING, document.ENCODING_ERRORS)
    lines = [said for line in text.split("\n") if not line.startswith("#") and (said := bare(line))]
    if not lines:
        return "", Section((), {})
    head, *rest = lines
    title, _, inherits = head.partition(_FROM)
    if not inherits:
        return head, _section_of(rest)
    return title, replace(_section_of([head, *rest]), inherits=inherits)


def bare(line: str) -> str:
    """A line without its indentation and comment, and with every word as it was.

    >>> bare("    http-request deny  # (site.yaml:3)"), bare("    errorfile 'a  # b'  # (site.yaml:3)")
    ('http-request deny', "errorfile 'a  # b'")
    """
    if not any(character in line for character in _QUOTING):
        return line.partition(_REMARK)[0].strip(document.BLANKS)
    scanned = words.scan(line)
    if scanned.problem is not None:
        return line
    if not scanned.words:
        return ""
    first, last = scanned.words[0], scanned.words[-1]
    return line[first.column - 1 : last.column - 1 + len(last.raw)]


def _section_of(lines: list[str]) -> Section:
    servers: dict[str, Server] = {}
    others: list[str] = []
    is_open = False
    for line in lines:
        one = _server(line) if line.startswith("server ") else None
        if one is not None and one.name not in servers:
            servers[one.name] = one
        else:
            is_open = is_open or _makes_servers(line)
            others.append(line)
    read = Section(tuple(others), servers, is_open)
    in_order = read.last("balance")[:1] == ("first",) or any("backup" in server.words for server in servers.values())
    return replace(read, in_order=in_order)


def _makes_servers(line: str) -> bool:
    """Whether HAProxy has servers by this line, whose names or words only it knows."""
    return "".join(_split(line)[:1]) in ("server", "server-template")


def _server(line: str) -> Server | None:
    """None for a line of somebody's own that is not for us to read: with variables, or wrong."""
    said = _split(line)
    if len(said) < 3 or any("$" in word for word in said):
        return None
    _, name, address, *rest = said
    try:
        kept, settable = _settings(rest)
    except ValueError:
        return None
    is_plain = is_address(address)
    mark = hashlib.sha256("\0".join(kept if is_plain else [address, *kept]).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    weight, limit = settable.get("weight", 1), settable.get("maxconn", 0)
    disabled = "disabled" in settable
    shown = running.RunningServer(normal(address), "maint" if disabled else "ready", weight) if is_plain else None
    return Server(name, address, tuple(rest), mark, is_plain, weight, limit, disabled, shown)


def _split(line: str) -> Sequence[str]:
    if not any(character in line for character in _QUOTING):
        return _WORD.findall(line)
    scanned = words.scan(line)
    if scanned.problem is not None:
        return ()
    return [word.value if not word.has_variables else "$" for word in scanned.words]


def _settings(said: list[str]) -> tuple[list[str], dict[str, int]]:
    """Words that can't be set later, and those that can with their values. Raises ValueError for values that are none."""
    kept: list[str] = []
    settable: dict[str, int] = {}
    position = 0
    while position < len(said):
        word = said[position]
        count = _SETTABLE.get(word)
        if count is None:
            count = int(word in _FREE_VALUE)
            kept += said[position : position + 1 + count]
        else:
            settable[word] = int("".join(said[position + 1 : position + 2])) if count else 1
        position += 1 + count
    return kept, settable


def is_address(text: str) -> bool:
    """Whether it is ``host:port`` with an IP address.

    >>> is_address("127.0.0.1:80"), is_address("[::1]:80"), is_address("shop.test:80"), is_address("unix@/x")
    (True, True, False, False)
    """
    host, _, port = text.rpartition(":")
    try:
        ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return port.isdecimal() and int(port) > 0


@functools.lru_cache(maxsize=65536)
def normal(address: str) -> str:
    """An address in the one way of writing it that HAProxy's answers are compared in.

    >>> normal("[2001:DB8:0::1]:80")
    '[2001:db8::1]:80'
    """
    host, _, port = address.rpartition(":")
    try:
        found = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return address
    return f"[{found}]:{port}" if found.version == 6 else f"{found}:{port}"
