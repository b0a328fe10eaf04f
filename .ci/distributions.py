"""Looks into the built wheel and source distribution: what users get must be there, and nothing else.

Called by ``make check`` with the folder of the two files; exit code 1 and one line for each thing that is wrong.
"""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_FOR_USERS = re.compile(r"(^|/)(__pycache__|\.cache|\.venv|_build|\.hypothesis|\.pytest_cache)/|\.pyc$")
"""Parts of a checkout that no distribution has."""


def wrong(folder: Path) -> Iterator[str]:
    """Everything that is missing or too much."""
    wheels, archives = sorted(folder.glob("*.whl")), sorted(folder.glob("*.tar.gz"))
    if len(wheels) != 1 or len(archives) != 1:
        yield f"{folder} has {len(wheels)} wheels and {len(archives)} source distributions, not one of each"
        return
    with zipfile.ZipFile(wheels[0]) as wheel:
        inside = set(wheel.namelist())
    with tarfile.open(archives[0]) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    sources = {str(path.relative_to(ROOT / "src")) for path in (ROOT / "src").rglob("*") if _is_source(path)}
    yield from (f"the wheel lacks {name}" for name in sorted(sources - inside))
    yield from (f"the wheel has {name}, which is not part of hapilot" for name in sorted(inside - sources) if ".dist-info/" not in name)
    wanted = {f"src/{name}" for name in sources} | {"Makefile", "README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml"}
    yield from (f"the source distribution lacks {name}" for name in sorted(wanted - packed))
    yield from (f"a distribution has {name}" for name in sorted(inside | packed) if NOT_FOR_USERS.search(name))


def _is_source(path: Path) -> bool:
    return path.is_file() and not NOT_FOR_USERS.search(path.as_posix())


if __name__ == "__main__":
    found = list(wrong(Path(sys.argv[1])))
    sys.stderr.writelines(f"{line}\n" for line in found)
    sys.exit(1 if found else 0)
