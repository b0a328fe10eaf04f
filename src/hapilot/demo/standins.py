"""Small servers that say who they are and what they saw, for the demo. Loopback only, one thread each."""

from __future__ import annotations

import http.server
import json
import socketserver
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


class _Answer(http.server.BaseHTTPRequestHandler):
    """Answers every GET with the server's name and the headers that arrived."""

    protocol_version = "HTTP/1.1"
    name = ""

    def do_GET(self) -> None:
        body = json.dumps({"server": self.name, "path": self.path, "headers": dict(self.headers.items())}, indent=2).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Server", self.name)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of http.server
        """Says nothing; the demo tells what happened."""


class _Http(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Health checks that only connect end in the middle of a handshake; that is no error."""


class _Banner(socketserver.StreamRequestHandler):
    """Greets like an SSH server."""

    def handle(self) -> None:
        self.wfile.write(b"SSH-2.0-git-ssh_standin\r\n")
        self.connection.settimeout(2.0)
        try:
            self.rfile.readline(256)
        except OSError:
            return


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def serving(server: socketserver.BaseServer) -> Generator[None]:
    """Serves in a thread for as long as it lasts."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def web(name: str, port: int, certificate: Path | None = None) -> socketserver.BaseServer:
    """An HTTP server, with TLS if ``certificate`` (chain and key in one PEM file) is given."""
    server = _Http(("127.0.0.1", port), type("Answer", (_Answer,), {"name": name}))
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return server


def ssh(port: int) -> socketserver.BaseServer:
    """Something that greets like an SSH server."""
    return _Tcp(("127.0.0.1", port), _Banner)
