"""Conditions of ``.if``, compared with ``haproxy -cc``, and versions."""

from __future__ import annotations

import os
import subprocess

import pytest

from hapilot.languages.haproxy import lexer, predicates, program
from hapilot.languages.haproxy.predicates import Around, NoCondition
from hapilot.runtime import version as versions
from support import haproxy

ENVIRONMENT = {"A": "one", "EMPTY": ""}
CONDITIONS = [
    "",
    "0",
    "1",
    "-3",
    "0x0",
    "017",
    "09",
    "!1",
    "! ! 1",
    "1 && 0 || 1",
    "1 || 0 && 0",
    "(1 || 0) && 0",
    "!(1 && 0)",
    "( 1 )",
    "((1)",
    "1 1",
    "1)",
    "nope",
    "nope(1)",
    "true",
    "defined(A)",
    "defined(EMPTY)",
    "defined(NONE)",
    "defined( A )",
    "defined",
    "defined()",
    "defined(A,B)",
    "defined(A",
    "streq(a,a)",
    "streq(a, a)",
    "streq(a)",
    "strneq(a,b)",
    "streq('a,b',\"a,b\")",
    "streq(\\'a,b\\',\\\"a,b\\\")",
    "streq('\"a,b\"','\"a\"\\,b')",
    "streq(a\\ b,'a b')",
    "streq(a\\,b,x)",
    "streq('','')",
    "strneq(a,a)",
    "feature(OPENSSL)",
    "feature(NOPE)",
    "feature(QUIC)",
    "version_atleast(2.4)",
    "version_atleast(2.6-dev3)",
    "version_atleast(2.7)",
    "version_atleast(3.5)",
    "version_atleast(2.6.12)",
    "version_atleast(2.8.25)",
    "version_before(2.7)",
    "version_before(2.8.26)",
    "version_atleast(x)",
    "version_before(x)",
    "openssl_version_atleast(1.1.1)",
    "openssl_version_atleast(1.1.1w)",
    "openssl_version_atleast(3.0.0)",
    "openssl_version_atleast(3.0.1)",
    "openssl_version_before(3.1.0)",
    "openssl_version_before(3.0.0-beta3)",
    "openssl_version_atleast(x)",
    "ssllib_name_startswith(OpenSSL)",
    "ssllib_name_startswith(wolfSSL)",
    "version_atleast(2.4) && !feature(NOPE) && (streq(a,b) || defined(A))",
]


def told(text: str, around: Around) -> str:
    try:
        return str(predicates.holds(text, around))
    except NoCondition:
        return "refused"


@pytest.mark.haproxy
@pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
def test_a_real_haproxy_agrees(binary: haproxy.Binary) -> None:
    described = subprocess.run([binary.path, "-vv"], capture_output=True, text=True, timeout=10, check=True).stdout
    info = versions.parse_version(described)
    assert info is not None
    own = program.Program(info.text, info.features, info.tls_library)
    heard: dict[str, str] = {}
    for text in CONDITIONS:
        done = subprocess.run([binary.path, "-cc", text], capture_output=True, timeout=10, check=False, env={**os.environ, **ENVIRONMENT})
        heard[text] = {0: "True", 1: "False", 2: "refused"}[done.returncode]
    around = Around(own, {**os.environ, **ENVIRONMENT})
    # As a line of a configuration, the text is cut into words first.
    assert {text: told(" ".join(lexer.split(text, around.environment)), around) for text in CONDITIONS} == heard


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("2.4-dev18", "2.4-dev19"),
        ("2.4-dev19", "2.4-rc1"),
        ("2.4-rc1", "2.4.0"),
        ("2.4.0", "2.4.0-1"),
        ("2.4-dev18-f6818d-20", "2.4-dev18-f6818d-21"),
        ("2.4.9", "2.4.10"),
        ("2.9.5", "3.0"),
    ],
)
def test_versions_in_order(older: str, newer: str) -> None:
    first, second = program.version_key(older), program.version_key(newer)
    assert first is not None
    assert second is not None
    assert first < second


@pytest.mark.parametrize("text", ["", "x", "2.x", "2.6,1"])
def test_no_version(text: str) -> None:
    assert program.version_key(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("0.9.8zh", 0x0090821F), ("1.0.2u", 0x1000215F), ("3.0.0-alpha17", 0x30000000), ("3.0.0-beta2", 0x30000002), ("3.0.0", 0x3000000F)],
)
def test_numbers_of_tls_libraries(text: str, number: int) -> None:
    """The examples of ``openssl_version_parser`` in ssl_utils.c."""
    assert program.ssl_number(text) == number


def test_all_predicates_ask_the_program() -> None:
    own = program.Program("3.4.1", frozenset({"QUIC"}), "AWS-LC 1.61.0", frozenset({"EPOLL"}), 35)
    around = Around(own, {})
    assert own.branch == "3.4"
    true = [
        "awslc_api_atleast(35)",
        "!awslc_api_before(35)",
        "enabled(EPOLL)",
        "!enabled(KQUEUE)",
        "strstr(abc,b)",
        "ssllib_name_startswith(AWS-LC)",
    ]
    assert {text: told(text, around) for text in true} == dict.fromkeys(true, "True")
    assert told("awslc_api_atleast(1)", Around(program.Program(), {})) == "refused"


def test_deep_conditions_are_refused() -> None:
    assert told("(" * 50_000 + "1" + ")" * 50_000, Around(program.Program(), {})) == "refused"
    assert told(" && ".join(["1"] * 50_000), Around(program.Program(), {})) == "True"
