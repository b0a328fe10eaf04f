"""First bytes on a TLS port that are no handshake. Called by test_tls_abuse, and by `page`, which lists them."""

from __future__ import annotations

import random

from integration.behaviour.abuse import slow

GARBAGE = {
    "plain HTTP": b"GET / HTTP/1.1\r\nHost: web.example.test\r\n\r\n",
    "HTTP/2 in clear text": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "random bytes": random.Random(1).randbytes(65_536),
    "zeros": bytes(65_536),
    "a hello of SSL 2": b"\x80\x2e\x01\x00\x02" + bytes(43),
    "a record beyond its size": b"\x16\x03\x01\xff\xff" + bytes(65_535),
    "a hello beyond its record": b"\x16\x03\x01\x00\x04\x01\xff\xff\xff" + bytes(1_000),
    "an empty record": b"\x16\x03\x01\x00\x00" * 100,
    "an alert first": b"\x15\x03\x01\x00\x02\x02\x28",
    "a heartbeat first (CVE-2014-0160)": b"\x18\x03\x02\x00\x03\x01\x40\x00",
    "data first": b"\x17\x03\x03\x00\x05hello",
    "a hello with its tail cut off": slow.hello()[:-20] + b"\x17\x03\x03\x00\x05hello",
    "a hello, then garbage": slow.hello() + random.Random(2).randbytes(1_000),
    "a hello, then plain HTTP": slow.hello() + b"GET / HTTP/1.1\r\nHost: web.example.test\r\n\r\n",
}
