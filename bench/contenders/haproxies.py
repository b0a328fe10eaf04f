"""What HAProxy contenders have in common: how they are run. Called by the files beside it."""

from __future__ import annotations

from bench import values


def command(stage: values.Stage) -> values.Command:
    """HAProxy, master and worker in the foreground, on ``haproxy.cfg`` in the stage's folder."""
    sockets = stage.folder / "run"
    sockets.mkdir(mode=0o700)
    arguments = (str(stage.haproxy), "-W", "-db", "-C", str(stage.folder), "-f", "haproxy.cfg")
    return values.Command(arguments, stage.folder, {"HAPILOT_RUN": str(sockets)})


def write(stage: values.Stage, text: str) -> values.Command:
    """Run ``text`` as the configuration."""
    (stage.folder / "haproxy.cfg").write_text(text, encoding="utf-8")
    return command(stage)
