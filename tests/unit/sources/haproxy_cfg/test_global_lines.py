"""The global sections: what goes to raw.global, into a file, or nowhere."""

from __future__ import annotations

import pytest

from unit.sources.haproxy_cfg.taking import take


def test_lines_of_all_first_sections() -> None:
    made = take("# top\nglobal # one\n maxconn 5 # few\n\n# two\nglobal\n # or\n tune.bufsize 100\n")
    assert made.site["raw"] == {"folder": "/etc/haproxy", "global": ["maxconn 5 # few", "# or", "tune.bufsize 100"]}
    assert made.comments["raw", "global"].above == ("# top", "# one", "# two")
    assert made.places["raw", "global", 2].line == 8


def test_the_usual_size_of_buffers() -> None:
    assert take("global\n maxconn 5\n").site["raw"]["global"] == ["tune.bufsize 16384", "maxconn 5"]
    lines = [".if defined(X)", "tune.bufsize 1", ".endif"]
    assert take("global\n" + "\n".join(lines) + "\n").site["raw"]["global"] == ["tune.bufsize 16384", *lines]
    assert ("raw", "global", 0) not in take("").places


def test_what_hapilot_does_itself() -> None:
    made = take("global\n daemon # bg\n master-worker no-exit-on-failure\n pidfile /run/x\n quiet\n user a\n chroot /x\n nbthread 2\n")
    assert made.site["raw"]["global"][1:] == ["user a", "chroot /x", "nbthread 2"]
    assert [each.text for each in made.report.left_out] == ["daemon # bg", "master-worker no-exit-on-failure", "pidfile /run/x", "quiet"]
    assert made.report.left_out[0].origin.line == 2
    assert (made.report.lines, made.report.understood) == (8, 5)


def test_states_of_servers_are_those_of_hapilot_where_it_runs() -> None:
    assert take("global\n server-state-file x\n").site["raw"]["global"][1:] == [
        ".if !defined(HAPILOT_SERVERS)",
        "server-state-file x",
        ".endif",
    ]


@pytest.mark.parametrize(("said", "meant"), [("config", "/etc/haproxy"), ("current", "/etc/haproxy"), ("parent", "/etc")])
def test_where_relative_paths_start(said: str, meant: str) -> None:
    """The rendered file is elsewhere, and so is the process that reads it."""
    made = take(f"global\n default-path {said} # x\ndefaults\nglobal\n default-path {said}\n server-state-file y\n")
    assert made.site["raw"]["global"][1:] == [f"default-path origin {meant}"]
    assert made.site["raw"]["sections"][1].split("\n")[1:] == [
        f"    default-path origin {meant}",
        "    .if !defined(HAPILOT_SERVERS)",
        "    server-state-file y",
        "    .endif",
        "",
    ]
    assert made.places["raw", "sections", 1, 4].line == 6
    assert [each.text for each in made.report.left_out] == [f"default-path {said} # x", f"default-path {said}"]
    assert take("global\n default-path origin /x\n").site["raw"]["global"][1:] == ["default-path origin /x"]


def test_secrets() -> None:
    made = take("global\n maxconn 5\n setenv TOKEN abc\n user a\ndefaults\n")
    assert made.site["raw"]["global"][1:] == ["maxconn 5"]
    assert made.site["raw"]["sections"] == [{"file": "secrets/global.cfg"}, "defaults\n"]
    assert made.secrets == {"secrets/global.cfg": "global\n    setenv TOKEN abc\n    user a\n"}
    assert made.places["raw", "sections", 0, 2].line == 3


def test_secrets_in_a_block_take_the_block_along() -> None:
    made = take('global\n log-tag a\n .if defined(X)\n setenv TOKEN abc\n .endif\n node "$TOKEN"\n')
    assert made.site["raw"]["global"][1:] == ["log-tag a"]
    assert made.secrets["secrets/global.cfg"].split("\n")[1:-1] == [
        "    .if defined(X)",
        "    setenv TOKEN abc",
        "    .endif",
        '    node "$TOKEN"',
    ]


def test_one_secret_alone() -> None:
    made = take("global\n maxconn 5\n httpclient.proxy http://a:b@c/\n user a\n")
    assert made.site["raw"]["global"][1:] == ["maxconn 5", "user a"]


def test_comments_with_secrets() -> None:
    made = take("# ann\n# token: a\n\n# bob\n# password: b\nglobal\n")
    assert (made.start, made.comments["raw", "global"].above) == (("# ann",), ("# bob",))
    assert made.secrets == {"secrets/global.cfg": "global\n    # token: a\n    # password: b\n"}


def test_secrets_in_odd_places() -> None:
    made = take("global # token: a\n daemon # token: b\ndefaults # token: c\nglobal\n setenv TOKEN d\n")
    assert made.site["raw"]["global"] == ["tune.bufsize 16384"]
    assert made.secrets == {
        "secrets/global.cfg": "global\n    global # token: a\n    # daemon # token: b\n",
        "secrets/defaults.cfg": "defaults # token: c\n",
        "secrets/global-2.cfg": "global\n setenv TOKEN d\n",
    }
    assert [each.text for each in made.report.left_out] == ["daemon"]


def test_what_hapilot_does_itself_is_found_everywhere() -> None:
    made = take("defaults\nglobal\n  daemon # bg\n maxconn 1\n .if defined(X)\ndefaults\n .endif\nglobal\n quiet\n")
    assert made.site["raw"]["sections"][1:] == [
        "global\n    # daemon # bg\n maxconn 1\n .if defined(X)\ndefaults\n .endif\n",
        "global\n    # quiet\n",
    ]
    assert [(each.text, each.origin.line) for each in made.report.left_out] == [("daemon # bg", 3), ("quiet", 9)]
