"""Random configurations whose routes are said in every way: named and anonymous conditions, alone, together and negated, in any order.

Comes in: a seed. Goes out: a configuration that HAProxy accepts, the same for the same seed. Called by the test of meaning: what import
takes into routes and servers is decided word by word, and nobody writes down all combinations of words.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

HOSTS = ("a.test", "b.test", "C.Test", "www.a.test", "x-1.test", "1.2.3.4", "a.test:8080")
PATHS = ("/a", "/b", "/a/b", "/A", "/", "/x.php")
FLAGS = ("-i",) * 9 + ("", "-i -m str", "-m sub -i", "-i --", "-m str", "-m end")
BACKENDS = ("b1", "b2", "b3", "b4")
NAMES = (*(f"acl{number}" for number in range(20)), "HTTP", "A-b:c", "TRUE2", "path", "host", "unless1")
BINDS = ("bind 127.0.0.1:81", "bind *:82,127.0.0.1:83", "bind :84 name z", "bind 0.0.0.0:85", "bind *:86 maxconn 100")
SERVICE: tuple[str, ...] = (
    "balance roundrobin",
    "balance source",
    "balance first",
    "balance hdr(host)",
    "timeout server 3s",
    "timeout server 2000",
    "timeout connect 1s",
    "timeout queue 1m",
    "retries 1",
    "default-server weight 4",
    "mode http",
    "option httpclose",
    "http-request set-header X-Backend %b",
    "http-reuse never",
    "cookie S insert indirect",
)
SERVER: tuple[str, ...] = (
    "weight 0",
    "weight 1",
    "weight 5",
    "weight 100",
    "backup",
    "check",
    "maxconn 20",
    "inter 5s",
    "enabled",
    "slowstart 10s",
    "send-proxy",
)
MORE = ("option httpclose", "balance source", "option originalto", "option forwardfor")


def text(seed: int) -> str:
    """A configuration."""
    return _Maker(random.Random(seed)).text()


@dataclass(frozen=True, slots=True)
class _Maker:
    dice: random.Random

    def text(self) -> str:
        sections = [self._frontend(), *(self._backend(name) for name in BACKENDS)]
        if self._is(0.3):
            self.dice.shuffle(sections)
        if self._is(0.3):
            sections.insert(self.dice.randrange(len(sections) + 1), self._defaults("defaults"))
        sections.insert(0, self._defaults(self.dice.choice(("defaults", "defaults", "defaults base"))))
        return "\n".join("\n    ".join(section) + "\n" for section in sections)

    def _is(self, share: float) -> bool:
        return self.dice.random() < share

    def _some(self, pool: Sequence[str], most: int) -> str:
        return " ".join(self.dice.sample(pool, self.dice.randint(1, most)))

    def _defaults(self, head: str) -> list[str]:
        times = [f"timeout {name} 5s" for name in ("connect", "client", "server")]
        return [head, "mode http", *times, *([self.dice.choice(MORE)] if self._is(0.5) else [])]

    def _frontend(self) -> list[str]:
        lines: list[str] = []
        known: list[str] = []
        for _ in range(self.dice.randint(4, 15)):
            lines.append(self._line(known))
        lines.append(f"default_backend {self.dice.choice(BACKENDS)}")
        lines.insert(self.dice.randrange(len(lines)) if self._is(0.3) else 0, "bind *:80")
        if self._is(0.3):
            lines.insert(self.dice.randrange(len(lines)), self.dice.choice(BINDS))
        return ["frontend web", *lines]

    def _line(self, known: list[str]) -> str:
        """One line of the frontend; ``known`` are the lists that are defined so far."""
        if not known or self._is(0.45):
            known.append(self.dice.choice(NAMES))
            return f"acl {known[-1]} {self._expression()}"
        rare = (
            f"default_backend {self.dice.choice(BACKENDS)}",
            "use_backend %[req.hdr(x-b)] if { req.hdr(x-b) -m found }",
            f"http-request set-header X-N {self.dice.randrange(9)} if {self.dice.choice(known)}",
            f"http-request deny if {self.dice.choice(known)} {{ path /a/b }}",
            f"use_backend {self.dice.choice(BACKENDS)} unless {self._condition(known)}",
        )
        usual = f"use_backend {self.dice.choice(BACKENDS)} if {self._condition(known)}"
        return self.dice.choice(rare) if self._is(0.1) else usual

    def _condition(self, known: list[str]) -> str:
        found = self._term(known)
        while self._is(0.35):
            found += self.dice.choice((" ", " ", " ", " or ", " || ")) + self._term(known)
        return found

    def _term(self, known: list[str]) -> str:
        term = self.dice.choice(known) if self._is(0.6) else f"{{ {self._expression()} }}"
        return self.dice.choice(("!", "! ")) + term if self._is(0.2) else term

    def _expression(self) -> str:
        flags = self.dice.choice(FLAGS)
        usual = (
            f"hdr(host) {flags} {self._some(HOSTS, 3)}",
            f"req.hdr(host) {flags} {self._some(HOSTS, 3)}",
            f"path_beg {self._some(PATHS, 2)}",
        )
        rare = (
            f"hdr(Host) -i {self._some(HOSTS, 2)}",
            f"path_beg -i {self._some(PATHS, 2)}",
            f"path {self._some(PATHS, 2)}",
            "path_end .php .Test",
            f"hdr_beg(host) -i {self._some(HOSTS, 2)}",
            f"hdr_dom(host) -i {self._some(HOSTS, 2)}",
            f"req.hdr(host),lower {self._some(HOSTS, 2)}",
            "method GET POST",
            "src 127.0.0.2",
        )
        return self.dice.choice(usual if self._is(0.6) else rare)

    def _backend(self, name: str) -> list[str]:
        lines = self.dice.sample(SERVICE, self.dice.randint(0, 5))
        for number in range(self.dice.randint(1, 3)):
            words = [*self.dice.sample(SERVER, self.dice.randint(0, 3)), *([f"cookie c{number}"] if self._is(0.2) else [])]
            at = self.dice.randint(0, len(lines)) if self._is(0.2) else len(lines)
            lines.insert(at, " ".join([f"server s{number} 10.0.0.{number}:80", *words]))
        return [f"backend {name}", *lines]
