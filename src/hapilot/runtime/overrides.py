"""What operators said of servers by hand: drain, maintenance, weight. It holds until the opposite is said, over reloads and restarts.

In: what a verb says, or ``overrides.json`` in the state directory. Out: :class:`Override` values and what they want of a server. Written by
``reconcile.verbs`` while an order is carried out; read by the loop, which lays them over what the site says, and by ``status``.

A record belongs to names, not to what stands behind them: it stays where the site has lost its service or server, counts again when the
name comes back, and goes when the opposite verb is said of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from hapilot.base import errors
from hapilot.runtime import files, record, writing

FILE = "overrides.json"
VERSION = 1
"""Changes whenever an earlier hapilot would misunderstand the file."""

HEAVIEST = 256
"""The greatest weight of a server (configuration manual, "weight")."""

State = Literal["", "drain", "maint"]
"""In the order of strictness; empty for nothing."""
_STATES: tuple[State, ...] = get_args(State)
_FIELDS = {"service", "server", "state", "weight", "by", "at"}


@dataclass(frozen=True, slots=True)
class Override:
    """One thing that was said: a ``state``, or else a ``weight``. ``server`` is HAProxy's name for it, empty for all of the service; ``by``
    is who said it, and ``at`` when, in seconds since 1970."""

    service: str
    server: str
    state: State
    weight: int | None
    by: str
    at: float

    @property
    def subject(self) -> tuple[str, str, bool]:
        """What it is about: what is said later of the same replaces it. True where that is the weight."""
        return self.service, self.server, self.weight is not None


Overrides = tuple[Override, ...]


def wanted(known: Iterable[Override], service: str, server: str) -> tuple[State, int | None]:
    """The state and the weight that ``server`` of ``service`` shall have; empty and None for what the site says. Of what was said of the
    server and what was said of the service the stricter state counts.

    >>> wanted([Override("shop", "", "maint", None, "", 0), Override("shop", "a", "", 7, "", 0)], "shop", "a")
    ('maint', 7)
    """
    mine = about(known, service, server)
    state = _STATES[max((_STATES.index(one.state) for one in mine), default=0)]
    return state, next((one.weight for one in mine if one.weight is not None), None)


def about(known: Iterable[Override], service: str, server: str) -> Overrides:
    """What was said of ``server``, or of all of ``service``."""
    return tuple(one for one in known if one.service == service and one.server in ("", server))


def by_service(known: Iterable[Override]) -> Mapping[str, Overrides]:
    """The same, sorted for many questions."""
    found: dict[str, Overrides] = {}
    for one in known:
        found[one.service] = (*found.get(one.service, ()), one)
    return found


def put(known: Overrides, said: Iterable[Override]) -> Overrides:
    """``known`` with what was said now, in the order in which it was said."""
    new = {one.subject: one for one in said}
    return (*(one for one in known if one.subject not in new), *new.values())


def encode(known: Overrides) -> bytes:
    """What the file holds."""
    return json.dumps({"version": VERSION, "overrides": [asdict(one) for one in known]}, indent=1).encode()


def decode(content: bytes) -> Overrides:
    """What the file says. Raises ValueError where it is not exactly such a file.

    >>> decode(encode((Override("shop", "a", "drain", None, "root", 1.0),)))
    (Override(service='shop', server='a', state='drain', weight=None, by='root', at=1.0),)
    """
    try:
        said: object = json.loads(content.decode("utf-8"))
    except RecursionError as problem:
        raise ValueError("it is nested too deeply") from problem
    fields = _mapping(said)
    rows = fields.get("overrides")
    if fields.get("version") != VERSION or not isinstance(rows, list):
        raise ValueError("it is no such file")
    found = tuple(_override(_mapping(row)) for row in cast("list[object]", rows))
    if len({one.subject for one in found}) != len(found):
        raise ValueError("something is said twice")
    return found


def _override(fields: Mapping[str, object]) -> Override:
    if set(fields) != _FIELDS:
        raise ValueError("it has other keys")
    state, weight = _text(fields["state"]), fields["weight"]
    if weight is not None and (isinstance(weight, bool) or not isinstance(weight, int) or not 0 <= weight <= HEAVIEST):
        raise ValueError(f"{weight!r} is no weight")
    if state not in _STATES or bool(state) == (weight is not None) or not fields["service"]:
        raise ValueError("it does not say one thing")
    at = record.number(fields["at"])
    return Override(_text(fields["service"]), _text(fields["server"]), state, weight, _text(fields["by"]), at)


def _text(said: object) -> str:
    if not isinstance(said, str):
        raise ValueError(f"{said!r} is no text")
    return said


def _mapping(said: object) -> Mapping[str, object]:
    if not isinstance(said, dict):
        raise ValueError(f"{said!r} is no mapping")
    return cast("dict[str, object]", said)


def path(state: files.StateDirectory) -> Path:
    """Where they are kept."""
    return state.root / FILE


def read(state: files.StateDirectory) -> Overrides:
    """What is kept; nothing where nothing was ever said. Raises StateBroken where the file is damaged or can't be read."""
    kept = path(state)
    with writing.explained("read", kept):
        try:
            content = kept.read_bytes()
        except FileNotFoundError:
            return ()
    try:
        return decode(content)
    except ValueError as problem:
        hint = "remove it: what `hapilot drain`, `maintain` and `weight` have set is then forgotten"
        raise errors.StateBroken(f"{kept} is damaged: {problem}", hint) from problem


def write(state: files.StateDirectory, known: Overrides) -> None:
    """Keeps ``known`` instead of what was kept, in one step. Raises StateBroken."""
    with writing.explained("write", path(state)):
        writing.replace_file(path(state), encode(known))


def put_aside(state: files.StateDirectory) -> str:
    """Moves a damaged file out of the way, so that changes can be made; what to tell the user, empty where it is whole. For ``up``."""
    try:
        read(state)
    except errors.StateBroken as problem:
        beside = path(state).with_suffix(".damaged")
        with writing.explained("move", path(state)):
            path(state).replace(beside)
        return f"{problem}. It lies at {beside} now; what `hapilot drain`, `maintain` and `weight` had set is forgotten"
    return ""
