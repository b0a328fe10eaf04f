"""Which certificate a ``bind`` line shows for a name, and under which conditions: ``crt`` files and the lines of crt-lists.

Comes in: the lines of crt-lists, and the names in certificate files. Goes out: a :class:`Choice` for a server name. Asked by ``arrival``.
Configuration manual, section 5.1 "crt-list"; ``ssl_sock_switchctx_cbk`` and ``crtlist_parse_line`` are its code. Of several lines for one
name the first wins, but one with an ECDSA key before any with an RSA key, since the clients of today take both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hapilot.languages.haproxy.evaluate.binds import Bind, bind_options
from hapilot.languages.haproxy.evaluate.values import Unknown


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate file: how to call it, and the DNS names in it."""

    label: str
    names: tuple[str, ...]
    key: Literal["ecdsa", "rsa"] = "ecdsa"


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: ``options`` are those of the line, which go before those of the ``bind`` line."""

    label: str | None
    options: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class ListLine:
    """A line of a crt-list. Without ``filters`` the names in the certificate count."""

    path: str
    options: Mapping[str, str]
    filters: tuple[str, ...]


def parse(text: str) -> ListLine | None:
    """A line, such as ``certs/shop.pem [verify required ca-file ca.pem] shop.test *.shop.test !old.shop.test``; None for none.

    >>> parse("a.pem [alpn h2] a.test").filters
    ('a.test',)
    """
    front, bracket, rest = text.partition("[")
    inside, _, behind = rest.partition("]") if bracket else ("", "", "")
    path, *filters = front.split() or [""]
    if not path or path.startswith("#"):
        return None
    return ListLine(path, bind_options(inside.split()), (*filters, *behind.split()))


class CertificateStore:
    """All certificates, by the ``bind`` lines that name them. Each set of lines is prepared when it is first asked for."""

    def __init__(self, lists: Mapping[str, Sequence[tuple[str, str]]], certificates: Mapping[str, Certificate] | None) -> None:
        """``lists`` are tables, of which those that a ``bind`` line names are crt-lists. Without ``certificates`` every name has one;
        with them, what a file holds that is not among them is not known."""
        self._lists = lists
        self._certificates = certificates
        self._prepared: dict[tuple[tuple[str, str], ...], _Names] = {}

    def choose(self, bind: Bind, sni: str | None) -> Choice | None:
        """The certificate for a name; None where ``strict-sni`` refuses the client. Raises Unknown."""
        names = self._prepared.get(bind.certificates)
        if names is None:
            names = self._prepared[bind.certificates] = _Names(self._lines(bind), self._certificates)
        foreign = next((path for kind, path in bind.certificates if self._is_foreign(kind, path)), None)
        if foreign is None:
            return names.choose(sni, strict=bind.has("strict-sni"))
        if bind.has("strict-sni") or any(kind == "crt-list" for kind, _ in bind.certificates):
            raise Unknown(f"what {foreign} holds")
        return Choice(foreign if len(bind.certificates) == 1 and bind.certificates[0][0] == "crt" else None)

    def _is_foreign(self, kind: str, path: str) -> bool:
        if kind == "crt-list":
            return path not in self._lists
        return self._certificates is not None and path not in self._certificates

    def _lines(self, bind: Bind) -> Iterator[ListLine]:
        for kind, path in bind.certificates:
            if kind == "crt":
                yield ListLine(path, {}, ())
            for key, _ in self._lists.get(path, ()) if kind == "crt-list" else ():
                line = parse(key)
                if line is not None:
                    yield line


class _Names:
    """The two trees of names that HAProxy has for a ``bind`` line."""

    def __init__(self, lines: Iterable[ListLine], certificates: Mapping[str, Certificate] | None) -> None:
        self._exact: dict[str, list[_Name]] = {}
        self._below: dict[str, list[_Name]] = {}
        self._default: Choice | None = None
        self._any = certificates is None
        self._unfiltered: Choice | None = None
        for line in lines:
            self._add(line, (certificates or {}).get(line.path))

    def _add(self, line: ListLine, certificate: Certificate | None) -> None:
        choice = Choice(certificate.label if certificate is not None else line.path, line.options)
        self._default = self._default or choice
        if not line.filters and self._unfiltered is None:
            self._unfiltered = choice
        known = certificate or Certificate("", ())
        refused = frozenset(name[1:].lower() for name in line.filters if name.startswith("!"))
        for name in line.filters or known.names:
            shown = _Name(choice, known.key == "ecdsa", refused)
            if name.startswith("*"):
                self._below.setdefault(name[1:].lower(), []).append(shown)
            elif not name.startswith("!"):
                self._exact.setdefault(name.lower(), []).append(shown)

    def choose(self, sni: str | None, *, strict: bool) -> Choice | None:
        name = (sni or "").lower()
        _, dot, parent = name.partition(".")
        found = [*self._exact.get(name, ()), *(one for one in self._below.get(dot + parent, ()) if dot and name not in one.refused)]
        best = next((one for one in found if one.ecdsa), found[0] if found else None)
        if best is not None:
            return best.choice
        if self._any:
            return Choice(sni or "default", self._unfiltered.options if self._unfiltered is not None else {})
        return None if strict else self._default or Choice(None)


@dataclass(frozen=True, slots=True)
class _Name:
    """A name in a tree; ``refused`` are the names that the same line excludes."""

    choice: Choice
    ecdsa: bool
    refused: frozenset[str]
