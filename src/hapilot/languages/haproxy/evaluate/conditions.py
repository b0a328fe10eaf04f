"""Conditions: ``if { path_beg /a } !tls or { src 10.0.0.0/8 }``, and the ``acl`` lines they name.

Comes in: the words behind ``if`` or ``unless``, and the named ACLs of the section. Goes out: a :class:`Condition` that says for a state
whether it holds, or that it has to wait for data. Three values, as in ``acl_exec_cond``; configuration manual, sections 7.1 and 7.2.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hapilot.languages.haproxy.evaluate import samples, values, written
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.tables import Table
from hapilot.languages.haproxy.evaluate.values import Unknown, Value


class Verdict(enum.Enum):
    """Whether something holds. ``WAIT`` means that data which has not arrived could decide it."""

    NO = 0
    WAIT = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Test:
    """One ACL expression: a sample and what it is compared with. ``files`` are tables (``-f``), ``method`` as in ``-m``."""

    sample: samples.Expression
    method: str
    patterns: Table
    files: tuple[str, ...] = ()

    def verdict(self, state: State) -> Verdict:
        """Whether any value matches any pattern. Raises Unknown."""
        found = self.sample.fetched(state)
        if any(self._matches(state, value) for value in found.values):
            return Verdict.YES
        return Verdict.WAIT if found.may_change and not state.final else Verdict.NO

    def _matches(self, state: State, value: Value) -> bool:
        method = self.method or _natural_method(value)
        if method == "found":
            return True
        if method == "bool":
            return bool(values.as_integer(value))
        if self.patterns.find(method, value) is not None:
            return True
        fold = self.patterns.ignores_case
        return any(state.shared.look_up(path, method, value, fold=fold) is not None for path in self.files)


def _natural_method(value: Value) -> str:
    """How a value is compared where no ``-m`` says it."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, bytes):
        raise Unknown("a comparison of binary data without -m")
    return "str" if isinstance(value, str) else "ip"


@dataclass(frozen=True, slots=True)
class Term:
    """A named or anonymous ACL, which holds where one of its tests does. ``inverted`` is the ``!`` in front. A test that can't be read is
    Unknown."""

    tests: tuple[Test | Unknown, ...]
    inverted: bool

    def verdict(self, state: State) -> Verdict:
        """Raises Unknown, unless another test holds."""
        result, unknown = Verdict.NO, None
        for test in self.tests:
            try:
                if isinstance(test, Unknown):
                    raise test
                result = max(result, test.verdict(state), key=lambda verdict: verdict.value)
            except Unknown as reason:
                unknown = unknown or reason
            if result is Verdict.YES:
                break
        if unknown is not None and result is not Verdict.YES:
            raise unknown
        return Verdict(2 - result.value) if self.inverted else result


@dataclass(frozen=True, slots=True)
class Condition:
    """Groups of terms: all of one group must hold. ``unless`` turns the result round."""

    groups: tuple[tuple[Term, ...], ...]
    unless: bool = False
    text: str = ""

    def verdict(self, state: State) -> Verdict:
        """Raises Unknown where a term that matters is not known."""
        result, unknown = Verdict.NO, None
        for group in self.groups:
            try:
                result = max(result, _all_of(group, state), key=lambda verdict: verdict.value)
            except Unknown as reason:
                unknown = unknown or reason
            if result is Verdict.YES:
                break
        if unknown is not None and result is not Verdict.YES:
            raise unknown
        if result is Verdict.WAIT or not self.unless:
            return result
        return Verdict(2 - result.value)


def _all_of(group: Sequence[Term], state: State) -> Verdict:
    """Terms are looked at in order; the first that does not hold ends it. Where one is not known, a later one that fails still does."""
    unknown: Unknown | None = None
    for term in group:
        try:
            verdict = term.verdict(state)
        except Unknown as reason:
            unknown = unknown or reason
            continue
        if verdict is Verdict.NO or (verdict is Verdict.WAIT and unknown is None):
            return verdict
    if unknown is not None:
        raise unknown
    return Verdict.YES


Acls = Mapping[str, Sequence[Test | Unknown]]


def parse(words: Sequence[str], acls: Acls) -> Condition:
    """A condition from ``if`` or ``unless`` on. Raises Unknown where it can't be read."""
    groups: list[tuple[Term, ...]] = []
    group: list[Term] = []
    inverted, at = False, 1
    while at < len(words):
        word = words[at]
        if word in ("or", "||"):
            groups.append(tuple(group))
            group, at = [], at + 1
            continue
        inverted ^= (len(word) - len(word.lstrip("!"))) % 2 == 1
        name, at = word.lstrip("!"), at + 1
        if not name:
            continue
        tests, at = _tests(name, words, at, acls)
        group.append(Term(tests, inverted))
        inverted = False
    return Condition((*groups, tuple(group)), words[0] == "unless", " ".join(words))


def _tests(name: str, words: Sequence[str], at: int, acls: Acls) -> tuple[tuple[Test | Unknown, ...], int]:
    """The tests of one term, and the place behind it."""
    if name == "{":
        end = _closing(words, at)
        return (read_test(words[at:end]),), end + 1
    if name in acls:
        return tuple(acls[name]), at
    if name in _PREDEFINED:
        return (parse_test(_PREDEFINED[name].split()),), at
    raise Unknown(f"the ACL {name}")


def _closing(words: Sequence[str], start: int) -> int:
    for at in range(start, len(words)):
        if words[at] == "}":
            return at
    raise Unknown("a condition without a closing brace")


def read_test(words: Sequence[str]) -> Test | Unknown:
    """The same as :func:`parse_test`; what can't be read is a value, for the rest of a condition may still tell."""
    try:
        return parse_test(words)
    except Unknown as reason:
        return reason


def parse_test(words: Sequence[str]) -> Test:
    """``path_beg -i /a /b`` as one test. Raises Unknown."""
    if not words:
        raise Unknown("an empty condition")
    if not written.is_known(words):
        raise Unknown("an environment variable")
    sample = samples.parse(words[0])
    method = ""
    if not sample.chain and (alias := _alias(sample.fetch.name)) is not None:
        fetch, method = alias
        sample = samples.Expression(sample.text, samples.Call(fetch, sample.fetch.arguments), ())
    options = _Options(method)
    rest = options.read(words[1:])
    if sample.fetch.name == "method" and not options.method:
        options.ignore_case = False  # the methods that HAProxy knows are compared as numbers (pat_match_meth)
    return Test(sample, options.method, Table([(word, "") for word in rest], ignore_case=options.ignore_case), tuple(options.files))


@dataclass(slots=True)
class _Options:
    """The flags between a sample and its patterns."""

    method: str
    ignore_case: bool = False
    files: tuple[str, ...] = ()

    def read(self, words: Sequence[str]) -> Sequence[str]:
        """Takes the flags in and gives back the patterns."""
        at = 0
        while at < len(words) and words[at].startswith("-"):
            flag = words[at]
            if flag == "--":
                return words[at + 1 :]
            at += 1
            if flag == "-i":
                self.ignore_case = True
            elif flag in ("-m", "-f", "-u") and at < len(words):
                self._take(flag, words[at])
                at += 1
            elif flag not in ("-n", "-M"):
                raise Unknown(f"the flag {flag} of a condition")
        return words[at:]

    def _take(self, flag: str, argument: str) -> None:
        if flag == "-m":
            self.method = argument
        elif flag == "-f":
            self.files = (*self.files, argument)


def _alias(name: str) -> tuple[str, str] | None:
    """``path_beg`` is ``path`` with ``-m beg``; None for a name that is no such short form."""
    if name in ("payload", "req.payload_lv"):
        return name, "bin"
    fetch, _, suffix = name.rpartition("_")
    if suffix in _SUFFIXES and fetch in _SUFFIXED:
        return fetch, suffix
    return None


_SUFFIXES = frozenset({"beg", "dir", "dom", "end", "len", "reg", "sub"})
_SUFFIXED = frozenset({"base", "cook", "hdr", "path", "url", "urlp", "url_param", "ssl_fc_sni"})

_PREDEFINED = {
    "TRUE": "always_true",
    "FALSE": "always_false",
    "HTTP": "req.proto_http",
    "HTTP_1.0": "req.ver 1.0",
    "HTTP_1.1": "req.ver 1.1",
    "HTTP_2.0": "req.ver 2.0",
    "HTTP_CONTENT": "req.hdr_val(content-length) gt 0",
    "HTTP_URL_ABS": "url_reg ^[^/:]*://",
    "HTTP_URL_SLASH": "url_beg /",
    "HTTP_URL_STAR": "url *",
    "LOCALHOST": "src 127.0.0.1/8 ::1",
    "METH_CONNECT": "method CONNECT",
    "METH_DELETE": "method DELETE",
    "METH_GET": "method GET HEAD",
    "METH_HEAD": "method HEAD",
    "METH_OPTIONS": "method OPTIONS",
    "METH_POST": "method POST",
    "METH_PUT": "method PUT",
    "METH_TRACE": "method TRACE",
    "REQ_CONTENT": "req.len gt 0",
    "WAIT_END": "wait_end",
}
"""ACLs that HAProxy defines itself (configuration manual, section 7.4)."""
