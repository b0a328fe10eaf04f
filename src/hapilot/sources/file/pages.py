"""The pages for errors that services name.

The services go in; the bytes of each page, by the path of its file's name, come out. Called by ``load``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hapilot.base import diagnostics
from hapilot.base.origin import Origin
from hapilot.model import messages, service, site
from hapilot.sources.file import reading
from hapilot.sources.file.complaints import shown


def load(services: Mapping[str, service.Service], origins: site.Origins, files: reading.Files) -> dict[site.Path, bytes]:
    """Every page that can be used. Diagnostics go to ``files.found``."""
    result: dict[site.Path, bytes] = {}
    for name, each in services.items():
        for status, said in each.errors.items():
            path = ("services", name, "errors", status)
            content = _page(said, origins.at(*path), files)
            if content is not None:
                result[path] = content
    return result


def _page(said: str, origin: Origin, files: reading.Files) -> bytes | None:
    """A page that HAProxy can send: not empty, and with its headers not longer than one buffer."""
    content = files.read(Path(said), origin)
    if content is None:
        return None
    if not content.data:
        files.found.append(diagnostics.error("bad-value", f"the page {shown(said)} is empty", origin, "write what people shall see"))
        return None
    if len(content.data) > messages.PAGE_BYTES:
        message = f"the page {shown(said)} has {len(content.data)} bytes, and at most {messages.PAGE_BYTES} can be sent"
        hint = "keep pictures and styles elsewhere and refer to them"
        files.found.append(diagnostics.error("bad-value", message, origin, hint))
        return None
    return content.data
