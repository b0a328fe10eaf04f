"""Orders from a command to the loop and back, over a real socket; the loop is a thread that answers."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hapilot.base import diagnostics, errors
from hapilot.base.origin import Origin
from hapilot.reconcile import asking, orders, protocol
from hapilot.runtime import control, files, peer

DONE = protocol.Done("reload", 3, 2)


@pytest.fixture
def state(tmp_path: Path) -> files.StateDirectory:
    made = files.StateDirectory(tmp_path / "s")
    made.generations.mkdir(parents=True)
    return made


def _silent(line: bytes, client: control.Client) -> bytes:
    """No answer."""
    del line, client
    return b""


def _stranger(_: socket.socket) -> peer.Peer:
    """A process of another user."""
    return peer.Peer(4711, os.geteuid() + 1)


@contextmanager
def loop(state: files.StateDirectory, obey: Callable[[protocol.Request], protocol.Answer]) -> Generator[orders.Orders]:
    """Holds the state directory, and carries out one order after the other."""
    with state.lock("hapilot up"), obeying(state, obey) as waiting:
        yield waiting


@contextmanager
def obeying(state: files.StateDirectory, obey: Callable[[protocol.Request], protocol.Answer]) -> Generator[orders.Orders]:
    """Carries out one order after the other."""
    wake, ending = threading.Event(), threading.Event()

    def run(waiting: orders.Orders) -> None:
        while not ending.is_set():
            wake.wait(0.05)
            wake.clear()
            while (order := waiting.take()) is not None:
                order.done(obey(order.request))

    with orders.taken(state, wake.set, pytest.fail) as waiting:
        thread = threading.Thread(target=run, args=(waiting,))
        thread.start()
        try:
            yield waiting
        finally:
            ending.set()
            thread.join()


def test_an_order_is_carried_out(state: files.StateDirectory) -> None:
    seen: list[protocol.Request] = []

    def obey(request: protocol.Request) -> protocol.Answer:
        seen.append(request)
        return DONE

    with loop(state, obey):
        assert asking.ask(state, protocol.Rollback(2)) == DONE
    assert seen == [protocol.Rollback(2)]


def test_an_order_says_who_gives_it(state: files.StateDirectory) -> None:
    with orders.taken(state, lambda: None, pytest.fail) as waiting:
        client = threading.Thread(target=lambda: asking.ask(state, protocol.Confirm()))
        with state.lock("hapilot up"):
            client.start()
            while (order := waiting.take()) is None:
                time.sleep(0.01)
            order.done(DONE)
            client.join(5)
    assert f"(pid {os.getpid()})" in order.by


def test_the_order_of_another_user_is_refused(state: files.StateDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "of", _stranger)
    with loop(state, lambda _: pytest.fail("carried out")), pytest.raises(asking.Refused, match="from the user that hapilot runs as"):
        asking.ask(state, protocol.Confirm())


def test_orders_of_many_clients_are_carried_out_one_at_a_time(state: files.StateDirectory) -> None:
    busy = threading.Lock()
    got: list[protocol.Done] = []

    def obey(request: protocol.Request) -> protocol.Answer:
        assert isinstance(request, protocol.Rollback)
        assert busy.acquire(blocking=False)
        time.sleep(0.01)
        busy.release()
        return protocol.Done("reload", request.generation)

    with loop(state, obey):

        def ask(number: int) -> None:
            got.append(asking.ask(state, protocol.Rollback(number)))

        clients = [threading.Thread(target=ask, args=(number,)) for number in range(1, 13)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(10)
    assert sorted(done.generation for done in got) == list(range(1, 13))


def test_a_refusal_comes_with_its_diagnostics(state: files.StateDirectory) -> None:
    found = (diagnostics.error("unknown-key", "no such key", Origin("site.yaml", 3, 5), "leave it out"),)
    with (
        loop(state, lambda _: protocol.Failed("the site has 1 error", "", found)),
        pytest.raises(asking.Refused, match="the site has 1 error") as refused,
    ):
        asking.ask(state, protocol.Apply())
    assert refused.value.answer.diagnostics == found


def test_nobody_is_there(state: files.StateDirectory) -> None:
    for one in (state, files.StateDirectory(state.root / "none")):
        with pytest.raises(errors.HapilotError, match="no `hapilot up` runs on") as refused:
            asking.ask(one, protocol.Confirm())
        assert "hapilot up SITE" in refused.value.hint


def test_one_that_takes_no_orders_yet_is_waited_for(state: files.StateDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "START_SECONDS", 0.2)
    with state.lock("hapilot up"), pytest.raises(errors.HapilotError, match=f"process {os.getpid()} works on .* and takes no orders"):
        asking.ask(state, protocol.Confirm())
    monkeypatch.setattr(asking, "START_SECONDS", 5.0)
    got: list[protocol.Done] = []
    with state.lock("hapilot up"):
        client = threading.Thread(target=lambda: got.append(asking.ask(state, protocol.Confirm())))
        client.start()
        time.sleep(0.2)
        with obeying(state, lambda _: DONE):
            client.join(5)
    assert got == [DONE]


def test_one_that_ends_before_it_answers(state: files.StateDirectory) -> None:
    with control.serving(control.Offer(state.control, _silent, b"", 100)):
        with pytest.raises(errors.HapilotError, match="ended before it answered"):
            asking.ask(state, protocol.Confirm())


def test_an_end_is_told_to_whoever_waits(state: files.StateDirectory) -> None:
    refused: list[str] = []

    def ask() -> None:
        try:
            asking.ask(state, protocol.Confirm())
        except asking.Refused as problem:
            refused.append(str(problem))

    with orders.taken(state, lambda: None, pytest.fail) as waiting:
        client = threading.Thread(target=ask)
        client.start()
        while not waiting.waiting:
            time.sleep(0.01)
    client.join(5)
    assert refused == ["hapilot is ending, the order was not carried out"]
    assert orders.Orders.answer(waiting, protocol.encode_request(protocol.Confirm()), lambda: False).count(b"is ending") == 1


def test_an_order_whose_client_has_gone_is_dropped(state: files.StateDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "_LOOK_SECONDS", 0.05)
    with orders.taken(state, lambda: None, pytest.fail) as waiting:
        with pytest.raises(TimeoutError):
            control.ask(state.control, protocol.encode_request(protocol.Confirm()), 100, 0.2)
        deadline = time.monotonic() + 5
        while waiting.waiting and time.monotonic() < deadline:
            time.sleep(0.01)
        assert waiting.take() is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"hapilot": 2, "verb": "confirm"}\n', "takes orders in version 1 of its protocol, not 2"),
        (b"GET / HTTP/1.1\r\n\r\n", "this is no order: it is not JSON"),
        (b"\x00\xff" * 10000, "this is no order: it is longer than"),
    ],
)
def test_what_is_no_order_is_answered_all_the_same(state: files.StateDirectory, line: bytes, said: str) -> None:
    with loop(state, lambda _: pytest.fail("it was obeyed")):
        answer = protocol.decode_answer(control.ask(state.control, line, protocol.LONGEST_ANSWER, 5.0))
    assert isinstance(answer, protocol.Failed)
    assert said in answer.error


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"hapilot": 2, "program": "7.0", "ok": true}\n', r"the running hapilot \(7\.0\) answers in version 2 of its protocol, not 1"),
        (b'{"hapilot": 2, "program": "7.0", "ok": false, "error": "I speak 2"}\n', "I speak 2"),
        (b'{"hapilot": 1, "ok": 7}\n', r"what this one \(.*\) can't read: 'ok' has a value"),
    ],
)
def test_an_answer_of_another_hapilot_is_explained(state: files.StateDirectory, line: bytes, said: str) -> None:
    with control.serving(control.Offer(state.control, lambda _line, _gone: line, b"", 100)):
        with pytest.raises(errors.HapilotError, match=said) as refused:
            asking.ask(state, protocol.Confirm())
    assert refused.value.hint == "use the `hapilot` command of the version that runs"


def test_up_goes_on_where_no_socket_can_be_made(tmp_path: Path) -> None:
    said: list[str] = []
    with orders.taken(files.StateDirectory(tmp_path / "none"), lambda: None, said.append) as waiting:
        assert waiting.take() is None
    assert said == [f"warning no orders can be taken on {tmp_path}/none/control.sock: No such file or directory"]
