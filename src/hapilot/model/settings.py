"""Logging, name resolution and verbatim HAProxy lines."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import pydantic

from hapilot.model import section, values, written

_SYSLOG = re.compile(r"syslog:(?:/[A-Za-z0-9_./-]{1,100}|(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?)")


def _check_log_target(value: str) -> str:
    if value == "stdout" or _SYSLOG.fullmatch(value):
        return value
    raise values.refuse("bad-value", f"{value!r} is not a place for logs", "write stdout, syslog:/dev/log or syslog:HOST:PORT")


class Log(section.Section):
    """The access log. Without this section only changes of servers and errors are logged."""

    format: Literal["json", "text"] = "text"
    """One JSON object, or one line of text, for each request or connection."""
    to: Annotated[str, pydantic.AfterValidator(_check_log_target)] = "stdout"
    """``stdout``, ``syslog:/path`` of a socket, or ``syslog:HOST:PORT`` (UDP)."""


class Resolvers(section.Section):
    """DNS servers for the names of servers."""

    nameservers: Annotated[list[values.Server], values.Many] = []
    """IP addresses, with a port if it is not 53; default: the system's."""

    @pydantic.model_validator(mode="after")
    def _addresses(self) -> Resolvers:
        for nameserver in self.nameservers:
            if nameserver.is_name:
                raise values.refuse("bad-address", f"the nameserver {nameserver} is not an IP address")
        return self


RawLines = Annotated[list[values.Text], values.Many]


def _section_short_form(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


class RawSections(section.Section):
    """Whole sections with their heads."""

    text: written.Lines | None = None
    """The sections; instead of ``{text: …}`` the text alone will do."""
    file: values.Text | None = None
    """A file that has them: for sections with secrets."""

    @pydantic.model_validator(mode="after")
    def _either(self) -> RawSections:
        if (self.text is None) == (self.file is None):
            raise values.refuse("missing-key", "sections are either in a text or in a file", "write one of the two")
        return self


class Raw(section.Section):
    """HAProxy lines added verbatim; HAProxy checks them."""

    global_: RawLines = pydantic.Field(default=[], alias="global")
    """For the section ``global``."""
    defaults: RawLines = []
    """For the section ``defaults``."""
    listener: dict[values.Name, RawLines] = {}
    """For the frontends of a listener that see requests, else for the one that sees the connection; before the rules about routes."""
    service: dict[values.Name, RawLines] = {}
    """For the backends of a service, behind its other rules."""
    sections: list[Annotated[RawSections, values.ShortForm(_section_short_form, {"type": "string"})]] = []
    """Whole sections with their heads, and files of such, in this order."""
    folder: values.Text | None = None
    """Where relative paths in ``global`` and ``sections`` start; default: the folder of the rendered configuration."""
