"""What only HAProxy refuses: found by the places that it names, else by bisection."""

from __future__ import annotations

import math

import pytest

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.base.origin import Origin
from hapilot.compile import build
from hapilot.reconcile import pipeline
from hapilot.reconcile.quarantine import refusals

from .conftest import Story, left, section

MANY = 40


class Picky:
    """A HAProxy that refuses services with one of some raw lines, and says where or not."""

    def __init__(self, *bad: str, says_where: bool = False) -> None:
        self.bad, self.says_where, self.asked = bad, says_where, 0

    def __call__(self, made: build.Build) -> tuple[Diagnostic, ...]:
        """Its verdict."""
        self.asked += 1
        every = made.site.spec.raw.service.items()
        found = [(name, place) for name, lines in every for place, line in enumerate(lines) if line in self.bad]
        if not self.says_where:
            return (diagnostics.error("haproxy-refused", "no", Origin("site")),) if found else ()
        return tuple(
            diagnostics.error("haproxy-refused", "no", made.site.origins.at("raw", "service", name, place)) for name, place in found
        )


def site(bad: dict[int, str], number: int = MANY) -> str:
    """Services, some of them with raw lines of their own."""
    lines = [f"  s{each}: {{host: s{each}.example.test, servers: [10.0.0.{each + 1}:80]}}" for each in range(number)]
    raw = ", ".join(f's{each}: ["{line}"]' for each, line in bad.items())
    return "\n".join(["services:", *lines, 'certificates: [{self_signed: ["*.example.test"]}]', f"raw: {{service: {{{raw}}}}}"])


def test_places_that_it_names_cost_one_more_question(story: Story) -> None:
    picky = Picky("bad", "worse", says_where=True)
    prepared = story.apply(site({3: "bad", 17: "worse", 20: "good"}), picky)
    assert left(prepared) == {"service s3": "closed", "service s17": "closed"}
    assert picky.asked == 2
    assert "good" in section(prepared, "backend s20")
    assert "10.0.0.5" in section(prepared, "backend s4")


@pytest.mark.parametrize("culprits", [[0], [MANY - 1], [7, 8], [3, 21, 30]])
def test_without_places_it_is_found_by_bisection(story: Story, culprits: list[int]) -> None:
    picky = Picky("bad")
    prepared = story.apply(site(dict.fromkeys(culprits, "bad")), picky)
    assert left(prepared) == {f"service s{each}": "closed" for each in culprits}
    assert picky.asked <= 1 + len(culprits) * (2 + math.ceil(math.log2(MANY)))
    place = {one.why[-1].origin.line for one in prepared.quarantined}
    assert place == {each + 2 for each in culprits}


def test_only_what_has_changed_is_asked_about(story: Story) -> None:
    story.apply(site({}))
    picky = Picky("bad")
    prepared = story.apply(site({11: "bad", 12: "good"}), picky)
    assert left(prepared) == {"service s11": "former"}
    assert "bad" not in section(prepared, "backend s11")
    assert "10.0.0.12" in section(prepared, "backend s11")
    assert picky.asked <= 4


def test_what_is_none_of_the_services_refuses_the_site(story: Story) -> None:
    def never(made: build.Build) -> tuple[Diagnostic, ...]:
        del made
        return (diagnostics.error("haproxy-refused", "no", Origin("site")),)

    prepared = story.prepare(site({}, 4))
    assert prepared.build is not None
    assert pipeline.without_refused(prepared, never(prepared.build), never) is None


def test_a_site_of_which_nothing_is_left_is_refused(story: Story) -> None:
    picky = Picky("bad")
    prepared = story.prepare(site({0: "bad"}, 1))
    assert prepared.build is not None
    assert pipeline.without_refused(prepared, picky(prepared.build), picky) is None


def test_who_is_strict_leaves_nothing_out(story: Story) -> None:
    picky = Picky("bad")
    story.site.write_text(site({0: "bad"}))
    prepared = pipeline.prepare(story.site, story.prepare(site({})).require()[0].target, None, {})
    assert prepared.build is not None
    assert pipeline.without_refused(prepared, picky(prepared.build), picky) is None


def test_more_than_a_few_without_places_refuse_the_site(story: Story) -> None:
    picky = Picky("bad")
    prepared = story.prepare(site(dict.fromkeys(range(refusals.MOST_BISECTED + 1), "bad"), 20))
    assert prepared.build is not None
    assert pipeline.without_refused(prepared, picky(prepared.build), picky) is None
