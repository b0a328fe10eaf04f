"""The entry point: finds the verb's module only when it is called, so that every command starts fast."""

from __future__ import annotations

import importlib
import io
import keyword
import os
import sys
import traceback
from typing import NoReturn

import click

from hapilot import __version__

VERBS = {
    "up": "compile, run and keep running; applies changes of the site file",
    "check": "everything that can be known without applying",
    "render": "print or write the haproxy.cfg that would run",
    "explain": "where a connection goes and why",
    "plan": "what an apply would do to the running HAProxy, and why",
    "apply": "have the running hapilot apply its site now, on trial if wanted",
    "confirm": "keep what was applied on trial",
    "history": "the generations that are kept, and which one serves",
    "rollback": "bring a former generation back",
    "drain": "no new connections for a server, until enabled again",
    "maintain": "nothing at all for a server or a service, until enabled again",
    "enable": "undo drain and maintain",
    "weight": "how much of a service's load a server gets",
    "status": "listeners, services and servers as they are now",
    "doctor": "what HAProxy and this machine offer, and what is missing",
    "test": "expectations tried on a real HAProxy with stand-in servers",
    "lint": "faults and risks of a haproxy.cfg, and what to do",
    "import": "a site file from a haproxy.cfg, without loss",
    "demo": "a full site on high ports with stand-in servers, tried out",
    "export": "files for podman and Grafana",
    "schema": "the JSON Schema of the site file",
    "version": "hapilot's version and the HAProxy in use",
    "completion": "shell completion for bash, zsh or fish",
}
"""Verb to its one-line help."""


class Verbs(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Verbs in the order of the reference."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command, imported now."""
        del ctx
        if cmd_name not in VERBS:
            return None
        module = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        command = importlib.import_module(f"hapilot.cli.{module}").command
        return command if isinstance(command, click.Command) else None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest verb where there is none of that name."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from hapilot.base import names

            ctx.fail(f"No such command {args[0]!r}. {names.did_you_mean(args[0], VERBS)}".rstrip())
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="hapilot")
def cli() -> None:
    """One front door for every service: from one short file to a running, explained HAProxy."""


def main() -> NoReturn:
    """Run a command; errors become one message and exit code 1, wrong usage 2, Ctrl-C 130. No traceback reaches the user."""
    _prepare_streams()
    sys.exit(_run())


def _run() -> int:
    try:
        code = cli.main(prog_name="hapilot", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as problem:
        problem.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        return _nobody_reads()
    except Exception as problem:  # the last resort: a bug, or an operating system that refuses something unforeseen
        return _failed(problem)
    return code if isinstance(code, int) else 0


def _prepare_streams() -> None:
    """A name that the terminal's encoding does not have must not end the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _nobody_reads() -> int:
    """`hapilot … | head`: Python would complain once more when it flushes at its end, so that goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    return 1


def _failed(problem: Exception) -> int:
    from hapilot.base import errors
    from hapilot.cli import output

    if isinstance(problem, errors.HapilotError):
        output.failed(problem)
        return 1
    if os.environ.get("HAPILOT_TRACEBACK"):
        traceback.print_exception(problem)
    kind = "" if isinstance(problem, OSError) else f"this is a bug in hapilot: {type(problem).__name__}: "
    output.message(f"{output.style('error', 'red', bold=True)} {kind}{problem}")
    output.message("    with HAPILOT_TRACEBACK=1 in the environment it shows where")
    return 1
