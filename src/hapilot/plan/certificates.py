"""Certificates: which to set, add to a list, take from it and forget.

In: the certificates and crt-lists of the wanted files, those in memory, and those that were loaded. Out: actions, and reasons for a reload
where the order of a list, or its options, would come out differently. Pure; called by ``plan`` once. A certificate that HAProxy has is told
from the wanted one by its fingerprint, and by a mark of all that is in its file, because a chain or a key may change alone.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from hapilot.base import secret
from hapilot.plan import actions, running
from hapilot.render import bundle

_FOLDER = "certs/"
_PEM = ".pem"
_FIRST = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_LINE = re.compile(r"^(?P<file>\S+?)(?P<rest>(?: .*)?)$")

LONGEST = 60_000
"""Bytes of a certificate with chain and key that fit into a command where buffers have 64 KiB (``tune.bufsize`` in the global section)."""


@dataclass(slots=True)
class Found:
    """Steps before and after the tables change, and what only a reload can do. What is new comes before what is replaced: a name that
    goes from one certificate to another is never without one."""

    new: list[actions.RuntimeAction] = field(default_factory=list[actions.RuntimeAction])
    replaced: list[actions.RuntimeAction] = field(default_factory=list[actions.RuntimeAction])
    after: list[actions.RuntimeAction] = field(default_factory=list[actions.RuntimeAction])
    reasons: list[str] = field(default_factory=list[str])

    @property
    def before(self) -> tuple[actions.RuntimeAction, ...]:
        """What comes before the tables."""
        return (*self.new, *self.replaced)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a crt-list: a file, and its options and names as they are compared."""

    certificate: str
    rest: str


def compare(state: running.Running, wanted: bundle.Bundle, lenient: Collection[str] = ()) -> Found:
    """All lists that HAProxy has, and the certificates in them. The first certificate of a list counts for more than its names where the
    list is in ``lenient``."""
    found = Found()
    files = {file.path: file for file in wanted.files if file.path.startswith(_FOLDER)}
    should = {path: lines(files[path].content) for path in state.lists if path in files}
    used = dict.fromkeys(line.certificate for listed in should.values() for line in listed)
    for path in used:
        if path in files:
            _certificate(found, state, files[path])
    for path, listed in should.items():
        if problem := _list(found, _Compared(path, state.lists[path], listed, path in lenient), files):
            found.reasons.append(f"{_about_list(path)}: {problem}")
    for path in state.fingerprints:
        # Others are named by lines of the user's own.
        if path not in used and path.startswith(_FOLDER):
            found.after.append(actions.ForgetCertificate(about=_about(path), reason="no list has it any more", path=path))
    return found


def _about(path: str) -> str:
    return f"certificate {path.removeprefix(_FOLDER).removesuffix(_PEM)}"


def _about_list(path: str) -> str:
    """A crt-list in the user's words.

    >>> _about_list("certs/list"), _about_list("certs/web.list")
    ('certificates', 'certificates of listener web')
    """
    name = path.removeprefix(_FOLDER)
    return f"certificates of listener {name.removesuffix('.list')}" if name.endswith(".list") else "certificates"


def _certificate(found: Found, state: running.Running, file: bundle.BundleFile) -> None:
    has, wanted = state.fingerprints.get(file.path), mark(file.content)
    if has == fingerprint(file.content) and _loaded_mark(state, file.path) == wanted:
        return
    if len(file.content) > LONGEST:
        found.reasons.append(f"{_about(file.path)} is too long for a command")
        return
    # One that was made and not filled before somebody interrupted it can't be listed either.
    is_new = not has
    if not is_new:
        found.reasons += _lost(state, file)
    (found.new if is_new else found.replaced).append(
        actions.SetCertificate(
            about=_about(file.path),
            reason="new in the site" if is_new else "another one than HAProxy has",
            disturbs=actions.NOTHING if is_new else "new handshakes",
            path=file.path,
            pem=secret.Secret(file.content.decode("utf-8", "replace")),
            mark=wanted,
            is_new=is_new,
        )
    )


def _lost(state: running.Running, file: bundle.BundleFile) -> Iterator[str]:
    """A file whose names change may hand one of them to another file; one after the other, a name would be nobody's for a moment."""
    former = _loaded(state, file.path)
    if former is None or not set(hosts(former)) - set(hosts(file.content)):
        return
    yield f"{_about(file.path)} is for other names than before"


def _loaded(state: running.Running, path: str) -> bytes | None:
    file = state.loaded.get(path) if state.loaded is not None else None
    return file.content if file is not None else None


def _loaded_mark(state: running.Running, path: str) -> str:
    noted = state.notes.get(path)
    if noted is not None:
        return noted
    content = _loaded(state, path)
    return mark(content) if content is not None else ""


@dataclass(frozen=True, slots=True)
class _Compared:
    """A crt-list as HAProxy has it and as it should be."""

    path: str
    has: tuple[running.ListLine, ...]
    should: tuple[Line, ...]
    is_lenient: bool

    @property
    def lines(self) -> tuple[Line, ...]:
        """What HAProxy has, in the form of what should be."""
        return tuple(Line(line.certificate, options(line.rest)) for line in self.has)


def _list(found: Found, both: _Compared, files: Mapping[str, bundle.BundleFile]) -> str:
    """Steps for one list, or why it takes a reload."""
    extra, missing = Counter(both.should) - Counter(both.lines), Counter(both.lines) - Counter(both.should)
    if not extra and not missing:
        return ""
    if problem := _order_matters(both, set(extra), files):
        return problem
    for line in extra.elements():
        about, said = _about(line.certificate), f"{line.certificate} {line.rest}".strip()
        found.new.append(actions.ListCertificate(about=about, reason="listed for new handshakes", path=both.path, line=said))
    for line, key in zip(both.has, both.lines, strict=True):
        if missing[key]:
            missing[key] -= 1
            step = actions.UnlistCertificate(
                about=_about(line.certificate),
                reason="not in the site",
                disturbs="new handshakes",
                path=both.path,
                certificate=line.certificate,
                number=line.number,
            )
            found.after.append(step)
    return ""


def _order_matters(both: _Compared, extra: set[Line], files: Mapping[str, bundle.BundleFile]) -> str:
    """Of several certificates for a name HAProxy shows the first, and without ``strict-sni`` the very first of a list for all other names.
    New lines come last."""
    if both.is_lenient and both.should[:1] != both.lines[:1]:
        return "another certificate is the first of the list, which is for all other names"
    # A new line may take a name from a wildcard's, and one that goes gives it back; what is asked is looked up in a table besides, and
    # the two do not change at one moment.
    if any("[" in line.rest for line in (*both.should, *both.lines)):
        return "what is asked of clients for a name may change"
    names = Counter(name for line in both.should for name in _names(line, files))
    several = sorted(name for line in extra for name in _names(line, files) if names[name] > 1)
    return f"several certificates have the name {several[0]}, and their order counts" if several else ""


def _names(line: Line, files: Mapping[str, bundle.BundleFile]) -> tuple[str, ...]:
    said = line.rest.rpartition("]")[2].split()
    file = files.get(line.certificate)
    return tuple(said) or (hosts(file.content) if file is not None else ())


@functools.lru_cache(maxsize=256)
def lines(content: bytes) -> tuple[Line, ...]:
    """A crt-list's file (configuration manual, "crt-list").

    >>> lines(b"# all\\ncerts/a.pem [verify required] a.test\\n")
    (Line(certificate='certs/a.pem', rest='[verify required] a.test'),)
    """
    text = (line.strip() for line in content.decode("utf-8", "surrogateescape").split("\n"))
    found = (_LINE.match(line) for line in text if line and not line.startswith("#"))
    return tuple(Line(line["file"], options(line["rest"])) for line in found if line)


def options(text: str) -> str:
    """Options and names in the one way in which they are compared: HAProxy prints a blank before the closing bracket.

    >>> options(" [alpn h2 ] a.test  b.test")
    '[alpn h2] a.test b.test'
    """
    return " ".join(text.split()).replace(" ]", "]")


@functools.lru_cache(maxsize=65536)
def mark(content: bytes) -> str:
    """Stands for everything in the file."""
    return hashlib.sha256(b"\n".join(line for line in content.splitlines() if line.strip())).hexdigest()[:16]


@functools.lru_cache(maxsize=65536)
def fingerprint(content: bytes) -> str:
    """SHA-1 of the first certificate, in upper-case hex, as ``show ssl cert`` prints it."""
    first = _FIRST.search(content)
    # It is compared, and protects nothing.
    return hashlib.sha1(base64.b64decode(first[1]), usedforsecurity=False).hexdigest().upper() if first else ""


@functools.lru_cache(maxsize=65536)
def hosts(content: bytes) -> tuple[str, ...]:
    """The DNS names in the first certificate."""
    from cryptography import x509  # takes a while to load, and most changes are about no certificate

    try:
        found = x509.load_pem_x509_certificate(content).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (ValueError, x509.ExtensionNotFound):
        return ()
    return tuple(found.value.get_values_for_type(x509.DNSName))
