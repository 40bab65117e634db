"""The bench of evidence: its arithmetic, and a small run of it."""

import json
from pathlib import Path

import pytest

from bench import attestation
from bench.bad_evidence import BadEvidence, refuse
from bench.evidence import SYNTHETIC, Sample, samples
from bench.ratios import REFERENCE, Ratio, Subject, caches, measured, table
from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.evidence import Platform
from counterfoil.attestation.intel.dcap_collateral import parse_dcap_collateral
from counterfoil.errors import CounterfoilError


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> dict[Platform, Sample]:
    return samples(tmp_path_factory.mktemp("nothing"))


def test_everything_synthetic_is_genuine(synthetic: dict[Platform, Sample]) -> None:
    for platform, sample in synthetic.items():
        assert (sample.source, sample.verify().platform) == (SYNTHETIC, platform)
    assert {Platform.INTEL_TDX, Platform.TPM2, Platform.GCP_CONFIDENTIAL_SPACE} <= set(synthetic)


def test_whatever_is_real_is_genuine() -> None:
    for platform, sample in samples().items():
        assert sample.verify().platform is platform


def test_each_runs_as_often_as_is_said_and_what_is_cold_finds_nothing_remembered(
    synthetic: dict[Platform, Sample],
) -> None:
    runs, seen = dict.fromkeys((REFERENCE, "cold", "known", "warm"), 0), dict[str, set[int]]()
    sample = synthetic[Platform.INTEL_TDX]
    parse_dcap_collateral.cache_clear()

    def run(name: str) -> None:
        runs[name] += 1
        if runs[name] % 4 != 1:  # The first run of a round prepares the others.
            seen.setdefault(name, set()).add(parse_dcap_collateral.cache_info().currsize)
        sample.verify()

    subjects = [
        Subject(REFERENCE, lambda: run(REFERENCE)),
        Subject("cold", lambda: run("cold"), cold=True, target=0.0),
        Subject("known", lambda: run("known"), cold=True, known=frozenset({"parse_dcap_collateral"})),
        Subject("warm", lambda: run("warm"), target=1e9, unit="cold"),
    ]
    ratios = measured(subjects, rounds=2, times=3)
    assert runs == {REFERENCE: 24, "cold": 16, "known": 8, "warm": 8}
    assert (seen["cold"], seen["known"], seen["warm"]) == ({0}, {1}, {1})
    assert [one.is_met for one in ratios] == [True, False, True, True]
    assert (ratios[0].ratio, ratios[0].least, ratios[0].most) == (1, 1, 1)
    assert ratios[3].unit == "cold"
    assert {"parse_dcap_collateral", "REMEMBERED"} <= {name.rpartition(".")[2] for name in caches()}
    assert sum(name.endswith(".REMEMBERED") for name in caches()) > 1


def test_a_target_is_met_up_to_its_very_value() -> None:
    ratio = Ratio("x", "real", 1.0, REFERENCE, 15.0, 14.0, 16.0, 15.0)
    assert ratio.is_met
    missed = Ratio("x", "", 1.0, REFERENCE, 15.001, 14.0, 16.0, 15.0)
    assert ("NOT MET" in table([missed])[1], "NOT MET" in table([ratio])[1]) == (True, False)
    assert (missed.as_json()["met"], ratio.as_json()["met"]) == (False, True)


def test_memory_that_grows_is_told() -> None:
    for growth, word in ((512 * 1024, "flat"), (512 * 1024 + 1, "GROWS"), (-5, "flat")):
        assert word in BadEvidence(1, 0, 1.0, growth).told()


def test_bad_evidence_is_refused_by_our_own_errors_and_leaves_memory_flat(synthetic: dict[Platform, Sample]) -> None:
    bad = refuse(synthetic, 50 * len(synthetic))
    assert bad.refused + bad.accepted == 50 * len(synthetic)
    assert bad.refused > bad.accepted
    assert bad.is_flat, bad.told()


def test_what_keeps_each_piece_is_found_out(synthetic: dict[Platform, Sample]) -> None:
    kept, most = list[bytes](), 0

    class Keeping(Sample):
        def verify(self) -> EvidenceClaims:
            if len(kept) < most:
                kept.append(bytes(8192))
            raise CounterfoilError("kept")

    sample = synthetic[Platform.TPM2]
    keeping = Keeping(sample.source, sample.evidence, sample.at)
    most = 1000
    assert not refuse({Platform.TPM2: keeping}, most).is_flat
    kept.clear()
    most = 200
    assert refuse({Platform.TPM2: keeping}, 1000).is_flat
    assert len(kept) == most


def test_a_small_run_prints_every_platform_and_writes_what_it_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "build" / "bench.json"
    assert attestation.main(["--rounds", "1", "--times", "1", "--bad", "20", "--out", str(out)]) == 0
    printed, written = capsys.readouterr().out, json.loads(out.read_text())
    for platform in set(Platform) - {Platform.COMPOSITE}:
        assert f"{platform}, " in printed
    names = [one["name"] for one in written["ratios"]]
    assert [name for name in names if name.startswith(("es", "later"))] == [
        "es256",
        "es384",
        "later statement, signature and session",
        "later statement, admit(), a listed key",
        "later statement, admit(), an enrolled key",
    ]
    assert written["bad"]["refused"] + written["bad"]["accepted"] == 20
    assert all(one["ratio"] > 0 for one in written["ratios"])
