"""The printer: readable, stable, and unable to let a value or a comment become a directive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hapilot.base.origin import Origin
from hapilot.languages.haproxy import lexer, tree
from hapilot.languages.haproxy.printer import print_config, print_line
from hapilot.languages.haproxy.tree import Config, Env, Section, line, opaque

PLACE = Origin("site.yaml", 12, 3)


def test_a_whole_file() -> None:
    config = Config(
        (
            Section("global", "", (line("stats", "socket", Env("unix@", "RUN", "/cli.sock"), "mode", "600"),)),
            Section(
                "frontend",
                "https",
                (
                    line("bind", ":443", comment="all addresses"),
                    line("http-request", "set-header", "X-A", "a b", origin=PLACE),
                    opaque("http-request deny if { path -m beg '/x y' }", origin=PLACE),
                ),
                comment="TLS ends here\nfor: shop",
                origin=PLACE,
            ),
            Section("backend", "none", ()),
        ),
        comment="made by a test",
    )
    assert print_config(config) == (
        "# made by a test\n"
        "\n"
        "global\n"
        '    stats socket "unix@${RUN}/cli.sock" mode 600\n'
        "\n"
        "# TLS ends here\n"
        "# for: shop\n"
        "frontend https  # (site.yaml:12)\n"
        "    bind :443  # all addresses\n"
        "    http-request set-header X-A 'a b'  # (site.yaml:12)\n"
        "    http-request deny if { path -m beg '/x y' }  # (site.yaml:12)\n"
        "\n"
        "backend none\n"
    )


@given(st.text(), st.text(), st.text())
def test_comments_never_add_a_line(head: str, remark: str, file: str) -> None:
    config = Config(
        (Section("backend", "b", (line("mode", "http", comment=remark, origin=Origin(file, 1)),), comment=head, origin=Origin(file)),),
        comment=head,
    )
    words = [lexer.split(text, {}) for text in print_config(config).split("\n")]
    assert [found for found in words if found] == [("backend", "b"), ("mode", "http")]


@pytest.mark.parametrize("text", ["a\nb", "a\rmode tcp", "a\0"])
def test_a_raw_line_is_one_line(text: str) -> None:
    with pytest.raises(ValueError, match="single line"):
        print_line(opaque(text))


def test_a_line_end_in_a_word_is_refused() -> None:
    with pytest.raises(ValueError, match="line end"):
        print_config(Config((Section("backend", "b", (line("server", "a\nmode tcp"),)),)))


def test_the_tree_refuses_what_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="at least one word"):
        line()
    with pytest.raises(ValueError, match="environment variable"):
        Env("", "a}b")
    with pytest.raises(ValueError, match="one text"):
        tree.Line(("a", "b"), opaque=True)
