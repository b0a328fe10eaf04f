"""The small typed values of a site file: addresses, hosts, paths, networks and durations.

Text goes in from the file; frozen values that print back to their one canonical text come out. The pydantic models
of this package use the annotated types at the end of the module. Nothing else parses these texts.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated, Literal

import pydantic
from pydantic_core import PydanticCustomError

from hapilot.base import names
from hapilot.model.short_form import ShortForm, one_or_many

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def refuse(code: str, message: str, hint: str = "") -> PydanticCustomError:
    """The error of a validator: ``code`` is a diagnostic code, ``hint`` what to do."""
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint})  # pyright: ignore[reportArgumentType]


def _port(text: str, whole: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise refuse("bad-address", f"{whole!r} has no port from 1 to 65535", "write host:port, such as 10.0.0.20:8080")
    return int(text)


def _ip(text: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


_ADDRESS = re.compile(r"(?:\[(?P<six>[^\[\]]*)\]|(?P<plain>[^\[\]:]*))(?::(?P<port>[^:]*))?")


def _split(text: str) -> tuple[str, str | None, bool]:
    """Host, port text or None, and whether the host was in brackets."""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        if _ip(text) is not None or text.count(":") > 1:
            hint = f"write IPv6 addresses in brackets: [{text}] or [{text}]:443"
            raise refuse("bad-address", f"{text!r} has an IPv6 address without brackets", hint)
        raise refuse("bad-address", f"{text!r} is not host:port", "write host:port, such as 10.0.0.20:8080")
    if found["six"] is not None:
        return found["six"], found["port"], True
    return found["plain"], found["port"], False


def _host(host: str, bracketed: bool, whole: str) -> str:  # noqa: FBT001 - a fact about the text, not a mode
    address = _ip(host)
    if bracketed:
        if not isinstance(address, ipaddress.IPv6Address):
            raise refuse("bad-address", f"{whole!r} has no IPv6 address between the brackets")
        if address.scope_id:
            raise refuse("bad-address", f"{whole!r} has an IPv6 zone, which HAProxy can't use")
        return str(address)
    if address is not None:
        return str(address)
    if re.fullmatch(r"[0-9.]+", host):
        raise refuse("bad-address", f"{host!r} is not an IPv4 address", "an IPv4 address has four numbers from 0 to 255")
    try:
        return names.to_ascii_host(host)
    except ValueError as problem:
        raise refuse("bad-address", f"{whole!r}: {problem}") from problem


@dataclass(frozen=True, slots=True)
class BindAddress:
    """Where a listener accepts. ``host`` is an IP address, or "" for every IPv4 and IPv6 address."""

    kind: Literal["tcp", "unix", "fd"]
    host: str = ""
    port: int = 0
    path: str = ""
    fd: int = -1

    def __str__(self) -> str:
        if self.kind == "unix":
            return f"unix:{self.path}"
        if self.kind == "fd":
            return f"fd:{self.fd}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def sockets(self) -> frozenset[tuple[str, int]]:
        """What it opens, each as address and port (or text and 0). Two binds with a socket in common can't be open at once. A wildcard
        has none in common with one address of its port: the kernel gives connections to the more exact of the two."""
        if self.kind != "tcp":
            return frozenset({(str(self), 0)})
        return frozenset((address, self.port) for address in self.addresses)

    @property
    def addresses(self) -> frozenset[str]:
        """The IP addresses to open; the wildcard ones stand for their family."""
        return frozenset({"0.0.0.0", "::"}) if not self.host else frozenset({self.host})  # noqa: S104


def _parse_local_bind(text: str) -> BindAddress:
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path.startswith("/") or not path.isprintable() or len(path.encode()) > 90:
            raise refuse("bad-address", f"{text!r} is not unix:/absolute/path of at most 90 bytes")
        if any(special in path for special in ",$"):
            # HAProxy splits addresses at commas and looks for variables in them (manual, section 4.2, "bind").
            raise refuse("bad-address", f"{text!r} has a comma or a dollar sign, which HAProxy can't have in the path of a socket")
        return BindAddress("unix", path=path)
    number = text.removeprefix("fd:")
    if not (number.isascii() and number.isdigit() and 3 <= int(number) < 1024):
        raise refuse("bad-address", f"{text!r} is not fd:N with N from 3 to 1023")
    return BindAddress("fd", fd=int(number))


def parse_bind(text: object) -> BindAddress:
    """``":443"``, ``"0.0.0.0:443"``, ``"[::]:443"``, ``"unix:/path"`` or ``"fd:3"``."""
    if isinstance(text, BindAddress):
        return text
    if isinstance(text, int) and not isinstance(text, bool):
        raise refuse("bad-address", f"{text} is not an address to listen on", f'write ":{text}" for every address')
    if not isinstance(text, str):
        raise refuse("wrong-type", "an address to listen on is a text", 'such as ":443"')
    if text.startswith(("unix:", "fd:")):
        return _parse_local_bind(text)
    host, port, bracketed = _split(text)
    if port is None:
        raise refuse("bad-address", f"{text!r} has no port", 'such as ":443" or "192.0.2.1:443"')
    number = _port(port, text)
    if host in ("", "*") and not bracketed:
        return BindAddress("tcp", "", number)
    if _ip(host) is None:
        raise refuse("bad-address", f"{host!r} is not an IP address", "a listener takes an IP address of this machine, or none for all")
    return BindAddress("tcp", _host(host, bracketed, text), number)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server is: an IP address or a DNS name, and a port (None: the listener's)."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def is_name(self) -> bool:
        """Whether ``host`` is a DNS name that must be resolved."""
        return _ip(self.host) is None


def parse_server_address(text: object) -> ServerAddress:
    """``"10.0.0.20:8080"``, ``"[2001:db8::12]:8200"``, ``"name.example:443"``, each also without the port."""
    if isinstance(text, ServerAddress):
        return text
    if not isinstance(text, str):
        raise refuse("wrong-type", "a server's address is a text", 'such as "10.0.0.20:8080"')
    host, port, bracketed = _split(text)
    number = None if port is None else _port(port, text)
    if not host:
        raise refuse("bad-address", f"{text!r} has no host", "such as 10.0.0.20:8080")
    return ServerAddress(_host(host, bracketed, text), number)


@dataclass(frozen=True, slots=True)
class HostPattern:
    """A host name, or with ``wildcard`` every name of exactly one more label in front of ``name``."""

    name: str
    wildcard: bool = False

    def __str__(self) -> str:
        return f"*.{self.name}" if self.wildcard else self.name

    def matches(self, host: str) -> bool:
        """Whether ``host`` (lower case, no port, no final dot) is meant."""
        if not self.wildcard:
            return host == self.name
        label, dot, rest = host.partition(".")
        return bool(label and dot) and rest == self.name

    def covers(self, other: HostPattern) -> bool:
        """Whether everything that ``other`` means is meant by this pattern too."""
        return self == other or (not other.wildcard and self.matches(other.name))

    @property
    def coverers(self) -> tuple[HostPattern, ...]:
        """Every pattern that covers this one, the most exact first: what to look up where there are many patterns."""
        label, _, parent = self.name.partition(".")
        return (self, HostPattern(parent, wildcard=True)) if label and parent and not self.wildcard else (self,)


def parse_host(text: object) -> HostPattern:
    """``"shop.example.test"`` or ``"*.example.test"``; other alphabets become IDNA."""
    if isinstance(text, HostPattern):
        return text
    if not isinstance(text, str):
        raise refuse("wrong-type", "a host is a text", "such as shop.example.test")
    wildcard = text.startswith("*.")
    rest = text[2:] if wildcard else text
    if "*" in rest:
        raise refuse("bad-host", f"{text!r} has a wildcard that is not the whole first label", "such as *.example.test")
    if ":" in rest or "/" in rest:
        raise refuse("bad-host", f"{text!r} is not a host name", "leave out the scheme, the port and the path")
    try:
        return HostPattern(names.to_ascii_host(rest), wildcard)
    except ValueError as problem:
        raise refuse("bad-host", str(problem), "such as shop.example.test or *.example.test") from problem


_PATH = re.compile(r"(?:/[A-Za-z0-9\-._~!$&'()*+,;=:@]+)*/?")


def parse_path(text: object) -> str:
    """A path prefix without its final slash (``/`` stays), RFC 3986 characters, no dot segments, not encoded."""
    if not isinstance(text, str):
        raise refuse("wrong-type", "a path is a text", "such as /prometheus/")
    if not text.startswith("/"):
        raise refuse("bad-path", f"the path {text!r} does not start with /", f"write /{text}")
    if not _PATH.fullmatch(text):
        hint = "use letters, digits and -._~!$&'()*+,;=:@ between single slashes; no query, no %-encoding"
        raise refuse("bad-path", f"the path {text!r} has characters that a path to match can't have", hint)
    if any(part in (".", "..") for part in text.split("/")):
        raise refuse("bad-path", f"the path {text!r} has a dot segment", "requests with dot segments are refused, so it could never match")
    return text.rstrip("/") or "/"


def _network_hint(text: str) -> str:
    try:
        return f"did you mean {ipaddress.ip_network(text, strict=False)}?"
    except ValueError:
        return "such as 10.0.0.0/8 or 2001:db8::/32"


def parse_network(text: object) -> IPNetwork:
    """A CIDR such as ``10.0.0.0/8``; an address alone means just itself."""
    if isinstance(text, ipaddress.IPv4Network | ipaddress.IPv6Network):
        return text
    if not isinstance(text, str):
        raise refuse("wrong-type", "a network is a text", "such as 10.0.0.0/8")
    try:
        return ipaddress.ip_network(text)
    except ValueError as problem:
        raise refuse("bad-network", f"{text!r} is not a network: {problem}", _network_hint(text)) from problem


_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
MAX_DURATION_MS = 24 * 86_400_000
"""HAProxy's timers are 32-bit milliseconds, of which half the range can be used (24.8 days; manual, section 2.5)."""


def parse_duration(text: object) -> int:
    """``"3s"``, ``"500ms"``, ``"1.5m"``, ``"1h"``, ``"1d"`` to milliseconds, above 0 and at most 24 days."""
    if isinstance(text, int | float):
        raise refuse("bad-duration", f"{text} has no unit", f"write {text}s or {text}ms")
    found = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)", text) if isinstance(text, str) else None
    if found is None:
        raise refuse("bad-duration", f"{text!r} is not a duration", "such as 500ms, 3s, 1m, 1h or 1d")
    result = round(float(found[1]) * _UNITS[found[2]])
    if not 0 < result <= MAX_DURATION_MS:
        raise refuse("bad-duration", f"{text!r} is not above 0 and at most 24 days")
    return result


def print_duration(milliseconds: int) -> str:
    """The shortest text in whole units: 3000 is ``3s``, 1500 is ``1500ms``."""
    for unit in ("d", "h", "m", "s"):
        if milliseconds % _UNITS[unit] == 0:
            return f"{milliseconds // _UNITS[unit]}{unit}"
    return f"{milliseconds}ms"


_NAME_HINT = "a name has 1 to 64 letters, digits, - and _, and starts and ends with a letter or digit"


def _check_name(value: str) -> str:
    if not names.is_name(value):
        raise refuse("bad-name", f"{value!r} is not a name", _NAME_HINT)
    return value


def _check_line(value: str) -> str:
    if not value.isprintable():
        raise refuse("bad-value", "the text has control characters", "write it on one line, without control characters")
    return value


_SERVER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}")
"""What HAProxy takes as a server's name (configuration manual, section 4)."""


def _check_server_name(value: str) -> str:
    if not _SERVER_NAME.fullmatch(value):
        hint = "a server's name has 1 to 128 letters, digits and _.:- and starts with a letter or digit"
        raise refuse("bad-name", f"{value!r} is not a name for a server", hint)
    return value


def _check_host_name(value: str) -> str:
    try:
        return names.to_ascii_host(value)
    except ValueError as problem:
        raise refuse("bad-host", str(problem), "such as shop.example.test") from problem


_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256}")


def _check_token(value: str) -> str:
    if not _TOKEN.fullmatch(value):
        raise refuse("bad-value", f"{value!r} is not the name of a header, cookie or method", "use letters, digits and -_.")
    return value


_QUERY_NAME = re.compile(r"[A-Za-z0-9._~\[\]-]{1,128}")


def _check_query_name(value: str) -> str:
    if not _QUERY_NAME.fullmatch(value):
        hint = "a name has 1 to 128 letters, digits and ._~[]-, as it stands in the URL"
        raise refuse("bad-value", f"{value!r} is not the name of a query parameter", hint)
    return value


def _check_user(value: str) -> str:
    if not value or ":" in value or " " in value or not value.isprintable():
        raise refuse("bad-value", f"{value!r} is not the name of a user", "a name of a user has no colon and no spaces")
    return value


def _schema(example: str, pattern: str = "") -> pydantic.WithJsonSchema:
    shape: dict[str, object] = {"type": "string", "examples": [example]}
    if pattern:
        shape["pattern"] = pattern
    return pydantic.WithJsonSchema(shape)


_as_text = pydantic.PlainSerializer(str, return_type=str)

Bind = Annotated[BindAddress, pydantic.PlainValidator(parse_bind), _as_text, _schema(":443")]
Server = Annotated[ServerAddress, pydantic.PlainValidator(parse_server_address), _as_text, _schema("10.0.0.20:8080")]
Host = Annotated[HostPattern, pydantic.PlainValidator(parse_host), _as_text, _schema("shop.example.test")]
Path = Annotated[str, pydantic.PlainValidator(parse_path), _schema("/prometheus/", "^/")]
Network = Annotated[IPNetwork, pydantic.PlainValidator(parse_network), _as_text, _schema("10.0.0.0/8")]
Duration = Annotated[
    int,
    pydantic.PlainValidator(parse_duration),
    pydantic.PlainSerializer(print_duration, return_type=str),
    _schema("3s", r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$"),
]
"""Milliseconds."""
Name = Annotated[str, pydantic.AfterValidator(_check_name), pydantic.Field(json_schema_extra={"pattern": f"^{names.NAME.pattern}$"})]
Text = Annotated[str, pydantic.AfterValidator(_check_line)]
"""One line without control characters."""
ServerName = Annotated[Text, pydantic.AfterValidator(_check_server_name)]
"""How status and the runtime verbs call a server."""
HostName = Annotated[Text, pydantic.AfterValidator(_check_host_name)]
"""One host name, without wildcards."""
Token = Annotated[str, pydantic.AfterValidator(_check_token)]
"""The name of a header, a cookie or a method (RFC 9110, section 5.6.2)."""
QueryName = Annotated[str, pydantic.AfterValidator(_check_query_name)]
"""The name of a parameter in a URL's query."""
User = Annotated[str, pydantic.AfterValidator(_check_user)]
"""Who authenticates by a password (RFC 7617, section 2: no colon)."""


Many = ShortForm(one_or_many)


def _check_request_path(value: str) -> str:
    if not re.fullmatch(r"/[!-~]{0,2000}", value) or "#" in value:
        raise refuse("bad-path", f"{value!r} is not a path to ask for", "it starts with / and has no blanks; a query is fine")
    return value


RequestPath = Annotated[str, pydantic.AfterValidator(_check_request_path)]
"""What stands in a request line: a path, and a query if there is one."""
