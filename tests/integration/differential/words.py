"""The words of the experiment: a site as plain data, one connection, and what came of it.

Comes in: from the strategies, or from a golden case. Goes out: the same as YAML-able data. Used by every module of this folder.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from support.clienthello import Sizes

Site = dict[str, Any]
"""A site file as data. Ports are ``${PORT_<listener>}``; servers have no address yet, and a service without ``servers`` has one."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """The PROXY header in front of a connection; ``kind`` as in proxy-protocol.txt, LOCAL of version 2 and UNKNOWN of version 1."""

    version: Literal[1, 2]
    kind: Literal["proxy", "local", "unknown"] = "proxy"
    source: tuple[str, int] = ("192.0.2.7", 1234)
    destination: tuple[str, int] = ("192.0.2.1", 443)


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection and, for http and https, one request on it. ``host`` None sends no Host, ``sni`` None no SNI."""

    listener: str
    kind: Literal["https", "http", "ssh", "silent", "bytes"]
    address: Literal["127.0.0.1", "::1", "unix", "fd"] = "127.0.0.1"
    """Where it arrives; ``unix`` and ``fd`` at the listener's socket of that kind."""
    source: str = "127.0.0.1"
    version: Literal["1.0", "1.1", "2"] = "1.1"
    method: str = "GET"
    host: str | None = "a.test"
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    sni: str | None = None
    proxy: Proxy | None = None
    data: str = ""
    """With ``bytes``: what is sent, as Latin-1."""
    segments: Sizes = ()
    records: Sizes = ()
    alpn: bool = True
    """Whether the ClientHello names protocols at all."""
    long_hello: bool = False
    """A ClientHello of more than 1,600 bytes, as post-quantum key shares make it."""
    identity: str | None = None
    """The certificate that the client has: the name of an authority of ``papers``."""
    old_tls: bool = False
    """TLS 1.2 at most."""
    before: str | None = None
    """With HTTP/2: the host of an earlier request on the same connection."""


@dataclass(frozen=True, slots=True)
class View:
    """What came of a connection, predicted or seen. Fields that one side can't know are None on both."""

    outcome: Literal["forward", "redirect", "respond", "reject"]
    status: int | None = None
    location: str | None = None
    service: str | None = None
    certificate: tuple[str, ...] | None = None
    """The names in the certificate that the client was shown."""
    client: str | None = None
    """The client's address in the PROXY header that the server got."""
    send_proxy: str | None = None
    server_name: str | None = None
    """The SNI at a server to which TLS goes on."""
    headers: tuple[tuple[str, str], ...] | None = None
    """Those of the request, sorted by name, names in lower case."""
    path: str | None = None
    server: int | None = None
    """Which of the service's servers it was."""
    answer: tuple[tuple[str, str], ...] | None = None
    """The headers that the client got, but for those of one hop, as ``headers``; of a server's answer without its length."""
    body: str | None = None
    """Of HAProxy's own answers, as Latin-1."""


LATER = ("server", "answer", "body")
"""Fields that a golden case need not state."""


def differences(predicted: View, seen: View) -> dict[str, tuple[Any, Any]]:
    """Each field in which the two differ: its name, predicted, seen. What the client got is compared where both sides know it: a
    client that speaks no HTTP sees only bytes, and why a server can't be reached only the network knows."""
    pairs = {each.name: (getattr(predicted, each.name), getattr(seen, each.name)) for each in fields(View)}
    unknown = {name for name in ("answer", "body") if None in pairs[name]}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1] and name not in unknown}


def as_data(value: Connection | View) -> dict[str, Any]:
    """Plain data without what has its default, for reports and golden cases."""
    defaults = {each.name: each.default for each in fields(value)}
    return {name: _plain(item) for name, item in asdict(value).items() if item != defaults[name]}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        items: Any = value  # pyright: ignore[reportUnknownVariableType]
        return [_plain(item) for item in items]
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, dict) else value  # pyright: ignore[reportUnknownVariableType]


def connection_from(data: dict[str, Any]) -> Connection:
    """The reverse of `as_data`."""
    told = {name: _frozen(item) for name, item in data.items()}
    if isinstance(data.get("proxy"), dict):
        told["proxy"] = Proxy(**{name: _frozen(item) for name, item in data["proxy"].items()})
    return Connection(**told)


def view_from(data: dict[str, Any]) -> View:
    """The reverse of `as_data`."""
    return View(**{name: _frozen(item) for name, item in data.items()})


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        items: Any = value  # pyright: ignore[reportUnknownVariableType]
        return tuple(_frozen(item) for item in items)
    return value
