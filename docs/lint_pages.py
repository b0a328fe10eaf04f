"""The pages about the rules of ``hapilot lint``, made of the rules themselves: one page for each topic, and an index of all codes.

The rules go in, names of pages and their texts come out. Called by ``generate``, which writes and compares them.
"""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.lint.rule import Rule
from hapilot.lint.rules import catalogue

_SEVERITIES = {"error": "an error", "warning": "a warning", "info": "a note"}


def pages() -> Iterator[tuple[str, str]]:
    """Name and text of every page."""
    yield "index.md", _index()
    for topic, (title, rules) in catalogue.TOPICS.items():
        yield f"{topic}.md", f"# {title}\n\n" + "\n".join(_rule(rule) for rule in rules)


def _index() -> str:
    rows = [
        f"| [`{rule.code}`]({topic}.md#{rule.code}) | {rule.severity} | {rule.title} |\n"
        for topic, (_, rules) in catalogue.TOPICS.items()
        for rule in rules
    ]
    intro = (
        "# What lint finds\n\n"
        "The rules of [`hapilot lint`](../cli/lint.md), by topic. An error is refused by HAProxy, or is certainly wrong; a warning is a "
        "risk that deserves a look. Each has a configuration that has the fault, and one that does the same without it.\n"
    )
    topics = "".join(f"{topic}\n" for topic in catalogue.TOPICS)
    toc = f"```{{toctree}}\n:hidden:\n\n{topics}```\n"
    return f"{intro}\n| code | severity | finds |\n| --- | --- | --- |\n{''.join(rows)}\n{toc}"


def _rule(rule: Rule) -> str:
    """One rule as a section."""
    target = "" if rule.target == (2, 8) else f" The examples are for HAProxy {rule.target[0]}.{rule.target[1]}."
    return (
        f"({rule.code})=\n## `{rule.code}`\n\n"
        f"**{rule.title}** is {_SEVERITIES[rule.severity]}. {rule.reason}\n\n"
        f"What to do: {rule.hint}. Source: <{rule.source}>.{target}\n\n"
        f"Lint finds it here:\n\n{_block(rule.failing)}\nand not here:\n\n{_block(rule.passing)}"
    )


def _block(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```\n"
