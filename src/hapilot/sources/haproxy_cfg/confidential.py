"""Which lines of a configuration hold a secret, and how such a line can be named without it.

Comes in: a line; one that is commented out counts too. Goes out: whether it belongs into a file that nobody else can read (``holds``), or
what of it can be shown (``masked``). Called by ``outline``, ``global_lines`` and by who tells about lines. It knows the words that take
secrets, words that are nearly one of them, and names that sound like one; it can't know them all. In doubt, a line holds one.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from hapilot.languages.haproxy import document, parser, words

_NAME = re.compile(
    r"(?<!by)(?<!com)pass(?!ive|thr|ing|age)|secret|token|credential|auth(?!ors?(?:$|[-_.])|ority|enticate$)|psk(?:$|[-_.\d])"
    r"|(?:^|[-_.])pw(?:$|[-_.\d])|pw$|(?<=.)pwd|-verify$"
    r"|(?<!mon)(?<!tur)(?<!websocket-)(?<!surrogate-)key(?:[-_.]?(?:v?\d+|b(?:ase)?64|hex|old|new|next|prev|primary|secondary))?$",
    re.IGNORECASE,
)
"""Names of headers, parameters and variables that sound like a secret."""
_NO_NAME = re.compile(r"access-control-", re.IGNORECASE)
"""Names that have such a word in them and are known to mean something else."""
_SESSION = re.compile(r"sess|sid$|jwt|login|remember", re.IGNORECASE)
"""Names of cookies that let somebody in."""
_OPTIONS = frozenset({"password", "insecure-password", "ca-sign-pass", "dynamic-cookie-key", "eab-mac-key", "cluster-secret"})
"""Behind these stands a secret, on whatever line."""
_NAME_AND_VALUE = frozenset({"set-header", "add-header", "replace-value", "replace-header", "hdr"})
"""Behind these stand the name of a header and a value; two values if something is replaced."""
_ENVIRONMENT = ("setenv", "presetenv")
_LETTERS = frozenset("setnv")
"""A word that has less of them is not like those; comparing takes much longer than counting."""
_NO_VALUE = frozenset({"unsetenv", "resetenv"})
"""These are like ``setenv``, but take names only."""
_STATS = re.compile("admin|bind-process|enable|hide-version|http-request|maxconn|realm|refresh|scope|show-[a-z]+|socket|timeout|uri")
"""What else stands behind ``stats``."""
_READ = re.compile(r"(?:p?(?:txn|sess|req|res)|proc|check)\.|var\(")
"""How arguments of converters name a variable."""
_FILE = re.compile(r"/|.*\.(?:pem|crt|cer|pub|key)$")
_KEYED = re.compile(r"\b(hmac|aes_\w+|jwt_verify|jwt_decrypt_(?:secret|jwk))\(([^)]*)")
_FIRST_KEY = {"hmac": 1, "jwt_verify": 1, "jwt_decrypt_secret": 0, "jwt_decrypt_jwk": 0}
"""Converters and which of their arguments may be a key, from this one on; the third of ``aes_…``."""
_INSIDE = (
    re.compile(r"://[^/\s:@%]+:[^/\s@]+@"),
    re.compile(r"\b(?:proxy-)?authorization:[\\ ]*\S", re.IGNORECASE),
    re.compile(r"\b(?:Basic|Bearer) +(?!realm=)[A-Za-z0-9+/=._-]{6,}", re.IGNORECASE),
)
"""Credentials in URLs and of headers in texts."""
_GIVEN = re.compile(r"""(?<![\w.-])([\w.-]+)(?:=|["']\s*:\s*|:\s+|(?<=[\r\n])\s*:)["']?([^&;\s"']+)""")
"""Parameters, members of JSON objects and headers in texts: name and value."""
_PATTERN = frozenset("[(.^*+?\\<$")
"""How values begin that are patterns rather than texts, or come from elsewhere."""
_SENT = re.compile(r"(?:auth|pass|login)\b", re.IGNORECASE)
"""What checks of Redis, FTP and mail servers send."""
_TOLD = re.compile(
    r"\b(?:\w*pass(?:wor[dt]|wd|phrase)?|pwd?|secret|token|credentials?|(?:api|shared|secret|private)[-_ ]?key) *(?:[:=]|->) *\S"
    r"|\bpass(?:wor[dt]|wd|phrase) is \S"
    r"|(?:^|\s)(?:-u|-U|--user|--proxy-user)[ =]*[^\s:]+:\S",
    re.IGNORECASE,
)
"""What comments say."""
_FETCH = re.compile(
    r"(?:(?:req\.|res\.)?[fs]?(?:hdr|cook)(?:_(?:str|sub|beg|end|reg|dir|dom))?|url_param|urlp(?:_\w+)?|(?:req\.)?body_param|var)\(([^(),]*)"
    r"|http_auth_(?:pass|bearer)\b"
)
"""Fetches of what a name says; the last ones are secrets by themselves."""
_NO_TEXT = frozenset({"found", "len", "int", "ip", "bool"})
"""Ways to compare that have no texts."""
_SAMPLE = re.compile(r"%(?:\{[^}]*\})?\[(?:[^\[\]]|\[[^\]]*\])*\]|\\\d")
"""What formats fill in from elsewhere."""
_WRITTEN = re.compile(r"\b(?:str|bin|concat|iif)\(")
"""What expressions say themselves."""
_SCHEME = re.compile(r"\b(?:Basic|Bearer|Digest|Negotiate)\b", re.IGNORECASE)
_PLAIN = re.compile("true|false|yes|no|on|off|none|required|optional|success|0|1|", re.IGNORECASE)
"""Values that are no secret, whatever their name."""
_CLOSE = 0.8
_SHOWN = re.compile(r"[\w.-]+(?:\([\w.-]+\))?")
"""What a keyword or a name looks like, so that it can be shown."""
_PAIRS = re.compile(
    "(?:pre)?setenv|user|stats|acl|option|server|use_backend|http-(?:request|response|after-response|check)|tcp-(?:request|response|check)"
)
"""Keywords that say little without the word behind them."""


def holds(line: document.Line) -> bool:
    """Whether the line holds a secret.

    >>> from hapilot.languages.haproxy import parser
    >>> [holds(each) for each in parser.parse("stats auth a:b\\n# stats auth a:b\\nstats uri /\\n", "x.cfg").start]
    [True, True, False]
    """
    comment = line.text.partition("#")[2]
    if comment and (_TOLD.search(comment) or _holds(_commented(comment), is_comment=True)):
        return True
    if line.kind is document.Kind.COMMENT:
        return False
    # HAProxy reads up to a carriage return; old editors end lines with it.
    unread = line.text.strip("\r").split("\r")[1:]
    return any(_holds(said, is_comment=False) for said in (_said(line), *map(_loose, unread)))


def masked(text: str) -> str:
    """What can be shown of one line: all of it if it holds no secret, else its keyword and perhaps a name.

    >>> masked("stats uri /"), masked("setenv API_TOKEN abc"), masked("# password: abc")
    ('stats uri /', 'setenv API_TOKEN …', '# …')
    """
    lines = list(parser.parse(text, "").all_lines())
    if not any(map(holds, lines)):
        return text
    if lines[0].kind is document.Kind.COMMENT:
        return "# …"
    said = _said(lines[0])
    known = said[:1]
    if known and _PAIRS.fullmatch(known[0]) and len(said) > 2:
        known = said[: 3 if said[1] in _NAME_AND_VALUE and len(said) > 3 else 2]
    fine = next((place for place, word in enumerate(known) if not _SHOWN.fullmatch(word)), len(known))
    return " ".join([*known[:fine], "…"])


def _said(line: document.Line) -> tuple[str, ...]:
    """The words; of a line that HAProxy can't read to its end, also those behind the fault."""
    is_whole = line.problem is None or line.problem.fault is document.Fault.NO_LINE_END
    return line.words if is_whole else _loose(line.text)


def _commented(comment: str) -> tuple[str, ...]:
    """The words of a comment, as if it were a line."""
    found = words.scan(comment.strip(document.BLANKS).lstrip("#"))
    return tuple(each.value for each in found.words) if found.problem is None else _loose(comment.lstrip("# \t"))


def _loose(text: str) -> tuple[str, ...]:
    return tuple(each.strip("\"'") for each in text.split())


def _holds(said: Sequence[str], *, is_comment: bool) -> bool:
    if len(said) < 2:
        return False
    if _is_user(said, is_comment=is_comment) or _is_stats(said) or _is_environment(said):
        return True
    if "send" in said[1:2] and any(_SENT.match(each) for each in said[2:]):
        return True
    return any(map(_is_inside, said[1:])) or any(_is_before_one(said, place) for place in range(len(said) - 1))


def _is_user(said: Sequence[str], *, is_comment: bool) -> bool:
    """Whether it is a user with more than a name, in whatever words. Comments start with that word for other reasons too."""
    if said[0] != "user":
        return False
    if is_comment:
        return len(said) > 3 and bool(_NAME.search(said[2]))
    return len(said) > 2 or ":" in said[1]


def _is_stats(said: Sequence[str]) -> bool:
    """Whether it is ``stats auth``, or meant to be."""
    if said[0] != "stats" and not (said[0].startswith("st") and _is_close(said[0], ("stats",))):
        return False
    if _STATS.fullmatch(said[1]):
        return False
    if len(said) > 2 and (re.fullmatch("au[a-z]{0,3}", said[1]) or _is_close(said[1], ("auth",), 0.7)):
        return True
    return any(re.search(r"\w:\w", each) for each in said[1:3])


def _is_environment(said: Sequence[str]) -> bool:
    """Whether it is a variable with a name that sounds like a secret, and a value."""
    word = said[0]
    if word in _NO_VALUE or not (len(_LETTERS & set(word)) > 3 and _is_environment_word(word)):
        return False
    name, sign, value = said[1].partition("=")
    values = [value] if sign else said[2:]
    return _is_secret(name) and not all(map(_PLAIN.fullmatch, values))


def _is_environment_word(word: str) -> bool:
    return word.endswith("setenv") or _is_close(word, _ENVIRONMENT)


def _is_before_one(said: Sequence[str], place: int) -> bool:
    """Whether the words behind the one at ``place`` hold a secret because of it."""
    word, behind = said[place], said[place + 1 :]
    if word in _OPTIONS or _is_password(word):
        return True
    if word in _NAME_AND_VALUE:
        return _is_header(behind[0], behind[1 : 3 if word.startswith("replace-") else 2])
    if word.startswith("--"):
        return _is_secret(word.lstrip("-")) and not behind[0].startswith("-")
    if word.startswith("set-var"):
        return _is_variable(word, behind)
    is_condition = said[place - 1].endswith("{") if place else False
    return (is_condition or (place == 2 and said[0] == "acl")) and _is_compared(word, behind)


def _is_password(word: str) -> bool:
    """Whether it is nearly ``password``. The first conditions are only there because the last one is slow."""
    if word.startswith("insecure-p"):
        return True
    return 5 < len(word) < 22 and "p" in word and "s" in word and word.islower() and _is_close(word, ("password", "insecure-password"))


def _is_close(word: str, meant: Sequence[str], cutoff: float = _CLOSE) -> bool:
    return bool(difflib.get_close_matches(word, meant, 1, cutoff))


def _is_secret(name: str) -> bool:
    """Whether the name sounds like a secret.

    >>> [_is_secret(each) for each in ("DB_PW", "X-Backend-Key", "Access-Control-Allow-Credentials", "compass")]
    [True, True, False, False]
    """
    return bool(_NAME.search(name)) and not _NO_NAME.match(name)


def _is_literal(text: str) -> bool:
    """Whether something of the text or format is said here, rather than taken from elsewhere.

    >>> [_is_literal(each) for each in ("abc", "%[str(abc)]", "Bearer %[var(txn.a)]", "true", "")]
    [True, True, False, False, False]
    """
    if any(_WRITTEN.search(each) for each in _SAMPLE.findall(text)):
        return True
    left = _SCHEME.sub("", _SAMPLE.sub("", text))
    return not _PLAIN.fullmatch(left) and any(map(str.isalnum, left))


def _is_header(name: str, values: Sequence[str]) -> bool:
    """Whether a header gets, or has, a value that is a secret."""
    lowered = name.lower()
    if lowered in ("cookie", "set-cookie"):
        given = [found for each in values for found in _GIVEN.findall(each) if _is_given(found[1])]
        return any(lowered == "cookie" or _is_cookie(cookie) for cookie, _ in given)
    return _is_secret(name) and any(map(_is_literal, values))


def _is_cookie(name: str) -> bool:
    return _is_secret(name) or bool(_SESSION.search(name))


def _is_variable(word: str, behind: Sequence[str]) -> bool:
    """Whether ``set-var`` or ``set-var-fmt`` says a secret. In ``global``, the variable's name is a word of its own."""
    name = word.partition("(")[2].rstrip(")")
    name, value = (name.partition(",")[0], behind[0]) if name else (behind[0], "".join(behind[1:2]))
    return _is_secret(name) and (_is_literal(value) if "fmt" in word else bool(_WRITTEN.search(value)))


def _is_compared(word: str, behind: Sequence[str]) -> bool:
    """Whether a header, a parameter or a variable with a secret is compared with texts."""
    found = _FETCH.match(word)
    if found is None or not _is_fetched(found[0], found[1]):
        return False
    place = 0
    while behind[place : place + 1] and behind[place].startswith("-"):
        flag = behind[place]
        if flag == "-m" and behind[place + 1 : place + 2] and behind[place + 1] in _NO_TEXT:
            return False
        place += 2 if flag in ("-m", "-f", "-u") else 1
        if flag == "--":
            break
    texts = behind[place:]
    return any(map(_is_literal, texts[: texts.index("}")] if "}" in texts else texts))


def _is_fetched(fetch: str, name: str | None) -> bool:
    """Whether what a fetch reads is a secret; one without a name always does."""
    return name is None or (_is_cookie(name) if "cook" in fetch.partition("(")[0] else _is_secret(name))


def _is_inside(word: str) -> bool:
    """Whether a secret stands within the word."""
    if any(pattern.search(word) for pattern in _INSIDE):
        return True
    if "(" in word and any(_is_key(name, arguments) for name, arguments in _KEYED.findall(word)):
        return True
    return any(_is_secret(name) and _is_given(value) for name, value in _GIVEN.findall(word))


def _is_given(value: str) -> bool:
    return value[0] not in _PATTERN and _is_literal(value)


def _is_key(name: str, arguments: str) -> bool:
    """Whether a converter has a key that is written down."""
    given = [each.strip("\\\"' ") for each in arguments.split(",")]
    keys = [each for each in given[_FIRST_KEY.get(name, 2) :] if each and not _READ.match(each)]
    return any(not (name == "jwt_verify" and _FILE.match(each)) for each in keys)
