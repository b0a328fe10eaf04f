"""Which rows of the state of servers a new worker gets."""

from __future__ import annotations

from hapilot.runtime import carrying

HEADER = "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_check_state srv_agent_state srv_fqdn srv_port"
UP = "4 web 1 up 10.0.0.1 2 6 0 - 80"
DOWN = "4 web 2 down 10.0.0.2 0 6 0 - 80"
UNCHECKED = "4 web 3 free 10.0.0.3 2 0 0 free.test 80"
LOST = "4 web 4 lost - 0 0 0 lost.test 80"
AGENT = "4 web 5 agent 10.0.0.5 0 0 22 - 80"


def text(*rows: str) -> str:
    """What HAProxy would say."""
    return "\n".join(("1", HEADER, *rows))


def test_all_but_servers_that_nothing_would_bring_back() -> None:
    assert carrying.carried(text(UP, DOWN, UNCHECKED, LOST, AGENT), None) == text(UP, DOWN, UNCHECKED, AGENT)


def test_only_the_unchanged() -> None:
    assert carrying.carried(text(UP, DOWN, UNCHECKED), {("web", "down"), ("other", "up")}) == text(DOWN)


def test_no_answer_is_no_state() -> None:
    assert carrying.carried("", None) == carrying.NOTHING


def test_what_was_told_to_rest_rests_on_where_nothing_checks_it() -> None:
    header = "# be_name srv_name srv_op_state srv_admin_state srv_check_state srv_agent_state"
    told, resolving = "web told 0 1 0 0", "web resolving 0 32 0 0"
    assert carrying.carried("\n".join(("1", header, told, resolving)), None).splitlines() == ["1", header, told]


def test_old_news_are_only_what_somebody_has_said() -> None:
    header = "# be_name srv_name srv_op_state srv_admin_state"
    rows = ("web down 0 0", "web maint 0 1", "web drain 2 8", "web both 0 9", "web resolving 0 32", "web disabled 0 4", "half a")
    text = "\n".join(("1", header, *rows))
    assert carrying.told(text).splitlines() == ["1", header, "web maint 0 1", "web drain 2 8", "web both 0 9"]
    assert carrying.told("\n".join(("1", header, rows[0]))) == carrying.NOTHING
    assert carrying.told("") == carrying.NOTHING


def test_time_alone_is_no_news() -> None:
    header = "# be_name srv_name srv_op_state srv_time_since_last_change srv_port"
    before, later, other = (f"1\n{header}\nweb one {row}" for row in ("2 7 80", "2 900 80", "0 7 80"))
    assert carrying.ageless(before) == carrying.ageless(later) != carrying.ageless(other)
    assert carrying.ageless("not a table") == "not a table"


def test_stand_ins_get_the_names_of_what_they_stand_for() -> None:
    text = "1\n# be_id be_name srv_name\n3 .spare-1 .spare-1\n4 other one"
    assert carrying.renamed(text, {".spare-1": "web"}) == "1\n# be_id be_name srv_name\n3 web .spare-1\n4 other one"
    assert carrying.renamed(text, {}) == text
