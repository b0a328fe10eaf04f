"""Random connections to a site: ordinary ones, odd spellings, and what hostile or broken clients send.

Comes in: a site. Goes out: `words.Connection` values for its listeners. Called by the random test.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Sequence
from typing import Any

from integration.differential import aims
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
ADDRESSES = (
    "203.0.113.7", "127.0.0.2", "127.0.0.5", "10.1.2.3", "192.0.2.9", "::1", "2001:db8::7", "[::1]:80", "1.2.3.4:55", "bogus", "",
    "2002:7f00:1::1", "::ffff:127.0.0.2", "::10.1.2.3", "2001:db8:0:1::9",
)  # fmt: skip
FORGED = (
    "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "x-forwarded-server", "Forwarded", "X-Real-IP", "X_Forwarded_For",
    "X-Forwarded_For", "X_Real_IP", "x_forwarded-proto", "Forwarded_", "X-Custom", "X-Real-Port", "X_Forwarded", "Client-Cert",
    "X-SSL-Client-CN", "client_cert", "X_SSL-Client_DN", "X-One", "X-Three", "Cache-Control", "Accept",
)  # fmt: skip
OPTIONS = ("close", "keep-alive", "x-forwarded-for", "close, X-Real-IP", "X-One", "Forwarded")
SOURCES = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.9")
SIX = ("2001:db8::7", "2001:db8::7", "2002:a01:203::1", "::1", "2001:db8:0:77::1", "::ffff:0:1")
BYTES = ("\x00\x01\x02garbage\n", "220 hello\r\n", "get / http\r\n\r\n", "SSH", "SSH-2.0\n", "\x16\x03", "A" * 40, "GET /")


def connection(dice: random.Random, site: Site) -> Connection:
    """One connection to one of the listeners, or to an administrative page."""
    if site.get("admin") and dice.randint(0, 9) == 0:
        return aims.administrative(dice, site)
    listener = dice.choice(_open(dice, site))
    told: dict[str, Any] = {"listener": listener, "kind": dice.choice(_spoken(site, listener))}
    told |= _place(dice, site["listeners"][listener])
    if told["kind"] in ("http", "https"):
        told |= _request(dice, _known(site, listener))
        told |= aims.aimed(dice, site, told) if dice.randint(0, 2) else {}
    if told["kind"] == "https":
        told |= _hellos(dice, told["host"])
        told |= aims.identified(dice, site, told)
        told |= {"old_tls": True} if dice.randint(0, 5) == 0 and site.get("tls", {}).get("profile") != "modern" else {}
        told |= {"before": told["sni"]} if told["version"] == "2" and told["sni"] and dice.randint(0, 3) == 0 else {}
    if told["kind"] == "bytes":
        told["data"] = dice.choice(BYTES)
    told |= _introduced(dice, site["listeners"][listener], told)
    return Connection(**told)


def _introduced(dice: random.Random, listener: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """A PROXY header, mostly from an address that may send one."""
    header = _proxies(dice, str(listener.get("accept_proxy", "never")))
    networks = [ipaddress.ip_network(one) for one in listener.get("trusted", ())]
    near = [one for one in SOURCES if any(ipaddress.ip_address(one) in network for network in networks)]
    moves = header is not None and near and told.get("address", "127.0.0.1") in ("127.0.0.1", "fd") and dice.randint(0, 3)
    return {"proxy": header} | ({"source": dice.choice(near)} if moves else {})


def _open(dice: random.Random, site: Site) -> list[str]:
    """Listeners to connect to, mostly those that some service uses."""
    used = sorted({name for one in site["services"].values() for name in one.get("listener", ())})
    return used if used and dice.randint(0, 19) else sorted(site["listeners"])


def _place(dice: random.Random, listener: dict[str, Any]) -> dict[str, Any]:
    """The address to connect to, and the client's: often one of a few that sites speak of, sometimes one of many."""
    binds = [str(bind) for bind in listener["bind"]]
    for kind in ("unix", "fd"):
        if binds[0].startswith(f"{kind}:"):
            return {"address": kind, "source": dice.choice(SOURCES)} if kind == "fd" else {"address": kind}
    if any(bind.startswith((":", "[")) for bind in binds) and dice.randint(0, 3) == 0:
        return {"address": "::1", "source": "::1"}
    many = f"127.{dice.randint(0, 255)}.{dice.randint(0, 255)}.{dice.randint(1, 254)}"
    return {"source": many if dice.randint(0, 3) == 0 else dice.choice(SOURCES)}


def _spoken(site: Site, listener: str) -> list[str]:
    """What to speak, more often what the listener understands."""
    here = [one for one in site["services"].values() if listener in one.get("listener", ())]
    kinds = ["https", "http", "http", "ssh", "silent", "bytes"]
    if any(one["tls"] != "none" for one in here):
        kinds += ["https"] * 16
    if site["listeners"][listener].get("redirect") or any(one["tls"] == "none" and one["protocol"] == "http" for one in here):
        kinds += ["http"] * 12
    if any(one["protocol"] == "ssh" for one in here):
        kinds += ["ssh", "silent"]
    if "default" in site["listeners"][listener]:
        kinds += ["https", "http"]
    return kinds


def _request(dice: random.Random, known: Sequence[str]) -> dict[str, Any]:
    version = dice.choice(("1.1", "1.1", "1.1", "2", "2", "1.0"))
    told: dict[str, Any] = {"version": version, "host": _host(dice, known)}
    told["path"] = dice.choice(dice.choice((PLAIN_PATHS, PLAIN_PATHS, ODD_PATHS)))
    told["headers"] = tuple(_header(dice) for _ in range(dice.randint(0, 3)))
    if version != "2" and dice.randint(0, 19) == 0:
        told["headers"] += (("Connection", dice.choice(OPTIONS)),)
    if dice.randint(0, 9) == 0:
        told["method"] = dice.choice(("POST", "OPTIONS", "PROPFIND", "DELETE", "get"))
    if version != "2" and dice.randint(0, 19) == 0:
        told["path"] = dice.choice((f"http://{told['host']}/a", "http://b.test/a/b?x", "*", "HTTPS://a.test:443/ab"))
    return told


def _known(site: Site, listener: str) -> tuple[str, ...]:
    """Names that lead somewhere on the listener; of wildcards one that is meant."""
    patterns = [str(host) for one in site["services"].values() if listener in one.get("listener", ()) for host in one.get("host", ())]
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
    match dice.randint(0, 19):
        case 0:
            sni = None
        case 1 | 2 | 3:
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
        return Proxy(version, kind, (dice.choice(SIX), 1234), ("2001:db8::1", 443))
    return Proxy(version, kind, (dice.choice(("192.0.2.7", "127.0.0.2", "10.9.9.9")), 1234), ("192.0.2.1", 443))
