"""What a load hands on: certificates, authorities, passwords, origins and what to watch. Diagnostics are golden cases."""

from __future__ import annotations

import contextlib
import gc
import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from golden import pems
from hapilot.base.origin import Origin
from hapilot.base.secret import Secret
from hapilot.model import site
from hapilot.sources.file import load
from hapilot.sources.file.self_signed import LocalAuthority

SHOP = "services: {shop: {host: shop.example.test, servers: [10.0.0.1:80]}}\n"


def loaded(path: Path, **environment: str) -> load.Loaded:
    return load.load_site(path, environment=environment, now=pems.NOW, authority=LocalAuthority(None))


def site_of(path: Path, **environment: str) -> site.Site:
    found = loaded(path, **environment)
    assert not found.diagnostics
    assert found.site is not None
    return found.site


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, content: str | bytes, mode: int = 0o600) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)
    return path


def pem_of(*hosts: str) -> bytes:
    return pems.pem(pems.certificate(*hosts)) + pems.key_pem()


def test_certificates_have_unique_names_that_stay() -> None:
    write("a/site.pem", pem_of("a.test"))
    write("b/site.pem", pem_of("b.test"))
    write("c/\u00fcber *.pem", pem_of("c.test", "*.c.test"))
    write("c/self-signed-1.pem", pem_of("d.test"))
    both = write("site.yaml", "certificates: [{file: a/site.pem}, {file: b/site.pem}, {dir: c}, {self_signed: [x.test, y.test]}]\n" + SHOP)
    made = site_of(both).materials.certificates
    names = [each.name for each in made]
    assert names[0] == "site"
    assert names[1].startswith("site-")
    assert names[2:4] == ["self-signed-1", "ber"]
    assert names[4].startswith("self-signed-1-")
    assert [str(host) for host in made[3].hosts] == ["c.test", "*.c.test"]
    assert [str(host) for host in made[4].hosts] == ["x.test", "y.test"]
    assert [each.self_signed for each in made] == [False, False, False, False, True]
    assert made[0].origin == Origin("site.yaml", 1, 23)
    assert made[0].shown == "a/site.pem"
    assert "BEGIN" not in repr(made[0])


def test_the_key_in_its_own_file() -> None:
    write("a.crt", pems.pem(pems.certificate("a.test")), 0o644)
    write("keys/a.key", pems.key_pem())
    made = site_of(write("site.yaml", "certificates: [{file: a.crt, key: keys/a.key}]\n" + SHOP)).materials.certificates
    assert made[0].pem.reveal().encode().endswith(pems.key_pem())


def test_authorities_keep_certificates_only() -> None:
    ca = pems.pem(pems.certificate("ca"))
    write("conf/ca.pem", b"remarks\n" + pems.key_pem() + ca + ca)
    write("conf/site.yaml", "services: {a: {host: a.test, tls: reencrypt, verify: {ca: ca.pem}, servers: [10.0.0.1:443]}}\n")
    assert site_of(Path("conf/site.yaml")).materials.authorities == {"conf/ca.pem": ca.decode()}


def test_passwords_by_path() -> None:
    write("pw", "from file\n")
    users = "{a: {password_env: A}, b: {password_file: pw}}"
    text = f"admin: {{stats: {{bind: '127.0.0.1:1', users: {users}}}}}\nservices: {{s: {{host: s.test, basic_auth: {{users: {users}}}}}}}\n"
    assert site_of(write("site.yaml", text), A="from environment").materials.passwords == {
        ("admin", "stats", "users", "a"): Secret("from environment"),
        ("admin", "stats", "users", "b"): Secret("from file"),
        ("services", "s", "basic_auth", "users", "a"): Secret("from environment"),
        ("services", "s", "basic_auth", "users", "b"): Secret("from file"),
    }


def test_what_is_watched() -> None:
    write("conf/a.yaml", "include: [../more/*.yaml]\ncertificates: [{dir: certs}]\n" + SHOP)
    write("more/b.yaml", "{}\n")
    write("conf/certs/x.pem", pem_of("x.test"))
    watched = {str(path) for path in loaded(Path("conf")).watched}
    assert watched == {"conf", "conf/a.yaml", "conf/../more", "conf/../more/b.yaml", "conf/certs", "conf/certs/x.pem"}


def test_a_missing_file_is_waited_for() -> None:
    write("conf/a.yaml", "include: [later/b.yaml]\n")
    assert Path("conf/later") in loaded(Path("conf/a.yaml")).watched


@pytest.mark.parametrize(("path", "name"), [("shop.yaml", "shop"), ("conf/site.d", "site"), ("conf/site.d/", "site")])
def test_the_name_of_a_site(path: str, name: str) -> None:
    write(f"{path}/a.yaml" if "site.d" in path else path, SHOP)
    assert site_of(Path(path)).name == name


def test_origins_fit_after_something_was_dropped() -> None:
    services = "services:\n  bad: {hots: x}\n  shop: {host: shop.test, servers: [10.0.0.1:80]}\n"
    text = f"certificates:\n- {{fil: x}}\n- {{self_signed: a.test}}\n{services}"
    found = loaded(write("site.yaml", text)).site
    assert found is not None
    assert list(found.spec.services) == ["shop"]
    assert found.origins.at("certificates", 0) == Origin("site.yaml", 3, 3)
    assert found.origins.at("services", "shop", "servers", 0, "address") == Origin("site.yaml", 6, 37)
    assert found.materials.certificates[0].origin == Origin("site.yaml", 3, 17)


def test_a_broken_file_of_several_gives_no_site_and_every_error() -> None:
    write("conf/a.yaml", "services: {a: {hots: x}}\n")
    write("conf/b.yaml", "services: [\n")
    found = loaded(Path("conf"))
    assert found.site is None
    assert [each.code for each in found.diagnostics] == ["unknown-key", "yaml-syntax"]


def test_special_files_are_not_read() -> None:
    os.mkfifo("pipe")
    found = loaded(write("site.yaml", "certificates: [{file: pipe}, {file: /dev/zero}]\ninclude: pipe\n" + SHOP))
    assert {each.code for each in found.diagnostics} == {"file-unreadable"}


def test_a_path_through_a_file_is_unreadable() -> None:
    found = loaded(write("site.yaml", "certificates: [{file: site.yaml/x.pem}]\n" + SHOP))
    assert [each.code for each in found.diagnostics] == ["file-unreadable"]


def test_a_file_without_permission_is_unreadable() -> None:
    write("a.pem", pem_of("a.test"), 0)
    site = write("site.yaml", "certificates: [{file: a.pem}]\n" + SHOP)
    site.chmod(0o644)
    with not_as_root():
        found = loaded(site)
    assert [each.code for each in found.diagnostics] == ["file-unreadable"]


@contextlib.contextmanager
def not_as_root() -> Generator[None]:
    """Root may read everything, so it becomes nobody for a moment; the folder opens up for it."""
    if os.geteuid() != 0:
        yield
        return
    for folder in (Path.cwd(), *Path.cwd().parents[:3]):
        if folder.stat().st_uid == 0 and str(folder).startswith(str(Path(tempfile.gettempdir()) / "")):
            folder.chmod(0o755)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_local_ca_that_cannot_be_kept() -> None:
    path = write("site.yaml", "certificates: [{self_signed: a.test}]\n" + SHOP)
    found = load.load_site(path, environment={}, now=pems.NOW, authority=LocalAuthority(path / "ca"))
    assert [each.code for each in found.diagnostics] == ["file-unreadable"]
    assert found.site is not None


def test_a_loop_of_links() -> None:
    Path("a.yaml").symlink_to("b.yaml")
    Path("b.yaml").symlink_to("a.yaml")
    assert [each.code for each in loaded(Path("a.yaml")).diagnostics] == ["file-unreadable"]


def test_the_collector_is_left_as_it_was() -> None:
    path = write("site.yaml", SHOP)
    assert gc.isenabled()
    loaded(path)
    assert gc.isenabled()
