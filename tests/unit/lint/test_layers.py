"""Configurations that connect to themselves."""

from __future__ import annotations

import datetime

from hapilot.lint.certificates import Seen
from unit.lint.looking import HEAD, NOW, Shelf, findings, lines

OUTER = "frontend outer\n    mode tcp\n    bind :443\n    default_backend inner\nbackend inner\n    mode tcp\n"


def layers(server: str, bind: str, front: str = "") -> str:
    """The server stands in line 12."""
    inner = f"frontend web\n    bind {bind}\n{front}    default_backend b\nbackend b\n    server s 10.0.0.1:80\n"
    return f"{HEAD}{OUTER}    server s {server}\n{inner}"


def test_the_client_is_lost() -> None:
    assert lines(layers("127.0.0.1:12443", "127.0.0.1:12443"), "client-address-lost") == [12]
    assert lines(layers("127.0.0.1:12443", "*:12443"), "client-address-lost") == [12]
    assert lines(layers("unix@/x", "unix@/x"), "client-address-lost") == [12]
    assert lines(layers("abns@x", "abns@x"), "client-address-lost") == [12]


def test_it_is_told() -> None:
    assert (
        lines(layers("127.0.0.1:12443 send-proxy-v2", "127.0.0.1:12443 accept-proxy"), "client-address-lost", "proxy-protocol-mismatch")
        == []
    )
    http = (
        layers("127.0.0.1:12443", "127.0.0.1:12443")
        .replace("mode tcp", "mode http")
        .replace("bind :443\n", "bind :443\n    option forwardfor\n")
    )
    assert lines(http, "client-address-lost") == [], "the header says it"


def test_servers_that_are_somebody_else() -> None:
    assert lines(layers("127.0.0.1:9999", "127.0.0.1:12443"), "client-address-lost") == []
    assert lines(layers("10.0.0.9:12443", ":12443"), "client-address-lost") == []
    assert lines(layers("unix@/y", "unix@/x"), "client-address-lost") == []


def test_proxy_headers_on_one_side() -> None:
    assert lines(layers("127.0.0.1:12443 send-proxy", "127.0.0.1:12443"), "proxy-protocol-mismatch") == [12]
    assert lines(layers("127.0.0.1:12443", "127.0.0.1:12443 accept-proxy"), "proxy-protocol-mismatch") == [12]
    sometimes = "    tcp-request connection expect-proxy layer4 if { src 127.0.0.2 }\n"
    assert lines(layers("127.0.0.1:12443", "127.0.0.1:12443", sometimes), "proxy-protocol-mismatch") == []


def mixed(bind: str, *, front: str = "", name: str = "vault.a.test") -> str:
    """A site with a name that is passed on, in line 8 or 9."""
    return (
        f"{HEAD}frontend outer\n    mode tcp\n    acl is_vault req.ssl_sni {name}\n    use_backend vault if is_vault\n"
        "    default_backend inner\nbackend vault\n    mode tcp\n    server v 10.0.0.2:443\n"
        f"backend inner\n    mode tcp\n    server i 127.0.0.1:1 send-proxy\nfrontend web\n    bind 127.0.0.1:1 accept-proxy {bind}\n{front}"
    )


def covered(text: str, *names: str, target: tuple[int, int] = (2, 8)) -> list[tuple[int, str]]:
    known = Shelf({"w.pem": Seen("w.pem", NOW + datetime.timedelta(days=99), names=names)} if names else {})
    return [(each.line, str(each.severity)) for each in findings(text, target, known) if each.code == "certificate-covers-passthrough"]


def test_a_certificate_that_covers_too_much() -> None:
    assert covered(mixed("ssl crt w.pem alpn h2"), "*.a.test") == [(8, "warning")]
    assert covered(mixed("ssl crt w.pem alpn h2"), "VAULT.a.test") == [(8, "warning")]
    assert covered(mixed("ssl crt w.pem alpn h2"), "shop.a.test") == []
    assert covered(mixed("ssl crt w.pem alpn h2", name="a.b.a.test"), "*.a.test") == []
    assert covered(mixed("ssl crt w.pem alpn http/1.1"), "*.a.test") == []
    assert covered(mixed("ssl crt w.pem"), "*.a.test") == [(8, "warning")], "HTTP/2 is offered by default from 2.8 on"
    assert covered(mixed("ssl crt w.pem"), "*.a.test", target=(2, 6)) == []
    assert covered(mixed("ssl crt w.pem", front="    http-request return status 421 if { hdr(host) vault.a.test }\n"), "*.a.test") == []


def test_without_the_certificate_it_is_a_note() -> None:
    sibling = "    use_backend b if { hdr(host) shop.a.test }\nbackend b\n"
    assert covered(mixed("ssl crt w.pem", front=sibling)) == [(8, "info")]
    assert covered(mixed("ssl crt w.pem", front=sibling.replace("a.test", "other.test"))) == []
