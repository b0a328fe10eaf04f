"""Network namespaces as hosts: several machines, IPv4-only or IPv6-only ones, on one machine. Needs root.

Comes in: names and subnets. Goes out: `Host`s in which to run programs, Python functions and stand-in servers. Every
switch is a bridge in a namespace of its own, so that nothing is left in or taken from the machine's own network.
Leaving the ``with`` ends the programs and deletes the namespaces. Called by tests of whole systems.
"""

from __future__ import annotations

import concurrent.futures
import ctypes
import ipaddress
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self, TypeVar

from support import haproxy

Result = TypeVar("Result")
Family = Literal["ipv4", "ipv6", "both"]
_CLONE_NEWNET = 0x4000_0000
_TESTS = Path(__file__).resolve().parent.parent
_numbers = itertools.count()


class Addresses(NamedTuple):
    """A host's addresses on a switch; empty where it (or the switch) does not have the family."""

    ipv4: str
    ipv6: str


class Host:
    """A network namespace. Make it with `Namespaces.host`."""

    def __init__(self, namespace: str, family: Family) -> None:
        self.namespace = namespace
        self.family = family
        self.interfaces = 0
        self._processes: list[subprocess.Popen[Any]] = []

    def command(self, *arguments: str | Path) -> list[str]:
        """A command line that runs ``arguments`` in this host."""
        return ["ip", "netns", "exec", self.namespace, *map(str, arguments)]

    def run(self, *arguments: str | Path, timeout: float = 30) -> str:
        """Run a program to its end; what it said on standard output. Raises CalledProcessError if it fails."""
        return subprocess.run(self.command(*arguments), stdout=subprocess.PIPE, text=True, timeout=timeout, check=True).stdout

    def start(self, *arguments: str | Path, log: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a program that is ended with the namespaces; what it says goes to ``log``."""
        with (log or Path(os.devnull)).open("ab") as sink:
            process = subprocess.Popen(self.command(*arguments), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
        self._processes.append(process)
        return process

    def call(self, function: Callable[[], Result]) -> Result:
        """Run a Python function inside this host's network, in a thread of its own: its sockets are the host's."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            return pool.submit(self._entered, function).result()

    def _entered(self, function: Callable[[], Result]) -> Result:
        # Only the calling thread changes its namespace (setns(2)), and this thread ends after the function.
        with Path("/run/netns", self.namespace).open("rb") as handle:
            if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"can't enter the namespace {self.namespace}")
        return function()

    @contextmanager
    def stand(self, specs: Sequence[dict[str, Any]]) -> Generator[dict[str, int]]:
        """Stand-in servers in this host (see servers.spec_from_json); gives their ports by name."""
        command = self.command(sys.executable, "-m", "support.servers", "--spec", json.dumps(specs))
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_TESTS) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            if not first:
                raise RuntimeError(f"the stand-ins did not start, exit code {process.wait(10)}")
            yield json.loads(first)
            # Leaving the block closes standard input, which ends the program, and waits for it.

    def stop_all(self) -> None:
        """End every program that `start` started and that still runs."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(3)
        self._processes.clear()


class Switch:
    """A bridge with an IPv4 and an IPv6 subnet (either may be absent). Make it with `Namespaces.switch`."""

    def __init__(self, namespace: str, subnets: Sequence[str]) -> None:
        self.namespace = namespace
        self._networks = [ipaddress.ip_network(subnet) for subnet in subnets]
        self._ports = 0
        _ip("-n", namespace, "link", "add", "br0", "type", "bridge")
        _ip("-n", namespace, "link", "set", "br0", "up")

    def plug(self, host: Host, number: int | None = None) -> Addresses:
        """Connect a host; it gets the subnets' ``number``-th address (default: 10 plus how many came before)."""
        index = self._ports
        self._ports += 1
        interface, port = f"eth{host.interfaces}", f"port{index}"
        host.interfaces += 1
        _ip("-n", self.namespace, "link", "add", port, "type", "veth", "peer", "name", interface,
            "netns", host.namespace)  # fmt: skip
        _ip("-n", self.namespace, "link", "set", port, "master", "br0", "up")
        found = {4: "", 6: ""}
        for network in self._networks:
            if host.family in ("both", f"ipv{network.version}"):
                address = network[number if number is not None else 10 + index]
                found[network.version] = str(address)
                # nodad: an address that is still being checked for duplicates can't be bound yet.
                extra = ("nodad",) if network.version == 6 else ()
                _ip("-n", host.namespace, "address", "add", f"{address}/{network.prefixlen}", "dev", interface, *extra)
        _ip("-n", host.namespace, "link", "set", interface, "up")
        return Addresses(found[4], found[6])


class Namespaces:
    """Makes hosts and switches and deletes them; use it in a ``with``. Without root or ip the test is skipped."""

    def __init__(self) -> None:
        self._hosts: list[Host] = []
        self._names: list[str] = []

    def __enter__(self) -> Self:
        haproxy.require_root("network namespaces")
        haproxy.require("ip", "network namespaces")
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        for host in self._hosts:
            host.stop_all()
        for name in self._names:
            _ip("netns", "delete", name)
        self._hosts.clear()
        self._names.clear()

    def host(self, name: str, family: Family = "both") -> Host:
        """A new host; one without IPv4 or without IPv6 does not even have that family's loopback address."""
        namespace = self._add(name)
        host = Host(namespace, family)
        self._hosts.append(host)
        if family == "ipv4":
            for scope in ("all", "default"):
                host.run("sysctl", "-q", "-w", f"net.ipv6.conf.{scope}.disable_ipv6=1")
        if family == "ipv6":
            _ip("-n", namespace, "address", "flush", "dev", "lo", "scope", "host", "to", "127.0.0.0/8")
        return host

    def switch(self, name: str, *subnets: str) -> Switch:
        """A new switch with these subnets, such as ``10.1.0.0/24`` and ``fd01::/64``."""
        return Switch(self._add(name), subnets)

    def _add(self, name: str) -> str:
        namespace = f"hpt-{os.getpid()}-{next(_numbers)}-{name}"
        _ip("netns", "add", namespace)
        self._names.append(namespace)
        _ip("-n", namespace, "link", "set", "lo", "up")
        return namespace


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=10)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
