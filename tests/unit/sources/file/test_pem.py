"""Leaf, chain and key of PEM files in any order."""

from __future__ import annotations

import itertools

import pytest

from golden import pems
from hapilot.sources.file import pem

LEAF = pems.certificate("shop.example.test", issuer="middle", slot="leaf")
MIDDLE = pems.certificate(issuer="root", slot="middle", common="middle")
ROOT = pems.certificate(slot="root", common="root")
PARTS = [pems.pem(LEAF), pems.pem(MIDDLE), pems.pem(ROOT), pems.key_pem("leaf")]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_order_of_a_file_does_not_matter(order: tuple[int, ...]) -> None:
    data = b"# a remark\n" + b"\r\n".join(PARTS[place] for place in order)
    assert pem.bundle(data, data).text().encode() == b"".join(PARTS)


def test_a_certificate_twice_and_a_stranger() -> None:
    stranger = pems.pem(pems.certificate("x.test", slot="other"))
    data = stranger + PARTS[1] + PARTS[0] + PARTS[0]
    assert pem.bundle(data, PARTS[3]).text().encode() == PARTS[0] + PARTS[1] + stranger + PARTS[3]


def test_names() -> None:
    assert [str(host) for host in pem.hosts(pems.certificate("A.example.test", "*.example.test", "*.*.bad", "x y"))] == [
        "a.example.test",
        "*.example.test",
    ]
    assert [str(host) for host in pem.hosts(pems.certificate(common="only.example.test"))] == ["only.example.test"]
    assert pem.hosts(pems.certificate(common="My Company")) == ()


@pytest.mark.parametrize(
    ("data", "key", "code"),
    [
        (b"", PARTS[3], "certificate-bad"),
        (PARTS[0], b"", "key-missing"),
        (PARTS[0], PARTS[1], "key-missing"),
        (PARTS[0], pems.key_pem("leaf", b"x"), "key-missing"),
        (PARTS[0], pems.key_pem("other"), "key-mismatch"),
        (PARTS[0].replace(b"MII", b"AAA", 1), PARTS[3], "certificate-bad"),
        (PARTS[0], b"-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n", "certificate-bad"),
        (PARTS[0], b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\naGVs\n-----END RSA PRIVATE KEY-----\n", "key-missing"),
    ],
)
def test_what_is_refused(data: bytes, key: bytes, code: str) -> None:
    with pytest.raises(pem.Refused) as refused:
        pem.bundle(data, key)
    assert refused.value.code == code
