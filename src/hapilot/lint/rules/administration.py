"""Passwords, the statistics page and the socket that commands HAProxy."""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.base.diagnostics import Severity
from hapilot.lint import addresses, options
from hapilot.lint.context import Context, Directive, Section
from hapilot.lint.finding import Hit
from hapilot.lint.options import Bind
from hapilot.lint.rule import MANUAL, TIMEOUTS, Rule

_GUESSED = frozenset(
    {
        "", "123456", "12345678", "admin", "administrator", "changeit", "changeme", "default", "guest", "haproxy", "letmein", "pass",
        "passw0rd", "password", "qwerty", "root", "secret", "stats", "test", "user", "yourpassword", "yourpasswd",
    }
)  # fmt: skip
"""Passwords that are tried first, also with digits behind them; the manual's and distributions' examples among them."""


def _passwords(context: Context) -> Iterator[tuple[Directive, int, str, str]]:
    """Every password in clear text: line, word, user, password."""
    for section in context.of_kind("userlist"):
        for directive in section.lines("user"):
            if "insecure-password" in directive.words[2:-1]:
                at = directive.words.index("insecure-password", 2) + 1
                yield directive, at, directive.words[1], directive.words[at]
    for section in context.of_kind("defaults", "frontend", "listen", "backend"):
        for directive in section.lines("stats", "auth"):
            if len(directive.words) > 2:
                user, _, password = directive.words[2].partition(":")
                yield directive, 2, user, password


def _is_guessed(user: str, password: str) -> bool:
    said = password.lower()
    return said in _GUESSED or said.rstrip("0123456789!") in (_GUESSED - {""}) or said == user.lower()


def _clear(context: Context) -> Iterator[Hit]:
    for directive, at, user, password in _passwords(context):
        if directive.is_known(at) and not _is_guessed(user, password):
            hint = "hash it (`mkpasswd -m sha-512`) and write `user NAME password HASH`" if directive.keyword == "user" else ""
            yield Hit(directive.line, f"the password of {user!r} stands in clear text", at, hint)


def _default(context: Context) -> Iterator[Hit]:
    for directive, at, user, password in _passwords(context):
        if directive.is_known(at) and _is_guessed(user, password):
            yield Hit(directive.line, f"the password of {user!r} is one of those that are tried first", at)


def _page(section: Section) -> Directive | None:
    """The line that gives a section the statistics page."""
    for words in (("stats", "enable"), ("stats", "uri")):
        found = section.last(*words)
        if found is not None:
            return found
    return None


def _has_login(section: Section) -> bool:
    if any(True for _ in section.all_lines("stats", "auth")):
        return True
    guarded = [
        *section.all_lines("stats", "http-request"),
        *section.all_lines("http-request", "auth"),
        *section.all_lines("http-request", "deny"),
    ]
    return any(each.words[0] == "stats" or each.words[1] == "auth" or each.condition is not None for each in guarded)


def _stats_open(context: Context) -> Iterator[Hit]:
    public = _public_binds(context)
    seen: set[Directive] = set()
    for section in context.of_kind("frontend", "listen"):
        page = _page(section)
        if page is None or page in seen or section.mode != "http" or section not in public or _has_login(section):
            continue
        seen.add(page)
        yield Hit(page.line, f"whoever reaches {public[section].addresses[0]} sees the statistics page: it asks for no password", 0)


def _public_binds(context: Context) -> dict[Section, Bind]:
    """A ``bind`` of each section that others can reach."""
    found: dict[Section, Bind] = {}
    for bind in context.once(options.binds):
        if bind.directive.is_known(1) and any(addresses.parse(each).is_public for each in bind.addresses):
            found.setdefault(bind.section, bind)
    return found


def _admin(context: Context) -> Iterator[Hit]:
    for section in context.of_kind("defaults", "frontend", "listen", "backend"):
        for directive in section.lines("stats", "admin"):
            if directive.condition is not None and directive.condition.constant:
                yield Hit(directive.line, "whoever sees the statistics page can stop servers: `stats admin` holds for everybody", 2)


def _sockets(context: Context) -> Iterator[Hit]:
    for section in context.of_kind("global"):
        for directive in section.lines("stats", "socket"):
            if not directive.is_known(2):
                continue
            words = directive.words
            level = words[words.index("level") + 1] if "level" in words[:-1] else "operator"
            address = addresses.parse(words[2])
            mode = words[words.index("mode") + 1] if "mode" in words[:-1] else ""
            if address.family in ("", "ipv4", "ipv6", "tcp", "tcp4", "tcp6") and not address.is_local and level != "user":
                yield Hit(directive.line, f"everybody who reaches {words[2]} can command HAProxy: it asks for no password", 2)
            elif mode and _others_write(mode) and level != "user":
                yield Hit(
                    directive.line, f"mode {mode} lets every user of this machine command HAProxy (level {level})", words.index("mode") + 1
                )


def _private_binds(context: Context) -> Iterator[Hit]:
    """Sockets of frontends that believe what is said about the client."""
    for bind in context.once(options.binds):
        mode = "".join(bind.options.get("mode", ()))
        is_socket = bind.directive.is_known(1) and any(addresses.parse(each).family == "unix" for each in bind.addresses)
        if is_socket and "accept-proxy" in bind.options and _others_write(mode):
            message = f"mode {mode} lets every user of this machine claim any client address by a PROXY header"
            hint = "use `mode 600` with the `user` that connects"
            yield Hit(bind.directive.line, message, bind.places["mode"], hint, severity=Severity.WARNING)


def _check_sockets(context: Context) -> Iterator[Hit]:
    yield from _sockets(context)
    yield from _private_binds(context)


def _others_write(mode: str) -> bool:
    return mode[-1:] in ("2", "3", "6", "7")


_USERS = (
    """\
userlist people
    user alice {}

"""
    + TIMEOUTS
    + """\
frontend web
    bind :8080
    http-request auth unless {{ http_auth(people) }}
    default_backend app

backend app
    server app1 10.0.0.20:8080
"""
)
_STATS = (
    TIMEOUTS
    + """\
frontend stats
    bind {}
    stats enable
    stats uri /
{}"""
)
_HASH = "$5$rounds=5000$saltsalt$8Y.NzRGxrP0wdC6AXGq7hIkPvGV1gEwU6YVbLYH0fD1"
_PEOPLE = f"userlist people\n    user alice password {_HASH}\n\n"

RULES = (
    Rule(
        code="password-clear",
        title="A password in clear text",
        severity=Severity.WARNING,
        reason="Configurations are copied, versioned and pasted into tickets, and the password goes with them.",
        hint="keep a hash in a `userlist` and ask for it with `stats http-request auth unless { http_auth(LIST) }`",
        source=f"{MANUAL}#3.4-user",
        failing=_USERS.format("insecure-password Tr0ub4dor-and-3"),
        passing=_USERS.format(f"password {_HASH}"),
        check=_clear,
    ),
    Rule(
        code="password-default",
        title="A password that everybody knows",
        severity=Severity.ERROR,
        reason="Scanners try such passwords first; they protect no more than none.",
        hint="choose a random one (`openssl rand -base64 18`), and keep its hash in a `userlist`",
        source=f"{MANUAL}#4.2-stats%20auth",
        failing=_STATS.format(":8404", "    stats auth admin:password\n"),
        passing=_PEOPLE + _STATS.format(":8404", "    stats http-request auth unless { http_auth(people) }\n"),
        check=_default,
    ),
    Rule(
        code="stats-open",
        title="The statistics page without a password",
        severity=Severity.WARNING,
        reason="It shows every server's name, address, load and version of HAProxy to whoever asks.",
        hint="ask for a login, or bind it to loopback",
        source=f"{MANUAL}#4.2-stats%20enable",
        failing=_STATS.format(":8404", ""),
        passing=_STATS.format("127.0.0.1:8404", ""),
        check=_stats_open,
    ),
    Rule(
        code="stats-admin-open",
        title="`stats admin` for everybody",
        severity=Severity.ERROR,
        reason="The statistics page then has buttons that stop and drain servers, for whoever sees it, and for any page that makes a "
        "browser of such a person press them.",
        hint="name who may: `stats admin if { http_auth_group(LIST) admins }`",
        source=f"{MANUAL}#4.2-stats%20admin",
        failing=_STATS.format("127.0.0.1:8404", "    stats admin if TRUE\n"),
        passing=_PEOPLE + _STATS.format("127.0.0.1:8404", "    stats admin if { http_auth(people) }\n"),
        check=_admin,
    ),
    Rule(
        code="socket-open",
        title="The command socket is open to others",
        severity=Severity.ERROR,
        reason="Whoever can write to the socket can stop servers, change maps and certificates, and read what passes.",
        hint="use a file with `mode 660` and a `group`, and no TCP address but loopback",
        source=f"{MANUAL}#3.1-stats%20socket",
        failing="global\n    stats socket /run/haproxy/admin.sock mode 666 level admin\n\n" + _STATS.format("127.0.0.1:8404", ""),
        passing="global\n    stats socket /run/haproxy/admin.sock mode 660 level admin\n\n" + _STATS.format("127.0.0.1:8404", ""),
        check=_check_sockets,
    ),
)
