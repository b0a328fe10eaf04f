"""Pass: the pages of services, as files of the bundle: for errors, and for maintenance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hapilot.compile import build
from hapilot.compile.draft import Draft
from hapilot.compile.rules import answers
from hapilot.model import messages


def make_pages(draft: Draft) -> Draft:
    """Fill in ``pages``, by service and status (or ``maintenance``). A page that could not be read was reported by who tried.

    >>> content_type("html", b"<p>"), content_type("html", bytes([0xE4])), content_type("json", b"{}")
    ('text/html; charset=utf-8', 'text/html', 'application/json')
    """
    having = (name for name, one in draft.services.items() if one.errors or one.maintenance is not None)
    found = {(name, key): page for name in having for key, page in _pages(draft, name)}
    return replace(draft, pages=found)


def content_type(suffix: str, content: bytes) -> str:
    """The content type of a page. Text that is UTF-8 says so; of other text only its author knows what it is."""
    kind = messages.KINDS[suffix]
    if not kind.startswith("text/"):
        return kind
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return kind
    return f"{kind}; charset=utf-8"


def _pages(draft: Draft, name: str) -> Iterator[tuple[str, build.Page]]:
    one = draft.services[name]
    for status, said in one.errors.items():
        content = draft.site.materials.pages.get(("services", name, "errors", status))
        if content is not None:
            yield str(status), _page(name, str(status), said.rpartition(".")[2].lower(), content)
    if one.maintenance is not None and one.maintenance.body:
        body = one.maintenance.body
        suffix = "html" if body.lstrip().startswith("<") else "txt"
        yield answers.MAINTENANCE, _page(name, answers.MAINTENANCE, suffix, body.encode())


def _page(name: str, key: str, suffix: str, content: bytes) -> build.Page:
    return build.Page(f"pages/{name}.{key}.{suffix}", content_type(suffix, content), content)
