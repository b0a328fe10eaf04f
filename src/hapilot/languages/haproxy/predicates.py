"""Conditions of ``.if`` and ``.elif``: whether one holds for a HAProxy and an environment.

Comes in: the words behind the macro, expanded and put together again with single spaces, as HAProxy does. Goes out: True or False.
Called by ``blocks``. Configuration manual, section 2.4 "Conditional blocks"; ``cfgcond.c`` and ``make_arg_list`` are its code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hapilot.languages.haproxy.program import Program, library_number, ssl_number, version_key

_BLANKS = re.compile(r"[ \t]*")
_NUMBER = re.compile(r"[ \t\n\v\f\r]*[+-]?(?:0[xX][0-9A-Fa-f]+|0[0-7]*|[1-9][0-9]*)")
_NAME = re.compile(r"[^ (]*")
_MOST_NESTED = 100
"""Parentheses that we follow; more are refused before Python's own limit is near."""
_ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\", " ": " ", '"': '"', "'": "'"}


class NoCondition(ValueError):
    """HAProxy refuses the condition; the text says why."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a condition can ask about."""

    program: Program
    environment: Mapping[str, str]


def holds(text: str, around: Around) -> bool:
    """Whether the condition is true; an empty one is not. Raises NoCondition for a text that is none.

    >>> holds("version_atleast(2.6) && !defined(NOPE)", Around(Program("2.8.3"), {}))
    True
    """
    if not text:
        return False
    reader = _Reader(text, around)
    found = reader.any_of()
    if reader.rest():
        raise NoCondition(f"{reader.rest()!r} is not expected at the end of a condition")
    return found()


_Check = Callable[[], bool]


class _Reader:
    """Reads a condition from left to right, into functions: it is read as a whole before anything is asked."""

    def __init__(self, text: str, around: Around) -> None:
        self.text = text
        self.around = around
        self.at = 0
        self.nested = 0

    def rest(self) -> str:
        """What is not read yet."""
        self.skip_blanks()
        return self.text[self.at :]

    def skip_blanks(self) -> None:
        found = _BLANKS.match(self.text, self.at)
        assert found is not None, "it may be empty"
        self.at = found.end()

    def takes(self, sign: str) -> bool:
        """Whether ``sign`` comes next; it is read then."""
        self.skip_blanks()
        if not self.text.startswith(sign, self.at):
            return False
        self.at += len(sign)
        return True

    def any_of(self) -> _Check:
        checks = [self.all_of()]
        while self.takes("||"):
            checks.append(self.all_of())
        return lambda: any(check() for check in checks)

    def all_of(self) -> _Check:
        checks = [self.term()]
        while self.takes("&&"):
            checks.append(self.term())
        return lambda: all(check() for check in checks)

    def term(self) -> _Check:
        negated = False
        while self.takes("!"):
            negated = not negated
        check = self.positive()
        return (lambda: not check()) if negated else check

    def positive(self) -> _Check:
        if number := _NUMBER.match(self.text, self.at):
            self.at = number.end()
            value = _integer(number[0].strip())
            return lambda: value != 0
        if self.takes("("):
            return self.parenthesis()
        found = _NAME.match(self.text, self.at)
        name = found[0] if found else ""
        known = PREDICATES.get(name)
        if known is None:
            raise NoCondition(f"{self.text[self.at :]!r} is no condition")
        self.at += len(name)
        arguments = self.arguments()
        if len(arguments) != known.arity:
            raise NoCondition(f"{name} takes {known.arity} argument{'s' if known.arity > 1 else ''}, not {len(arguments)}")
        return lambda: known.check(self.around, arguments)

    def parenthesis(self) -> _Check:
        self.nested += 1
        if self.nested > _MOST_NESTED:
            raise NoCondition("a condition has too many parentheses in each other")
        check = self.any_of()
        if not self.takes(")"):
            raise NoCondition(f"a parenthesis is not closed in {self.text!r}")
        self.nested -= 1
        return check

    def arguments(self) -> list[str]:
        """What stands between the parentheses behind a name."""
        if not self.text.startswith("(", self.at):
            return [""]
        self.at += 1
        found = [self.argument()]
        while self.text.startswith(",", self.at):
            self.at += 1
            found.append(self.argument())
        if not self.text.startswith(")", self.at):
            raise NoCondition(f"a parenthesis is not closed in {self.text!r}")
        self.at += 1
        return found

    def argument(self) -> str:
        """One argument, without its quotes and escapes."""
        found, quote = "", ""
        while self.at < len(self.text):
            here = self.text[self.at]
            if not quote and here in ",)":
                break
            self.at += 1
            if here in "'\"" and quote in ("", here):
                quote = "" if quote else here
            elif here == "\\" and quote != "'" and (following := self.text[self.at : self.at + 1]) in _ESCAPES:
                found += _ESCAPES[following]
                self.at += 1
            else:
                found += here
        return found


def _integer(text: str) -> int:
    """As C's strtol with base 0: ``0x1f``, ``017`` and ``15`` are numbers."""
    digits = text.lstrip("+-")
    if digits[:2].lower() == "0x":
        return int(digits, 16)
    return int(digits, 8) if digits.startswith("0") else int(digits)


@dataclass(frozen=True, slots=True)
class Predicate:
    """A question: how many arguments it takes and how it is answered."""

    arity: int
    check: Callable[[Around, list[str]], bool]


def _defined(around: Around, arguments: list[str]) -> bool:
    return arguments[0] in around.environment


def _feature(around: Around, arguments: list[str]) -> bool:
    return arguments[0] in around.program.features


def _is_version_at_least(around: Around, arguments: list[str]) -> bool:
    own, wanted = version_key(around.program.version), version_key(arguments[0])
    # HAProxy takes a version that it can't read for one that is older than itself.
    return own is not None and (wanted is None or own >= wanted)


def _is_ssl_at_least(around: Around, arguments: list[str]) -> bool:
    own, wanted = library_number(around.program.ssl_library), ssl_number(arguments[0])
    if own is None or wanted is None:
        raise NoCondition(f"{arguments[0]!r} can't be compared with the version of the TLS library")
    return own >= wanted


def _is_awslc_at_least(around: Around, arguments: list[str]) -> bool:
    own = around.program.awslc_api
    if own is None or not arguments[0].isdecimal():
        raise NoCondition(f"{arguments[0]!r} can't be compared with the version of AWS-LC")
    return own >= int(arguments[0])


def _starts_with(around: Around, arguments: list[str]) -> bool:
    return bool(around.program.ssl_library) and around.program.ssl_library.startswith(arguments[0])


PREDICATES: Mapping[str, Predicate] = {
    "defined": Predicate(1, _defined),
    "feature": Predicate(1, _feature),
    "streq": Predicate(2, lambda around, arguments: arguments[0] == arguments[1]),
    "strneq": Predicate(2, lambda around, arguments: arguments[0] != arguments[1]),
    "strstr": Predicate(2, lambda around, arguments: arguments[1] in arguments[0]),
    "version_atleast": Predicate(1, _is_version_at_least),
    "version_before": Predicate(1, lambda around, arguments: not _is_version_at_least(around, arguments)),
    "openssl_version_atleast": Predicate(1, _is_ssl_at_least),
    "openssl_version_before": Predicate(1, lambda around, arguments: not _is_ssl_at_least(around, arguments)),
    "ssllib_name_startswith": Predicate(1, _starts_with),
    "awslc_api_atleast": Predicate(1, _is_awslc_at_least),
    "awslc_api_before": Predicate(1, lambda around, arguments: not _is_awslc_at_least(around, arguments)),
    "enabled": Predicate(1, lambda around, arguments: arguments[0] in around.program.enabled),
}
"""All predicates of versions 2.6 to 3.4."""
