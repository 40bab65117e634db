"""Every platform enrols a key by what it lets an environment choose, and its evidence enrols no other key."""

import asyncio
from collections.abc import Callable
from hashlib import sha256

import pytest

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.ar4si import TrustworthinessClaim
from counterfoil.attestation.binding import enrolment_binding
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.errors import ChallengeUsedError, KeyNotBoundError, PlatformNotAdmittedError
from counterfoil.log.founding import sign_own_statement
from counterfoil.log.local_log import LocalLog
from counterfoil.policy.loaded_collateral import COLLATERAL_CONTENT_TYPE, CollateralKind, CollateralNotice
from counterfoil.register import register
from counterfoil.statement.decision_record import Attested, RecordedGrade, RecordedStatus, parse_decision_record
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.storage.memory import MemoryStore
from tests.attestation_tokens import Issued, TokenIssuer, spki_digest
from tests.attested import appraisal_for, attested_policy, machine_of
from tests.builders import World
from tests.gpu_reports import Gpu
from tests.intel_quotes import make_platform
from tests.log.material import policy_statement, require_clean
from tests.nitro_documents import NitroEnclave
from tests.tpm_quotes import Attest, ecc_key, quote

INTEL, AK, GPU, ENCLAVE = make_platform(), ecc_key(), Gpu(), NitroEnclave()
PIN = Anchors(frozenset({spki_digest(AK.private)}))
LEFT_OUT = frozenset(
    {
        "revocation",
        "certificate-path",
        "certificate-revocation",
        "certificate-anchor",
        "reference-integrity-manifest",
        "debug-mode",
    }
    | {claim.value for claim in TrustworthinessClaim}
    | {"key-attributes", "firmware-id", "trustworthiness-vector", "key-scheme", "extended-key-usage"}
)
"""What no evidence under a test's root can have checked."""


def tdx(long: bytes, _short: bytes) -> Issued:
    parts = {"quote": INTEL.tdx_quote(report_data=long), "collateral": INTEL.collateral()}
    return Issued(Evidence(Platform.INTEL_TDX, parts), INTEL.anchors)


def composite(long: bytes, short: bytes) -> Issued:
    parts = {"cpu": tdx(long, short).evidence, "gpu-0": GPU.evidence(nonce=short)}
    pins = INTEL.anchors.pins | GPU.anchors.pins
    return Issued(Evidence(Platform.COMPOSITE, submodules=parts), Anchors(pins, INTEL.anchors.certificates))


PLATFORMS: dict[str, Callable[[bytes, bytes], Issued]] = {
    "intel-tdx": tdx,
    "intel-sgx": lambda long, _: Issued(
        Evidence(
            Platform.INTEL_SGX,
            {"quote": INTEL.sgx_quote(report_data=long), "collateral": INTEL.collateral(kind=0)},
        ),
        INTEL.anchors,
    ),
    "aws-nitro, in its user data": lambda long, _: Issued(ENCLAVE.evidence(user_data=long), ENCLAVE.anchors),
    "aws-nitro, in its nonce": lambda _, short: Issued(ENCLAVE.evidence(nonce=short), ENCLAVE.anchors),
    "tpm2": lambda _, short: Issued(quote(AK, Attest(extra_data=short)), PIN),
    "nvidia-gpu": lambda _, short: Issued(GPU.evidence(nonce=short), GPU.anchors),
    "nvidia-nras": lambda _, short: TokenIssuer.p384().nras(nonce=short),
    "gcp-confidential-space": lambda _, short: TokenIssuer.rsa().gcp({"eat_nonce": short.hex()}),
    "azure-maa": lambda long, _: TokenIssuer.rsa().maa({"x-ms-sevsnpvm-reportdata": long.hex()}),
    "intel-ita": lambda long, _: TokenIssuer.rsa().ita({"tdx_report_data": long.hex()}, kind="tdx-1"),
    "ear": lambda long, _: TokenIssuer.p256().ear({"eat_nonce": encode_base64url(long)}),
    "composite": composite,
}


async def opened(world: World, made: Issued) -> LocalLog:
    """The log with a policy that admits the platform, and its collateral loaded."""
    platforms = {made.evidence.platform, *(one.platform for one in made.evidence.submodules.values())}
    appraisal = appraisal_for(
        INTEL,
        platforms=frozenset(platforms),
        measurements={},
        unchecked=LEFT_OUT,
        advisories=frozenset({"INTEL-SA-00001"}),
        pins=made.anchors.pins or frozenset({bytes(32)}),
        certificates=made.anchors.certificates,
    )
    log = world.open()
    await register(policy_statement(world, attested_policy(INTEL, appraisals=(appraisal,), version=2)), log)
    operator, identity = world.signers[KeyPurpose.OPERATOR], world.identity
    for issuer, keys in made.collateral.keys.items():
        payload = CollateralNotice(CollateralKind.KEYS, issuer, keys).encode()
        subject = identity.policy_subject
        notice = sign_own_statement(operator, identity, subject, COLLATERAL_CONTENT_TYPE, payload, world.clock())
        await register(notice, log)
    return log


@pytest.mark.parametrize("make", PLATFORMS.values(), ids=PLATFORMS)
def test_a_key_is_enrolled_by_the_platform_and_no_other_key_by_its_evidence(
    make: Callable[[bytes, bytes], Issued],
) -> None:
    async def run() -> None:
        world = World(MemoryStore()).found()
        machine, other = machine_of(world, INTEL), machine_of(world, INTEL)
        challenge = machine.challenge()
        nonce = sha256(challenge).digest()
        made = make(*(enrolment_binding(nonce, machine.kid, size=size) for size in (64, 32)))
        log = await opened(world, made)
        with pytest.raises(KeyNotBoundError):
            await register(other.enrolment(challenge, evidence=made.evidence), log)
        with pytest.raises(KeyNotBoundError):
            await register(machine.enrolment(machine.challenge(), evidence=made.evidence), log)
        await register(machine.enrolment(challenge, evidence=made.evidence), log)
        later = await register(machine.statement(), log)
        entry = world.store.entry(later.number)
        assert entry is not None
        status = RecordedStatus.WARNING if made.evidence.platform is Platform.INTEL_ITA else RecordedStatus.AFFIRMING
        recorded = parse_decision_record(entry.decision).attested
        assert recorded == Attested(RecordedGrade.KEY_BOUND, status, later.number - 1)
        with pytest.raises(ChallengeUsedError):
            await register(other.enrolment(challenge, evidence=made.evidence), log)
        require_clean(world)

    asyncio.run(run())


def test_a_platform_that_the_policy_does_not_name_is_off() -> None:
    async def run() -> None:
        world = World(MemoryStore()).found()
        log = await opened(world, tdx(bytes(64), bytes(32)))
        machine = machine_of(world, INTEL)
        for make in PLATFORMS.values():
            evidence = make(bytes(64), bytes(32)).evidence
            if evidence.platform is not Platform.INTEL_TDX:
                with pytest.raises(PlatformNotAdmittedError):
                    await register(machine.enrolment(machine.challenge(), evidence=evidence), log)

    asyncio.run(run())
