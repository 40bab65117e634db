"""Evidence of a machine with several attesters."""

from dataclasses import replace

import pytest

from counterfoil.attestation.appraisal_policy import AppraisalPolicy
from counterfoil.attestation.appraise import appraise
from counterfoil.attestation.binding import Binding
from counterfoil.attestation.claims import EvidenceClaims, Outcome
from counterfoil.attestation.collateral import NO_COLLATERAL
from counterfoil.attestation.composite import verify_composite
from counterfoil.attestation.evidence import Evidence, Platform, parse_evidence_bundle
from counterfoil.attestation.nitro.verify import verify_nitro
from counterfoil.attestation.nvidia.verify import verify_nvidia_gpu
from counterfoil.errors import (
    CounterfoilError,
    EvidenceMismatchError,
    EvidenceSignatureError,
    EvidenceTooLargeError,
    EvidenceTooOldError,
    MalformedEvidenceError,
)
from tests.certificates import AT
from tests.gpu_reports import Gpu, gpu_evidence
from tests.nitro_documents import NitroEnclave, debug_pcrs

ENCLAVE, GPUS = NitroEnclave(), (Gpu(0), Gpu(1))
CPU = ENCLAVE.evidence(nonce=b"n")
GPU = [gpu.evidence() for gpu in GPUS]


def verify(evidence: Evidence) -> EvidenceClaims:
    if evidence.platform is Platform.AWS_NITRO:
        return verify_nitro(evidence, AT, ENCLAVE.anchors, NO_COLLATERAL)
    return verify_nvidia_gpu(evidence, AT, GPUS[0].anchors, NO_COLLATERAL)


def composite(**submodules: Evidence) -> Evidence:
    return Evidence(Platform.COMPOSITE, submodules={name.replace("_", "-"): one for name, one in submodules.items()})


def test_a_composite_says_what_its_submodules_say() -> None:
    evidence = parse_evidence_bundle(composite(cpu=CPU, gpu_0=GPU[0], gpu_1=GPU[1]).encode())
    claims = verify_composite(evidence, verify)
    assert list(claims.submodules) == ["cpu", "gpu-0", "gpu-1"]
    assert claims.submodules["cpu"] == verify(CPU)
    assert claims.submodules["gpu-1"] == verify(GPU[1])
    assert (claims.platform, claims.debug, claims.migratable) == (Platform.COMPOSITE, False, False)
    assert (dict(claims.measurements), dict(claims.bound)) == ({}, {})
    parts = claims.submodules.values()
    assert claims.holds_from == max(one.holds_from for one in parts)
    assert claims.holds_until == min(one.holds_until for one in parts)
    outcomes = {check.name: check.outcome for check in claims.checks}
    assert outcomes["cpu.signature"] is Outcome.PASSED
    assert outcomes["gpu-1.reference-integrity-manifest"] is Outcome.NOT_CHECKED
    assert len(outcomes) == sum(len(one.checks) for one in parts)


def test_what_holds_of_one_submodule_holds_of_the_composite() -> None:
    cpu = verify(ENCLAVE.evidence(pcrs=debug_pcrs()))
    gpu = replace(
        verify(GPU[0]),
        migratable=True,
        collateral=frozenset({b"b"}),
        advisories=frozenset({"A-2"}),
        issued_at=AT - 5,
    )
    cpu = replace(cpu, collateral=frozenset({b"a"}), advisories=frozenset({"A-1"}))
    given = {Platform.AWS_NITRO: cpu, Platform.NVIDIA_GPU: gpu}
    claims = verify_composite(composite(cpu=CPU, gpu=GPU[0]), lambda one: given[one.platform])
    assert (claims.debug, claims.migratable, claims.issued_at) == (True, True, AT - 5)
    assert claims.collateral == {b"a", b"b"}
    assert claims.advisories == {"A-1", "A-2"}


def test_a_composite_is_as_old_as_the_oldest_submodule_that_says_how_old_it_is() -> None:
    assert verify_composite(composite(cpu=CPU, gpu_0=GPU[0], gpu_1=GPU[1]), verify).issued_at == AT
    assert verify_composite(composite(a=GPU[0], b=GPU[1]), verify).issued_at is None


def test_a_submodule_without_a_date_makes_an_old_one_no_younger() -> None:
    evidence = composite(cpu=CPU, gpu=GPU[0])
    claims = verify_composite(evidence, verify)
    policy = AppraisalPolicy(
        name="machines",
        platforms=frozenset({Platform.COMPOSITE, Platform.AWS_NITRO, Platform.NVIDIA_GPU}),
        bindings=frozenset({Binding.NONE}),
        unchecked=frozenset(check.name.rpartition(".")[2] for check in claims.checks),
        max_age_seconds=100,
    )
    appraisal = appraise(evidence, claims, policy, key=None, nonce=None, at=AT + 100)
    assert (appraisal.holds_until, appraisal.ends(AT + 50)) == (AT + 100, AT + 100)
    with pytest.raises(EvidenceTooOldError):
        appraise(evidence, claims, policy, key=None, nonce=None, at=AT + 101)


def test_a_composite_of_gpus_alone_is_one() -> None:
    assert set(verify_composite(composite(a=GPU[0], b=GPU[1]), verify).submodules) == {"a", "b"}


def test_one_submodule_that_is_not_genuine_spoils_the_composite() -> None:
    swapped = gpu_evidence(GPUS[0].report(), GPUS[1].certificates())
    with pytest.raises(EvidenceSignatureError):
        verify_composite(composite(cpu=CPU, gpu_0=GPU[0], gpu_1=swapped), verify)


@pytest.mark.parametrize(
    ("evidence", "error"),
    [
        (CPU, EvidenceMismatchError),
        (Evidence(Platform.COMPOSITE, {"part": b""}, {"cpu": CPU}), EvidenceMismatchError),
        (Evidence(Platform.COMPOSITE), MalformedEvidenceError),
        (composite(cpu=GPU[0]), EvidenceMismatchError),
        (composite(cpu=CPU, other=CPU), EvidenceMismatchError),
        (composite(other=CPU), EvidenceMismatchError),
        (composite(cpu=CPU, gpu=composite(cpu=CPU)), MalformedEvidenceError),
        (composite(cpu=CPU, gpu=replace(GPU[0], submodules={"a": GPU[1]})), MalformedEvidenceError),
        (composite(GPU=GPU[0]), MalformedEvidenceError),
        (Evidence(Platform.COMPOSITE, submodules={"": GPU[0]}), MalformedEvidenceError),
        (composite(**{"g" * 33: GPU[0]}), MalformedEvidenceError),
        (composite(gpu_0=GPU[0], gpu_1=Gpu(0).evidence(nonce=bytes(32))), EvidenceMismatchError),
        (composite(cpu=CPU, **{f"g{number}": GPU[0] for number in range(17)}), EvidenceTooLargeError),
        (composite(**{f"g{number}": GPU[0] for number in range(17)}), EvidenceTooLargeError),
    ],
)
def test_what_is_no_machine_is_no_composite(evidence: Evidence, error: type[CounterfoilError]) -> None:
    with pytest.raises(error):
        verify_composite(evidence, verify)


def test_a_cpu_and_sixteen_others_are_admitted() -> None:
    others = {f"g{number}": GPU[0] for number in range(16)}
    claims = replace(verify(GPU[0]), hardware_id=None)
    assert len(verify_composite(composite(cpu=CPU, **others), lambda _: claims).submodules) == 17
