"""HTTP messages as rules see and change them: the request, and the answer on its way back.

Comes in: a request as the client sends it, or an answer. Held by ``state``; read by fetches, changed by actions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from hapilot.languages.haproxy.evaluate import trace
from hapilot.languages.haproxy.evaluate.connection import Request
from hapilot.languages.haproxy.evaluate.values import Unknown

_DEFAULT_PORTS = frozenset({("http", "80"), ("https", "443")})


@dataclass(slots=True)
class Headers:
    """The header lines of a request or an answer. ``uncertain`` are the names (in lower case) of which it is not known whether they are
    there or with what value; ``*`` is any."""

    headers: list[tuple[str, str]]
    uncertain: set[str] = field(default_factory=set[str], kw_only=True)

    def lines(self, name: str) -> list[str]:
        """The values of all lines of a header, in order. Raises Unknown."""
        wanted = name.lower()
        if not self.uncertain.isdisjoint((wanted, "*")):
            raise Unknown(f"the header {name}, which an earlier line changes")
        return [value for other, value in self.headers if other.lower() == wanted]

    def line(self, name: str) -> str | None:
        """The first line of a header."""
        return next(iter(self.lines(name)), None)

    def every(self) -> list[tuple[str, str]]:
        """All header lines. Raises Unknown."""
        if self.uncertain:
            raise Unknown("the headers, which an earlier line changes")
        return self.headers

    def remove(self, name: str) -> None:
        """Takes all lines of a header out."""
        wanted = name.lower()
        self.uncertain.discard(wanted)
        self.headers = [(other, value) for other, value in self.headers if other.lower() != wanted]


@dataclass(slots=True)
class Answer(Headers):
    """An answer on its way through the rules on answers. ``body`` is None where it is not known."""

    status: int
    body: bytes | None = None

    def finished(self) -> trace.Answer:
        """What the client is sent."""
        return trace.Answer(self.status, tuple(self.headers), self.body)


@dataclass(slots=True)
class Message(Headers):
    """An HTTP request on its way through the rules. ``uri`` is what the request line holds; ``version`` is 1.0, 1.1 or 2.0.

    ``first_method`` is what conditions go on to see after ``set-method`` (HAProxy keeps it beside the message).
    """

    method: str
    uri: str
    version: str
    first_method: str = ""

    @classmethod
    def read(cls, request: Request, scheme: Literal["http", "https"]) -> Message:
        """The request as HAProxy represents it; an HTTP/2 one has an absolute URI."""
        headers = [(name, value.strip(" \t")) for name, value in request.headers]
        if request.host is not None:
            headers.insert(0, ("Host", request.host))
        message = cls(headers, request.method, request.path, request.version, request.method, uncertain=set(request.uncertain))
        if request.version == "2":
            message.version = "2.0"
            message.headers = _with_one_cookie([(name.lower(), value) for name, value in headers])
            # Without :authority there is nothing to make it absolute with (h2_prepare_htx_reqline).
            if request.host is not None and request.path.startswith("/"):
                message.uri = f"{scheme}://{request.host}{request.path}"
        message._normalize()
        return message

    def _normalize(self) -> None:
        """Takes a port out of an absolute URI, and out of Host, that is the scheme's own (``http_scheme_based_normalize``)."""
        scheme, _, authority = self.origin.partition("://")
        host, colon, port = authority.rpartition(":")
        if colon and (port == "" or (scheme.lower(), port) in _DEFAULT_PORTS):
            self.uri = f"{scheme}://{host}" + self.uri[len(self.origin) :]
            self.headers = [(name, host if name.lower() == "host" else value) for name, value in self.headers]

    @property
    def origin(self) -> str:
        """What stands before the path in an absolute URI; else empty."""
        start = self.uri.find("://")
        if start < 0 or self.uri.startswith("/"):
            return ""
        slash = self.uri.find("/", start + 3)
        return self.uri if slash < 0 else self.uri[:slash]

    @property
    def _authority(self) -> str:
        """The host in an absolute URI, without user information."""
        return self.origin.partition("://")[2].rpartition("@")[2]

    def host_was_set(self, host: str) -> None:
        """A new Host header also goes into an absolute URI (``http_update_authority``)."""
        if self._authority:
            front = self.origin[: len(self.origin) - len(self._authority)]
            self.uri = front + host + self.uri[len(self.origin) :]

    def uri_was_set(self) -> None:
        """The host of a new absolute URI also goes into the Host header (``http_update_host``)."""
        if self._authority:
            self.headers = [(name, self._authority if name.lower() == "host" else value) for name, value in self.headers]

    @property
    def pathq(self) -> str | None:
        """Path and query; None for ``*`` and for the authority of a CONNECT."""
        rest = self.uri[len(self.origin) :]
        if rest.startswith("/"):
            return rest
        return "/" if self.origin and not rest else None

    @property
    def path(self) -> str | None:
        """The path alone."""
        pathq = self.pathq
        return None if pathq is None else pathq.partition("?")[0]

    @property
    def target(self) -> str:
        """What a server is sent behind the method: an absolute URI stays one, except that of HTTP/2, which HAProxy made up."""
        return (self.pathq or self.uri) if self.version == "2.0" else self.uri

    def seen(self) -> trace.SeenRequest:
        """What a server would be sent, without Connection: HAProxy writes that anew for each connection (``option http-server-close``)."""
        headers = tuple((name, value) for name, value in self.headers if name.lower() != "connection")
        return trace.SeenRequest(self.method, self.target, headers, frozenset(self.uncertain))


def _with_one_cookie(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """HTTP/2 lets a client cut its cookies into several lines, and HAProxy puts them together again (RFC 9113, section 8.2.3)."""
    cookies = [value for name, value in headers if name == "cookie"]
    rest = [(name, value) for name, value in headers if name != "cookie"]
    return [*rest, ("cookie", "; ".join(cookies))] if cookies else rest
