"""crt-lists with options and names, and client certificates, against real HAProxys."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from hapilot.languages.haproxy.evaluate import connection, trace
from hapilot.languages.haproxy.evaluate.connection import Request, Tls
from hapilot.languages.haproxy.tree import Section, line, opaque
from support import certificates, haproxy
from unit.languages.haproxy.evaluate import lab

pytestmark = [
    pytest.mark.haproxy,
    pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id),
]

_SPECIAL = ' #a,b+c"d\\e<f>;g=h/i '
SUBJECTS: dict[str, Sequence[Sequence[tuple[str, str]]]] = {
    "plain": [[("2.5.4.6", "FR")], [("2.5.4.10", "Widgets")], [("2.5.4.3", "ann")]],
    "two names": [[("2.5.4.3", "first")], [("2.5.4.11", "Unit"), ("2.5.4.3", "second")], [("1.2.840.113549.1.9.1", "a@b.test")]],
    "special": [[("2.5.4.10", _SPECIAL)], [("2.5.4.3", "#Zoë\tÜ")]],
    "rare": [[("0.9.2342.19200300.100.1.25", "test")], [("0.9.2342.19200300.100.1.1", "u1")], [("2.5.4.5", "0042")], [("1.2.3.4", "x")]],
    "nothing": [],
}
DAY = datetime.timedelta(days=1)


class Client:
    """A client with a certificate of its own. ``folder`` takes its files."""

    def __init__(self, folder: Path, subject: str, issuer: str, serial: int = 0x7FEE) -> None:
        authority, key = certificates.authority(issuer), certificates.private_key("ecdsa", "client")
        names = [x509.RelativeDistinguishedName([_attribute(*pair) for pair in part]) for part in SUBJECTS[subject]]
        start = datetime.datetime.now(datetime.UTC).replace(microsecond=0) - DAY
        builder = x509.CertificateBuilder().subject_name(x509.Name(names)).issuer_name(authority.certificate.subject)
        builder = builder.public_key(key.public_key()).serial_number(serial).not_valid_before(start).not_valid_after(start + 9 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        self.certificate = builder.sign(authority.key, hashes.SHA256())
        self.der = self.certificate.public_bytes(serialization.Encoding.DER)
        self._pem = folder / f"client-{subject}-{issuer}.pem".replace(" ", "-")
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self._pem.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM) + secret)

    def context(self, alpn: Sequence[str]) -> ssl.SSLContext:
        context = certificates.trusting_nobody(alpn)
        context.load_cert_chain(self._pem)
        return context


def _attribute(oid: str, value: str) -> x509.NameAttribute[str]:
    return x509.NameAttribute(x509.ObjectIdentifier(oid), value)


FACTS = (
    *(
        "ssl_c_used",
        "ssl_c_verify",
        "ssl_fc_has_crt",
        "ssl_c_s_dn",
        "ssl_c_i_dn",
        "ssl_c_s_dn(CN)",
        "ssl_c_s_dn(cn,2)",
        "ssl_c_s_dn(CN,-1)",
    ),
    *("ssl_c_s_dn(CN,9)", "ssl_c_s_dn(ou)", "ssl_c_s_dn(emailAddress)", "ssl_c_s_dn(UID)", "ssl_c_s_dn(1.2.3.4)", "ssl_c_s_dn(,0,rfc2253)"),
    *("ssl_c_i_dn(,0,rfc2253)", "ssl_c_serial,hex", "ssl_c_serial,hex,lower", "ssl_c_der,base64", "ssl_c_der,sha2(256),hex,lower"),
    *("ssl_c_sha1,hex", "ssl_c_notbefore", "ssl_c_notafter", "ssl_c_version", "ssl_c_err", "ssl_c_ca_err", "ssl_c_ca_err_depth"),
    *("ssl_fc_sni", "ssl_fc_alpn", "ssl_fc_is_resumed", "ssl_fc_has_early"),
)
TELLING = " ".join(f"<%[{fact}]>" for fact in FACTS)


REPLY = ("http-request", "return", "status", "200", "content-type", "text/plain", "lf-string", TELLING)

LIST = (
    "FOLDER/plain.pem",
    "FOLDER/front.pem [verify required ca-file FOLDER/ca-one.pem] strict.test *.strict.test !open.strict.test",
    "FOLDER/plain.pem [verify required ca-file FOLDER/ca-one.pem] plain.test late.test",
    "# a comment",
    "FOLDER/front.pem [verify optional ca-file FOLDER/ca-two.pem alpn http/1.1] Optional.test  *.apps.test",
    "FOLDER/rsa.pem both.test",
    "FOLDER/plain.pem [ca-file FOLDER/ca-two.pem verify none] both.test",
    "FOLDER/front.pem [ verify required ca-file FOLDER/ca-two.pem ] *.test *",
    "FOLDER/front.pem none.example",
)
LEAVES: dict[str, tuple[Sequence[str], certificates.KeyKind]] = {
    "plain": (("plain.test", "*.apps.test"), "ecdsa"),
    "rsa": (("both.test",), "rsa"),
}
BINDS = {
    "strict": "strict-sni alpn h2,http/1.1",
    "lenient": "alpn h2",
    "verifying": "strict-sni verify optional ca-file FOLDER/ca-two.pem alpn h2,http/1.1",
}
NAMES = (
    *("plain.test", "a.apps.test", "x.y.apps.test", "Strict.test", "a.strict.test", "open.strict.test", "late.test", "optional.test"),
    *("both.test", "unknown.example", "deep.plain.test", "none.example", "b.test", ".test", None),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        certificates.authority(name).write(tmp_path, f"ca-{name}.pem")
    return tmp_path


def shown(folder: Path, client: Client, trusted: str) -> connection.ClientCertificate:
    """The certificate as the evaluator gets it."""
    return connection.ClientCertificate(client.der, frozenset({str(folder / f"ca-{trusted}.pem")}))


@pytest.mark.parametrize("bind", BINDS)
def test_crt_lists(binary: haproxy.Binary, folder: Path, bind: str) -> None:
    front = Section("frontend", "tls", (opaque(f"bind PORT ssl crt-list FOLDER/certs.list {BINDS[bind]}"), line(*REPLY)))
    clients = {"one": Client(folder, "plain", "one"), "two": Client(folder, "plain", "two")}
    with lab.serve(binary, folder, [front], lab.Beside(lists={"certs.list": LIST}, leaves=LEAVES)) as running:
        for name in NAMES:
            for who in (None, *clients):
                client = clients.get(who or "")
                told = None if client is None else shown(folder, client, who or "")
                # An empty label is no name that a client may send: what Python's own checks refuse is not asked.
                first = Tls(name if name != ".test" else "x.test", ("h2", "http/1.1"), Request(host="x"), told)
                seen = lab.ask(running, first, context=client.context(first.alpn) if client else None)
                expected = running.expect(first)
                assert lab.said(expected) == lab.told(seen), (name, who)
                if seen.ok:
                    assert expected.layers[0].certificate is not None
                    assert LABELS[expected.layers[0].certificate] == seen.peer_names, (name, who)


LABELS = {stem: tuple(names) for stem, (names, _) in LEAVES.items()} | lab.CERTIFICATES


@pytest.mark.parametrize("subject", SUBJECTS)
def test_facts_of_client_certificates(binary: haproxy.Binary, folder: Path, subject: str) -> None:
    front = Section(
        "frontend",
        "tls",
        (opaque("bind PORT ssl crt FOLDER/front.pem verify optional ca-file FOLDER/ca-one.pem alpn http/1.1"), line(*REPLY)),
    )
    with lab.serve(binary, folder, [front]) as running:
        for serial in (1, 0x80, 0xFF00FF00FF00):
            client = Client(folder, subject, "one", serial)
            first = Tls("shop.test", ("http/1.1",), Request(host="x"), shown(folder, client, "one"))
            seen, expected = lab.ask(running, first, context=client.context(first.alpn)), running.expect(first)
            assert isinstance(expected.outcome, trace.Respond)
            assert seen.body.decode().split("> <") == expected.outcome.body.split("> <")


def test_certificate_facts_as_headers(binary: haproxy.Binary, folder: Path) -> None:
    """As they are handed to a server: the client's own copies go, what is not there is not set, and nothing breaks out of a header."""
    sections = [
        Section(
            "frontend",
            "tls",
            (
                opaque("bind PORT ssl crt FOLDER/front.pem verify optional ca-file FOLDER/ca-one.pem alpn h2,http/1.1"),
                opaque("http-request del-header Client-Cert"),
                opaque("http-request del-header x-ssl-client- -m beg"),
                line("http-request", "set-header", "Client-Cert", ":%[ssl_c_der,base64]:", "if", "{", "ssl_c_used", "}"),
                line("http-request", "set-header", "X-SSL-Client-DN", "%{+Q}[ssl_c_s_dn]", "if", "{", "ssl_c_used", "}"),
                line("http-request", "set-header", "X-SSL-Client-Issuer", "%{+E}[ssl_c_i_dn(,0,rfc2253)]", "if", "{", "ssl_c_used", "}"),
                opaque("http-request deny status 421 if { ssl_c_used } { ssl_c_s_dn(CN) -m str nobody }"),
                opaque("default_backend inside"),
            ),
        ),
        Section("backend", "inside", (opaque("server s unix@FOLDER/inside"),)),
        Section(
            "frontend",
            "inside",
            (
                opaque("bind unix@FOLDER/inside"),
                line(*REPLY[:-1], "<%[req.fhdr(client-cert)]> <%[req.fhdr(x-ssl-client-dn)]> <%[req.fhdr(x-ssl-client-issuer)]> %[src]"),
            ),
        ),
    ]
    forged = (("X-SSL-Client-DN", "/CN=root"), ("x-ssl-client-issuer", "me"), ("Client-Cert", ":AA==:"))
    with lab.serve(binary, folder, sections) as running:
        for subject in (None, *SUBJECTS):
            client = None if subject is None else Client(folder, subject, "one")
            told = None if client is None else shown(folder, client, "one")
            first = Tls("shop.test", ("h2", "http/1.1"), Request(host="x", headers=forged), told)
            seen = lab.ask(running, first, context=client.context(first.alpn) if client else None)
            assert lab.said(running.expect(first)) == lab.told(seen), subject


def test_untrusted_certificates_that_are_let_in(binary: haproxy.Binary, folder: Path) -> None:
    options = "verify optional ca-file FOLDER/ca-one.pem ca-ignore-err all crt-ignore-err all"
    reply = (*REPLY[:-1], "%[ssl_c_used] %[ssl_c_s_dn]")
    front = Section("frontend", "tls", (opaque(f"bind PORT ssl crt FOLDER/front.pem {options} alpn http/1.1"), line(*reply)))
    stranger = Client(folder, "plain", "two")
    with lab.serve(binary, folder, [front]) as running:
        first = Tls("shop.test", ("http/1.1",), Request(host="x"), shown(folder, stranger, "two"))
        assert lab.said(running.expect(first)) == lab.told(lab.ask(running, first, context=stranger.context(first.alpn)))


ROUTED = [
    Section(
        "frontend",
        "streams",
        (
            opaque("mode tcp"),
            opaque("bind PORT ssl crt FOLDER/front.pem strict-sni"),
            opaque("tcp-request content reject if { ssl_fc_sni -m str refused.apps.test }"),
            opaque("use_backend %[ssl_fc_sni,lower,map_str(FOLDER/hosts,none)] if { ssl_fc_sni,lower,map_str(FOLDER/hosts) -m found }"),
            opaque("use_backend wild if { ssl_fc_sni -m end .apps.test }"),
        ),
    ),
    Section("backend", "shop", (opaque("mode tcp"), opaque("server s unix@FOLDER/told send-proxy-v2"))),
    Section("backend", "wild", (opaque("mode tcp"), opaque("server s unix@FOLDER/bare"))),
    Section("frontend", "told", (opaque("bind unix@FOLDER/told accept-proxy"), line(*REPLY[:-1], "shop %[src] %[ssl_fc_sni]"))),
    Section(
        "frontend", "bare", (opaque("bind unix@FOLDER/bare"), line(*REPLY[:-1], "wild <%[src]> <%[src_port]> <%[dst]> %[fc_rcvd_proxy]"))
    ),
]


def test_streams_by_name(binary: haproxy.Binary, folder: Path) -> None:
    """TLS ends in TCP mode, and the name decides; on a socket without a PROXY header nobody knows the client."""
    with lab.serve(binary, folder, ROUTED) as running:
        for name in ("shop.test", "SHOP.test", "a.apps.test", "A.Apps.test", "refused.apps.test", "unknown.test", None):
            first = Tls(name, ("http/1.1",), Request(host="x"))
            assert lab.said(running.expect(first)) == lab.answer(running, first), name
