"""Sample converters that make short numbers or digests of data, and the JSON form of a text.

Comes in: a value and the arguments. Goes out: the new value. Used by ``converters``. Configuration manual, section 7.3.1; ``hash.c`` and
``sample.c`` are its code. All but ``json`` work on binary data: of an address on its 4 or 16 bytes.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping

from hapilot.languages.haproxy.evaluate import values
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown, Value

Converter = Callable[[State, Value, tuple[str, ...]], "Value | None"]

_MASK = 0xFFFF_FFFF


def _hashed(make: Callable[[bytes], int]) -> Converter:
    """A 32-bit hash; an argument other than 0 stirs it once more ("avalanche")."""

    def apply(state: State, value: Value, arguments: tuple[str, ...]) -> Value:
        number = make(values.as_bytes(value))
        return _avalanche(number) if arguments and int(arguments[0]) else number

    return apply


def _avalanche(number: int) -> int:
    """Bob Jenkins' full avalanche (``full_hash``)."""
    number = (number + 0x7ED55D16 + (number << 12)) & _MASK
    number = (number ^ 0xC761C23C) ^ (number >> 19)
    number = (number + 0x165667B1 + (number << 5)) & _MASK
    number = ((number + 0xD3A2646C) ^ (number << 9)) & _MASK
    number = (number + 0xFD7046C5 + (number << 3)) & _MASK
    return (((number ^ 0xB55A4F09) ^ (number >> 16)) * 3221225473) & _MASK


def _djb2(data: bytes) -> int:
    number = 5381
    for byte in data:
        number = (number * 33 + byte) & _MASK
    return number


def _sdbm(data: bytes) -> int:
    number = 0
    for byte in data:
        number = (byte + (number << 6) + (number << 16) - number) & _MASK
    return number


def _sha1(state: State, value: Value, arguments: tuple[str, ...]) -> Value:
    return hashlib.sha1(values.as_bytes(value), usedforsecurity=False).digest()


def _sha2(state: State, value: Value, arguments: tuple[str, ...]) -> Value:
    bits = int(arguments[0]) if arguments and arguments[0] else 256
    if bits not in (224, 256, 384, 512):
        raise ValueError(bits)
    return hashlib.new(f"sha{bits}", values.as_bytes(value)).digest()


def _digest(state: State, value: Value, arguments: tuple[str, ...]) -> Value:
    return hashlib.new(arguments[0], values.as_bytes(value), usedforsecurity=False).digest()


def _json(state: State, value: Value, arguments: tuple[str, ...]) -> Value | None:
    """The inside of a JSON string. Without an argument (``ascii``) every byte is a character of its own."""
    kind, data = (arguments[0] if arguments and arguments[0] else "ascii"), values.as_text(value).encode("utf-8", "surrogateescape")
    if kind == "ascii":
        return "".join(_in_json(chr(byte)) for byte in data)
    try:
        text = data.decode()
    except ValueError as problem:
        raise Unknown("the JSON form of broken UTF-8") from problem
    if any(ord(character) > 0xFFFF for character in text):
        if kind in ("utf8", "utf8p"):
            return None
        text = "".join(character for character in text if ord(character) <= 0xFFFF)
    return "".join(_in_json(character) for character in text)


def _in_json(character: str) -> str:
    short = _JSON_SHORT.get(character)
    return short or (character if " " <= character <= "~" else f"\\u{ord(character):04x}")


_JSON_SHORT = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\r": "\\r", "\n": "\\n", "\t": "\\t"}

CONVERTERS: Mapping[str, Converter] = {
    "crc32": _hashed(zlib.crc32),
    "djb2": _hashed(_djb2),
    "sdbm": _hashed(_sdbm),
    "sha1": _sha1,
    "sha2": _sha2,
    "digest": _digest,
    "json": _json,
}
"""Name to converter."""
