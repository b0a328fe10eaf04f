"""Clients that are slow on purpose, by what they wait with. The first word of a name is the listener of the tests' site.

Called by test_slow, and by `page`, which lists them.
"""

from __future__ import annotations

from integration.behaviour.abuse import slow
from integration.behaviour.abuse.slow import Script
from support import frames

_GET = b"GET /x HTTP/1.1\r\nHost: web.example.test\r\n\r\n"
POST = b"POST /x HTTP/1.1\r\nHost: web.example.test\r\nContent-Length: 1000\r\n\r\n"
_HALF = frames.frame(frames.HEADERS, 0, 1, frames.block(frames.request())[:-3])
_MORE = frames.frame(frames.CONTINUATION, 0, 1, frames.block([(b"x", b"y")]))
_PREFACE = frames.PREFACE + frames.settings()
_H2 = ("h2",)

HEADS: dict[str, Script] = {
    "HTTP silent": Script(),
    "HTTP a byte now and then": Script(b"G", b"ET / HTTP/1.1\r\nHost: web.example.test\r\nX: " + b"a" * 500),
    "HTTP silent behind a request": Script(_GET),
    "HTTP half a request behind a request": Script(_GET, _GET[:-1], pause=0.05),
    "HTTPS silent behind the handshake": Script(alpn=("http/1.1",)),
    "HTTPS nothing of HTTP/2": Script(alpn=_H2),
    "HTTPS half a preface": Script(frames.PREFACE[:10], alpn=_H2),
    "HTTPS no stream": Script(_PREFACE, alpn=_H2),
    "HTTPS only PINGs": Script(_PREFACE, frames.frame(frames.PING, 0, 0, b"12345678") * 60, pause=0.005, alpn=_H2),
    "HTTPS half a field block": Script(_PREFACE + _HALF, alpn=_H2),
    "HTTPS CONTINUATION now and then": Script(_PREFACE + _HALF + _MORE, _MORE * 90, pause=0.005, alpn=_H2),
    "HTTPS silent behind a request over HTTP/2": Script(_PREFACE + frames.headers(1, frames.request()), alpn=_H2),
}
"""Clients without a whole request: they get the time of a request's head."""
HANDSHAKES: dict[str, Script] = {
    "HTTPS silent": Script(),
    "HTTPS half a ClientHello": Script(slow.hello()[:100]),
    "HTTPS a byte of a ClientHello now and then": Script(slow.hello()[:10], slow.hello()[10:], pause=0.05),
    "HTTPS a ClientHello and nothing else": Script(slow.hello()),
    "MIXED a ClientHello and nothing else": Script(slow.hello()),
}
"""Handshakes without an end: they get the client's time, all in all."""
SNIFFED: dict[str, Script] = {
    "MIXED silent": Script(),
    "MIXED half a ClientHello": Script(slow.hello()[:100]),
    "MIXED a byte of a ClientHello now and then": Script(slow.hello()[:10], slow.hello()[10:], pause=0.05),
}
"""What nobody knows yet: it gets ``sniff_timeout``."""
BODIES: dict[str, Script] = {
    "HTTP no body": Script(POST),
    "HTTP no chunk": Script(POST.replace(b"Content-Length: 1000", b"Transfer-Encoding: chunked")),
    "HTTP half a body": Script(POST + b"a" * 500),
    "HTTPS no body over HTTP/2": Script(_PREFACE + frames.headers(1, frames.request(b"POST"), ends=False), alpn=_H2),
}
"""Requests whose body never comes: they get the client's time; before 2.8, in which the client's timer stands still while a server
is waited for, the server's."""
BREATHING: dict[str, Script] = {
    "HTTP a byte of a body now and then": Script(POST, b"a" * 999),
    "HTTPS a byte of a body now and then": Script(
        _PREFACE + frames.headers(1, frames.request(b"POST"), ends=False), frames.data(1, b"a", ends=False) * 99, pause=0.01, alpn=_H2
    ),
}
"""Requests whose body comes, as slowly as it may: they stay."""
