"""Whether the site's files are still what they were when a generation was brought back.

In: paths of documents, without certificates and the like: a certificate that is renewed at night must not undo a rollback. Out: a
:class:`~hapilot.runtime.record.Held`, and the comparison with one. Contents count, not times, so that it holds over a reboot and a
copy. Called by ``life``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from hapilot.reconcile import watching
from hapilot.runtime import record


def hold(documents: Iterable[Path]) -> record.Held:
    """The files as they are now."""
    paths = tuple(sorted({str(path.absolute()) for path in documents}))
    return record.Held(paths, _mark(paths))


def is_changed(held: record.Held) -> bool:
    """Whether any of the files is another now, or gone."""
    return _mark(held.paths) != held.mark


def _mark(paths: Iterable[str]) -> str:
    said = {path: _content(Path(path)) for path in paths}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _content(path: Path) -> object:
    """What a file holds, or which names a folder has; None where it can't be read."""
    try:
        if path.is_dir():
            return sorted(str(name) for name in watching.look([path])[path])
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
