"""The documents of systems that others built by hand, in place beside the checkout: the configuration in each, ready to be checked here.

Comes in: the name of a document. Goes out: its configuration as one text. Placeholders of the documents become names and addresses of
documentation; nothing else is changed. Tests that need them skip where the folder is absent, or fail with HAPILOT_REQUIRE_ALL=1.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "systems"
_BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SECTIONS = re.compile(r"\s*(?:global|defaults|frontend|backend|listen)\b")
_SERVER = re.compile(r"\b[a-z]+(\d)\.<your_subdomain\\?>")
_VIP = re.compile(r"\bx\.x\.x\.(\d)\b")


def configuration(name: str) -> str:
    """The blocks of a document that are HAProxy's, one behind the other."""
    path = FOLDER / name
    if not path.is_file():
        reason = f"there is no document {path}"
        if os.environ.get("HAPILOT_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    blocks = [found[1] for found in _BLOCK.finditer(path.read_text(encoding="utf-8")) if _SECTIONS.match(found[1])]
    text = "\n".join(blocks)
    return _VIP.sub(r"127.0.0.1\1", _SERVER.sub(r"192.0.2.1\1", text)).replace("<path_to_cert>", "site")
