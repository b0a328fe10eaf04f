"""TLS ClientHellos by hand: built, split into records, re-framed, read and cut into segments.

Comes in: what the hello should say, or a real one's bytes. Goes out: bytes to send. A built hello is well formed, so
that a proxy (and an OpenSSL server) reads it, but nobody holds its keys: it can't complete a handshake. To complete
one with unusual framing, `reframe` the hello of a real TLS stack. RFC 8446 sections 4.1.2 and 5.1, RFC 6066, RFC 7301.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Sizes = int | Sequence[int]
"""How to cut bytes: a number for pieces of that size, or the sizes of the first pieces (the rest is one more)."""

X25519, X25519MLKEM768 = 0x001D, 0x11EC
_HANDSHAKE, _CLIENT_HELLO = 22, 1
_SNI, _GROUPS, _SIGNATURES, _ALPN, _PADDING, _VERSIONS, _KEY_SHARE = 0, 10, 13, 16, 21, 43, 51
_CIPHERS = (0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030)
_SCHEMES = (0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501)


@dataclass(frozen=True, slots=True)
class Hello:
    """What a built ClientHello says. ``key_share_bytes`` adds a post-quantum key share of that size (about 1,216 for
    X25519MLKEM768), ``padding`` a padding extension of that size."""

    sni: str | None = None
    alpn: tuple[str, ...] = ()
    key_share_bytes: int = 0
    padding: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What a ClientHello says, as `read` found it."""

    sni: str | None
    alpn: tuple[str, ...]
    extensions: tuple[int, ...]


def cut(data: bytes, sizes: Sizes) -> Iterator[bytes]:
    """Cut ``data`` into pieces; joined they are ``data`` again."""
    if isinstance(sizes, int):
        for at in range(0, len(data), sizes):
            yield data[at : at + sizes]
        return
    at = 0
    for size in sizes:
        if at >= len(data):
            return
        yield data[at : at + size]
        at += size
    if at < len(data):
        yield data[at:]


def build(hello: Hello, record_sizes: Sizes = ()) -> bytes:
    """The hello as TLS records; ``record_sizes`` cuts its handshake message over several."""
    return frame(message(hello), record_sizes)


def message(hello: Hello) -> bytes:
    """The handshake message of ``hello``, without record headers."""
    groups = (X25519, 0x0017)
    shares = [(X25519, os.urandom(32))]
    if hello.key_share_bytes:
        groups = (X25519MLKEM768, *groups)
        shares.insert(0, (X25519MLKEM768, os.urandom(hello.key_share_bytes)))
    extensions: list[tuple[int, bytes]] = []
    if hello.sni is not None:
        extensions.append((_SNI, _vector(b"\0" + _vector(hello.sni.encode("ascii")))))
    extensions += [
        (_GROUPS, _vector(_words(groups))),
        (_SIGNATURES, _vector(_words(_SCHEMES))),
        (_VERSIONS, b"\x04" + _words((0x0304, 0x0303))),
        (_KEY_SHARE, _vector(b"".join(struct.pack("!H", group) + _vector(share) for group, share in shares))),
    ]
    if hello.alpn:
        names = (name.encode("ascii") for name in hello.alpn)
        extensions.append((_ALPN, _vector(b"".join(bytes((len(name),)) + name for name in names))))
    if hello.padding is not None:
        extensions.append((_PADDING, bytes(hello.padding)))
    body = (
        b"\x03\x03" + os.urandom(32) + b"\x20" + os.urandom(32) + _vector(_words(_CIPHERS)) + b"\x01\x00"
        + _vector(b"".join(struct.pack("!H", number) + _vector(content) for number, content in extensions))
    )  # fmt: skip
    return bytes((_CLIENT_HELLO,)) + len(body).to_bytes(3) + body


def frame(handshake: bytes, record_sizes: Sizes = ()) -> bytes:
    """Put a handshake message into records; ``record_sizes`` are sizes of their content, without the 5 byte headers."""
    return b"".join(
        struct.pack("!BHH", _HANDSHAKE, 0x0301, len(piece)) + piece
        for whole in cut(handshake, record_sizes)
        for piece in cut(whole, 16_384)
    )


def reframe(flight: bytes, record_sizes: Sizes) -> bytes:
    """A real client's first flight with its handshake message cut anew over several records."""
    return frame(_unframe(flight), record_sizes)


def read(flight: bytes) -> Said:
    """What the ClientHello in ``flight`` (whole records) says. Raises ValueError if it is none."""
    handshake = _unframe(flight)
    if handshake[:1] != bytes((_CLIENT_HELLO,)):
        raise ValueError("not a ClientHello")
    at = 4 + 2 + 32
    at += 1 + handshake[at]
    at += 2 + int.from_bytes(handshake[at : at + 2])
    at += 1 + handshake[at]
    extensions = dict(_extensions(handshake[at + 2 :]))
    sni = extensions[_SNI][5:].decode("ascii") if _SNI in extensions else None
    return Said(sni, tuple(_alpn(extensions.get(_ALPN, b"\0\0")[2:])), tuple(extensions))


def _extensions(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        number, size = struct.unpack("!HH", data[:4])
        yield number, data[4 : 4 + size]
        data = data[4 + size :]


def _alpn(data: bytes) -> Iterator[str]:
    while data:
        yield data[1 : 1 + data[0]].decode("ascii")
        data = data[1 + data[0] :]


def _unframe(flight: bytes) -> bytes:
    content = b""
    while flight:
        kind, _, size = struct.unpack("!BHH", flight[:5])
        if kind != _HANDSHAKE or len(flight) < 5 + size:
            raise ValueError("not whole handshake records")
        content += flight[5 : 5 + size]
        flight = flight[5 + size :]
    return content


def _vector(content: bytes) -> bytes:
    return struct.pack("!H", len(content)) + content


def _words(values: Sequence[int]) -> bytes:
    return struct.pack(f"!{len(values)}H", *values)
