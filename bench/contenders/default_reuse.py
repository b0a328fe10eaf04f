"""hapilot's rendering of the site that encrypts anew, with one difference: HAProxy's default for the reuse of connections to servers.

The default (``http-reuse safe``) gives the first request of each client a connection of its own. Called by rows.
"""

from __future__ import annotations

from bench import values
from bench.contenders import hapilot

_LINE = "http-reuse always"


def prepare(stage: values.Stage) -> values.Command:
    """Render, then leave the line out."""
    command = hapilot.render_site(stage, hapilot.REENCRYPT_SITE)
    config = stage.folder / "haproxy.cfg"
    config.write_text(without_reuse(config.read_text(encoding="utf-8")), encoding="utf-8")
    return command


def without_reuse(text: str) -> str:
    """The configuration without the line; NotMeasured if there is none."""
    kept = [line for line in text.splitlines() if line.partition("#")[0].strip() != _LINE]
    if len(kept) == len(text.splitlines()):
        raise values.NotMeasured(f"hapilot's rendering has no line {_LINE!r}")
    return "\n".join(kept) + "\n"


CONTENDER = values.Contender("default-reuse", "hapilot's rendering with HAProxy's default reuse", prepare)
