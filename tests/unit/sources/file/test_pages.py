"""Error pages: what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path

from hapilot.model import messages, service, site
from hapilot.sources.file import pages, reading


def _load(folder: Path, name: str, content: bytes) -> tuple[dict[site.Path, bytes], list[str], tuple[Path, ...]]:
    path = folder / name
    path.write_bytes(content)
    files = reading.Files()
    said = {"shop": service.Service.model_validate({"errors": {503: str(path)}})}
    found = pages.load(said, site.Origins(), files)
    return found, [each.code for each in files.found], files.watched


def test_a_page_is_read_byte_by_byte_and_watched(tmp_path: Path) -> None:
    content = bytes(range(256))
    found, codes, watched = _load(tmp_path, "down.html", content)
    assert (found, codes, watched) == ({("services", "shop", "errors", 503): content}, [], (tmp_path / "down.html",))


def test_the_largest_page(tmp_path: Path) -> None:
    assert _load(tmp_path, "a.txt", b"x" * messages.PAGE_BYTES)[1] == []
    assert _load(tmp_path, "b.txt", b"x" * (messages.PAGE_BYTES + 1))[:2] == ({}, ["bad-value"])


def test_an_empty_page_is_refused(tmp_path: Path) -> None:
    """HAProxy would warn of its content type."""
    assert _load(tmp_path, "a.txt", b"")[:2] == ({}, ["bad-value"])
