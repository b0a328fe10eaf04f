"""Which sections there are, what each starts from, and what has to stay whole."""

from __future__ import annotations

import pytest

from unit.sources.haproxy_cfg.taking import DEFAULTS, take, why

BACKEND = "backend b\n server s 10.0.0.1:80\n"


def sections(*texts: str) -> list[str]:
    return take(*texts).site["raw"].get("sections", [])


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ("backend a.b\n", "the model has no such names"),
        ('backend "$B"\n', "its first line is unusual"),
        ("frontend f :80\n", "its first line is unusual"),
        ("frontend\n", "its first line is unusual"),
        ("backend b from\n", "its first line is unusual"),
        ("backend b from nowhere\n", "which defaults it starts from is open"),
        ("backend b\n .if defined(X)\n retries 1\n .endif\n", "it has lines for some circumstances only"),
        ("backend b\n .notice x\n", "it has lines for some circumstances only"),
        ("backend b\n[scope]\n", "it has lines for some circumstances only"),
        ("backend b\n retries 'x\n", "HAProxy can't read a line of it"),
        ("backend b\n stats auth a:b\n", "it holds a secret"),
        ('backend b\n log-tag "${X-\udce9}"\n', "it has bytes that are no text"),
        ("listen l\n", "listen sections are a frontend and a backend in one"),
        (f"{BACKEND}global\n", "what stands at 0.cfg:5 counts for what follows it only"),
    ],
)
def test_what_stays_whole(section: str, reason: str) -> None:
    made = take(DEFAULTS + section)
    assert [each.why for each in made.report.whole] == [reason]
    assert made.site["services"] == made.site["listeners"] == {}


def test_twins_stay_whole() -> None:
    assert why(f"{DEFAULTS}backend b\nbackend b\nfrontend b\n") == ["another section has its name"] * 2
    assert why(f"{DEFAULTS}frontend l\nlisten l\n")[0] == "another section has its name"


def test_numbers_of_sections() -> None:
    assert (
        why(f"{DEFAULTS}{BACKEND}frontend f\n http-request set-header X %[be_id]\n") == ["the configuration uses numbers of sections"] * 2
    )


def test_an_unnamed_defaults_gets_a_name_where_one_is_needed() -> None:
    assert sections("defaults # all\n mode http\nlisten l\n") == ["defaults # all\n mode http\n", "listen l\n"]
    assert sections(f"defaults # all\n mode http\nlisten l # some\n{BACKEND}") == [
        "defaults main # all\n mode http\n",
        "listen l from main # some\n",
    ]


def test_names_are_new() -> None:
    made = take(f"defaults\n{BACKEND}defaults main-2\ndefaults from main-2\nfrontend main\ndefaults\nfrontend g\n")
    assert made.site["services"]["b"]["from"] == "main-3"
    assert made.site["listeners"] == {"main": {"from": "main-4"}, "g": {"from": "main-5"}}
    assert made.site["raw"]["sections"] == ["defaults main-3\n", "defaults main-2\n", "defaults main-4 from main-2\n", "defaults main-5\n"]


def test_before_any_defaults() -> None:
    made = take(f"listen l\n{BACKEND}defaults\nlisten m\n")
    assert made.site["services"]["b"]["from"] == "none"
    assert made.site["raw"]["sections"] == ["defaults none\n", "listen l from none\n", "defaults\n", "listen m\n"]
    assert ("raw", "sections", 0) not in made.places


def test_who_says_from_already_is_left_alone() -> None:
    made = take(f"defaults a\n mode http\ndefaults b\nlisten l from a\nfrontend f from a\n{BACKEND}")
    assert made.site["listeners"]["f"]["from"] == "a"
    assert made.site["services"]["b"]["from"] == "b"
    assert made.site["raw"]["sections"] == ["defaults a\n mode http\n", "defaults b\n", "listen l from a\n"]


def test_where_a_head_can_not_be_changed_nobody_says_from() -> None:
    made = take(f'defaults\nlisten "$L"\n{BACKEND}')
    assert made.site["raw"]["sections"][0] == "defaults\n"
    assert [each.why for each in made.report.whole][1:] == ["the defaults it starts from can't be named"]


def test_two_defaults_with_one_name() -> None:
    assert why(f"defaults a\ndefaults a\n{BACKEND}") == ["the defaults it starts from can't be named"]


def test_a_block_over_sections_is_one_text() -> None:
    text = f"defaults a\n .if defined(X)\nlisten l\n .endif\n{BACKEND}"
    made = take(text)
    assert made.site["raw"]["sections"] == ["defaults a\n .if defined(X)\nlisten l\n .endif\n", BACKEND]
    assert [each.why for each in made.report.whole] == ["an .if goes on beyond its section", "which defaults it starts from is open"]


def test_behind_a_block_a_new_defaults_counts() -> None:
    made = take(f".if defined(X)\ndefaults\n mode tcp\n.endif\ndefaults\n mode http\n{BACKEND}")
    assert made.site["services"]["b"] | {"servers": []} == {"from": "main", "protocol": "http", "servers": []}
    assert made.site["raw"]["sections"] == ["global\n.if defined(X)\ndefaults\n mode tcp\n.endif\n", "defaults main\n mode http\n"]
    assert made.places["raw", "sections", 0, 2].line == 1


def test_files_are_one_after_the_other() -> None:
    made = take("# one\n\ndefaults\n mode http\n", "# two\n\nfrontend f\n default_backend b\n", BACKEND)
    assert made.start == ("# one", "# two")
    assert made.site["listeners"] == {"f": {"from": "main", "default": "b"}}
    assert made.places["services", "b"].file == "2.cfg"


def test_blank_lines_between_sections_go_and_those_inside_stay() -> None:
    assert sections("userlist u\n\n group g\n \t\n\n# m\nmailers m\n") == ["userlist u\n\n group g\n", "# m\nmailers m\n"]
