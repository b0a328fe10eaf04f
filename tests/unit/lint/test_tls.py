"""Versions, ciphers, parameters and certificates."""

from __future__ import annotations

import datetime

import pytest

from hapilot.lint.certificates import Seen
from hapilot.lint.rules import tls
from unit.lint.looking import HEAD, NOW, Shelf, findings, lines, shelf

FRONT = HEAD + "frontend f\n    bind :443 ssl crt a.pem"


@pytest.mark.parametrize(
    ("options", "is_found"),
    [
        ("ssl-min-ver TLSv1.1", True),
        ("ssl-min-ver SSLv3", True),
        ("force-tlsv10", True),
        ("ssl-min-ver TLSv1.2", False),
        ("no-tlsv11", False),
        ("", False),
    ],
)
def test_versions(options: str, is_found: bool) -> None:
    assert bool(lines(f"{FRONT} {options}\n", "tls-version-old")) is is_found
    assert bool(lines(f"global\n    ssl-default-bind-options {options}\n", "tls-version-old")) is is_found


@pytest.mark.parametrize(
    ("ciphers", "weak"),
    [
        ("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES256-GCM-SHA384", ()),
        ("ECDH+AESGCM:ECDH+CHACHA20:!aNULL", ()),
        ("PROFILE=SYSTEM", ()),
        ("EECDH+AESGCM:EECDH+AES", ("EECDH+AES",)),
        ("HIGH:!aNULL:!MD5", ("HIGH",)),
        ("AES128-SHA,RC4-SHA", ("AES128-SHA", "RC4-SHA")),
        ("@SECLEVEL=0:ALL", ("@SECLEVEL=0", "ALL")),
        ("", ()),
    ],
)
def test_ciphers(ciphers: str, weak: tuple[str, ...]) -> None:
    assert tls.weak_ciphers(ciphers) == weak


def test_where_ciphers_stand() -> None:
    assert lines(f"global\n    ssl-default-server-ciphers HIGH\n{FRONT} ciphers HIGH\n", "tls-ciphers-weak") == [2, 9]
    assert lines(f'{FRONT} ciphers "${{CIPHERS}}"\n', "tls-ciphers-weak") == []


def test_parameters() -> None:
    assert lines("global\n    tune.ssl.default-dh-param 1024\n", "tls-dh-small") == [2]
    assert lines(f"global\n    tune.ssl.default-dh-param {'9' * 5000}\n", "tls-dh-small") == []


def test_certificates_by_their_ends() -> None:
    text = (
        HEAD + "frontend f\n" + "".join(f"    bind :{port} ssl crt {name}.pem\n" for port, name in ((1, "a"), (2, "b"), (3, "c"), (4, "d")))
    )
    found = [(each.code, each.line, str(each.severity)) for each in findings(text, certificates=shelf(a=100, b=10, c=-1))]
    assert found == [
        ("certificate-ending", 8, "warning"),
        ("certificate-ending", 9, "error"),
        ("certificate-missing", 10, "warning"),
    ]


def test_where_certificates_are_looked_for() -> None:
    asked: list[str] = []

    class Asked(Shelf):
        def look(self, path: str) -> tuple[Seen, ...]:
            asked.append(path)
            return (Seen(path, NOW + datetime.timedelta(days=99)),)

    text = (
        "global\n    crt-base /certs\n    ca-base /cas\n"
        f'{FRONT}\n    bind :444 ssl crt /b.pem\n    bind :445 ssl crt "${{X}}.pem"\n    bind :446 ssl crt @store/c\n'
        "backend b\n    server s 10.0.0.1:443 ssl ca-file d.pem\n    server t 10.0.0.1:444 ssl ca-file @system-ca\n"
    )
    findings(text, certificates=Asked())
    assert set(asked) == {"/certs/a.pem", "/b.pem", "/cas/d.pem"}


def test_nothing_is_said_where_nobody_can_look() -> None:
    assert lines(f"{FRONT}\n", "certificate-missing", "certificate-ending") == []
