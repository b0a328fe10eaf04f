"""The files beside a random site: authorities and certificates, pages, passwords. Every site has all of them at hand.

Comes in: nothing; all is made once for the session. Goes out: names that sites and connections use, and the files that the lab writes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

from support import certificates

CLIENTS = ("one", "two")
"""Authorities of clients' certificates; a site knows them by `authority_file`."""
STRANGER = "stranger"
"""One that no site knows."""
PAGES = {
    "sorry.html": '<h1>Sorry – 100% of %[src] is "down"</h1>\n'.encode(),
    "sorry.json": b'{"error": "sorry"}\n',
    "sorry.txt": b"sorry $HOME\n",
    "latin.htm": "<p>schöne Grüße</p>".encode("latin-1"),
}
PASSWORDS = {"ann": "correct horse", "bob": 'p%4$HOME"ü', "o'c\\h": ":x:"}
OWN = {
    "certificate.pem": ("a.test", "*.a.test"),
    "split.pem": ("b.test",),
    "more/1.pem": ("*.test",),
    "more/2.pem": ("x.a.test", "fixed.test"),
}
"""Certificates in files, and their names; of ``split.pem`` the key is in ``split.key``."""
CA = "ca.pem"
"""The authority of the servers' certificates."""


def authority_file(name: str) -> str:
    """The file with an authority of clients."""
    return f"clients-{name}.pem"


def variable(user: str) -> str:
    """The environment variable with a user's password."""
    return f"PASSWORD_OF_{list(PASSWORDS).index(user)}"


def password_file(user: str) -> str:
    """The file with a user's password."""
    return f"password-{list(PASSWORDS).index(user)}"


@functools.cache
def leaf(name: str) -> certificates.Leaf:
    """A client's certificate from an authority."""
    return _authority(name).issue(f"ann.{name}.test", usage="client")


def write(folder: Path) -> None:
    """All files."""
    for name, content in _files():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)


def _authority(name: str) -> certificates.Authority:
    return certificates.authority(f"clients {name}")


@functools.cache
def _files() -> tuple[tuple[str, bytes], ...]:
    return tuple(_made())


def _made() -> Iterator[tuple[str, bytes]]:
    servers = certificates.authority()
    yield CA, servers.pem
    yield from ((authority_file(name), _authority(name).pem) for name in CLIENTS)
    yield from PAGES.items()
    yield from ((password_file(user), f"{password}\n".encode()) for user, password in PASSWORDS.items())
    for name, hosts in OWN.items():
        own = servers.issue(*hosts, key="rsa" if name.startswith("more/") else "ecdsa")
        yield name, own.pem if name == "split.pem" else own.pem + own.key_pem
        if name == "split.pem":
            yield "split.key", own.key_pem
