"""``bind`` and ``server`` lines: their addresses and the options that matter for where a connection goes.

Comes in: the words of one line. Goes out: frozen :class:`Bind` and :class:`Server`. Used by ``sections``.
Configuration manual, sections 4.2 (bind), 5.1 and 5.2.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import written
from hapilot.languages.haproxy.evaluate.connection import Endpoint


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BIND_WITH_VALUE = _names("""
    alpn backlog ca-file ca-ignore-err ca-sign-file ca-sign-pass ca-verify-file ciphers ciphersuites client-sigalgs
    crl-file crt crt-ignore-err crt-list curves ecdhe accept-netscaler-cip expose-fd gid group guid-prefix id interface
    label level maxconn mode mss name namespace nbconn nice npn ocsp-update process proto severity-output shards sigalgs
    ssl-max-ver ssl-min-ver tcp-ut tls-ticket-keys thread uid user verify
""")
_SERVER_WITH_VALUE = _names("""
    addr agent-addr agent-inter agent-port agent-send alpn ca-file check-alpn check-proto check-sni ciphers ciphersuites
    client-sigalgs cookie crl-file crt curves downinter error-limit fall fastinter guid hash-key id init-addr init-state
    inter log-bufsize log-proto max-reuse maxconn maxqueue minconn namespace npn observe on-error on-marked-down
    on-marked-up pool-conn-name pool-low-conn pool-max-conn pool-purge-delay port proto proxy-v2-options redir
    resolve-net resolve-opts resolve-prefer resolvers rise shard sigalgs slowstart sni socks4 source ssl-max-ver
    ssl-min-ver tcp-md5sig tcp-ut track usesrc verify verifyhost weight ws
""")


@dataclass(frozen=True, slots=True)
class Bind:
    """One address of a ``bind`` line. ``number`` is HAProxy's id of the socket (``so_id``)."""

    line: tree.Line
    address: str
    options: dict[str, str]
    number: int
    certificates: tuple[tuple[str, str], ...] = ()
    """Each ``crt`` and ``crt-list`` with its path, in order."""

    def has(self, option: str) -> bool:
        """Whether an option is there."""
        return option in self.options

    def agree_on_http2(self) -> None:
        """What HAProxy 2.8 and later do where nothing is said (manual, 5.1 "alpn")."""
        if self.has("ssl") and not self.options.keys() & {"alpn", "npn", "no-alpn"}:
            self.options["alpn"] = "h2,http/1.1"

    @property
    def ports(self) -> range:
        """The ports of an IP address; none of a socket's name."""
        if self.address.startswith(_NO_STREAMS):
            return range(0)
        low, _, high = _bare(self.address).rpartition(":")[2].partition("-")
        return range(int(low), int(high or low) + 1) if low.isdigit() else range(0)

    def specificity(self, at: Endpoint) -> int | None:
        """How exactly the address covers ``at``: 2 for the address itself, 1 for all of its family, 0 for all; None if not at all."""
        return None if at.port not in self.ports else _covers(self.host, at, only_ipv6=self.is_ipv6)

    def may_cover(self, at: Endpoint) -> bool:
        """Whether nobody knows if the address covers ``at``: it holds a name, or a variable that is not known."""
        if not written.is_known([self.address]):
            port = self.address.rpartition(":")[2]
            return not port.isdigit() or int(port) == at.port
        return at.port in self.ports and _is_name(self.host)

    @property
    def host(self) -> str:
        """What stands before the port, without brackets."""
        return _bare(self.address).rpartition(":")[0].strip("[]")

    @property
    def is_ipv6(self) -> bool:
        """Whether it is IPv6 alone, also where it is every address."""
        return self.address.startswith(("ipv6@", "tcp6@")) or self.has("v6only")


_NO_STREAMS = (
    *("quic4@", "quic6@", "udp@", "udp4@", "udp6@", "fd@", "sockpair@", "unix@", "abns@", "abnsz@", "uxst@", "uxdg@", "rhttp@", "/"),
)


def _bare(address: str) -> str:
    return address.removeprefix("ipv4@").removeprefix("ipv6@").removeprefix("tcp@").removeprefix("tcp4@").removeprefix("tcp6@")


def _is_name(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host not in ("", "*")
    return False


def _covers(host: str, at: Endpoint, *, only_ipv6: bool) -> int | None:
    """``*`` and nothing are all of IPv4 (or of IPv6 behind ``ipv6@``); ``::`` is both families unless told otherwise."""
    if host in ("", "*", "0.0.0.0"):  # noqa: S104 — read, not bound
        return (1 if at.ip.version == 4 else None) if not only_ipv6 else (1 if at.ip.version == 6 else None)
    if host == "::":
        return 1 if at.ip.version == 6 else (None if only_ipv6 else 0)
    try:
        return 2 if ipaddress.ip_address(host) == at.ip else None
    except ValueError:
        return None


def parse_binds(line: tree.Line, words: Sequence[str], first_number: int) -> list[Bind]:
    """All addresses of a ``bind`` line; ids are counted from ``first_number`` on."""
    options = bind_options(words[2:])
    fixed = int(options["id"]) if options.get("id", "").isdigit() else None
    addresses = words[1].split(",") if len(words) > 1 else []
    certificates = tuple((key, path) for key, path in itertools.pairwise(words[2:]) if key in ("crt", "crt-list"))
    return [Bind(line, address, options, fixed or first_number + place, certificates) for place, address in enumerate(addresses)]


def bind_options(words: Sequence[str]) -> dict[str, str]:
    """The options of a ``bind`` line or between the brackets of a crt-list, with their values."""
    return _options(words, _BIND_WITH_VALUE)


@dataclass(frozen=True, slots=True)
class Server:
    """A ``server`` line, with what its ``default-server`` adds."""

    line: tree.Line
    name: str
    address: str
    options: dict[str, str]

    def has(self, option: str) -> bool:
        """Whether an option is there."""
        return option in self.options

    @property
    def send_proxy(self) -> Literal["v1", "v2"] | None:
        """The version of the PROXY header that the server is sent."""
        if self.has("send-proxy"):
            return "v1"
        return "v2" if any(self.has(f"send-proxy-v2{more}") for more in ("", "-ssl", "-ssl-cn")) else None


def parse_servers(line: tree.Line, words: Sequence[str], defaults: Sequence[str]) -> list[Server]:
    """The server of a ``server`` line, or those of a ``server-template`` line, from its words and those of the ``default-server`` lines
    before it."""
    if words[0] != "server-template":
        return [parse_server(line, words, defaults)]
    low, _, high = (words[2] if len(words) > 2 else "").partition("-")
    numbers = range(int(low) if high else 1, int(high or low) + 1) if low.isdigit() and (high or low).isdigit() else range(0)
    return [parse_server(line, ("server", f"{words[1]}{number}", *words[3:]), defaults) for number in numbers]


def parse_server(line: tree.Line, words: Sequence[str], defaults: Sequence[str]) -> Server:
    """A server from its words and those of the ``default-server`` lines before it."""
    options = _options((*defaults, *words[3:]), _SERVER_WITH_VALUE)
    for option in [option for option in options if option.startswith("no-")]:
        options.pop(option.removeprefix("no-"), None)
    return Server(line, words[1] if len(words) > 1 else "", words[2] if len(words) > 2 else "", options)


_TAKEN_BACK = {"enabled": "disabled", "disabled": "enabled", "non-stick": "stick"}


def _options(words: Sequence[str], with_value: frozenset[str]) -> dict[str, str]:
    """Option to value; an option without a value has an empty one."""
    found: dict[str, str] = {}
    at = 0
    while at < len(words):
        takes = words[at] in with_value and at + 1 < len(words)
        found[words[at]] = words[at + 1] if takes else ""
        if words[at] in _TAKEN_BACK:
            found.pop(_TAKEN_BACK[words[at]], None)
        at += 2 if takes else 1
    return found
