"""What clients may claim about themselves."""

from __future__ import annotations

import pytest

from unit.lint.looking import HEAD, lines

BACK = "    default_backend b\nbackend b\n    server s 10.0.0.1:80\n"


def front(*rules: str, bind: str = ":80") -> str:
    """A frontend whose rules begin in line 8."""
    return f"{HEAD}frontend f\n    bind {bind}\n" + "".join(f"    {rule}\n" for rule in rules) + BACK


@pytest.mark.parametrize(
    ("rules", "is_found"),
    [
        (("option forwardfor",), True),
        (("option forwardfor if-none",), True),
        (("option forwardfor", "http-request del-header X-Forwarded-For"), False),
        (("option forwardfor", "http-request del-header x-forwarded-for unless { src 10.0.0.0/8 }"), False),
        (("option forwardfor", "http-request set-header X-Forwarded-For %[src]"), False),
        (("option forwardfor", "http-request del-header X-Forwarded- -m beg"), False),
        (("option forwardfor", "http-request del-header X-Real-IP"), True),
        (("option forwardfor header X-Real-IP", "http-request del-header X-Real-IP"), False),
        (("option forwardfor", "reqidel ^X-Forwarded-For:.*"), False),
        (("option forwardfor", "no option forwardfor"), False),
    ],
)
def test_forwardfor(rules: tuple[str, ...], is_found: bool) -> None:
    assert bool(lines(front(*rules), "forwarded-for-spoofable")) is is_found


def test_forwardfor_of_a_backend_counts_for_the_frontends_that_lead_to_it() -> None:
    assert lines(f"{front()}    option forwardfor\n", "forwarded-for-spoofable") == [11]
    assert lines(f"{front('http-request del-header X-Forwarded-For')}    option forwardfor\n", "forwarded-for-spoofable") == []


def test_a_layer_of_the_same_machine_has_no_clients_of_its_own() -> None:
    assert lines(front("option forwardfor", bind="127.0.0.1:80"), "forwarded-for-spoofable") == []
    assert lines(front("option forwardfor", bind="unix@/x"), "forwarded-for-spoofable") == []


def test_a_page_of_statistics_sends_nothing_on() -> None:
    text = f"{HEAD}    option forwardfor\nfrontend stats\n    bind :8404\n    stats enable\n"
    assert lines(text, "forwarded-for-spoofable") == []


@pytest.mark.parametrize(
    ("rules", "is_found"),
    [
        (("http-request add-header X-Forwarded-Proto https",), True),
        (("http-request set-header X-Forwarded-Proto https",), False),
        (("http-request set-header X-Forwarded-Proto https if { ssl_fc }",), True),
        (
            (
                "http-request set-header X-Forwarded-Proto https if { ssl_fc }",
                "http-request set-header X-Forwarded-Proto http if !{ ssl_fc }",
            ),
            False,
        ),
        (("http-request del-header X-Forwarded-Proto", "http-request add-header X-Forwarded-Proto https"), False),
        (("http-request set-header X-Forwarded-Proto https if { ssl_fc }", "redirect scheme https if !{ ssl_fc }"), False),
        (("http-request add-header X-Other y",), False),
    ],
)
def test_other_headers(rules: tuple[str, ...], is_found: bool) -> None:
    assert bool(lines(front(*rules), "forwarded-header-spoofable")) is is_found


@pytest.mark.parametrize(
    ("bind", "rules", "is_found"),
    [
        (":80 accept-proxy", (), True),
        ("203.0.113.1:80 accept-proxy", (), True),
        ("127.0.0.1:80 accept-proxy", (), False),
        ("10.1.2.3:80 accept-proxy", (), False),
        ('"${IP}:80" accept-proxy', (), False),
        (":80 accept-proxy", ("tcp-request connection reject if !{ src 10.0.0.0/8 }",), False),
        (":80", ("tcp-request connection expect-proxy layer4",), True),
        (":80", ("tcp-request connection expect-proxy layer4 if { src 10.0.0.0/8 }",), False),
    ],
)
def test_proxy_headers(bind: str, rules: tuple[str, ...], is_found: bool) -> None:
    assert bool(lines(front(*rules, bind=bind), "proxy-protocol-open")) is is_found


def test_forwardfor_where_there_are_no_headers() -> None:
    text = f"{HEAD}    option forwardfor\nfrontend f\n    mode tcp\nfrontend g\n    mode tcp\n    no option forwardfor\n"
    assert lines(text, "forwardfor-in-tcp") == [6]
