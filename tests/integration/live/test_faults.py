"""What can go wrong while a site is changed: an error that says so, what served before serves on, and the next change works."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from hapilot.base import errors
from hapilot.reconcile import loop
from hapilot.runtime import client, commands, identity, observe, process, writing
from support import certificates

from . import looking, operating, rim, wanted
from .test_interrupted import mixed

pytestmark = [pytest.mark.haproxy, pytest.mark.system]

FULL = os.environ.get("HAPILOT_FULL") == "1"
_IMPATIENT = 2.5
"""Seconds for an answer of HAProxy, instead of ten."""
_BOUND = 15.0
"""Within which an error has to come, in seconds: several answers are waited for."""

_WRITES_FIRST = 3
"""Steps of a change before its first command: a generation is written, what is loaded is noted, and the new one made current."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """HAProxy is given less time."""
    runtime = property(lambda self: client.RuntimeClient(self.run_dir / observe.RUNTIME_SOCKET, _IMPATIENT))
    monkeypatch.setattr(process.Process, "runtime", runtime)


def serves(lab: operating.Lab, behind: operating.Behind, site: wanted.Site) -> list[str]:
    """What is not so in HAProxy's memory, or for its clients."""
    belief = looking.Belief(site)
    return [*looking.in_memory(lab, belief), *looking.from_outside(lab, behind, belief)]


def attempted(act: Callable[[], loop.Applied]) -> loop.Applied | errors.StateBroken:
    """What came of it."""
    try:
        return act()
    except errors.StateBroken as problem:
        return problem


def untouched(lab: operating.Lab, behind: operating.Behind, site: wanted.Site, number: int) -> None:
    """Generation ``number`` serves on, and nobody would read another."""
    assert serves(lab, behind, site) == []
    current = lab.state.current()
    assert current == lab.state.serving()
    assert current is not None
    assert current.number == number


def with_header(site: wanted.Site, said: str) -> wanted.Site:
    """The site with a change that takes a reload."""
    return site.with_service("v0", replace(site.services["v0"], header=said))


@contextlib.contextmanager
def broken_disk(root: Path, number: int, place: int) -> Generator[list[int]]:
    """From the write below ``root`` at ``place`` on, none works; what is given has the places of all that were tried."""
    tried: list[int] = []

    def broken(act: Callable[..., None]) -> Callable[..., None]:
        def write(path: Path, *args: object) -> None:
            if path.is_relative_to(root):
                tried.append(len(tried))
            if path.is_relative_to(root) and len(tried) > place:
                raise OSError(number, os.strerror(number))
            act(path, *args)

        return write

    with (
        mock.patch.object(writing, "put_file", broken(writing.put_file)),
        mock.patch.object(writing, "replace_link", broken(writing.replace_link)),
    ):
        yield tried


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("how", "number"), [("runtime", errno.ENOSPC), ("reload", errno.EROFS)], ids=["full-runtime", "read-only-reload"])
def test_a_disk_that_takes_nothing_from_some_write_on(lab: operating.Lab, behind: operating.Behind, how: str, number: int) -> None:
    """Whichever write is the first that fails. What can't be written down after a change was made is told."""
    before, after = mixed(behind)
    after = after if how == "runtime" else with_header(before, "x")
    lab.apply(before)
    failed = noted = place = 0
    while True:
        last = lab.apply(before).generation
        with broken_disk(lab.state.root, number, place) as tried:
            applied = attempted(lambda: lab.apply(after))
            if isinstance(applied, errors.StateBroken):
                failed += 1
                assert {errno.ENOSPC: "the disk is full", errno.EROFS: "the file system is read-only"}[number] in f"{applied}"
                assert serves(lab, behind, before) == []
                assert (serving := lab.state.serving()) is not None
                assert serving.number == last
            else:
                noted += bool(applied.note)
                assert serves(lab, behind, after) == []
        if len(tried) <= place:
            break
        lab.apply(after)
        looking.check(lab, behind, looking.Belief(after))
        place += 1
    assert (failed > 3, noted > 0) == (True, True), (failed, noted)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("again", [True, False], ids=["for good", "once"])
def test_a_command_that_is_refused(lab: operating.Lab, behind: operating.Behind, *, again: bool) -> None:
    """Whichever command it is: it becomes a reload with its reason, or just a second round where HAProxy takes it then; and the next change
    is none again."""
    before, after = mixed(behind)
    lab.apply(before)
    place = refused = 0

    def refuse() -> None:
        raise errors.HaproxyFailed("HAProxy refused `a command`: for the test")

    while True:
        there = after if place // (2 if FULL else 6) % 2 == 0 else before
        with rim.counted(rim.Rim(place, refuse, again)) as counted:
            try:
                applied = lab.apply(there)
            except errors.HaproxyFailed:
                # It was no command, but the writing of a file that came here.
                applied = None
        if not counted.happened:
            break
        if applied is not None:
            refused += 1
            assert applied.how == ("reload" if again else "runtime")
            assert applied.reasons == (("HAProxy refused `a command`: for the test",) if again else ())
        applied = applied or lab.apply(there)
        looking.check(lab, behind, looking.Belief(there))
        place += 2 if FULL else 6
    assert refused > (30 if FULL else 10)


def test_the_transaction_of_somebody_else_is_in_nobodys_way(lab: operating.Lab, behind: operating.Behind) -> None:
    """HAProxy has one at a time, and refuses another."""
    before, after = mixed(behind)
    lab.apply(before)
    signed = next(path for path in lab.running.runtime.send("show ssl cert").split() if "self-signed" in path)
    leaf = operating.AUTHORITY.issue("stranger.test")
    answer = lab.running.runtime.send(commands.with_payload(f"set ssl cert {signed}", (leaf.pem + leaf.key_pem).decode()))
    assert answer.startswith("Transaction created"), answer
    applied = lab.apply(after)
    assert (applied.how, applied.reasons) == ("runtime", ())
    looking.check(lab, behind, looking.Belief(after))


@pytest.mark.parametrize("how", ["expired", "mismatched"])
def test_a_certificate_that_is_bad_is_refused_and_the_former_one_stays(lab: operating.Lab, behind: operating.Behind, how: str) -> None:
    """Where nothing may be left out. Otherwise it alone is (tests/integration/cli/test_quarantine.py)."""
    site, _ = mixed(behind)
    lab.apply(site)
    validity: certificates.Validity = "expired" if how == "expired" else "valid"
    leaf = operating.AUTHORITY.issue("h0.s.test", validity=validity, matching_key=how != "mismatched")
    path = lab.folder / "certs" / "c0.pem"
    path.write_bytes(leaf.pem + leaf.key_pem)
    prepared = lab.compiled()
    with pytest.raises(errors.SiteError) as refused:
        lab.operator.apply(prepared, lab.process)
    assert [one.code for one in refused.value.diagnostics] == [{"expired": "certificate-expired", "mismatched": "key-mismatch"}[how]]
    assert "c0.pem" in f"{refused.value.diagnostics[0]}"
    untouched(lab, behind, site, 1)
    better = replace(site, certificates={"c0": wanted.Certificate(("h0.s.test",), 9)})
    assert lab.apply(better).how == "runtime"
    looking.check(lab, behind, looking.Belief(better))


def test_a_haproxy_that_hangs_on_a_reload_is_given_up_in_time(lab: operating.Lab, behind: operating.Behind) -> None:
    site = operating.first_site(behind)
    lab.apply(site)
    lab.reload_seconds = 1.0
    with lab.frozen([lab.running.pid]):
        began = time.monotonic()
        with pytest.raises(errors.HaproxyFailed, match=r"did not finish its reload in 1 s") as late:
            lab.apply(with_header(site, "x"))
        assert time.monotonic() - began < _BOUND
        assert f"process {lab.running.pid}" in late.value.hint
        untouched(lab, behind, site, 1)
        # What needs no reload goes on.
        other = site.with_service("v0", replace(site.services["v0"], hosts=("h7.s.test",)))
        assert lab.apply(other).how == "runtime"
    lab.reload_seconds = 0.0
    assert lab.apply(with_header(other, "y")).how == "reload"
    looking.check(lab, behind, looking.Belief(with_header(other, "y")))


@pytest.mark.usefixtures("impatient")
def test_a_worker_that_hangs_before_a_change_is_an_error_in_time(lab: operating.Lab, behind: operating.Behind) -> None:
    before, after = mixed(behind)
    lab.apply(before)
    with lab.frozen([lab.worker()]):
        began = time.monotonic()
        with pytest.raises(errors.HaproxyFailed, match="HAProxy did not answer `show info`"):
            lab.apply(after)
        assert time.monotonic() - began < _BOUND
        assert lab.state.numbers() == {1}
    untouched(lab, behind, before, 1)
    assert lab.apply(after).how == "runtime"
    looking.check(lab, behind, looking.Belief(after))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("step", [0, 12])
def test_a_worker_that_hangs_during_a_change_is_replaced(lab: operating.Lab, behind: operating.Behind, step: int) -> None:
    """By one that reads the files, as with any command that fails; clients are not left with the one that hangs."""
    before, after = mixed(behind)
    lab.apply(before)
    # What is made once is made now, and counts as no step.
    lab.prepared(after)
    worker = lab.worker()
    began = time.monotonic()
    with rim.counted(rim.Rim(2 * (_WRITES_FIRST + step), lambda: os.kill(worker, signal.SIGSTOP))) as counted:
        applied = lab.apply(after)
    assert counted.happened
    assert time.monotonic() - began < _BOUND
    assert applied.how == "reload"
    assert applied.reasons[0].startswith("HAProxy did not answer `")
    looking.check(lab, behind, looking.Belief(after))
    assert identity.of(worker) is None
    lab.apply(before)
    looking.check(lab, behind, looking.Belief(before))
