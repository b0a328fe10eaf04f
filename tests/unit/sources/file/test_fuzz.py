"""Mutated site files: whatever they hold, a load gives diagnostics, and never an exception."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden import loadcase, pems
from hapilot.model import expand
from hapilot.sources.file import load
from hapilot.sources.file.self_signed import LocalAuthority
from support import mutate

CASES = sorted((Path(__file__).parents[3] / "golden" / "cases" / "load").glob("*.case"))
FILES = [
    body.encode() for case in CASES for kind, _, body in loadcase.parse(case.read_text()).sections if kind == "file" and "services" in body
]
CONTRACT = next(loadcase.parse(case.read_text()).sections[0][2] for case in CASES if case.stem == "contract")


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "mutations", [mutate.pieces(FILES), mutate.structures([CONTRACT]), st.binary(max_size=200)], ids=["bytes", "structure", "noise"]
)
def test_no_file_makes_it_raise(
    mutations: st.SearchStrategy[bytes], request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = max(1, request.config.option.fuzz_examples // 3)
    monkeypatch.chdir(tmp_path)
    Path("certs").mkdir()
    Path("certs/wildcard.pem").write_bytes(pems.pem(pems.certificate("*.example.tld")) + pems.key_pem())
    Path("certs/ocp-ca.pem").write_bytes(pems.pem(pems.certificate("ca")))
    authority = LocalAuthority(None)

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(mutations)
    def one(data: bytes) -> None:
        Path("site.yaml").write_bytes(data)
        found = load.load_site(Path("site.yaml"), environment={"X": "a\nb: {"}, now=pems.NOW, authority=authority)
        assert found.site is not None or any(each.severity == "error" for each in found.diagnostics)
        for each in found.diagnostics:
            assert len(str(each)) < 2000
            assert each.message.isprintable()
            assert each.hint.isprintable()
        if found.site is not None:
            expand.dump(found.site.spec)

    one()
