"""Plans as text and JSON: what is grouped, counted, left out, and made harmless."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from hapilot.base import secret
from hapilot.plan import actions, plan, shown

ADD = actions.AddServer(
    about="server shop/a", reason="new in the site", backend="shop", name="a", address="10.0.0.1:80", words=("x",), mark="m"
)
REMOVE = actions.RemoveServer(about="server blog/a", reason="not in the site", disturbs="no new sessions", backend="blog", name="a")
GIVE = actions.GiveSpare(about="service shop", reason="new in the site", spare=".spare-http-1", backend="shop")


def text(made: plan.Plan) -> str:
    """All lines."""
    return "\n".join(line.text for line in shown.lines(made))


def table(added: int = 0, removed: int = 0, changed: int = 0) -> actions.ReplaceTable:
    """A table with so many changes."""
    keys = {word: tuple(f"{word}{number}" for number in range(count)) for word, count in (("+", added), ("-", removed), ("~", changed))}
    entries = (("secret", "entry"),)
    return actions.ReplaceTable(
        about="t", reason="r", path="maps/t.map", entries=entries, added=keys["+"], removed=keys["-"], changed=keys["~"]
    )


def test_nothing() -> None:
    assert text(plan.Plan()) == "nothing to change"
    assert shown.as_json(plan.Plan()) == {
        "actions": [],
        "reload": False,
        "reload_reasons": [],
        "included": [],
        "counts": {"add": 0, "change": 0, "remove": 0},
        "summary": "nothing to change",
    }


def test_start() -> None:
    assert text(plan.start()) == "  ! HAProxy starts: it does not run\n\nHAProxy starts"


def test_a_server_stands_behind_its_service_and_disturbances_in_parentheses() -> None:
    assert text(plan.Plan((ADD, REMOVE, GIVE))).splitlines() == [
        "  + service shop",
        "      new in the site",
        "  + server shop/a",
        "      new in the site",
        "  - server blog/a",
        "      not in the site (no new sessions)",
        "",
        "2 to add, 0 to change, 1 to remove; no reload",
    ]


def test_one_object_is_counted_once() -> None:
    replaced = [
        actions.SetCertificate(about="certificate a", reason="x", path="certs/a.pem", pem=secret.Secret("k"), mark="m"),
        actions.ListCertificate(about="certificate a", reason="y", path="certs/list", line="certs/a.pem"),
        actions.UnlistCertificate(about="certificate a", reason="z", path="certs/list", certificate="certs/a.pem", number=1),
    ]
    assert shown.counts(plan.Plan(tuple(replaced))) == {"add": 0, "change": 1, "remove": 0}
    assert next(shown.lines(plan.Plan(tuple(replaced[1:2])))).sign == "+"


def test_signs_of_tables_and_what_is_too_many() -> None:
    signs = [next(shown.lines(plan.Plan((table(**{word: 1}),)))).sign for word in ("added", "removed", "changed")]
    assert signs == ["+", "-", "~"]
    made = text(plan.Plan((table(added=25, removed=1),)))
    assert made.startswith("  ~ t\n      + +0\n")
    assert "      + +19\n      + and 5 more\n      - -0\n" in made
    assert len(shown.action_as_json(table(added=25))["added"]) == 25


def test_reload_with_its_reasons_and_what_comes_along() -> None:
    reasons = tuple(f"reason {number}" for number in range(22))
    made = plan.Plan((actions.Reload(about="HAProxy", reason="; ".join(reasons), disturbs="3 open connections finish"),), reasons, (ADD,))
    lines = text(made).splitlines()
    assert lines[:2] == ["  ! HAProxy reloads; 3 open connections finish", "      reason 0"]
    assert lines[21:24] == ["      and 2 more reasons", "  + server shop/a", "      new in the site"]
    assert lines[-1] == "1 to add, 0 to change, 0 to remove; HAProxy reloads"
    said = shown.as_json(made)
    assert (said["reload"], said["reload_reasons"], [one["kind"] for one in said["included"]]) == (True, list(reasons), ["add-server"])
    assert shown.summary(plan.Plan(made.actions, reasons)) == "HAProxy reloads"


def test_json_has_what_is_named_and_neither_keys_nor_words() -> None:
    assert shown.action_as_json(ADD) == {
        "kind": "add-server",
        "object": "server shop/a",
        "reason": "new in the site",
        "disturbs": "nothing",
        "backend": "shop",
        "server": "a",
        "address": "10.0.0.1:80",
        "state": "ready",
    }
    key = actions.SetCertificate(about="c", reason="r", path="certs/a.pem", pem=secret.Secret("hidden"), mark="hidden", is_new=True)
    said = json.dumps([shown.action_as_json(one) for one in (key, table(1))])
    assert "hidden" not in said
    assert "secret" not in said
    assert '"is_new": true' in said


@given(st.text())
def test_nothing_unprintable_and_no_line_is_feigned(hostile: str) -> None:
    step = actions.RemoveServer(about=f"server {hostile}", reason=hostile, disturbs=hostile, backend="b", name=hostile)
    other = actions.ReplaceTable(about=hostile, reason="", path="maps/x", entries=(), added=(hostile,))
    made = list(shown.lines(plan.Plan((actions.Reload(about="HAProxy", reason="", disturbs=hostile), step, other), (hostile,))))
    assert all(line.text.isprintable() for line in made)
    assert len(made) == 8
    json.dumps(shown.as_json(plan.Plan((step, other))))
