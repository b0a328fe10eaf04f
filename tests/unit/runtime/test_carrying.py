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
