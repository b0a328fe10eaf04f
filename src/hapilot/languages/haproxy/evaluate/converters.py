"""Sample converters: what stands behind a fetch and changes its value.

Comes in: a state (for variables and maps), a value and the arguments. Goes out: the new value, or None where the conversion fails and
the sample is lost. Used by ``samples``. Configuration manual, section 7.3.1; a converter that is not in the table here raises Unknown.
"""

from __future__ import annotations

import base64
import ipaddress
import re
import urllib.parse
from collections.abc import Callable, Mapping

from hapilot.languages.haproxy.evaluate import converters_hash, tables, values
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown, Value

Arguments = tuple[str, ...]
Converter = Callable[[State, Value, Arguments], "Value | None"]

_MAP = re.compile(r"map(?:_(str|beg|end|sub|dir|dom|reg|regm|int|ip|len))?(?:_(str|int|ip|key))?")


def convert(state: State, value: Value, name: str, arguments: Arguments) -> Value | None:
    """Applies one converter. Raises Unknown for one that is not modelled, or with arguments that it can't have."""
    found = _CONVERTERS.get(name)
    mapping = None if found is not None else _MAP.fullmatch(name)
    if found is None and mapping is None:
        raise Unknown(f"the converter {name}")
    try:
        if found is not None:
            return found(state, value, arguments)
        assert mapping is not None
        return _mapped(state, value, (mapping[1] or "str", mapping[2] or "str"), arguments)
    except (ValueError, IndexError) as problem:
        raise Unknown(f"the arguments of the converter {name}") from problem


def _mapped(state: State, value: Value, kinds: tuple[str, str], arguments: Arguments) -> Value | None:
    """``map_<match>_<output>(file[,default])``."""
    match, output = kinds
    if (match == "ip" and values.as_address(value) is None) or (match == "int" and values.as_integer(value) is None):
        return None  # what can't be cast is lost before the map, with its default, is asked
    entry = state.shared.look_up(arguments[0], "reg" if match == "regm" else match, value)
    if entry is None:
        result = arguments[1] if len(arguments) > 1 else None
    elif match == "regm":
        result = _expand_map(entry, values.as_text(value))
    else:
        result = entry[0] if output == "key" else entry[1]
    if result is None or output in ("str", "key"):
        return result
    return values.as_integer(result) if output == "int" else values.parse_address(result)


def _expand_map(entry: tables.Entry, text: str) -> str:
    found = tables.compile_regex(entry[0]).search(text)
    return expand(found, entry[1]) if found else entry[1]


def expand(found: re.Match[str], replacement: str) -> str:
    r"""A replacement text in which ``\1`` stands for the first group of a match (``exp_replace``)."""

    def group(reference: re.Match[str]) -> str:
        number = int(reference[1])
        return (found[number] or "") if number <= (found.re.groups) else ""

    return re.sub(r"\\([0-9])", group, replacement)


def _lower(state: State, value: Value, arguments: Arguments) -> Value:
    return "".join(c.lower() if c.isascii() else c for c in values.as_text(value))


def _upper(state: State, value: Value, arguments: Arguments) -> Value:
    return "".join(c.upper() if c.isascii() else c for c in values.as_text(value))


def _host_only(state: State, value: Value, arguments: Arguments) -> Value:
    return _host_and_port(values.as_text(value))[0].lower()


def _port_only(state: State, value: Value, arguments: Arguments) -> Value:
    return values.as_integer(_host_and_port(values.as_text(value))[1]) or 0


def _host_and_port(text: str) -> tuple[str, str]:
    """A Host header cut at its last colon, unless that is inside brackets (``sample_conv_host_only``)."""
    colon = text.rfind(":")
    return (text[:colon], text[colon + 1 :]) if colon > text.rfind("]") else (text, "")


def _rtrim(state: State, value: Value, arguments: Arguments) -> Value:
    return values.as_text(value).rstrip(arguments[0]) if arguments else values.as_text(value)


def _ltrim(state: State, value: Value, arguments: Arguments) -> Value:
    return values.as_text(value).lstrip(arguments[0]) if arguments else values.as_text(value)


def _field(state: State, value: Value, arguments: Arguments) -> Value | None:
    """The n-th field; unlike with ``word``, two delimiters in a row enclose an empty one. Without an n-th the sample is lost."""
    return _part(values.as_text(value), arguments, re.compile(f"([{re.escape(arguments[1])}])"))


def _word(state: State, value: Value, arguments: Arguments) -> Value:
    """The n-th word; delimiters in a row count once. Without an n-th the text is empty."""
    return _part(values.as_text(value).strip(arguments[1]), arguments, re.compile(f"([{re.escape(arguments[1])}]+)")) or ""


def _part(text: str, arguments: Arguments, cut: re.Pattern[str]) -> str | None:
    """Parts ``index`` to ``index + count - 1`` of a text with what is between them; from the end for a negative index."""
    index, count = int(arguments[0]), int(arguments[2]) if len(arguments) > 2 else 1
    pieces = cut.split(text)
    total = (len(pieces) + 1) // 2
    start = index - 1 if index > 0 else total + index
    if not 0 <= start < total:
        return None
    if index > 0:
        last = total if count == 0 else min(start + count, total)
        return "".join(pieces[2 * start : 2 * last - 1])
    first = 0 if count == 0 else max(start - count + 1, 0)
    return "".join(pieces[2 * first : 2 * start + 1])


def _regsub(state: State, value: Value, arguments: Arguments) -> Value:
    regex, replacement, flags = [*arguments, "", ""][:3]
    pattern = tables.compile_regex(regex, fold="i" in flags)
    return pattern.sub(lambda found: expand(found, replacement), values.as_text(value), count=0 if "g" in flags else 1)


def _concat(state: State, value: Value, arguments: Arguments) -> Value:
    """The text, then a first text, a variable (if it is set) and a last text."""
    start, name, end = [*arguments, "", ""][:3]
    middle = state.variable(name) if name else None
    return values.as_text(value) + start + ("" if middle is None else values.as_text(middle)) + end


def _strcmp(state: State, value: Value, arguments: Arguments) -> Value | None:
    """Below, equal to or above zero, against a variable (``strncmp``: the difference of the first bytes that differ)."""
    other = state.variable(arguments[0])
    if other is None:
        return None
    left, right = values.as_bytes(values.as_text(value)), values.as_bytes(values.as_text(other))
    for mine, theirs in zip(left, right, strict=False):
        if mine != theirs:
            return mine - theirs
    return (len(left) > len(right)) - (len(left) < len(right))


def _url_dec(state: State, value: Value, arguments: Arguments) -> Value | None:
    """Percent-decoding; ``+`` is a space only behind a question mark, or everywhere with an argument. Fails on a bad escape."""
    text = values.as_text(value)
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        return None
    if arguments and arguments[0] not in ("", "0"):
        return urllib.parse.unquote_plus(text)
    path, mark, query = text.partition("?")
    return urllib.parse.unquote(path) + mark + urllib.parse.unquote_plus(query)


def _url_enc(state: State, value: Value, arguments: Arguments) -> Value:
    return urllib.parse.quote(values.as_text(value), safe="-._~")


def _length(state: State, value: Value, arguments: Arguments) -> Value:
    return len(values.as_bytes(values.as_text(value)))


def _hex(state: State, value: Value, arguments: Arguments) -> Value:
    return values.as_bytes(value).hex().upper()


def _hex2i(state: State, value: Value, arguments: Arguments) -> Value | None:
    digits = values.as_text(value)
    if not digits:
        return 0
    if not re.fullmatch("[0-9A-Fa-f]+", digits):
        return None
    wrapped = int(digits, 16) & 0xFFFF_FFFF_FFFF_FFFF
    return wrapped - (1 << 64) if wrapped >> 63 else wrapped


def _bytes(state: State, value: Value, arguments: Arguments) -> Value:
    data, offset = values.as_bytes(value), int(arguments[0])
    return data[offset : offset + int(arguments[1])] if len(arguments) > 1 else data[offset:]


def _base64(state: State, value: Value, arguments: Arguments) -> Value:
    return base64.b64encode(values.as_bytes(value)).decode("ascii")


def _unbase64(state: State, value: Value, arguments: Arguments) -> Value | None:
    try:
        return values.from_base64(values.as_text(value))
    except ValueError:
        return None


def _ipmask(state: State, value: Value, arguments: Arguments) -> Value | None:
    """The network part, with one mask for IPv4, also where it is mapped into IPv6, and one for IPv6."""
    address = values.as_address(value)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address is None or (address.version == 6 and len(arguments) < 2):
        return None
    mask = arguments[0] if address.version == 4 else arguments[1]
    return ipaddress.ip_network(f"{address}/{mask}", strict=False).network_address


def _bool(state: State, value: Value, arguments: Arguments) -> Value | None:
    number = values.as_integer(value)
    return None if number is None else number != 0


def _not(state: State, value: Value, arguments: Arguments) -> Value | None:
    number = values.as_integer(value)
    return None if number is None else number == 0


def _iif(state: State, value: Value, arguments: Arguments) -> Value | None:
    number = values.as_integer(value)
    if number is None:
        return None
    return arguments[0] if number else arguments[1]


def _arithmetic(operate: Callable[[int, int], int]) -> Converter:
    """An operator whose operand is a number or a variable."""

    def apply(state: State, value: Value, arguments: Arguments) -> Value | None:
        left = values.as_integer(value)
        literal = re.fullmatch(r"[-+]?[0-9]+", arguments[0])
        operand = int(arguments[0]) if literal else state.variable(arguments[0])
        right = None if operand is None else values.as_integer(operand)
        return None if left is None or right is None else operate(left, right)

    return apply


def _divided(exact: Callable[[int, int], int], by_zero: int) -> Converter:
    """Division as in C, which rounds towards zero."""
    return _arithmetic(lambda left, right: exact(left, right) if right else by_zero)


def _quotient(left: int, right: int) -> int:
    whole = abs(left) // abs(right)
    return whole if (left < 0) == (right < 0) else -whole


def _counted(name: str) -> Converter:
    """``in_table(T)`` and ``table_…(T)``: what a stick table holds for the value; nobody was seen before this connection."""

    def apply(state: State, value: Value, arguments: Arguments) -> Value | None:
        if state.strict:
            raise Unknown(f"what the stick table {arguments[0]} holds")
        entry = state.shared.counters.find(arguments[0], value)
        if name == "in_table":
            return entry is not None
        counter = _TABLE_COUNTERS.get(name, name)
        return 0 if entry is None else entry.get(counter)

    return apply


_TABLE_COUNTERS = {"kbytes_in": "bytes_in_cnt", "kbytes_out": "bytes_out_cnt"}
_TABLE_NAMES = (
    *("bytes_in_rate", "bytes_out_rate", "conn_cnt", "conn_cur", "conn_rate", "gpc0", "gpc0_rate", "gpc1", "gpc1_rate", "gpt0"),
    *("http_err_cnt", "http_err_rate", "http_fail_cnt", "http_fail_rate", "http_req_cnt", "http_req_rate"),
    *("kbytes_in", "kbytes_out", "sess_cnt", "sess_rate"),
)


def _debug(state: State, value: Value, arguments: Arguments) -> Value:
    return value


_CONVERTERS: Mapping[str, Converter] = {
    "lower": _lower,
    "upper": _upper,
    "host_only": _host_only,
    "port_only": _port_only,
    "rtrim": _rtrim,
    "ltrim": _ltrim,
    "field": _field,
    "word": _word,
    "regsub": _regsub,
    "concat": _concat,
    "strcmp": _strcmp,
    "url_dec": _url_dec,
    "url_enc": _url_enc,
    "length": _length,
    "hex": _hex,
    "hex2i": _hex2i,
    "bytes": _bytes,
    "base64": _base64,
    "b64dec": _unbase64,
    "ipmask": _ipmask,
    "bool": _bool,
    "not": _not,
    "iif": _iif,
    "add": _arithmetic(lambda left, right: left + right),
    "sub": _arithmetic(lambda left, right: left - right),
    "mul": _arithmetic(lambda left, right: left * right),
    "and": _arithmetic(lambda left, right: left & right),
    "or": _arithmetic(lambda left, right: left | right),
    "xor": _arithmetic(lambda left, right: left ^ right),
    "div": _divided(_quotient, (1 << 63) - 1),
    "mod": _divided(lambda left, right: left - right * _quotient(left, right), 0),
    "in_table": _counted("in_table"),
    **{f"table_{name}": _counted(name) for name in _TABLE_NAMES},
    "debug": _debug,
    **converters_hash.CONVERTERS,
}
