"""What is said over the control socket of ``up``: requests and answers as values, and as bytes.

One JSON object in one line each way. Bytes go in and values come out (``decode_…``), or the other way round (``encode_…``); nothing else
happens here. Whoever decodes believes nothing: what is not exactly a request or an answer raises :class:`Malformed`, what is of another
version :class:`OtherVersion`. ``orders`` speaks for ``up``, ``asking`` for the commands. Pure.

A request that has a key too many is refused, not obeyed in part. In every version, ``hapilot`` is the version, ``program`` the release
of hapilot, and ``error`` and ``hint`` are texts, so that a command of another version can say what is wrong.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, NoReturn, TypeVar, cast, get_args

from hapilot.base import catalogue, diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.base.origin import Origin
from hapilot.runtime import overrides

VERSION = 1
"""Changes whenever one side would misunderstand the other."""

LONGEST_REQUEST = 16 * 1024
LONGEST_ANSWER = 4 * 1024 * 1024
"""Bytes, with the end of the line."""

LONGEST_TRIAL = 24 * 3600.0
"""Seconds that a generation may wait for its confirmation."""

How = Literal["start", "adopt", "reload", "runtime", "nothing"]
_HOWS: tuple[How, ...] = get_args(How)


class Malformed(Exception):
    """It is no request, or no answer. The text says why."""


class OtherVersion(Exception):
    """It is of another version of the protocol. ``program`` is the release that said it, ``error`` and ``hint`` what it said."""

    def __init__(self, version: int, program: str = "", error: str = "", hint: str = "") -> None:
        super().__init__(f"version {version}")
        self.version, self.program, self.error, self.hint = version, program, error, hint


@dataclass(frozen=True, slots=True)
class Apply:
    """Read the site now and make it the running state. ``site`` is what the user takes for the site, with all links resolved; empty for
    whatever it is. ``confirm_seconds`` above 0: the former generation comes back unless a :class:`Confirm` comes in this time. ``strict``:
    a site with a bad part is refused as a whole."""

    site: str = ""
    confirm_seconds: float = 0.0
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Confirm:
    """Keep the generation that waits for it."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """Bring a generation back; 0 for the one before."""

    generation: int = 0


@dataclass(frozen=True, slots=True)
class Drain:
    """No new connections for a server; those that are open go on."""

    service: str
    server: str


@dataclass(frozen=True, slots=True)
class Maintain:
    """Nothing for a server, or for every server of a service where ``server`` is empty, and no health checks."""

    service: str
    server: str = ""


@dataclass(frozen=True, slots=True)
class Enable:
    """Takes drain and maintenance back, of a server or of a service and every server of it."""

    service: str
    server: str = ""


@dataclass(frozen=True, slots=True)
class Weigh:
    """The weight of a server; None for the site file's."""

    service: str
    server: str
    weight: int | None = None


Verb = Drain | Maintain | Enable | Weigh
"""What is said of a server by hand, and holds until the opposite is said."""
Request = Apply | Confirm | Rollback | Verb
_VERBS: Mapping[str, type[Request]] = {
    "apply": Apply,
    "confirm": Confirm,
    "rollback": Rollback,
    "drain": Drain,
    "maintain": Maintain,
    "enable": Enable,
    "weight": Weigh,
}


@dataclass(frozen=True, slots=True)
class Done:
    """The order was carried out. ``generation`` serves now and ``former`` did before; ``changes`` and ``reasons`` say what differs and why
    HAProxy was reloaded; ``confirm_seconds`` is how long it waits for confirmation, ``restores`` the generation that was brought back.
    ``note`` is what the user must know besides, ``quarantined`` the bad parts of the site that it does without, a line for each."""

    how: How
    generation: int
    former: int = 0
    changes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    seconds: float = 0.0
    confirm_seconds: float = 0.0
    restores: int = 0
    note: str = ""
    diagnostics: tuple[Diagnostic, ...] = field(default=())
    quarantined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The order was not carried out, and nothing was changed."""

    error: str
    hint: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()


Answer = Done | Failed
T = TypeVar("T")


def encode_request(request: Request) -> bytes:
    """
    >>> encode_request(Rollback(3))
    b'{"hapilot": 1, "verb": "rollback", "generation": 3}\\n'
    """
    verb = next(verb for verb, kind in _VERBS.items() if isinstance(request, kind))
    return _line({"hapilot": VERSION, "verb": verb, **asdict(request)})


def encode_answer(answer: Answer, program: str) -> bytes:
    """``program`` is the release of hapilot that answers."""
    said = {one.name: getattr(answer, one.name) for one in fields(answer)}
    said["diagnostics"] = [one.as_json() for one in answer.diagnostics]
    return _line({"hapilot": VERSION, "program": program, "ok": isinstance(answer, Done), **said})


def decode_request(line: bytes) -> Request:
    """
    >>> decode_request(b'{"hapilot": 1, "verb": "apply", "confirm_seconds": 60}')
    Apply(site='', confirm_seconds=60.0, strict=False)
    """
    said = _object(line, LONGEST_REQUEST)
    _same_version(said)
    verb = _take(said, "verb", _text)
    kind = _VERBS.get(verb)
    if kind is None:
        raise Malformed(f"there is no verb {verb[:40]!r}")
    allowed = {"hapilot", "verb", *(one.name for one in fields(kind))}
    if unknown := sorted(set(said) - allowed):
        raise Malformed(f"{verb} takes no {unknown[0][:40]!r}")
    return _READERS[kind](said)


def _apply(said: Mapping[str, Any]) -> Request:
    seconds = _take(said, "confirm_seconds", _number, 0.0)
    if not 0 <= seconds <= LONGEST_TRIAL:
        raise Malformed(f"confirm_seconds is from 0 to {LONGEST_TRIAL:g}")
    return Apply(_take(said, "site", _text, ""), seconds, _take(said, "strict", _bool, default=False))


def _weigh(said: Mapping[str, Any]) -> Request:
    weight = None if said.get("weight") is None else _take(said, "weight", _count)
    if weight is not None and weight > overrides.HEAVIEST:
        raise Malformed(f"weight is from 0 to {overrides.HEAVIEST}")
    return Weigh(_take(said, "service", _text), _take(said, "server", _text), weight)


_READERS: Mapping[type[Request], Callable[[Mapping[str, Any]], Request]] = {
    Apply: _apply,
    Confirm: lambda _: Confirm(),
    Rollback: lambda said: Rollback(_take(said, "generation", _count, 0)),
    Drain: lambda said: Drain(_take(said, "service", _text), _take(said, "server", _text)),
    Maintain: lambda said: Maintain(_take(said, "service", _text), _take(said, "server", _text, "")),
    Enable: lambda said: Enable(_take(said, "service", _text), _take(said, "server", _text, "")),
    Weigh: _weigh,
}
"""What reads each request, after its keys were looked at."""


def decode_answer(line: bytes) -> Answer:
    """The other way round of :func:`encode_answer`; keys that are not known are left alone."""
    said = _object(line, LONGEST_ANSWER)
    _same_version(said)
    found = tuple(_diagnostic(one) for one in _take(said, "diagnostics", _list, []))
    if not _take(said, "ok", _bool):
        return Failed(_take(said, "error", _text), _take(said, "hint", _text, ""), found)
    return Done(
        _take(said, "how", _how),
        _take(said, "generation", _count),
        _take(said, "former", _count, 0),
        _take(said, "changes", _texts, ()),
        _take(said, "reasons", _texts, ()),
        _take(said, "seconds", _number, 0.0),
        _take(said, "confirm_seconds", _number, 0.0),
        _take(said, "restores", _count, 0),
        _take(said, "note", _text, ""),
        found,
        _take(said, "quarantined", _texts, ()),
    )


def _line(said: Mapping[str, object]) -> bytes:
    return json.dumps(said).encode("ascii") + b"\n"


def _object(line: bytes, longest: int) -> dict[str, Any]:
    if len(line) > longest:
        raise Malformed(f"it is longer than {longest} bytes")
    try:
        said: object = json.loads(line.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError) as problem:
        raise Malformed("it is not JSON") from problem
    if not isinstance(said, dict):
        raise Malformed("it is not a JSON object")
    return cast("dict[str, Any]", said)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _same_version(said: dict[str, Any]) -> None:
    version = _take(said, "hapilot", _count)
    if version != VERSION:
        raise OtherVersion(version, *(value if isinstance(value := said.get(key), str) else "" for key in ("program", "error", "hint")))


def _take(said: Mapping[str, Any], key: str, read: Callable[[object], T], default: T | None = None) -> T:
    if key not in said:
        if default is None:
            raise Malformed(f"{key!r} is missing")
        return default
    try:
        return read(said[key])
    except (KeyError, TypeError, ValueError) as problem:
        raise Malformed(f"{key!r} has a value that it can't have") from problem


def _text(said: object) -> str:
    if not isinstance(said, str) or "\0" in said:
        raise ValueError(said)
    return said


def _bool(said: object) -> bool:
    if not isinstance(said, bool):
        raise TypeError(said)
    return said


def _count(said: object) -> int:
    if isinstance(said, bool) or not isinstance(said, int) or not 0 <= said < 2**53:
        raise ValueError(said)
    return said


def _number(said: object) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        raise ValueError(said)
    return float(said)


def _how(said: object) -> How:
    return _HOWS[_HOWS.index(cast("How", said))]


def _list(said: object) -> list[object]:
    if not isinstance(said, list):
        raise TypeError(said)
    return cast("list[object]", said)


def _texts(said: object) -> tuple[str, ...]:
    return tuple(_text(one) for one in _list(said))


def _diagnostic(said: object) -> Diagnostic:
    if not isinstance(said, dict):
        raise Malformed("a diagnostic is not an object")
    one = cast("dict[str, Any]", said)
    code, place = _take(one, "code", _text), _take(one, "origin", _place)
    if code not in catalogue.CODES:
        raise Malformed(f"there is no diagnostic {code[:40]!r}")
    severity = _take(one, "severity", diagnostics.Severity)
    return Diagnostic(severity, code, _take(one, "message", _text), place, _take(one, "hint", _text, ""))


def _place(said: object) -> Origin:
    one = cast("dict[str, Any]", said)
    return Origin(_text(one["file"]), _count(one["line"]), _count(one["column"]))
