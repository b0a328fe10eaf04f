"""Server names that are asked too early."""

from __future__ import annotations

import pytest

from unit.lint.looking import lines

FRONT = "defaults\n    mode tcp\nfrontend f\n    bind :443\n"
BACK = "    default_backend b\nbackend a\nbackend b\n"


@pytest.mark.parametrize(
    ("rules", "is_found"),
    [
        ((), True),
        (("tcp-request inspect-delay 5s",), True),
        (("tcp-request content accept if { req.ssl_hello_type 1 }",), True),
        (("tcp-request inspect-delay 5s", "tcp-request content capture req.ssl_sni len 9"), True),
        (("tcp-request inspect-delay 5s", "tcp-request content accept"), True),
        (("tcp-request inspect-delay 5s", "tcp-request content accept if { src 10.0.0.1 }"), True),
        (("tcp-request inspect-delay 5s", "tcp-request content accept if { req_ssl_hello_type 1 }"), False),
        (("tcp-request inspect-delay 5s", "tcp-request content reject unless { req.ssl_hello_type 1 }"), False),
        (("tcp-request inspect-delay 5s", "acl hello req.ssl_hello_type 1", "tcp-request content accept if hello"), False),
        (("tcp-request inspect-delay 5s", "tcp-request content accept if WAIT_END"), False),
    ],
)
def test_waiting(rules: tuple[str, ...], is_found: bool) -> None:
    text = FRONT + "".join(f"    {rule}\n" for rule in rules) + "    use_backend a if { req.ssl_sni a.test }\n" + BACK
    assert lines(text, "sni-without-wait") == ([5 + len(rules)] if is_found else [])


def test_an_acl_counts_only_where_a_route_asks_it() -> None:
    acl = "    acl is_a req.ssl_sni a.test\n"
    assert lines(f"{FRONT}{acl}    use_backend a if is_a\n{BACK}", "sni-without-wait") == [5]
    assert lines(f"{FRONT}{acl}{BACK}", "sni-without-wait") == []


def test_waiting_in_a_named_defaults_section() -> None:
    waits = "defaults d\n    mode tcp\n    tcp-request inspect-delay 5s\n    tcp-request content accept if { req.ssl_hello_type 1 }\n"
    assert lines(f"{waits}frontend f from d\n    use_backend a if {{ req.ssl_sni a.test }}\n{BACK}", "sni-without-wait") == []


def test_http_mode_waits_by_itself() -> None:
    assert lines(f"{FRONT}    mode http\n    use_backend a if {{ req.ssl_sni a.test }}\n{BACK}", "sni-without-wait") == []
