"""The passwords of a site, from the environment, from files or from the site file itself.

The specification and the environment go in; secrets by the path of their mapping come out. ``load`` calls :func:`load`; the loop asks for
:func:`variables`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from hapilot.base import diagnostics
from hapilot.base.origin import Origin
from hapilot.base.secret import Secret
from hapilot.model import service, site, spec
from hapilot.sources.file import reading

_WAYS = ("password", "password_env", "password_file")

LONGEST = 511
"""Bytes of a password: HAProxy has it checked by crypt(3), which takes no more (libxcrypt's CRYPT_MAX_PASSPHRASE_SIZE with its NUL)."""


def load(said: spec.SiteSpec, origins: site.Origins, environment: Mapping[str, str], files: reading.Files) -> dict[site.Path, Secret]:
    """Every password that can be had. Diagnostics go to ``files.found``."""
    result: dict[site.Path, Secret] = {}
    for path, password in _passwords(said):
        given = [way for way in _WAYS if getattr(password, way) is not None]
        if len(given) != 1:
            code, words = ("conflict", " and ".join(given)) if given else ("missing-key", "none of them")
            message = f"a password has exactly one of password, password_env and password_file, here: {words}"
            files.found.append(diagnostics.error(code, message, origins.key(*path), "password_env: NAME takes it from the environment"))
            continue
        text = _text(password, origins.at(*path, given[0]), environment, files)
        if text is not None:
            result[path] = Secret(text)
    return result


def variables(said: spec.SiteSpec) -> tuple[str, ...]:
    """The environment variables that hold passwords: nobody else needs to see them."""
    return tuple(sorted({password.password_env for _, password in _passwords(said) if password.password_env is not None}))


def _passwords(said: spec.SiteSpec) -> Iterator[tuple[site.Path, service.Password]]:
    for page, section in (("stats", said.admin.stats), ("metrics", said.admin.metrics)):
        for user, password in section.users.items() if section is not None else ():
            yield ("admin", page, "users", user), password
    for name, each in said.services.items():
        for user, password in each.basic_auth.users.items() if each.basic_auth is not None else ():
            yield ("services", name, "basic_auth", "users", user), password


def _text(password: service.Password, origin: Origin, environment: Mapping[str, str], files: reading.Files) -> str | None:
    if password.password_env is not None:
        return _checked(environment.get(password.password_env, ""), f"the environment variable {password.password_env}", origin, files)
    if password.password_file is not None:
        return _from_file(password.password_file, origin, files)
    hint = "take it from the environment (password_env) or a file (password_file)"
    files.found.append(diagnostics.warning("password-clear", "a password is in clear text in the site file", origin, hint))
    return _checked(password.password.get_secret_value() if password.password is not None else "", "the password", origin, files)


def _from_file(name: str, origin: Origin, files: reading.Files) -> str | None:
    path = Path(name)
    missing_before = len(files.found)
    content = files.read(path, origin)
    if content is None:
        hint = "write the password into the file, readable by hapilot alone"
        refused = files.found[missing_before:]
        files.found[missing_before:] = [diagnostics.error("secret-missing", each.message, each.origin, hint) for each in refused]
        return None
    if content.world_readable:
        message = f"the password in {name!r} can be read by every user of this machine"
        files.found.append(diagnostics.warning("key-exposed", message, origin, f"chmod o= {name}"))
    return _checked(content.data.decode("utf-8", "replace").rstrip("\r\n"), f"the password file {name!r}", origin, files)


def _checked(text: str, called: str, origin: Origin, files: reading.Files) -> str | None:
    """A password that can be used: not empty, and one line."""
    if not text:
        files.found.append(diagnostics.error("secret-missing", f"{called} is not there or empty", origin, "set it to the password"))
        return None
    if len(text.encode("utf-8", "replace")) > LONGEST:
        files.found.append(diagnostics.error("bad-value", f"{called} is longer than {LONGEST} bytes", origin, "use a shorter one"))
        return None
    if not text.isprintable():
        files.found.append(diagnostics.error("bad-value", f"{called} has control characters", origin, "a password is one line of UTF-8"))
        return None
    return text
