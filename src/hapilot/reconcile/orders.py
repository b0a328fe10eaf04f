"""Orders on their way from the control socket to the loop of ``up``, which carries them out one after the other.

In: bytes of requests, each in the thread of its connection. Out: :class:`Order` values that the loop takes and answers. ``serve`` wraps
its loop in :func:`taken`.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from hapilot import __version__
from hapilot.reconcile import protocol
from hapilot.runtime import control, files

_LOOK_SECONDS = 0.5
"""How often a waiting connection looks whether its client is still there."""

_ENDING = protocol.Failed("hapilot is ending, the order was not carried out", "start it again with `hapilot up`")
_STRANGER = protocol.Failed("orders are taken from the user that hapilot runs as, and from root", "run this as one of them")
_BUSY = protocol.Failed(f"hapilot has {control.CONNECTIONS} orders to carry out already", "try again when they are done")


@dataclass(slots=True)
class Order:
    """A request, and the answer that its connection waits for. ``by`` is who asked: a user and a process, as the kernel knows them."""

    request: protocol.Request
    by: str = ""
    answered: threading.Event = field(default_factory=threading.Event)
    answer: protocol.Answer = _ENDING

    def done(self, answer: protocol.Answer) -> None:
        """The answer."""
        self.answer = answer
        self.answered.set()


@dataclass(slots=True)
class Orders:
    """Those that nobody has begun. ``wake`` is called when there is one."""

    wake: Callable[[], None]
    waiting: deque[Order] = field(default_factory=deque[Order])
    is_open: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> Order | None:
        """The next one; from now on it is carried out, whether or not its client stays."""
        with self._lock:
            return self.waiting.popleft() if self.waiting else None

    def place(self, order: Order, gone: Callable[[], bool]) -> protocol.Answer:
        """Waits for the answer. An order whose client has gone before it was begun is dropped."""
        with self._lock:
            if not self.is_open:
                return _ENDING
            self.waiting.append(order)
        self.wake()
        while not order.answered.wait(_LOOK_SECONDS):
            if gone():
                with self._lock, contextlib.suppress(ValueError):
                    self.waiting.remove(order)
                    break
        return order.answer

    def close(self) -> None:
        """Whatever waits is told that it will not be done."""
        with self._lock:
            self.is_open = False
            left, self.waiting = self.waiting, deque()
        for order in left:
            order.done(_ENDING)

    def answer(self, line: bytes, gone: Callable[[], bool], by: str = "") -> bytes:
        """The bytes for the bytes of a request."""
        try:
            answer = self.place(Order(protocol.decode_request(line), by), gone)
        except protocol.OtherVersion as other:
            answer = protocol.Failed(
                f"the running hapilot ({__version__}) takes orders in version {protocol.VERSION} of its protocol, not {other.version}",
                "use the `hapilot` command of the version that runs",
            )
        except protocol.Malformed as problem:
            answer = protocol.Failed(f"this is no order: {problem}")
        return protocol.encode_answer(answer, __version__)


@contextlib.contextmanager
def taken(state: files.StateDirectory, wake: Callable[[], None], complain: Callable[[str], None]) -> Generator[Orders]:
    """Orders are taken for as long as it lasts. Where no socket can be made ``up`` goes on without, and says so."""
    orders = Orders(wake)

    def answer(line: bytes, client: control.Client) -> bytes:
        return orders.answer(line, lambda: client.is_gone, client.peer.described())

    busy, stranger = (protocol.encode_answer(one, __version__) for one in (_BUSY, _STRANGER))
    offer = control.Offer(state.control, answer, busy, protocol.LONGEST_REQUEST, stranger)
    with contextlib.ExitStack() as stack:
        try:
            close = stack.enter_context(control.serving(offer))
        except OSError as problem:
            complain(f"warning no orders can be taken on {state.control}: {problem.strerror or problem}")
            close = _nothing
        try:
            yield orders
        finally:
            close()
            orders.close()


def _nothing() -> None:
    """There is no socket to close."""
