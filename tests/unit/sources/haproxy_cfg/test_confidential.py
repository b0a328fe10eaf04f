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
        "setenv DB_PW abc",
        "setenv DBPASS abc",
        "setenv REDISPASSWORD abc",
        "setenv STATS_AUTH ann:abc",
        "setenv JWT_SIGNING_KEY abc",
        "presetenv API_CREDENTIALS abc",
        "setenv DB_PW '!!'",
        "setenv DB_PW=abc",
        "cluster-secret abc",
        "http-request set-header X-Backend-Key abc",
        "http-request set-header X-Origin-Verify abc",
        "http-request set-header X-Shared-Auth abc",
        'http-request set-header X-Api-Key "%[str(abc)]"',
        'http-request set-header Authorization "Basic %[str(ann:abc),base64]"',
        'http-request set-header X-Token "%[src]-abc"',
        "http-request set-header Cookie session=abc",
        "http-response set-header Set-Cookie token=abc",
        "http-response replace-header X-Token .* abc",
        "acl ok url_param(token) -m str abc",
        "acl ok urlp(api_key) abc",
        "acl ok hdr_str(X-Token) abc",
        "acl ok hdr_sub(authorization) abc",
        "acl ok hdr(X-Token,1),lower abc",
        "acl ok req.hdr(X-Token) -i abc",
        "acl ok req.hdr(X-Token) -f a.lst abc",
        "acl ok req.hdr(X-Token) -m str -- -abc",
        "acl ok var(txn.token) -m str abc",
        "acl ok req.cook(sessionid) abc",
        "acl ok http_auth_pass abc",
        "acl ok req.hdr(X-Auth) -m str abc",
        "acl ok req.hdr(X-Origin-Verify) -m str abc",
        "acl ok req.hdr(X-Shared-Key) abc",
        "http-request deny if ! { http_auth_pass abc }",
        "http-request set-query k=%[query]&api_key=abc",
        "http-request set-path /x?token=abc",
        "http-request set-uri http://a.test/?access_token=abc",
        'http-request set-path "/x?token=%[str(abc)]"',
        "option httpchk GET /health?token=abc",
        r"option httpchk GET / HTTP/1.1\r\nX-Api-Key:\ abc",
        "http-request set-var(txn.a) var(txn.b),aes_gcm_dec(128,txn.iv,abc,txn.tag)",
        "http-request set-var(txn.a) var(txn.b),aes_cbc_enc(128,txn.iv,abc,txn.aad)",
        "http-request set-var(txn.a) var(txn.b),jwt_decrypt_secret(abc)",
        "http-request set-var(txn.key) bin(00ff)",
        "set-var proc.token str(abc)",
        "set-var-fmt proc.token abc",
        'http-request return status 200 content-type text/plain string "password=abc"',
        """http-request return status 200 string '{"password": "abc"}'""",
        "command /bin/x --token abc",
        "# curl -u admin:abc http://x",
        "bind :80 # user ann password abc",
        "# user ann pw abc",
        "# the password is abc",
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
        "user haproxy",
        "unsetenv API_TOKEN",
        "setenv COMPASS north",
        "setenv REQUIRE_AUTH true",
        "http-response set-header Access-Control-Allow-Credentials true",
        'http-response set-header Access-Control-Allow-Headers "Authorization, X-Token"',
        "http-response set-header WWW-Authenticate 'Basic realm=abcdef'",
        'http-response set-header Set-Cookie "SRV=a; path=/"',
        "http-request set-header X-SSL-Client-Verify %[ssl_c_verify]",
        'http-request set-header Authorization "Bearer %[var(txn.a)]"',
        "http-request set-query token=%[var(txn.token)]",
        "http-request set-var(txn.a) var(txn.b),aes_gcm_dec(128,txn.iv,txn.key,txn.tag)",
        "http-request track-sc0 hdr(X-Api-Key) table t",
        "http-request set-var(txn.a) req.hdr(X-Token) if { src 10.0.0.1 }",
        "acl ok hdr_cnt(X-Token) 1",
        "acl ok req.hdr(X-Token) -m len 32",
        "acl ok req.hdr(X-Token) -f tokens.lst",
        "acl ok req.hdr(Authorization) -m beg Bearer",
        "acl ok url_reg token=[^&]+",
        "server auth auth:8080 check",
        "set-dumpable",
        "http-request lua.verify abc",
        "filter spoe engine x config y",
        "mailer x 127.0.0.1:25",
        "table t type string",
        "server-state-base x",
        "stats socket ipv4@127.0.0.1:9999 level admin",
        "option pgsql-check user abc",
        "# user agents that are old",
    ],
)
def test_no_secrets(text: str) -> None:
    assert not holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "user ann pasword abc",
        "user ann insecure-pas abc",
        "user ann abc",
        "user ann:abc",
        "usr ann insecure-passwrd abc",
        "stats au ann:abc",
        "stats auht ann:abc",
        "stats athentication ann:abc",
        "stat auth ann:abc",
        "sentenv API_TOKEN abc",
        "presentenv API_TOKEN abc",
        "global.setenv API_TOKEN abc",
        'user ann password "abc',
        'stats auth "ann:abc',
        "maxconn 1\rstats auth ann:abc",
    ],
)
def test_words_that_are_nearly_one(text: str) -> None:
    """HAProxy refuses some of these lines, but what they hold is no less a secret."""
    assert holds(text)
    assert "abc" not in confidential.masked(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("setenv API_TOKEN abc", "setenv API_TOKEN …"),
        ("  user ann password abc # x", "user ann …"),
        ("stats auth ann:abc", "stats auth …"),
        ("http-request set-header X-Api-Key abc if { src 10.0.0.1 }", "http-request set-header X-Api-Key …"),
        ("http-request set-var(txn.token) str(abc)", "http-request set-var(txn.token) …"),
        ("acl ok req.hdr(X-Token) abc", "acl ok …"),
        ("dynamic-cookie-key abc", "dynamic-cookie-key …"),
        ("httpclient.proxy http://ann:abc@proxy/", "httpclient.proxy …"),
        ("setenv DB_PW=abc", "setenv …"),
        ("user ann:abc", "user …"),
        ("# password: abc", "# …"),
        ("maxconn 1 # password: abc", "maxconn …"),
        ("userlist a # password: abc", "userlist …"),
        ('user ann password "abc', "user ann …"),
        ("stats uri /abc", "stats uri /abc"),
        ("  maxconn 1 # x", "  maxconn 1 # x"),
        ("", ""),
    ],
)
def test_masked(text: str, shown: str) -> None:
    assert confidential.masked(text) == shown
