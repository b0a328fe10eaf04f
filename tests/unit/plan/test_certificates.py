"""Certificates: new, replaced, listed, unlisted and forgotten ones, and orders that only a reload makes."""

from __future__ import annotations

from dataclasses import replace

from cryptography.hazmat.primitives import hashes

from golden import pems
from hapilot.plan import actions, certificates, plan, running
from support import memory

from .making import Setup, files, pem, wanted

NONE = Setup()
ONE = Setup(certificates={"one": 1})


def planned(before: Setup, after: Setup) -> plan.Plan:
    """From a fresh worker."""
    return plan.make_plan(memory.fresh(files(before)), wanted(after))


def kinds(made: plan.Plan) -> list[str]:
    """The kinds of its steps."""
    assert made.reload_reasons == ()
    return [step.kind for step in made.actions]


def test_new() -> None:
    made = planned(ONE, replace(ONE, certificates={"one": 1, "two": 2}))
    assert kinds(made) == ["set-certificate", "list-certificate"]
    first, second = made.actions
    assert isinstance(first, actions.SetCertificate)
    assert (first.about, first.path, first.is_new, first.disturbs) == ("certificate two", "certs/two.pem", True, "nothing")
    assert isinstance(second, actions.ListCertificate)
    assert (second.path, second.line) == ("certs/list", "certs/two.pem")


def test_replaced() -> None:
    made = planned(ONE, replace(ONE, certificates={"one": 2}))
    assert kinds(made) == ["set-certificate"]
    assert isinstance(made.actions[0], actions.SetCertificate)
    assert (made.actions[0].is_new, made.actions[0].disturbs) == (False, "new handshakes")


def test_another_key_or_chain_of_the_same_certificate_is_another_one() -> None:
    other = pem(1).replace(pem(1).splitlines()[4], pem(2).splitlines()[4])
    after = replace(ONE, files={"certs/one.pem": other})
    made = planned(ONE, after)
    assert kinds(made) == ["set-certificate"]
    state = memory.after(memory.fresh(files(ONE)), made.actions)
    assert plan.make_plan(state, wanted(after)).is_empty
    assert kinds(plan.make_plan(state, wanted(ONE))) == ["set-certificate"]


def test_removed() -> None:
    made = planned(replace(ONE, certificates={"one": 1, "two": 2}), ONE)
    assert kinds(made) == ["unlist-certificate", "forget-certificate"]
    assert isinstance(made.actions[0], actions.UnlistCertificate)
    assert (made.actions[0].certificate, made.actions[0].number) == ("certs/two.pem", 3)


def test_one_that_was_made_and_never_filled() -> None:
    """Interrupted between the two."""
    state = memory.fresh(files(ONE))
    two = replace(ONE, certificates={"one": 1, "two": 2})
    halfway = replace(state, fingerprints={**state.fingerprints, "certs/two.pem": ""})
    made = plan.make_plan(halfway, wanted(two))
    assert kinds(made) == ["set-certificate", "list-certificate"]
    assert isinstance(made.actions[0], actions.SetCertificate)
    assert made.actions[0].is_new
    assert kinds(plan.make_plan(halfway, wanted(ONE))) == ["forget-certificate"]


def test_names_of_a_line_change() -> None:
    before, after = (replace(ONE, names={"one": names}) for names in ("a.test", "a.test b.test"))
    made = planned(before, after)
    assert kinds(made) == ["list-certificate", "unlist-certificate"]
    state = memory.fresh(files(before))
    assert plan.make_plan(memory.after(state, made.actions), wanted(after)).is_empty


ASKED = "certificates: what is asked of clients for a name may change"


def test_what_is_asked_of_clients_takes_a_reload() -> None:
    asked = replace(ONE, names={"one": "[verify required ca-file ca/0.pem] a.test"})
    assert planned(ONE, asked).reload_reasons == (ASKED,)
    # HAProxy prints options a little differently.
    state = memory.fresh(files(asked))
    shown = running.ListLine("certs/one.pem", 2, "[verify required ca-file ca/0.pem ] a.test")
    assert plan.make_plan(replace(state, lists={"certs/list": (shown,)}), wanted(asked)).is_empty


def test_any_line_of_a_list_that_asks_clients_takes_a_reload() -> None:
    """A name below a wildcard that asks: its line and its entry in the table of policies would not change at one moment."""
    wild = replace(ONE, names={"one": "[verify required ca-file ca/0.pem] *.a.test"})
    below = replace(wild, certificates={"one": 1, "two": 2}, names={**wild.names, "two": "x.a.test"})
    assert planned(wild, below).reload_reasons == (ASKED,)
    assert planned(below, wild).reload_reasons == (ASKED,)
    # One that asks may be the one that goes, and nothing else is left that does.
    free = replace(ONE, certificates={"two": 2}, names={"two": "x.a.test"})
    assert planned(below, free).reload_reasons == (ASKED,)
    assert kinds(planned(wild, replace(wild, certificates={"one": 2}))) == ["set-certificate"]


def test_the_first_of_a_list_counts_only_without_strict_sni() -> None:
    two = {"aaa": 2, "one": 1}
    assert kinds(planned(ONE, replace(ONE, certificates=two))) == ["set-certificate", "list-certificate"]
    lenient = replace(ONE, bind="bind :443 ssl crt-list certs/list alpn h2")
    made = planned(lenient, replace(lenient, certificates=two))
    assert made.reload_reasons == ("certificates: another certificate is the first of the list, which is for all other names",)
    assert kinds(planned(lenient, replace(lenient, certificates={"one": 1, "zzz": 2}))) == ["set-certificate", "list-certificate"]
    assert planned(replace(lenient, certificates=two), lenient).reload


def test_two_certificates_for_one_name() -> None:
    before = replace(ONE, names={"one": "a.test"})
    after = replace(ONE, certificates={"one": 1, "two": 2}, names={"one": "a.test", "two": "a.test"})
    assert planned(before, after).reload_reasons == ("certificates: several certificates have the name a.test, and their order counts",)


def real(*hosts: str, slot: str = "leaf") -> bytes:
    """A certificate whose names can be read."""
    return pems.pem(pems.certificate(*hosts, slot=slot)) + pems.key_pem(slot)


def test_a_certificate_that_loses_a_name_takes_a_reload() -> None:
    before, after = (replace(ONE, files={"certs/one.pem": real(*hosts)}) for hosts in (("a.test", "b.test"), ("a.test",)))
    assert planned(before, after).reload_reasons == ("certificate one is for other names than before",)
    assert kinds(planned(after, before)) == ["set-certificate"]


def test_one_that_is_too_long_for_a_command() -> None:
    long = replace(ONE, files={"certs/one.pem": pem(2) + b"#" * certificates.LONGEST})
    assert planned(ONE, long).reload_reasons == ("certificate one is too long for a command",)


def test_fingerprint_and_names() -> None:
    made = pems.certificate("a.test", "*.b.test")
    content = pems.pem(made) + pems.key_pem()
    assert certificates.fingerprint(content) == made.fingerprint(hashes.SHA1()).hex().upper()
    assert certificates.hosts(content) == ("a.test", "*.b.test")
    assert (certificates.fingerprint(b"none"), certificates.hosts(b"none")) == ("", ())


def test_lists_that_haproxy_does_not_have_are_not_looked_at() -> None:
    state = replace(memory.fresh(files(NONE)), lists={})
    assert plan.make_plan(state, wanted(ONE)).is_empty
