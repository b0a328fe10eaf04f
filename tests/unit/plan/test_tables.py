"""Tables: what differs, in which order they are replaced, and which names stand in them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hapilot.plan import running, tables
from hapilot.render import bundle


def changes(
    has: Mapping[str, Mapping[str, str]], should: Mapping[str, str], given: Mapping[str, str] | None = None
) -> list[tables.actions.ReplaceTable]:
    """What is to be done."""
    files = bundle.Bundle(tuple(bundle.BundleFile(path, text.encode()) for path, text in should.items()))
    return list(tables.changes(running.Running((2, 8), None, {}, has), files, given or {}))


def test_what_differs() -> None:
    (step,) = changes({"maps/web.plain.map": {"a/": "x", "b/": "x", "c/": "x"}}, {"maps/web.plain.map": "# routes\na/ x\nb/ y\nd/ x\n"})
    assert (step.added, step.removed, step.changed) == (("d/",), ("c/",), ("b/",))
    assert step.entries == (("a/", "x"), ("b/", "y"), ("d/", "x"))
    assert (step.about, step.is_list) == ("listener web: routes of plain HTTP", False)
    assert step.reason == "1 added (d/), 1 removed (c/), 1 changed (b/)"


def test_many_are_counted() -> None:
    (step,) = changes({"lists/shop.allow.list": {}}, {"lists/shop.allow.list": "".join(f"10.0.{number}.0/24\n" for number in range(5))})
    assert step.reason == "5 added (10.0.0.0/24, 10.0.1.0/24, 10.0.2.0/24, …)"
    assert (step.is_list, len(step.added)) == (True, 5)


def test_equal_tables_in_another_order_and_those_that_haproxy_has_not() -> None:
    assert changes({"maps/a.map": {"x": "1", "y": "2"}}, {"maps/a.map": "y 2\nx 1\n", "maps/b.map": "x 1\n", "pages/x": "y"}) == []


def test_notes_are_never_replaced() -> None:
    assert changes({tables.NOTES: {"a": "b"}}, {tables.NOTES: "# none\n"}) == []


def test_what_is_asked_last_is_filled_first() -> None:
    paths = [
        "maps/w.sni.map",
        "maps/w.plain.map",
        "maps/services.map",
        "maps/w.tls.map",
        "lists/s.deny.list",
        "maps/w.streams.map",
        "maps/w.tls.names.map",
    ]
    made = changes({path: {} for path in paths}, dict.fromkeys(paths, "a b\n"))
    assert [step.path for step in made] == [
        "lists/s.deny.list",
        "maps/services.map",
        "maps/w.tls.names.map",
        "maps/w.tls.map",
        "maps/w.plain.map",
        "maps/w.streams.map",
        "maps/w.sni.map",
    ]


def test_a_spare_stands_in_place_of_its_backend() -> None:
    given = {"blog": ".spare-http-1"}
    wanted = {"maps/w.tls.map": "blog.test/ blog\nx/ shop\n", "maps/services.map": "blog blog\n", "maps/w.tls.names.map": "blog blog\n"}
    made = {step.path: dict(step.entries) for step in changes({path: {} for path in wanted}, wanted, given)}
    assert made == {
        "maps/w.tls.map": {"blog.test/": ".spare-http-1", "x/": "shop"},
        "maps/services.map": {".spare-http-1": "blog"},
        "maps/w.tls.names.map": {"blog": "blog"},
    }
    assert changes(made, wanted, given) == []


@pytest.mark.parametrize(
    ("path", "about"),
    [
        ("maps/web.sni.map", "listener web: names that TLS connections ask for"),
        ("maps/web.policy.map", "listener web: what clients must show for a name"),
        ("maps/web.trusted.list", "listener web: trusted networks"),
        ("lists/shop.deny.list", "service shop: denied networks"),
        ("maps/services.map", "names of services in the log"),
        ("lists/shop.match.0.list", "table lists/shop.match.0.list"),
    ],
)
def test_tables_in_words(path: str, about: str) -> None:
    (step,) = changes({path: {}}, {path: "a b\n"})
    assert step.about == about
