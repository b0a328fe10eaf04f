"""Random connections to a site: ordinary ones, odd spellings, and what hostile or broken clients send.

Comes in: a site. Goes out: `words.Connection` values for its listeners. Called by the random test.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from integration.differential.words import Connection, Proxy, Site

HOSTS = ("a.test", "b.test", "x.a.test", "y.a.test", "q.a.test", "w.x.a.test", "z.test", "test", "nowhere.example", "fixed.test")
ODD_HOSTS = ("127.0.0.1", "[::1]", "192.0.2.1", "", ".a.test", "a.test:x", "a_b.test", "*.a.test", "*")
TWO_IN_ONE = ("a.test,b.test", "a.test:,b.test", "a.test/x", "b.test@a.test", "a.test#", "a.test?b", "a.test\\")
PLAIN_PATHS = ("/", "/a", "/a/", "/a/b", "/ab", "/a/b/c/d", "/A", "/z", "/a?x=/b", "/?q=1", "/.well-known/acme-challenge/token")
ODD_PATHS = (
    "/a/../b", "/a/./b", "/./a", "/a/..", "/a/%2e%2e/b", "/a/%2E/b", "/%61/b", "/a%2fb", "/a%2F..%2Fz", "//a", "/a//b", "//",
    "/a\\b", "/a\\..\\z", "/a;x=1/b", "/a;x", "/a/..;/b", "/a/b?x=/../", "/a?%2e%2e/", "/a%", "/a%zz", "/a%00b", "/a%25%32e", "/.a",
    "/a/.b/c", "/a/b%20c", "/%2561", "/a+b", "/a/b/?a=1?b=2", "/a//../b", "/%2f%2fa", "/a%5cb", "/a%3bx/b",
    "/.well-known//acme-challenge/t", "/a%3f/b", "/%41",
)  # fmt: skip
ADDRESSES = ("203.0.113.7", "127.0.0.2", "127.0.0.5", "10.1.2.3", "192.0.2.9", "::1", "2001:db8::7", "[::1]:80", "1.2.3.4:55", "bogus", "")
FORGED = (
    "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "x-forwarded-server", "Forwarded", "X-Real-IP", "X_Forwarded_For",
    "X-Forwarded_For", "X_Real_IP", "x_forwarded-proto", "Forwarded_", "X-Custom", "X-Real-Port", "X_Forwarded",
)  # fmt: skip
SOURCES = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.9")
BYTES = ("\x00\x01\x02garbage\n", "220 hello\r\n", "get / http\r\n\r\n", "SSH", "SSH-2.0\n", "\x16\x03", "A" * 40, "GET /")


def connection(dice: random.Random, site: Site) -> Connection:
    """One connection to one of the listeners."""
    used = sorted({name for one in site["services"].values() for name in one["listener"]})
    listener = dice.choice(used if used and dice.randint(0, 19) else sorted(site["listeners"]))
    spoken = _spoken(site, listener)
    told: dict[str, Any] = {"listener": listener, "kind": dice.choice(spoken)}
    if _has_ipv6(site, listener) and dice.randint(0, 3) == 0:
        told |= {"address": "::1", "source": "::1"}
    else:
        told["source"] = dice.choice(SOURCES)
    if told["kind"] in ("http", "https"):
        told |= _request(dice, _known(site, listener))
    if told["kind"] == "https":
        told |= _hellos(dice, told["host"])
    if told["kind"] == "bytes":
        told["data"] = dice.choice(BYTES)
    told["proxy"] = _proxies(dice, str(site["listeners"][listener].get("accept_proxy", "never")))
    return Connection(**told)


def _spoken(site: Site, listener: str) -> list[str]:
    """What to speak, more often what the listener understands."""
    here = [one for one in site["services"].values() if listener in one["listener"]]
    kinds = ["https", "http", "http", "ssh", "silent", "bytes"]
    if any(one["tls"] != "none" for one in here):
        kinds += ["https"] * 9
    if site["listeners"][listener].get("redirect") or any(one["tls"] == "none" and one["protocol"] == "http" for one in here):
        kinds += ["http"] * 7
    if any(one["protocol"] == "ssh" for one in here):
        kinds += ["ssh", "silent"]
    return kinds


def _has_ipv6(site: Site, listener: str) -> bool:
    return any(str(bind).startswith((":", "[")) for bind in site["listeners"][listener]["bind"])


def _request(dice: random.Random, known: Sequence[str]) -> dict[str, Any]:
    version = dice.choice(("1.1", "1.1", "1.1", "2", "2", "1.0"))
    told: dict[str, Any] = {"version": version, "host": _host(dice, known)}
    told["path"] = dice.choice(dice.choice((PLAIN_PATHS, PLAIN_PATHS, ODD_PATHS)))
    told["headers"] = tuple(_header(dice) for _ in range(dice.randint(0, 3)))
    if dice.randint(0, 9) == 0:
        told["method"] = dice.choice(("POST", "OPTIONS", "PROPFIND", "DELETE"))
    if version != "2" and dice.randint(0, 19) == 0:
        told["path"] = dice.choice((f"http://{told['host']}/a", "http://b.test/a/b?x", "*", "HTTPS://a.test:443/ab"))
    return told


def _known(site: Site, listener: str) -> tuple[str, ...]:
    """Names that lead somewhere on the listener; of wildcards one that is meant."""
    patterns = [str(host) for one in site["services"].values() if listener in one["listener"] for host in one.get("host", ())]
    return tuple(pattern.replace("*", "q") for pattern in patterns)


def _host(dice: random.Random, known: Sequence[str]) -> str | None:
    host = dice.choice(known if known and dice.randint(0, 2) else HOSTS)
    match dice.randint(0, 11):
        case 0:
            host = dice.choice(("A.tEST", "X.A.Test", "B.TEST"))
        case 1:
            host += dice.choice((":443", ":80", ":8443", ":", ":0"))
        case 2:
            host += dice.choice((".", "..", ".:443"))
        case 3:
            return None
        case 4:
            return dice.choice(dice.choice((ODD_HOSTS, TWO_IN_ONE)))
        case _:
            pass
    return host


def _header(dice: random.Random) -> tuple[str, str]:
    if dice.random() < 0.5:
        return "X-Forwarded-For", ", ".join(dice.choices(ADDRESSES, k=dice.randint(1, 7)))
    return dice.choice(FORGED), dice.choice(("https", "evil.test", "443", "for=192.0.2.43;proto=http", "10.1.2.3", ""))


def _hellos(dice: random.Random, host: str | None) -> dict[str, Any]:
    """How TLS is started: mostly for the requested host."""
    same = (host or "").rpartition(":")[0] if ":" in (host or "") else host or ""
    sni: str | None = same
    match dice.randint(0, 9):
        case 0:
            sni = None
        case 1 | 2:
            sni = dice.choice(HOSTS)
        case _:
            pass
    if not sni or not sni[0].isalpha() or any(c not in "abcdefghijklmnopqrstuvwxyz0123456789.-" for c in sni.lower()) or ".." in sni:
        sni = None
    told: dict[str, Any] = {"sni": sni}
    if dice.randint(0, 5) == 0:
        told["segments"] = dice.choice(((1,) * 40, (5,) * 40, 100, 600, (1, 4), (5, 1, 3)))
    if dice.randint(0, 5) == 0:
        told["long_hello"] = True
    elif dice.randint(0, 7) == 0:
        told["alpn"] = False
    if dice.randint(0, 7) == 0:
        told["records"] = dice.choice((100, (1,), (3, 5), 40, (4,), (90, 30)))
    return told


def _proxies(dice: random.Random, accept: str) -> Proxy | None:
    one_in = {"never": 20, "optional": 2, "required": 1}[accept]
    bare = dice.randint(0, 9) == 0 if accept == "required" else dice.randint(1, one_in) != 1
    if bare:
        return None
    version = dice.choice((1, 2))
    kind = dice.choice(("proxy", "proxy", "proxy", "local" if version == 2 else "unknown"))
    if dice.randint(0, 3) == 0:
        return Proxy(version, kind, ("2001:db8::7", 1234), ("2001:db8::1", 443))
    return Proxy(version, kind, (dice.choice(("192.0.2.7", "127.0.0.2", "10.9.9.9")), 1234), ("192.0.2.1", 443))
