"""The value between rendering and the world: every file of one HAProxy set-up, as bytes.

What it is: the result type of the render stage. In: the text of haproxy.cfg, maps, certificates and keys. Out: a
:class:`Bundle`, which ``plan`` compares by digest and :mod:`hapilot.runtime.files` writes as one generation. Pure.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath

CONFIG = "haproxy.cfg"
"""The file that HAProxy is started with; all other paths in a bundle are relative to its directory."""

LIVE = "live.cfg"
"""The file that HAProxy reads after it where hapilot runs it; the first is whole without it."""

LOADED = "HAPILOT_CONFIG"
"""The environment variable by which a worker knows what it has loaded: a digest of all files and of what else stands in
:data:`LIVE`, which sets it."""


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One file: ``path`` is relative to the configuration's directory, ``mode`` its permission bits."""

    path: str
    content: bytes
    mode: int = 0o644
    digest: str = field(init=False, repr=False, compare=False)
    """SHA-256 of the content, in hex. It is asked for many times."""

    def __post_init__(self) -> None:
        pure = PurePosixPath(self.path)
        if not pure.parts or pure.is_absolute() or ".." in pure.parts or str(pure) != self.path or "\0" in self.path:
            raise ValueError(f"{self.path!r} is not a plain relative path")
        object.__setattr__(self, "digest", hashlib.sha256(self.content).hexdigest())


@dataclass(frozen=True, slots=True)
class Bundle:
    """All files of one set-up, each path once. The order is kept, and does not matter to the digest."""

    files: tuple[BundleFile, ...]

    def __post_init__(self) -> None:
        times = Counter(file.path for file in self.files)
        twice = sorted(path for path, count in times.items() if count > 1)
        if twice:
            raise ValueError(f"the bundle has {', '.join(twice)} more than once")

    @property
    def digest(self) -> str:
        """SHA-256, in hex, over every path, mode and content: equal means that HAProxy would be set up the same."""
        whole = hashlib.sha256()
        for file in sorted(self.files, key=lambda file: file.path):
            whole.update(f"{file.path}\0{file.mode:o}\0{file.digest}\n".encode())
        return whole.hexdigest()

    def get(self, path: str) -> BundleFile | None:
        """The file at ``path``, or None."""
        return next((file for file in self.files if file.path == path), None)
