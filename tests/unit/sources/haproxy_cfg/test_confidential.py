"""Lines with secrets, and lines that only look like it."""

from __future__ import annotations

import pytest

from hapilot.languages.haproxy import parser
from hapilot.sources.haproxy_cfg import confidential


def holds(text: str) -> bool:
    (line,) = parser.parse(f"{text}\n", "x.cfg").all_lines()
    return confidential.holds(line)


@pytest.mark.parametrize(
    "text",
    [
        "user ann password $5$abc",
        "user ann insecure-password abc",
        "stats auth ann:abc",
        "#stats auth ann:abc",
        "  # user ann insecure-password abc",
        "bind :443 ssl crt x generate-certificates ca-sign-file y ca-sign-pass abc",
        "dynamic-cookie-key abc",
        "setenv DB_PASSWORD abc",
        'presetenv api-key "a b"',
        'http-request set-header Authorization "Basic YWJjOmRlZg=="',
        "http-request add-header X-Api-Key abc if { src 10.0.0.1 }",
        'http-check send meth GET uri / hdr Authorization "Bearer abcdefgh"',
        r"option httpchk GET / HTTP/1.1\r\nAuthorization:\ Basic\ YWJjOmRlZg==",
        "acl ok req.hdr(X-Token) -m str abc",
        "http-request deny unless { hdr(authorization) abc }",
        "http-request set-var(txn.secret) str(abc)",
        "http-request set-var-fmt(txn.token) abc",
        "http-request set-header X %[path,hmac(sha256,abc)]",
        'http-request deny unless { var(txn.b),jwt_verify(HS256,"abc") -m int 1 }',
        "httpclient.proxy http://ann:abc@proxy/",
        r"tcp-check send AUTH\ abc\r\n",
        "tcp-check send 'PASS abc'",
        "# the password: abc",
        "option httpchk # token=abc",
    ],
)
def test_secrets(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "stats auth",
        "stats uri /password",
        "acl ok http_auth(users)",
        "http-request auth realm token",
        "http-request set-header Authorization %[var(txn.a)]",
        "http-request set-header X-Forwarded-Proto https",
        "http-request del-header Authorization",
        "acl ok req.hdr(Authorization) -m found",
        "http-request deny unless { req.hdr(X-Token) -m found }",
        "http-request set-var(txn.token) req.hdr(X-Token)",
        "http-request set-var(txn.a) str(abc)",
        "http-request deny unless { var(txn.b),jwt_verify(txn.alg,/etc/key.pem) -m int 1 }",
        "http-request set-header X %[path,hmac(sha256,txn.key)]",
        "http-request redirect location https://a.test:8080/x",
        "tcp-check send PING",
        "setenv PATH /a/b",
        "compass north",
        "# how to get a password",
        "",
    ],
)
def test_no_secrets(text: str) -> None:
    assert not holds(text)
