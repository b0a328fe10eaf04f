"""The typed values of a service's keys about HTTP messages: names and values of headers, where redirects lead, pages.

Text goes in from the site file, checked text comes out; what HAProxy needs for itself, and what could be read in two ways, is
refused. Used by ``service``; ``compile`` reads :data:`PLACEHOLDER`, ``sources`` the limits of pages.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated

import pydantic

from hapilot.model import values

RESERVED = frozenset(
    ("host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "keep-alive", "proxy-connection")
)
"""Headers with which a message is framed or led (RFC 9110, sections 7.2 and 7.6.1; RFC 9112, section 6): changing one by hand would make
two messages of one."""

HEADER_BYTES = 4096
"""The longest value of a header: servers take 8 KiB for all of a request's."""

PAGE_BYTES = 14 * 1024
"""The longest page: it is answered from one buffer of 16 KiB with its headers, 1 KiB of which is kept for changes to them (manual,
"http-error" and "tune.maxrewrite")."""

KINDS = {"html": "text/html", "htm": "text/html", "json": "application/json", "txt": "text/plain"}
"""Suffix of a page's file to its content type."""

PLACEHOLDER = re.compile(r"\{(host|path)\}")
"""What a redirect puts in: the requested host, or the path and query as they were sent."""

_FIRST = r"(?:https?://(?:[^{}/?#]|\{host\})|/(?![{/\\])[^{}]|/\Z)"
"""How a destination starts. A placeholder directly behind ``/`` or ``https://`` could make a client's path the host."""


def _check_header(value: str) -> str:
    if value.lower() in RESERVED:
        hint = (
            "rewrite.host changes the host that servers see" if value.lower() == "host" else "HAProxy sets it as each connection needs it"
        )
        raise values.refuse("bad-value", f"the header {value} can't be changed", hint)
    return value


def _check_header_value(value: str) -> str:
    if not value:
        raise values.refuse("bad-value", "the value of a header is empty", "remove takes a header away")
    if value != value.strip() or len(value.encode()) > HEADER_BYTES:
        message = f"the value of a header starts or ends with a blank or is longer than {HEADER_BYTES} bytes"
        raise values.refuse("bad-value", message, "blanks around it are no part of a header's value (RFC 9110, section 5.5)")
    return value


def _check_destination(value: str) -> str:
    if re.search(r"[{}]", PLACEHOLDER.sub("", value)):
        raise values.refuse("bad-value", f"{value!r} has a brace that is no placeholder", "{host} and {path} are known; write %7B and %7D")
    if not re.fullmatch(r"[!-~]{1,2000}", value):
        hint = "write other characters %-encoded, and names of other alphabets as xn--…"
        raise values.refuse("bad-value", f"{value!r} has characters that a URL can't have, or is too long", hint)
    if not re.match(_FIRST, value):
        hint = "such as https://new.example.test{path}, https://{host}/new or /new{path}"
        raise values.refuse("bad-value", f"{value!r} is no place to redirect to: it starts with https://HOST, http://HOST or /PATH", hint)
    return value


def _check_sent_host(value: str) -> str:
    return str(values.parse_server_address(value))


def _check_page(value: str) -> str:
    if PurePosixPath(value).suffix.removeprefix(".").lower() not in KINDS:
        hint = "name it .html, .json or .txt; HAProxy's own .http files have headers in them, a page has none"
        raise values.refuse("bad-value", f"the page {value!r} does not say by its name what it is", hint)
    return value


def _check_body(value: str) -> str:
    try:
        size = len(value.encode())
    except UnicodeEncodeError as problem:
        raise values.refuse("bad-value", "the page has half a character (a lone surrogate)", "write the character itself") from problem
    if size > PAGE_BYTES:
        raise values.refuse("bad-value", f"the page is longer than {PAGE_BYTES} bytes", "HAProxy answers from one buffer; shorten it")
    return value


HeaderName = Annotated[values.Token, pydantic.AfterValidator(_check_header)]
"""A header that may be changed."""
HeaderValue = Annotated[values.Text, pydantic.AfterValidator(_check_header_value)]
"""What a header is set to, literally."""
Destination = Annotated[values.Text, pydantic.AfterValidator(_check_destination)]
"""Where a redirect leads: a URL or a path, with ``{host}`` and ``{path}`` as placeholders."""
SentHost = Annotated[values.Text, pydantic.AfterValidator(_check_sent_host)]
"""A host, with a port if there is one, as it stands in a Host header."""
PageFile = Annotated[values.Text, pydantic.AfterValidator(_check_page)]
"""A file with a page: .html, .json or .txt."""
PageText = Annotated[str, pydantic.AfterValidator(_check_body)]
"""A page of several lines."""
