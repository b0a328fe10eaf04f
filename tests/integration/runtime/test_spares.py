"""Spare backends in a running HAProxy: a service that was not there when it started."""

from __future__ import annotations

from pathlib import Path

import pytest

from hapilot.compile import target
from hapilot.compile.passes import spares
from hapilot.reconcile import pipeline
from hapilot.render import bundle
from hapilot.runtime import binary, check, files, process, reading

from .conftest import Backend, fetch

pytestmark = pytest.mark.haproxy


def _rendered(folder: Path, port: int) -> bundle.Bundle:
    """A site with two services whose server does not answer."""
    services = "\n".join(f"  {name}: {{host: {name}.test, tls: none, servers: ['127.0.0.1:1']}}" for name in ("b", "c"))
    (folder / "site.yaml").write_text(f"listeners: {{web: {{bind: '127.0.0.1:{port}'}}}}\nservices:\n{services}\n")
    return pipeline.prepare(folder / "site.yaml", target.Target(), None, {}).require()[1]


def test_a_spare_backend_serves_what_is_added(
    haproxy: binary.Haproxy, state: files.StateDirectory, backend: Backend, port: int, tmp_path: Path
) -> None:
    made = _rendered(tmp_path, port)
    generation = state.write(made, files.Description(0.0, "test", ""))
    assert check.check_files(haproxy, generation.path).findings == ()
    state.activate(generation.number)
    running = process.start(haproxy, state)
    running.wait_ready()
    said = running.runtime.send(f"show env {bundle.LOADED}").strip()
    live = made.get(bundle.LIVE)
    assert live is not None
    assert f"setenv {said.replace('=', ' ')}".encode() in live.content
    assert reading.loaded(state, said.partition("=")[2]) == made
    assert fetch(port).startswith(b"404")
    name = spares.name("http", spares.PER_MODE)
    running.runtime.send(f"add map {spares.NOTES} {name} shop")
    running.runtime.send(f"add server {name}/one 127.0.0.1:{backend.port}")
    running.runtime.send(f"enable server {name}/one")
    running.runtime.send(f"add map maps/web.plain.map a.test/ {name}")
    assert fetch(port) == b"hello"
    assert f"{name} shop" in running.runtime.send(f"show map {spares.NOTES}")
    # What is in memory alone is gone with the worker, and with it what leads there.
    running.reload()
    assert fetch(port).startswith(b"404")
    assert name not in running.runtime.send(f"show map {spares.NOTES}")


def test_files_from_before_there_was_a_second_one_are_read_alone(tmp_path: Path) -> None:
    (tmp_path / bundle.CONFIG).touch()
    assert check.configuration(tmp_path) == ["-f", str(tmp_path / bundle.CONFIG)]
