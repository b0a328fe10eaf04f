"""HAProxy without hapilot: the configuration is written anew, and a new process is started that ends the old one (``-sf``).

The command lines are EasyHAProxy's (``src/functions/haproxy.py``): the first process opens a master socket, each later one is pointed
at it with ``-x`` and finds no listening sockets there, so none are handed over.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from pathlib import Path

from bench import processes, values
from bench.contenders import changing

_CONFIG = """\
global
    nbthread 1
    ssl-default-bind-options ssl-min-ver TLSv1.2

defaults
    mode http
    option dontlognull
    option forwardfor
    timeout http-request 10s
    timeout connect 5s
    timeout client 1m
    timeout server 1m
    timeout tunnel 1h

frontend https
    bind 127.0.0.1:{port} ssl crt {certificate} alpn h2,http/1.1
{rules}
{backends}"""
_RULE = "    use_backend {name} if {{ hdr(host),field(1,:) -i {name} }}\n"
_BACKEND = "backend {name}\n    server one 127.0.0.1:{server}\n\n"
_END_SECONDS = 5.0


class _Plain:
    """All masters that were started: an old one stays as long as it has connections."""

    __slots__ = ("_arena", "_config", "_masters", "_pid_file", "_socket")

    def __init__(self, arena: changing.Arena) -> None:
        folder = arena.stage.folder
        self._arena = arena
        self._config, self._pid_file, self._socket = folder / "haproxy.cfg", folder / "haproxy.pid", folder / "haproxy.sock"
        self._masters: list[subprocess.Popen[bytes]] = []

    def first(self, stack: contextlib.ExitStack) -> None:
        """Run version 0."""
        self._write(0)
        stack.callback(self._end)
        self._start("-S", str(self._socket))

    def wish(self, version: int) -> None:
        """Write a version and start its process."""
        self._write(version)
        deadline = time.monotonic() + _END_SECONDS
        while self._known() != str(self._masters[-1].pid):
            if time.monotonic() > deadline:
                raise values.NotMeasured("HAProxy did not write its process id")
            time.sleep(0.002)
        self._start("-x", str(self._socket), "-sf", self._known())

    def _known(self) -> str:
        return self._pid_file.read_text(encoding="ascii").strip() if self._pid_file.exists() else ""

    def _start(self, *more: str) -> None:
        stage = self._arena.stage
        words = (str(stage.haproxy), "-W", "-f", str(self._config), "-p", str(self._pid_file), *more)
        with (stage.folder / processes.LOG).open("ab") as log:
            pinned = processes.pinned(processes.cores().proxy, words)
            self._masters.append(subprocess.Popen(pinned, cwd=stage.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def _write(self, version: int) -> None:
        stage = self._arena.stage
        hosts = self._arena.hosts(version)
        rules = "".join(_RULE.format(name=name) for name in hosts)
        backends = "".join(_BACKEND.format(name=name, server=server) for name, server in hosts.items())
        text = _CONFIG.format(port=stage.port, certificate=stage.certificate, rules=rules, backends=backends)
        self._config.write_text(text, encoding="utf-8")

    def _end(self) -> None:
        for master in self._masters:
            master.terminate()
        for master in self._masters:
            try:
                master.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                master.kill()
                master.wait()


def begin(stack: contextlib.ExitStack, arena: changing.Arena) -> changing.Changing:
    """Run it."""
    runs = _Plain(arena)
    runs.first(stack)
    _wait_open(arena.stage.port, arena.stage.folder / processes.LOG)
    return changing.Changing(arena.stage.port, runs.wish, changing.shows_server(arena))


def _wait_open(port: int, log: Path) -> None:
    deadline = time.monotonic() + _END_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            processes.connect(port).close()
            return
        time.sleep(0.02)
    raise values.NotMeasured(f"HAProxy did not start: {log.read_text(encoding='utf-8', errors='replace').strip()[-200:]}")


RESTART = changing.Way("haproxy-sf", "a new HAProxy that ends the old one (-sf)", begin)
