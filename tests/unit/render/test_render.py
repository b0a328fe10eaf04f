"""The files of a bundle that are no configuration."""

from __future__ import annotations

from pathlib import Path

from hapilot.compile import target
from hapilot.reconcile import pipeline
from hapilot.render import bundle, render


def test_pages_are_files_byte_by_byte(tmp_path: Path) -> None:
    content = bytes(range(256))
    (tmp_path / "down.html").write_bytes(content)
    site = tmp_path / "site.yaml"
    site.write_text(
        "services:\n"
        "  shop: {host: a.test, servers: ['10.0.0.1:80'], errors: {503: down.html}}\n"
        '  old: {host: b.test, maintenance: {body: "Bis später"}}\n'
        "certificates: [{self_signed: [a.test, b.test]}]\n",
        encoding="utf-8",
    )
    made = pipeline.prepare(site, target.Target(), None, {}).build
    assert made is not None
    files = render.render_build(made).files
    found = {file.path: file.content for file in files if file.path.startswith("pages/")}
    assert found == {"pages/shop.503.html": content, "pages/old.maintenance.txt": "Bis später".encode()}


def test_what_a_running_haproxy_needs_is_in_a_file_of_its_own(tmp_path: Path) -> None:
    def files(host: str) -> dict[str, str]:
        site = tmp_path / "site.yaml"
        site.write_text(f"services: {{shop: {{host: {host}, tls: none, servers: ['10.0.0.1:80']}}}}\n", encoding="utf-8")
        made = pipeline.prepare(site, target.Target(), None, {}).build
        assert made is not None
        return {file.path: file.content.decode() for file in render.render_build(made).files}

    one, same, other = files("a.test"), files("a.test"), files("b.test")
    assert one == same
    assert one[bundle.CONFIG] != one[bundle.LIVE]
    assert "spare" not in one[bundle.CONFIG]
    # b.test differs in a table only, and what a worker says that it has loaded tells it.
    assert one[bundle.LIVE].partition("\nbackend")[2] == other[bundle.LIVE].partition("\nbackend")[2]
    assert one[bundle.LIVE] != other[bundle.LIVE]
    assert next(iter(one)) == bundle.CONFIG
