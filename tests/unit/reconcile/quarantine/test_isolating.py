"""Which parts are left out for which errors, and what goes live in their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from hapilot.compile import target
from hapilot.reconcile import pipeline
from hapilot.reconcile.quarantine import isolating
from support import certificates

from .conftest import Left, Story, errors, left, section

GOOD = """
services:
  shop: {host: shop.example.test, servers: [10.0.0.1:80]}
  blog: {host: blog.example.test, servers: [10.0.0.2:80]}
certificates: [{self_signed: ["*.example.test"]}]
"""


def services(*lines: str, more: str = "") -> str:
    """A site with a good service and some others."""
    return "\n".join(
        (
            "services:",
            "  shop: {host: shop.example.test, servers: [10.0.0.1:80]}",
            *(f"  {line}" for line in lines),
            'certificates: [{self_signed: ["*.example.test"]}]',
            more,
        )
    )


BROKEN = {
    "an unknown key": services("bad: {host: bad.example.test, servers: [10.0.0.2:80], retires: 3}"),
    "a value of the wrong kind": services("bad: {host: bad.example.test, servers: [10.0.0.2:80], retries: many}"),
    "a variable that is not set": services("bad: {host: bad.example.test, servers: ['${NOWHERE}:80']}"),
    "no servers": services("bad: {host: bad.example.test}"),
    "a server twice": services("bad: {host: bad.example.test, servers: [10.0.0.2:80, 10.0.0.2:80]}"),
    "a canary that does not exist": services(
        "bad: {host: bad.example.test, servers: [10.0.0.2:80], canary: {service: nobody, percent: 5}}"
    ),
    "a CA file that does not exist": services(
        "bad: {host: bad.example.test, servers: [10.0.0.2:80], tls: reencrypt, verify: {ca: none.pem}}"
    ),
    "a page that does not exist": services("bad: {host: bad.example.test, servers: [10.0.0.2:80], errors: {503: none.html}}"),
    "a password that does not exist": services(
        "bad: {host: bad.example.test, servers: [10.0.0.2:80], basic_auth: {users: {ann: {password_env: NOWHERE}}}}"
    ),
    "an endless redirect": services("bad: {host: bad.example.test, redirect: {to: 'https://bad.example.test/'}}"),
    "a path in a connection that is passed on": services(
        "bad: {host: bad.example.test, tls: passthrough, path: /a, servers: [10.0.0.2:443]}"
    ),
    "raw lines of the wrong kind": services("bad: {host: bad.example.test, servers: [10.0.0.2:80]}", more="raw: {service: {bad: {a: b}}}"),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_bad_service_is_closed_and_the_others_go_live(story: Story, text: str) -> None:
    prepared = story.apply(text)
    assert left(prepared) == {"service bad": "closed"}
    assert "server 10.0.0.1:80" in section(prepared, "backend shop")
    closed = section(prepared, "backend bad")
    assert "\n    server " not in closed
    assert ("return status 503" if "mode http" in closed else "reject") in closed
    assert errors(prepared)


PAGES: dict[str, tuple[str, Left]] = {
    "an open page": (services(more="admin: {stats: {bind: ':5000'}}"), {"admin stats": "nothing"}),
    "a page with a bad value": (
        services(more="admin: {stats: {bind: 'x'}, metrics: {bind: '127.0.0.1:5000'}}"),
        {"admin stats": "nothing"},
    ),
}


@pytest.mark.parametrize(("text", "expected"), PAGES.values(), ids=PAGES.keys())
def test_a_part_without_routes_is_left_out(story: Story, text: str, expected: Left) -> None:
    prepared = story.apply(text)
    assert left(prepared) == expected
    assert "server 10.0.0.1:80" in section(prepared, "backend shop")


ADMIN = "admin: {host: shop.example.test, path: /admin, allow: [10.0.0.0/8], servers: [10.0.0.1:80]}"
UNCLOSED = {
    "a path that is none": services(ADMIN.replace("/admin", "admin")),
    "a path that is misspelt": services(ADMIN.replace("path", "pth")),
    "a host that is misspelt, on a listener": services(ADMIN.replace("host", "hots").replace("path", "listener: https, path")),
    "a host that is misspelt": services(ADMIN.replace("host", "hots").replace("path: /admin, ", "")),
    "a key that nobody knows": services(ADMIN.replace("path", "below")),
    "a host that is none": services("bad: {host: 'a b', servers: [10.0.0.2:80]}"),
    "a name that is none": services("'b d': {host: bad.example.test, servers: [10.0.0.2:80]}"),
    "a listener that does not exist": services("bad: {host: bad.example.test, listener: there, servers: [10.0.0.2:80]}"),
    "a host without a certificate": services("bad: {host: bad.test, servers: [10.0.0.2:80]}"),
    "two services with one route": services(
        "one: {host: a.example.test, servers: [10.0.0.2:80]}", "two: {host: a.example.test, servers: [10.0.0.3:80]}"
    ),
    "a mapping that is none": services("bad: 3"),
}


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("text", UNCLOSED.values(), ids=UNCLOSED.keys())
def test_a_service_that_can_not_be_closed_refuses_the_site(story: Story, text: str, *, is_first: bool) -> None:
    """Else its requests reach another service, which may let in whom it does not. It is renamed in the same change."""
    if not is_first:
        story.apply(services(ADMIN.replace("admin:", "former:")))
    prepared = story.prepare(text)
    assert not prepared.ok
    assert prepared.quarantined == ()
    assert any("the whole change is refused: with service " in one.hint for one in prepared.diagnostics)


def test_a_service_with_a_bad_path_runs_its_last_good_version(story: Story) -> None:
    story.apply(services(ADMIN))
    assert left(story.apply(services(ADMIN.replace("/admin", "admin")))) == {"service admin": "former"}


REFUSED = {
    "YAML": "services: [",
    "a name twice": services("shop: {host: x.example.test, servers: [10.0.0.9:80]}"),
    "a listener": services(more="listeners: {https: {bind: ':443'}, other: {bind: nowhere}}"),
    "the default of a listener": services(more="listeners: {https: {bind: ':443', default: nobody}}"),
    "two listeners at one address": services(more="listeners: {https: {bind: ':443'}, other: {bind: ':443'}}"),
    "a bad service and a bad listener": services(
        "bad: {host: bad.example.test}", more="listeners: {https: {bind: ':443'}, other: {bind: nowhere}}"
    ),
    "defaults": services(more="defaults: {retries: many}"),
    "an unknown section": services(more="servces: {}"),
    "an expectation that does not hold": services(more='expect: [{url: "https://shop.example.test/", service: nobody}]'),
    "an expectation of a good service": services(
        "bad: {host: bad.example.test}", more='expect: [{url: "https://shop.example.test/", outcome: reject}]'
    ),
    "nothing else": "services: {shop: {host: a.test, servrs: [10.0.0.1:80]}}",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_part_refuses_the_site(story: Story, text: str) -> None:
    prepared = story.prepare(text)
    assert not prepared.ok
    assert prepared.quarantined == ()
    assert errors(prepared)


def test_an_expectation_of_a_bad_service_waits_for_its_repair(story: Story) -> None:
    more = 'expect: [{url: "https://bad.example.test/", service: bad}, {url: "https://shop.example.test/", service: shop}]'
    assert left(story.apply(services("bad: {host: bad.example.test, retries: many, servers: [10.0.0.2:80]}", more=more)))


def test_the_last_good_version_goes_on_with_everything_that_it_had(story: Story) -> None:
    """It does the same, though the defaults, the files and the password are others by now."""
    authority = certificates.authority()
    authority.write(story.folder)
    (story.folder / "page.html").write_text("<p>before")
    story.environment["PASSWORD"] = "before"
    service = (
        "bad: {host: bad.example.test, tls: reencrypt, servers: [a.test:443], verify: {ca: ca.pem}, errors: {503: page.html},"
        " basic_auth: {users: {ann: {password_env: PASSWORD}}}, KEY: 3}"
    )
    raw = "raw: {service: {bad: ['option kept ${SHELL}']}}".replace("${", "$${")
    before = story.apply(services(service.replace("KEY", "retries"), more=f"{raw}\ndefaults: {{timeouts: {{server: 7s}}}}"))
    certificates.authority("another").write(story.folder)
    (story.folder / "page.html").unlink()
    story.environment.clear()
    for _ in range(2):  # the second time from what was kept of a kept one
        after = story.apply(services(service.replace("KEY", "retires"), more="defaults: {timeouts: {server: 8s}, retries: 9}"))
        assert left(after) == {"service bad": "former"}
        # What was said for all services before is said for this one now.
        assert section(after, "backend bad").replace("    timeout server 7s\n", "") == section(before, "backend bad")
        assert "    timeout server 7s\n" in section(after, "backend bad")
        assert "option kept ${SHELL}" in section(after, "backend bad")
        assert section(after, "userlist bad") == section(before, "userlist bad")
        assert before.bundle is not None
        assert after.bundle is not None
        for path in ("ca/0.pem", "pages/bad.503.html"):
            assert before.bundle.get(path) == after.bundle.get(path)
    repaired = story.apply(services("bad: {host: bad.example.test, servers: [10.0.0.7:80]}"))
    assert left(repaired) == {}
    assert "10.0.0.7" in section(repaired, "backend bad")


def test_another_service_has_the_ca_file_as_it_is_now(story: Story) -> None:
    bad = "bad: {host: bad.example.test, tls: reencrypt, servers: [a.test:443], verify: {ca: ca.pem}}"
    other = "other: {host: other.example.test, tls: reencrypt, servers: [b.test:443], verify: {ca: ca.pem}}"
    before = certificates.authority().write(story.folder).read_bytes()
    story.apply(services(bad, other))
    now = certificates.authority("another").write(story.folder).read_bytes()
    prepared = story.apply(services(bad.replace("a.test", "a b"), other))
    assert left(prepared) == {"service bad": "former"}
    assert prepared.bundle is not None
    found = {
        name: prepared.bundle.get(f"ca/{number}.pem")
        for name in ("bad", "other")
        for number in range(2)
        if f"ca/{number}.pem" in section(prepared, f"backend {name}")
    }
    assert {name: file and file.content for name, file in found.items()} == {"bad": before, "other": now}


def test_a_version_whose_listener_or_host_is_gone_does_not_go_on(story: Story) -> None:
    listeners = "listeners: {https: {bind: ':443'}, other: {bind: ':8443'}}"
    bad = "bad: {host: bad.example.test, listener: LISTENER, servers: [10.0.0.2:80]}"
    story.apply(services(bad.replace("LISTENER", "other"), more=listeners))
    broken = bad.replace("LISTENER", "https").replace("servers", "srvers")
    gone = story.prepare(services(broken, more="listeners: {https: {bind: ':443'}}"))
    assert left(gone) == {"service bad": "closed"}
    assert set(errors(gone)) == {"unknown-key", "unknown-listener"}
    taken = "taker: {host: bad.example.test, listener: other, servers: [10.0.0.3:80]}"
    conflict = story.prepare(services(broken, taken, more=listeners))
    assert left(conflict) == {"service bad": "closed"}
    assert "duplicate-route" in errors(conflict)
    assert "10.0.0.3" in section(conflict, "backend taker")


def test_a_new_service_with_the_host_of_an_old_one_is_refused(story: Story) -> None:
    """Whichever of the two comes first in the file, and is named by the diagnostic."""
    story.apply(GOOD)
    for new in ("alpha", "zeta"):
        line = f"  {new}: {{host: blog.example.test, servers: [10.0.0.9:80]}}\n"
        for text in (GOOD.replace("services:\n", f"services:\n{line}"), GOOD.replace("certificates:", f"{line}certificates:")):
            prepared = story.prepare(text)
            assert not prepared.ok
            assert any(f"with service {new} left out" in one.hint for one in prepared.diagnostics)


def test_a_canary_that_is_bad_leaves_its_share_to_the_service(story: Story) -> None:
    text = services(
        "main: {host: main.example.test, servers: [10.0.0.2:80], canary: {service: next, percent: 10}}", "next: {servers: [10.0.0.3:80]}"
    )
    before = story.apply(text)
    first = Story(story.folder).apply(text.replace("10.0.0.3:80", "a b"))
    assert left(first) == {"service next": "nothing"}
    assert "next" not in section(first, "frontend https")
    again = story.apply(text.replace("10.0.0.3:80", "a b"))
    assert left(again) == {"service next": "former"}
    assert section(again, "frontend https") == section(before, "frontend https")


def test_requests_for_a_closed_service_reach_no_other(story: Story) -> None:
    """Its path is below one of another service, and its host below a wildcard."""
    prepared = story.apply(
        services(
            "admin: {host: shop.example.test, path: /admin, srvers: [], basic_auth: {users: {ann: {password_env: P}}}}",
            "rest: {host: '*.example.test', servers: [10.0.0.3:80]}",
            "vault: {host: vault.example.test, tls: passthrough, path: /x, servers: [10.0.0.4:443]}",
        )
    )
    assert left(prepared) == {"service admin": "closed", "service vault": "closed"}
    one = prepared.build
    assert one is not None
    routes = {route.shown: (route.service, route.side) for route in one.routes}
    assert routes["shop.example.test/admin"] == ("admin", "tls")
    assert routes["vault.example.test"] == ("vault", "sni")


def _write(folder: Path, *names: str, validity: certificates.Validity = "valid", matching: bool = True, stem: str = "shop") -> bytes:
    leaf = certificates.authority().issue(*names, validity=validity, matching_key=matching)
    (folder / f"{stem}.pem").unlink(missing_ok=True)
    path = leaf.write(folder, stem).combined
    (folder / f"{stem}.crt").unlink()
    (folder / f"{stem}.key").unlink()
    return path.read_bytes()


CERTIFIED = """
services:
  shop: {host: shop.test, servers: [10.0.0.1:80]}
  blog: {host: blog.test, servers: [10.0.0.2:80]}
certificates: [ENTRY, {self_signed: [blog.test]}]
"""


@pytest.mark.parametrize("entry", ["{file: certs/shop.pem}", "{dir: certs}"])
@pytest.mark.parametrize("how", ["expired", "mismatched", "missing", "exposed", "not PEM"])
def test_the_former_content_of_a_bad_certificate_stays_in_use(story: Story, entry: str, how: str) -> None:
    text, folder = CERTIFIED.replace("ENTRY", entry), story.folder / "certs"
    good = _write(folder, "shop.test")
    before = story.apply(text)
    assert left(before) == {}
    match how:
        case "expired":
            _write(folder, "shop.test", validity="expired")
        case "mismatched":
            _write(folder, "shop.test", matching=False)
        case "missing":
            (folder / "shop.pem").unlink()
        case "exposed":
            (folder / "shop.pem").chmod(0o644)
        case _:
            (folder / "shop.pem").write_bytes(b"nothing")
    name = str(folder if how == "missing" and "dir" in entry else folder / "shop.pem")
    for _ in range(2):
        after = story.apply(text)
        assert left(after) == {f"certificate {name}": "former"}
        assert before.bundle is not None
        assert after.bundle is not None
        kept = after.bundle.get("certs/shop.pem")
        assert kept is not None
        assert kept == before.bundle.get("certs/shop.pem")
        assert good.startswith(kept.content.split(b"-----END CERTIFICATE-----")[0])
    _write(folder, "shop.test", "new.test")
    assert left(story.apply(text)) == {}


def test_a_bad_certificate_that_was_never_good_and_is_needed_refuses_the_site(story: Story) -> None:
    _write(story.folder / "certs", "shop.test", validity="expired")
    prepared = story.prepare(CERTIFIED.replace("ENTRY", "{dir: certs}"))
    assert not prepared.ok
    assert any("with service shop left out" in one.hint for one in prepared.diagnostics)


def test_a_service_whose_certificate_was_taken_away_keeps_it(story: Story) -> None:
    _write(story.folder / "certs", "shop.test")
    story.apply(CERTIFIED.replace("ENTRY", "{dir: certs}"))
    prepared = story.apply(CERTIFIED.replace("ENTRY, ", ""))
    assert left(prepared) == {"service shop": "former"}
    assert prepared.bundle is not None
    assert prepared.bundle.get("certs/shop.pem") is not None


def test_the_reason_is_the_first_error_with_its_place(story: Story) -> None:
    prepared = story.apply(services("bad: {host: bad.example.test, retires: 3, srvers: []}"))
    (one,) = prepared.quarantined
    assert isinstance(one, isolating.Quarantined)
    assert one.reason == f"{story.site}:3:33: there is no key 'retires' in services.bad (and 1 more)"


def test_a_site_without_errors_asks_for_no_former_version(story: Story) -> None:
    story.site.write_text(GOOD)

    def never() -> None:
        raise AssertionError

    prepared = pipeline.tolerant(pipeline.prepare(story.site, target.Target(), None, {}), never)
    assert prepared.ok
    assert prepared.quarantined == ()
