"""A real OpenSSH server with throw-away keys on a high port, and git repositories behind it.

Comes in: a folder. Goes out: a running `Server` and how to log in to it. Needs root, sshd, ssh, ssh-keygen and git. Called by
test_one_proxy.
"""

from __future__ import annotations

import getpass
import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from e2e import up
from support import client, haproxy, ports

_REASON = "a real ssh server and git"
README = "cloned over ssh\n"


@dataclass(frozen=True, slots=True)
class Server:
    """The running server. ``folder`` has the keys and the repository."""

    folder: Path
    port: int

    @property
    def log(self) -> str:
        """What the server has said."""
        return (self.folder / "sshd.log").read_text(encoding="utf-8")

    def ssh(self, port: int) -> list[str]:
        """The ssh command for a port that leads here. It trusts this server's host key and no other."""
        known = self.folder / f"known-{port}"
        host_key = (self.folder / "host_key.pub").read_text(encoding="ascii").split()
        known.write_text(f"[127.0.0.1]:{port} {host_key[0]} {host_key[1]}\n", encoding="ascii")
        options = ("StrictHostKeyChecking=yes", f"UserKnownHostsFile={known}", "GlobalKnownHostsFile=/dev/null")
        options += ("IdentitiesOnly=yes", "BatchMode=yes", "ConnectTimeout=10")
        words = [str(haproxy.require("ssh", _REASON)), "-F", "/dev/null", "-i", str(self.folder / "client_key"), "-p", str(port)]
        return words + [word for option in options for word in ("-o", option)]

    def run(self, port: int, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command over ssh."""
        return subprocess.run(
            [*self.ssh(port), f"{getpass.getuser()}@127.0.0.1", command], capture_output=True, text=True, timeout=30, check=False
        )

    def clone(self, port: int, target: Path) -> subprocess.CompletedProcess[str]:
        """``git clone`` over ssh into ``target``."""
        address = f"ssh://{getpass.getuser()}@127.0.0.1:{port}{self.folder / 'project.git'}"
        environment = {**os.environ, "GIT_SSH_COMMAND": " ".join(self.ssh(port)), "GIT_CONFIG_GLOBAL": "/dev/null"}
        return subprocess.run(
            ["git", "clone", "-q", address, target], env=environment, capture_output=True, text=True, timeout=30, check=False
        )


@contextmanager
def running(folder: Path) -> Generator[Server]:
    """Start the server on a free port of 127.0.0.1 and make the repository."""
    haproxy.require_root("sshd logs in the account that runs it, which must be one with a shell")
    program = haproxy.require("sshd", _REASON)
    for tool in ("ssh", "ssh-keygen", "git"):
        haproxy.require(tool, _REASON)
    folder.mkdir(parents=True)
    for name in ("host_key", "client_key"):
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
    (folder / "authorized_keys").write_text((folder / "client_key.pub").read_text())
    _make_repository(folder)
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it locks its unprivileged part in
    server = Server(folder, ports.free_port())
    with (folder / "sshd.log").open("wb") as sink:
        process = subprocess.Popen([program, "-D", "-e", "-f", _config(server)], stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
    try:
        up.wait_until(lambda: client.silent(("127.0.0.1", server.port), 5.0).body.startswith(b"SSH-2.0-"), lambda: server.log)
        yield server
    finally:
        process.terminate()
        process.wait(10)


def _config(server: Server) -> Path:
    path = server.folder / "sshd_config"
    path.write_text(
        f"ListenAddress 127.0.0.1\nPort {server.port}\nHostKey {server.folder / 'host_key'}\n"
        f"AuthorizedKeysFile {server.folder / 'authorized_keys'}\nPidFile none\nUsePAM no\nStrictModes no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nPerSourceMaxStartups none\n",
        encoding="utf-8",
    )
    return path


def _make_repository(folder: Path) -> None:
    work, bare = str(folder / "work"), str(folder / "project.git")
    _run("git", "init", "-q", "-b", "main", work)
    (folder / "work" / "README").write_text(README, encoding="ascii")
    _run("git", "-C", work, "add", "README")
    _run("git", "-C", work, "-c", "user.name=Test", "-c", "user.email=test@example.test", "commit", "-q", "-m", "First")
    _run("git", "clone", "-q", "--bare", work, bare)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
