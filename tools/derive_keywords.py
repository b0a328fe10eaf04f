"""Derives the facts in ``hapilot.languages.haproxy.keywords.facts`` from HAProxy's configuration manuals of 2.6 to 3.4.

Comes in: a clone of HAProxy's repository. Goes out: one module of facts for each kind of keyword: names, sections, numbers of
arguments and versions, no sentence of the manuals. Run by hand when a HAProxy is released: ``python tools/derive_keywords.py CLONE``.
What the manuals don't say (replacements, keywords gone before 2.6) is written by hand in ``keywords/curated.py``.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

RELEASES = ("2.6", "2.7", "2.8", "2.9", "3.0", "3.1", "3.2", "3.3", "3.4")
FACTS = Path(__file__).resolve().parents[1] / "src" / "hapilot" / "languages" / "haproxy" / "keywords" / "facts"

OTHER_SECTIONS = {
    "userlist": ("Userlists",),
    "peers": ("Peers", "Peers declaration"),
    "mailers": ("Mailers",),
    "program": ("Programs",),
    "http-errors": ("HTTP-errors",),
    "ring": ("Rings",),
    "log-forward": ("Log forwarding",),
    "cache": ("Cache section",),
    "fcgi-app": ("Fcgi-app section",),
    "resolvers": ("The resolvers section",),
    "log-profile": ("Log profiles",),
    "crt-store": ("Certificate Storage",),
    "acme": ("ACME",),
    "traces": ("Traces",),
    "healthcheck": ("Healthchecks",),
}
"""Section to the titles of the chapters about it."""

_CHAPTER = re.compile(r"\d+(?:\.\d+)*\.\s+(\S.*)")
_MATRIX_ROW = re.compile(r"([a-z]\S*(?: \S+)*?)\s+((?:\((?:deprecated|\*)\)\s+)*)((?:[X-](?: \(!\))?\s*){4})")
_LISTED = re.compile(r" +- ([a-z0-9]\S*)( \(deprecated\))?")
_HEADING = re.compile(r"(?:no )?[a-z0-9][A-Za-z0-9_.-]*(?:[ (]|$)")
_CONTEXTS = re.compile(r"\s*((?:yes|no)(?: \(!\))?)\s*\|\s*(yes|no)\s*\|\s*(yes|no)\s*\|\s*(yes|no)\s*")
_ENDLESS = ("<condition>", "<options", "<criterion>", "<pattern>", "<expr", "<arg")
_EXTRA = re.compile(r"\(deprecated\)|\[ ?EXPERIMENTAL ?\]|\(experimental\)", re.IGNORECASE)
_LETTERS = "DFLB"
_FAMILIES = frozenset({"option", "timeout", "stats", "tcp-check", "http-check"})
"""Words that are a keyword only together with the next one."""

Arity = tuple[int, int | None]


@dataclass(slots=True)
class Said:
    """What one manual says of a keyword."""

    sections: str = ""
    deprecated: bool = False
    signatures: list[str] = field(default_factory=list[str])


Manual = dict[str, list[str]]
"""Title of a chapter to its lines."""


def chapters(text: str) -> Manual:
    """A manual in chapters: a numbered title with a line of dashes below starts one."""
    lines = text.splitlines()
    found: Manual = {}
    current: list[str] = []
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        title = _CHAPTER.fullmatch(line)
        if title is not None and re.fullmatch(r"-{4,}", below):
            current = found.setdefault(title[1].strip(), [])
        else:
            current.append(line)
    return found


def headings(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The signatures of a reference chapter, each with the text below it. Some are written over several lines."""
    previous_is_heading, at = False, 0
    starts: list[int] = []
    for at, line in enumerate(lines):
        is_first = at == 0 or not lines[at - 1].strip()
        previous_is_heading = (
            bool(_HEADING.match(line)) and (is_first or previous_is_heading) and not re.search(r"[^.]\.$|,$", line.rstrip())
        )
        if previous_is_heading:
            starts.append(at)
    for start, end in zip(starts, [*starts, len(lines)][1:], strict=True):
        signature = lines[start]
        body = lines[start + 1 : end]
        while body and re.match(r" {4,}\S", body[0]) and not body[0].strip()[:1].isupper():
            signature += " " + body.pop(0).strip()
        yield signature, body


def proxies(manual: Manual) -> dict[str, Said]:
    """The keywords of defaults, frontend, listen and backend sections: the matrix, and what only the reference has."""
    found: dict[str, Said] = {}
    for line in manual["Proxy keywords matrix"]:
        row = _MATRIX_ROW.fullmatch(line.rstrip())
        if row is None:
            continue
        marks = re.findall(r"([X-])( \(!\))?", row[3])
        letters = "".join(
            letter + ("!" if only_named else "") for letter, (mark, only_named) in zip(_LETTERS, marks, strict=True) if mark == "X"
        )
        found[row[1]] = Said(letters + ("*" if "(*)" in row[2] else ""), "deprecated" in row[2])
    waiting: list[tuple[str, str]] = []
    for signature, body in headings(manual["Alphabetically sorted keywords reference"]):
        words = [re.sub(r"(?<=.)\(.*", "", word) for word in _EXTRA.sub("", signature).split()]
        name = next((" ".join(words[:size]) for size in (3, 2, 1) if " ".join(words[:size]) in found), "")
        if not name and words[0] != "no":
            name = " ".join(words[:2]) if words[0] in _FAMILIES else words[0]
        if name:
            waiting.append((name, signature))
        contexts = next((each for line in body[:9] if (each := _CONTEXTS.fullmatch(line))), None)
        if contexts is not None or any(line.strip() for line in body):
            words_of_table = contexts.groups() if contexts is not None else ()
            letters = "".join(
                letter + ("!" if "!" in word else "") for letter, word in zip(_LETTERS, words_of_table, strict=False) if "yes" in word
            )
            for name, told in waiting:
                said = found.setdefault(name, Said(letters))
                _sign(said, told, name)
            waiting = []
    return found


def global_section(manual: Manual) -> dict[str, Said]:
    """The keywords of the global section: the list in front, and the references behind it."""
    front = manual.get("Global section") or manual["Global parameters"]
    found = {row[1]: Said(deprecated=bool(row[2])) for line in front if (row := _LISTED.fullmatch(line.rstrip()))}
    for title in ("Process management and security", "Performance tuning", "Debugging", "HTTPClient tuning"):
        _add_references(found, manual.get(title, []))
    return found


def options_of(title: str) -> Callable[[Manual], dict[str, Said]]:
    """The options of ``bind`` or ``server`` lines."""

    def derive(manual: Manual) -> dict[str, Said]:
        found: dict[str, Said] = {}
        _add_references(found, manual[title])
        for said in found.values():
            # Here a choice in brackets is one that must be made: "verify [none|required]".
            said.signatures = [re.sub(r"^ *\[(.*\|.*)\] *$", r"{\1}", each) for each in said.signatures]
        return found

    return derive


def other_sections(manual: Manual) -> dict[str, Said]:
    """The keywords of the small sections, as ``section keyword``."""
    found: dict[str, Said] = {}
    for section, titles in OTHER_SECTIONS.items():
        own: dict[str, Said] = {}
        for title in titles:
            _add_references(own, manual.get(title, []))
        head = own.pop(section, None)
        if head or own:
            found[section] = head or Said()
        found |= {f"{section} {name}": said for name, said in own.items()}
    return found


def _add_references(found: dict[str, Said], lines: list[str]) -> None:
    for signature, _ in headings(lines):
        name = re.split(r"[ (]", signature)[0]
        if name == "no":
            continue
        said = found.setdefault(name, Said())
        _sign(said, signature, name)


def _sign(said: Said, signature: str, name: str) -> None:
    """Add a signature. A keyword is deprecated if all of its signatures are."""
    is_deprecated = "(deprecated)" in signature
    said.deprecated = is_deprecated and (said.deprecated or not said.signatures)
    said.signatures.append(_after(signature, name))


def _after(signature: str, name: str) -> str:
    """The arguments in a signature; those that stick to the name, as in ``set-var(<name>)``, are none of them."""
    rest = _EXTRA.sub("", signature)[len(name) :]
    return rest if rest[:1].isspace() else " ".join(rest.split(" ")[1:])


def arity(signatures: list[str]) -> Arity | None:
    """The least and the most words behind the keyword; None where no signature says it."""
    counted = [count(each) for each in signatures]
    known = [each for each in counted if each is not None]
    if not known or len(known) < len(counted):
        return None
    most = [each[1] for each in known]
    return min(each[0] for each in known), None if None in most else max(each or 0 for each in most)


def count(text: str) -> Arity | None:
    """How many words a signature stands for: ``<a> [<b>]`` are one or two. None for what is not written in that way.

    >>> count("<a> [ len <b> ]"), count("{ on | off <a> }"), count("<a>[,<b>] ..."), count("[ <a>")
    ((1, 3), (1, 2), (1, None), None)
    """
    least, most = 0, 0
    endless = False
    for token in _tokens(text):
        found = None if token is None else _count_token(token)
        if found is None:
            return None
        least += found[0]
        most += found[1] or 0
        endless = endless or found[1] is None
    return least, None if endless else most


def _count_token(token: str) -> Arity | None:
    """A word, or a group in brackets that holds others."""
    if token in ("...", "*") or token.startswith(_ENDLESS):
        return (0 if token in ("...", "*") else 1), None
    if re.search(r"\*$|[^,]\]\.\.\.$", token):
        return 0, None
    is_group = token[0] + token[-1] in ("[]", "{}") and _closes_last(token)
    if not is_group:
        return 1, 1
    choices = [count(each) for each in _choices(token[1:-1])]
    known = [each for each in choices if each is not None]
    if len(known) < len(choices):
        return None
    most = [each[1] for each in known]
    least = min(each[0] for each in known) if token[0] == "{" else 0
    return least, None if None in most else max(each or 0 for each in most)


def _choices(text: str) -> list[str]:
    """The parts between the ``|`` that stand in no inner brackets."""
    found, depth = [""], 0
    for character in text:
        depth += (character in "[{") - (character in "]}")
        if character == "|" and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return found


def _closes_last(group: str) -> bool:
    """Whether the first bracket is closed by the last one, as in ``[a]`` and unlike ``[a]/[b]``."""
    return len([token for token in _tokens(group[1:-1]) if token is None]) == 0


def _tokens(text: str) -> Iterator[str | None]:
    """Words and bracketed groups; None where brackets don't match."""
    depth, current = 0, ""
    for character in text + " ":
        depth += (character in "[{<(") - (character in "]}>)")
        if depth < 0:
            yield None
        if character.isspace() and depth <= 0:
            if current:
                yield current
            current = ""
        else:
            current += character
    if current.strip():
        yield None


def rows(derive: Callable[[Manual], dict[str, Said]], manuals: dict[str, Manual], literals: dict[str, frozenset[str]]) -> list[str]:
    """One line of facts for each keyword: name, sections, arity, since, deprecated, removed.

    Manuals are late at times, so a telling name in the source of an earlier release counts; so does one in the source of a later one.
    ``literals`` are the texts between quotes in the sources, empty where names are told apart by more than themselves.
    """
    told = {release: derive(manual) for release, manual in manuals.items()}
    made: list[str] = []
    for name in sorted({name for known in told.values() for name in known}):
        releases = [release for release in RELEASES if name in told[release]]
        sections = next((said for release in reversed(releases) if (said := told[release][name].sections)), "")
        signatures = [each for release in releases for each in told[release][name].signatures]
        found = arity(signatures)
        words = "" if found is None else f"{found[0]}-{'' if found[1] is None else found[1]}"
        last_word = name.split()[-1]
        in_source = [release for release in RELEASES if re.search(r"\w[._-]\w", last_word) and last_word in literals.get(release, ())]
        first = min([releases[0], *in_source], key=RELEASES.index)
        since = "" if first == RELEASES[0] else first
        deprecated = next((release for release in releases if told[release][name].deprecated), "")
        after = RELEASES[max(RELEASES.index(release) for release in [releases[-1], *in_source]) + 1 :]
        made.append("|".join((name, sections, words, since, deprecated, after[0] if after else "")))
    return made


KINDS: dict[str, tuple[str, Callable[[Manual], dict[str, Said]]]] = {
    "proxies": ("The keywords of defaults, frontend, listen and backend sections.", proxies),
    "global_section": ("The keywords of the global section.", global_section),
    "binds": ("The options of bind lines.", options_of("Bind options")),
    "servers": ("The options of server and default-server lines.", options_of("Server and default-server options")),
    "other_sections": ("The other sections, and their keywords as ``section keyword``.", other_sections),
}


def module(says: str, made: list[str]) -> str:
    """The text of a module of facts."""
    head = f'"""{says}\n\nMade by ``tools/derive_keywords.py``; each line is ``name|sections|arity|since|deprecated|removed``.\n"""'
    body = "".join(f"{row}\n" for row in made)
    return f'{head}\n\nROWS = """\\\n{body}"""\n'


def git(clone: str, *arguments: str) -> str:
    """What git says."""
    return subprocess.run(["git", "-C", clone, *arguments], capture_output=True, check=True).stdout.decode()  # noqa: S607 - found on the PATH


def main(clone: str) -> None:
    """Write all modules."""
    manuals = {release: chapters(git(clone, "show", f"v{release}.0:doc/configuration.txt")) for release in RELEASES}
    literals = {
        release: frozenset(git(clone, "grep", "-hoE", '"[A-Za-z0-9._-]+"', f"v{release}.0", "--", "src").replace('"', "").split())
        for release in RELEASES
    }
    FACTS.mkdir(parents=True, exist_ok=True)
    for name, (says, derive) in KINDS.items():
        known = literals if derive is global_section else {}
        (FACTS / f"{name}.py").write_text(module(says, rows(derive, manuals, known)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
