"""Whether claims satisfy an appraisal policy: each thing that it leaves closed, and each that it opens."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from counterfoil.attestation.anchors import AWS_NITRO_ROOT, Anchors
from counterfoil.attestation.appraisal import Appraisal, Grade, Status
from counterfoil.attestation.appraisal_policy import AppraisalPolicy, Endorser
from counterfoil.attestation.appraise import appraise, require_admitted, require_satisfied
from counterfoil.attestation.binding import Binding
from counterfoil.attestation.claims import Endorsed, EvidenceClaims, not_checked, passed
from counterfoil.attestation.collateral import NO_COLLATERAL
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.passport.ear import verify_ear
from counterfoil.encoding.jcs import encode_json
from counterfoil.errors import (
    AdvisoryNotAdmittedError,
    CounterfoilError,
    DebugNotAdmittedError,
    EndorsementNotAdmittedError,
    EvidenceTooOldError,
    FactNotAdmittedError,
    KeyNotBoundError,
    MeasurementNotAdmittedError,
    MigrationNotAdmittedError,
    PlatformNotAdmittedError,
    PrivilegeNotAdmittedError,
    SignerNotAdmittedError,
    TcbStatusNotAdmittedError,
    TcbTooOldError,
    UncheckedNotAdmittedError,
)
from counterfoil.signing.generate import generate_private_key
from tests.attestation_tokens import TokenIssuer

AT = 1_800_000_000
KEY = generate_private_key("ES256").public_key
DID, OTHER_DID = "did:x509:0:sha256:a::eku:1.2", "did:x509:0:sha256:b::eku:1.2"
EVIDENCE = Evidence(Platform.AMD_SEV_SNP, {"report": b"r"})
CLAIMS = EvidenceClaims(
    platform=Platform.AMD_SEV_SNP,
    product="Milan",
    signer="VCEK",
    measurements={"launch": b"\x01" * 48},
    bound={"report-data": KEY.thumbprint + bytes(32)},
    debug=False,
    tcb={"snp": 8, "microcode": 115},
    vmpl=0,
    facts={"host-data": "00"},
    holds_from=AT - 10,
    holds_until=AT + 10_000_000,
    collateral=frozenset({bytes(32)}),
    checks=(passed("signature"),),
)
POLICY = AppraisalPolicy(
    name="p", platforms=frozenset({Platform.AMD_SEV_SNP}), bindings=frozenset({Binding.THUMBPRINT})
)


def judged(claims: EvidenceClaims = CLAIMS, policy: AppraisalPolicy = POLICY, at: int = AT) -> Appraisal:
    return appraise(EVIDENCE, claims, policy, key=KEY, nonce=None, at=at)


def claims(**changes: Any) -> EvidenceClaims:
    return replace(CLAIMS, **changes)


def policy(**changes: Any) -> AppraisalPolicy:
    return replace(POLICY, **changes)


@pytest.mark.parametrize(
    ("said", "opened", "error"),
    [
        ({"platform": Platform.INTEL_TDX}, {"platforms": frozenset({Platform.INTEL_TDX})}, PlatformNotAdmittedError),
        ({"signer": "VLEK"}, {"signers": frozenset({"VLEK"})}, SignerNotAdmittedError),
        ({"debug": True}, {"debug": True}, DebugNotAdmittedError),
        ({"migratable": True}, {"migration": True}, MigrationNotAdmittedError),
        ({"vmpl": 1}, {"max_vmpl": 1}, PrivilegeNotAdmittedError),
        ({"tcb_status": "OutOfDate"}, {"tcb_statuses": frozenset({"OutOfDate"})}, TcbStatusNotAdmittedError),
        ({"advisories": frozenset({"A-1"})}, {"advisories": frozenset({"A-1", "A-2"})}, AdvisoryNotAdmittedError),
        ({"checks": (not_checked("crl"),)}, {"unchecked": frozenset({"crl"})}, UncheckedNotAdmittedError),
        ({"bound": {"report-data": bytes(64)}}, {"bindings": frozenset({Binding.NONE})}, KeyNotBoundError),
    ],
    ids=lambda value: None if isinstance(value, dict) else value.code,
)
def test_what_is_closed_until_a_policy_opens_it(
    said: dict[str, Any], opened: dict[str, Any], error: type[CounterfoilError]
) -> None:
    with pytest.raises(error):
        judged(claims(**said))
    assert judged(claims(**said), policy(**opened)).appraised_by == "p"


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"measurements": {"launch": frozenset({b"\x02" * 48})}}, MeasurementNotAdmittedError),
        ({"measurements": {"pcr0": frozenset({b"\x01" * 48})}}, MeasurementNotAdmittedError),
        ({"facts": {"host-data": frozenset({"01"})}}, FactNotAdmittedError),
        ({"facts": {"audience": frozenset({"00"})}}, FactNotAdmittedError),
        ({"minimum_tcb": {"Milan": {"snp": 9}}}, TcbTooOldError),
        ({"minimum_tcb": {"Milan": {"fmc": 0}}}, TcbTooOldError),
        ({"signers": frozenset({"VLEK"})}, SignerNotAdmittedError),
        ({"endorsers": (Endorser(DID, "f", 1),)}, EndorsementNotAdmittedError),
    ],
)
def test_what_a_policy_asks_for_and_is_not_there(asked: dict[str, Any], error: type[CounterfoilError]) -> None:
    with pytest.raises(error):
        judged(policy=policy(**asked))


def test_what_a_policy_asks_for_and_is_there() -> None:
    asked = policy(
        measurements={"launch": frozenset({b"\x02" * 48, b"\x01" * 48})},
        facts={"host-data": frozenset({"00"})},
        minimum_tcb={"Milan": {"snp": 8}, "Genoa": {"snp": 200}},
    )
    named = [check.name for check in judged(policy=asked).checks]
    assert named == ["signature", "measurements", "facts", "minimum-tcb", "debug", "migration", "binding"]


@pytest.mark.parametrize(
    ("did", "feed", "svn", "admitted"),
    [(DID, "f", 2, True), (DID, "f", 3, True), (DID, "f", 1, False), (OTHER_DID, "f", 9, False), (DID, "g", 9, False)],
)
def test_an_endorsement_is_of_somebody_for_something_and_not_too_old(
    did: str, feed: str, svn: int, *, admitted: bool
) -> None:
    asked = policy(endorsers=(Endorser(DID, "f", 2), Endorser(OTHER_DID, "h", 1)))
    endorsed = claims(endorsed=Endorsed(did, feed, svn))
    if admitted:
        judged(endorsed, asked)
    else:
        with pytest.raises(EndorsementNotAdmittedError):
            judged(endorsed, asked)


def test_evidence_has_an_age_where_it_says_when_it_was_made() -> None:
    made, short = claims(issued_at=AT - 100), policy(max_age_seconds=100)
    found = judged(made, short)
    assert (found.holds_from, found.holds_until) == (AT - 10, AT)
    assert (found.ends(AT - 50), judged(policy=short).ends(AT)) == (AT, AT + 100)
    assert judged(claims(holds_until=AT + 1), short).ends(AT) == AT + 1
    for at in (AT + 1, AT - 161):
        with pytest.raises(EvidenceTooOldError):
            judged(made, short, at)
    judged(made, short, AT - 160)


def test_of_several_bindings_the_strongest_that_holds_counts() -> None:
    both = policy(bindings=frozenset({Binding.NONE, Binding.THUMBPRINT}))
    assert (judged(policy=both).binding, judged(policy=both).grade) == (Binding.THUMBPRINT, Grade.KEY_BOUND)
    other = judged(claims(bound={}), both)
    assert (other.binding, other.grade) == (Binding.NONE, Grade.PLATFORM_ATTESTED)


def test_what_nobody_would_call_sound_is_a_warning() -> None:
    assert judged().status is Status.AFFIRMING
    for said, opened in (
        ({"debug": True}, {"debug": True}),
        ({"migratable": True}, {"migration": True}),
        ({"tcb_status": "OutOfDate"}, {"tcb_statuses": frozenset({"OutOfDate"})}),
        ({"advisories": frozenset({"A-1"})}, {"advisories": frozenset({"A-1"})}),
    ):
        assert judged(claims(**said), policy(**opened)).status is Status.WARNING
    assert judged(claims(tcb_status="UpToDate")).status is Status.AFFIRMING


def test_the_result_is_an_ear_that_says_what_was_looked_at() -> None:
    found = judged()
    result: Any = found.ear(AT)
    assert result["iat"] == AT
    submodule = result["submods"]["amd-sev-snp"]
    assert submodule["ear_status"] == "affirming"
    assert submodule["ear_trustworthiness_vector"] == {
        "instance-identity": 2,
        "configuration": 2,
        "executables": 0,
        "hardware": 2,
        "runtime-opaque": 2,
    }
    assert submodule["ear_appraisal_policy_ids"] == ["p"]
    assert {check["outcome"] for check in submodule["counterfoil.checks"]} == {"passed"}
    assert result["counterfoil.evidence"] == sha256(EVIDENCE.encode()).hexdigest()
    assert result["counterfoil.collateral"] == ["00" * 32]
    assert found.digest == sha256(encode_json(found.ear())).digest()
    assert "iat" not in found.ear()
    named = judged(policy=policy(measurements={"launch": frozenset({b"\x01" * 48})}))
    again: Any = named.ear()
    assert again["submods"]["amd-sev-snp"]["ear_trustworthiness_vector"]["executables"] == 2
    assert named.digest != found.digest


def test_the_result_can_be_handed_on_as_a_token_and_is_read_as_one() -> None:
    signer = TokenIssuer.p256()
    made: Any = judged().ear(AT)
    token = signer.token(made | {"exp": AT + 60}, {"alg": "ES256", "typ": "JWT"})
    issued = signer.ear()
    claims = verify_ear(issued.with_part("token", token).evidence, AT, issued.anchors, NO_COLLATERAL)
    assert claims.submodules["amd-sev-snp"].facts == {
        "configuration": "2",
        "executables": "0",
        "hardware": "2",
        "instance-identity": "2",
        "runtime-opaque": "2",
        "policy": "p",
        "status": "affirming",
    }


COMPOSITE = EvidenceClaims(
    platform=Platform.COMPOSITE,
    product="composite",
    signer="",
    measurements={},
    bound={},
    debug=False,
    submodules={
        "cpu": CLAIMS,
        "gpu0": replace(CLAIMS, platform=Platform.NVIDIA_GPU, product="Hopper", tcb={}, vmpl=None),
    },
)
ALL = policy(platforms=frozenset({Platform.COMPOSITE, Platform.AMD_SEV_SNP, Platform.NVIDIA_GPU}))


def composite(**changes: Any) -> EvidenceClaims:
    gpu = replace(COMPOSITE.submodules["gpu0"], **changes)
    return replace(COMPOSITE, submodules={**COMPOSITE.submodules, "gpu0": gpu})


def test_of_a_composite_each_submodule_is_asked() -> None:
    assert judged(COMPOSITE, ALL).grade is Grade.KEY_BOUND
    for said, error in (
        ({"debug": True}, DebugNotAdmittedError),
        ({"signer": "VLEK"}, SignerNotAdmittedError),
        ({"bound": {}}, KeyNotBoundError),
        ({"platform": Platform.INTEL_TDX}, PlatformNotAdmittedError),
        ({"checks": (not_checked("reference-integrity-manifest"),)}, UncheckedNotAdmittedError),
    ):
        with pytest.raises(error):
            judged(composite(**said), ALL)
    named = {"gpu0.launch": frozenset({b"\x01" * 48})}
    judged(COMPOSITE, replace(ALL, measurements=named))
    with pytest.raises(MeasurementNotAdmittedError):
        judged(composite(measurements={}), replace(ALL, measurements=named))
    with pytest.raises(MeasurementNotAdmittedError):
        judged(COMPOSITE, replace(ALL, measurements={"launch": frozenset({b"\x01" * 48})}))
    with pytest.raises(FactNotAdmittedError):
        judged(composite(facts={}), replace(ALL, facts={"gpu0.host-data": frozenset({"00"})}))
    assert judged(composite(debug=True), replace(ALL, debug=True)).status is Status.WARNING


def test_a_platform_that_is_not_admitted_is_not_looked_at() -> None:
    inner = Evidence(Platform.COMPOSITE, submodules={"cpu": EVIDENCE})
    require_admitted(inner, ALL)
    for evidence in (inner, Evidence(Platform.COMPOSITE, submodules={"x": Evidence(Platform.TPM2, {"a": b""})})):
        with pytest.raises(PlatformNotAdmittedError):
            require_admitted(evidence, POLICY)
    with pytest.raises(PlatformNotAdmittedError):
        require_satisfied(COMPOSITE, POLICY)


def test_a_policy_trusts_the_vendor_or_whom_it_names_instead() -> None:
    assert AWS_NITRO_ROOT in POLICY.anchors(Platform.AWS_NITRO).pins
    assert POLICY.anchors(Platform.TPM2) == Anchors(frozenset())
    pinned = policy(pins=frozenset({bytes(32)}), certificates=(b"c",))
    assert pinned.anchors(Platform.AWS_NITRO) == Anchors(frozenset({bytes(32)}), (b"c",))
