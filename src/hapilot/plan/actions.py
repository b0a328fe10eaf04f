"""What can be done to a running HAProxy: a closed union of small values, each with what it is about, why, and what it disturbs.

``plan`` makes them, ``runtime.acting`` carries them out, ``shown`` prints them. Names of backends and servers are HAProxy's own;
``about`` says them in the user's words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from hapilot.base import secret
from hapilot.plan.running import AdminState

NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """``about`` is the object in the user's words, ``reason`` why, ``disturbs`` whom it touches."""

    about: str
    reason: str
    disturbs: str = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class AddServer(_Step):
    """``words`` is what stands behind the address on the server's line; ``mark`` is noted, for whoever compares later."""

    kind: ClassVar[str] = "add-server"
    backend: str
    name: str
    address: str
    words: tuple[str, ...]
    mark: str
    state: AdminState = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveServer(_Step):
    """No new sessions; it is deleted when its last one ends."""

    kind: ClassVar[str] = "remove-server"
    backend: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveServer(_Step):
    """``host`` is an IP address without brackets."""

    kind: ClassVar[str] = "move-server"
    backend: str
    name: str
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighServer(_Step):
    """``weight`` from 0 to 256; ``is_told`` where a verb said it, not the site."""

    kind: ClassVar[str] = "weigh-server"
    backend: str
    name: str
    weight: int
    is_told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitServer(_Step):
    """``connections`` is the most at a time, 0 for any number."""

    kind: ClassVar[str] = "limit-server"
    backend: str
    name: str
    connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetState(_Step):
    """What somebody says of a server: ready, drain, maint; ``is_told`` where a verb said it, not the site."""

    kind: ClassVar[str] = "set-state"
    backend: str
    name: str
    state: AdminState
    is_told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveSpare(_Step):
    """From now on ``spare`` stands for ``backend``."""

    kind: ClassVar[str] = "give-spare"
    spare: str
    backend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeSpare(_Step):
    """``spare`` stands for nothing any more."""

    kind: ClassVar[str] = "take-spare"
    spare: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceTable(_Step):
    """All entries of a map (or of a list, where values are empty) at once. ``added``, ``removed`` and ``changed`` are for people."""

    kind: ClassVar[str] = "replace-table"
    path: str
    entries: tuple[tuple[str, str], ...] = field(repr=False)
    is_list: bool = False
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCertificate(_Step):
    """The certificate of a file, with its key; ``is_new`` where HAProxy has none by that name, or an empty one."""

    kind: ClassVar[str] = "set-certificate"
    path: str
    pem: secret.Secret
    mark: str
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCertificate(_Step):
    """``line`` of a crt-list: a file, options in brackets, names."""

    kind: ClassVar[str] = "list-certificate"
    path: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlistCertificate(_Step):
    """Line ``number`` of a crt-list, which is about ``certificate``."""

    kind: ClassVar[str] = "unlist-certificate"
    path: str
    certificate: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetCertificate(_Step):
    """The certificate of a file that no list has any more."""

    kind: ClassVar[str] = "forget-certificate"
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reload(_Step):
    """A new worker reads all files; the old one finishes its connections."""

    kind: ClassVar[str] = "reload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(_Step):
    """Nothing runs."""

    kind: ClassVar[str] = "start"


RuntimeAction = (
    AddServer
    | RemoveServer
    | MoveServer
    | WeighServer
    | LimitServer
    | SetState
    | GiveSpare
    | TakeSpare
    | ReplaceTable
    | SetCertificate
    | ListCertificate
    | UnlistCertificate
    | ForgetCertificate
)
"""What the runtime API does (management manual, 9.3)."""

Action = RuntimeAction | Reload | Start
