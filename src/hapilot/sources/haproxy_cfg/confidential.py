"""Which lines of a configuration hold a secret.

Comes in: a line; one that is commented out counts too. Goes out: whether it belongs into a file that nobody else can read. Called by
``outline`` and ``global_lines``. It knows the words that take secrets, and names that sound like one; it can't know them all.
"""

from __future__ import annotations

import re

from hapilot.languages.haproxy import document, words

_NAME = re.compile(
    r"(?:^|[-_.])(?:pass(?:wor[dt]|wd|phrase)?|secret|token|(?:api|private|secret)[-_]?key|credentials?|authorization|psk)(?:$|[-_.])",
    re.IGNORECASE,
)
"""Names of headers and variables that sound like a secret."""
_OPTIONS = frozenset({"password", "insecure-password", "ca-sign-pass", "dynamic-cookie-key", "eab-mac-key"})
"""Behind these stands a secret, on whatever line."""
_NAME_AND_VALUE = frozenset({"set-header", "add-header", "replace-value", "replace-header", "setenv", "presetenv", "hdr"})
"""Behind these stand a name and a value."""
_READ = "(?:txn|sess|proc|req|res|var)[.(]"
_INSIDE = (
    re.compile(r"://[^/\s:@%]+:[^/\s@]+@"),
    re.compile(r"\b(?:proxy-)?authorization:[\\ ]*\S", re.IGNORECASE),
    re.compile(r"\b(?:Basic|Bearer) +[A-Za-z0-9+/=._-]{6,}", re.IGNORECASE),
    re.compile(rf"\b(?:hmac|aes_\w+)\([^()]*,(?!\s*{_READ})[^(),]+\)"),
    re.compile(rf"\bjwt_verify\([^()]*,(?!\s*{_READ})(?!\s*/)[^(),]+\)"),
)
"""Credentials in URLs, of headers in texts, and keys of converters that are written down."""
_SENT = re.compile(r"(?:auth|pass|login)\b", re.IGNORECASE)
"""What checks of Redis, FTP and mail servers send."""
_TOLD = re.compile(r"\b(?:pass(?:wor[dt]|wd|phrase)|secret|token|api[-_ ]?key) *[:=] *\S", re.IGNORECASE)
"""What comments say."""
_FETCH = re.compile(r"(?:req\.|res\.)?f?hdr\(([^()]*)\)|(?:req\.)?cook\(([^()]*)\)")


def holds(line: document.Line) -> bool:
    """Whether the line holds a secret.

    >>> from hapilot.languages.haproxy import parser
    >>> [holds(each) for each in parser.parse("stats auth a:b\\n# stats auth a:b\\nstats uri /\\n", "x.cfg").start]
    [True, True, False]
    """
    said = line.words
    if _TOLD.search(line.text.partition("#")[2]):
        return True
    if line.kind is document.Kind.COMMENT:
        said = tuple(each.value for each in words.scan(line.text.strip(document.BLANKS).lstrip("#")).words)
    return _is_told(said) or any(pattern.search(each) for pattern in _INSIDE for each in said[1:])


def _is_told(said: tuple[str, ...]) -> bool:
    """Whether a secret stands behind the word for it."""
    if said[:2] == ("stats", "auth"):
        return len(said) > 2
    if "send" in said[1:2] and any(_SENT.match(each) for each in said[2:]):
        return True
    return any(_is_before_one(word, said[place + 1 :]) for place, word in enumerate(said[:-1]))


def _is_before_one(word: str, behind: tuple[str, ...]) -> bool:
    """Whether the first of the words ``behind`` is a secret, or the value that stands behind a name."""
    if word in _OPTIONS:
        return True
    if word in _NAME_AND_VALUE:
        return len(behind) > 1 and bool(_NAME.search(behind[0])) and not behind[1].startswith("%[")
    if word.startswith("set-var"):
        is_text = "fmt" in word or behind[0].startswith("str(")
        return is_text and bool(_NAME.search(word.partition("(")[2].rstrip(")"))) and not behind[0].startswith("%[")
    return _is_compared(word, behind)


def _is_compared(word: str, behind: tuple[str, ...]) -> bool:
    """Whether a header or a cookie with a secret is compared with texts."""
    found = _FETCH.match(word)
    if found is None or not _NAME.search(found[1] or found[2] or "") or "found" in behind[:2]:
        return False
    return behind[0] == "-m" or not behind[0].startswith(("-", "}"))
