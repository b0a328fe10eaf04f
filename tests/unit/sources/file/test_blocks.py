"""A text is divided into its sections and services, and after a change only what has changed is divided anew."""

from __future__ import annotations

import random

import pytest

from hapilot.sources.file import blocks

TEXT = """\
# a site
listeners: {web: {bind: ":80"}}

services:
  # the first
  shop:
    host: shop.example.test

  # the second
  wiki:
    servers:
    - 10.0.0.1:80
  git: {}
defaults:
  retries: 1
"""


def divided(text: str) -> blocks.Divided:
    found = blocks.split(text)
    assert found is not None
    return found


def test_sections_and_services_are_blocks() -> None:
    found = divided(TEXT)
    starts = [block.text.split(":")[0] for block in found.blocks]
    assert starts == ["listeners", "services", "  shop", "  wiki", "  git", "defaults"]
    assert [block.above for block in found.blocks] == [1, 3, 5, 9, 12, 13]
    assert [block.is_service for block in found.blocks] == [False, False, True, True, True, False]
    assert "# a site\n" + "".join(block.text for block in found.blocks) == TEXT
    assert [TEXT[start:][:3] for start in found.starts] == ["lis", "ser", "  s", "  w", "  g", "def", ""]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a remark\n",
        "a: 1\n...\n",
        "a: 1\n---\nb: 2\n",
        "%YAML 1.2\n---\na: 1\n",
        "[a, b]\n",
        "- a\n",
        "services:\n- a\n",
        "'a': 1\n",
        " a: 1\n",
        "a:\t1\n",
        "a: 1\r\nb: 2\r\n",
        "a: 1\u2028b: 2\n",
        "\ufeffa: 1\n",
    ],
)
def test_what_is_not_certain_is_not_divided(text: str) -> None:
    assert blocks.split(text) is None


@pytest.mark.parametrize(
    "text", ["services: {a: {}}\n", "services:\n  - a\n", "services:\n", "services: # none\n  # at all\n", "services: &a\n  b: {}\n"]
)
def test_services_that_are_no_mapping_in_block_style_are_one_block(text: str) -> None:
    assert [block.is_service for block in divided(text).blocks] == [False]


def test_a_change_of_one_service_is_one_new_block() -> None:
    before, text = divided(TEXT), TEXT.replace("10.0.0.1:80", "10.0.0.1:81")
    changed = blocks.split_again(before, text)
    assert changed is not None
    assert changed.divided == divided(text)
    assert (changed.head, changed.tail, changed.lines) == (3, 2, 0)
    assert changed.divided.blocks[4] is before.blocks[4]


def test_what_is_below_a_new_line_has_moved() -> None:
    text = TEXT.replace("    servers:\n", "    retries: 1\n    servers:\n")
    changed = blocks.split_again(divided(TEXT), text)
    assert changed is not None
    assert changed.divided == divided(text)
    assert (changed.head, changed.tail, changed.lines) == (3, 2, 1)


def test_another_section_between_services_is_seen() -> None:
    text = TEXT.replace("  git: {}\n", "raw:\n  git: {}\n")
    changed = blocks.split_again(divided(TEXT), text)
    assert changed is not None
    assert changed.divided == divided(text)
    assert not changed.divided.blocks[-2].is_service


@pytest.mark.parametrize("seed", range(300))
def test_any_change_gives_the_blocks_of_the_new_text(seed: int) -> None:
    chance, text = random.Random(seed), TEXT
    known = divided(text)
    pieces = ["\n", " ", "  ", "#", "a: b\n", "  new: {}\n", "    x: y\n", "services:\n", "- ", "\t", "é", "---\n", ":", "raw:\n"]
    for _ in range(15):
        cut = chance.randrange(len(text) + 1)
        text = text[:cut] + chance.choice(["", *pieces]) + text[cut + chance.choice([0, 0, 1, 5, 40]) :]
        anew, changed = blocks.split(text), blocks.split_again(known, text)
        assert (changed and changed.divided) == anew, text
        if anew is None or changed is None:
            text = TEXT
            known = divided(text)
            continue
        assert changed.divided.blocks[: changed.head] == known.blocks[: changed.head]
        known = anew
