"""Collateral on the log's own chain: what is loaded, in whose place it comes, and whose word it takes."""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest

from counterfoil.attestation.anchors import INTEL_SGX_ROOT
from counterfoil.attestation.appraisal_policy import AppraisalPolicy
from counterfoil.attestation.binding import Binding
from counterfoil.attestation.evidence import Platform
from counterfoil.attestation.intel.dcap_about import dcap_about
from counterfoil.attestation.intel.dcap_collateral import parse_dcap_collateral
from counterfoil.attestation.token.key_set import parse_key_set
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.errors import (
    CollateralInvalidError,
    CollateralOutOfDateError,
    CollateralSupersededError,
    ContentTypeNotAdmittedError,
    CounterfoilError,
    MalformedCollateralError,
    MalformedError,
)
from counterfoil.log.founding import sign_own_statement
from counterfoil.policy import loaded_collateral
from counterfoil.policy.changes import rules_after
from counterfoil.policy.collateral_after import intel_anchors
from counterfoil.policy.loaded_collateral import COLLATERAL_CONTENT_TYPE, CollateralKind, CollateralNotice
from counterfoil.policy.rules import Rules
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.signed_statement import parse_signed_statement
from tests.builders import ORIGIN, issuer_of, policy_for
from tests.certificates import AT, DAY, crl, new_key, root
from tests.intel_quotes import SGX, TDX, CollateralSays, IntelPlatform, make_platform

IDENTITY = parse_origin(ORIGIN)
LOG = {purpose: generate_private_key("ES256") for purpose in KeyPurpose}
GENESIS = Genesis(IDENTITY, {purpose: signer.public_key for purpose, signer in LOG.items()})
OPERATOR, SERVICE = LOG[KeyPurpose.OPERATOR], LOG[KeyPurpose.SERVICE]
ISSUER = "https://tokens.example"


@pytest.fixture(scope="module")
def platform() -> IntelPlatform:
    return make_platform()


@pytest.fixture
def rules(platform: IntelPlatform) -> Rules:
    tdx = AppraisalPolicy(
        name="tdx",
        platforms=frozenset({Platform.INTEL_TDX}),
        bindings=frozenset({Binding.ENROLMENT}),
        pins=platform.anchors.pins,
        certificates=platform.anchors.certificates,
    )
    policy = replace(policy_for(issuer_of(generate_private_key("ES256"))), appraisals=(tdx,))
    return Rules(GENESIS, policy, 0, 0)


def dcap(document: bytes, about: str | None = None) -> CollateralNotice:
    read = parse_dcap_collateral(document)
    return CollateralNotice(CollateralKind.DCAP, about or dcap_about(read), document)


def jwk(**members: object) -> dict[str, object]:
    point = new_key().public_key().public_numbers()
    x, y = (encode_base64url(number.to_bytes(32, "big")) for number in (point.x, point.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, **members}


def keys(*members: object, issuer: str = ISSUER) -> CollateralNotice:
    return CollateralNotice(CollateralKind.KEYS, issuer, json.dumps({"keys": members}).encode())


def b64(data: bytes) -> str:
    return b64encode(data).decode()


def loaded(rules: Rules, notice: CollateralNotice | bytes, signer: LocalSigner = OPERATOR, at: int = AT) -> Rules:
    payload = notice if isinstance(notice, bytes) else notice.encode()
    signed = sign_own_statement(signer, IDENTITY, IDENTITY.policy_subject, COLLATERAL_CONTENT_TYPE, payload, at)
    statement = parse_signed_statement(signed)
    return rules_after(rules, rules.rules_entry + 1, statement, signer.public_key.thumbprint, at)


def test_collateral_is_held_by_what_it_is_about(rules: Rules, platform: IntelPlatform) -> None:
    tdx, sgx = dcap(platform.collateral(TDX)), dcap(platform.collateral(SGX))
    assert (tdx.about, sgx.about) == ("tdx/00906ed50000/platform", "sgx/00906ed50000/platform")
    after = loaded(loaded(loaded(rules, sgx), tdx, SERVICE), keys(jwk()))
    assert after.collateral.dcap == (sgx.document, tdx.document)
    assert set(after.collateral.keys) == {ISSUER}
    assert after.rules_entry == 3


def test_a_ca_of_another_name_is_told_by_its_digest(platform: IntelPlatform) -> None:
    read = parse_dcap_collateral(platform.collateral())
    for issuer, name in (
        (read.pck_issuer.replace(b"Platform", b"Processor"), "processor"),
        (b"Other", sha256(b"Other").hexdigest()[:16]),
    ):
        assert dcap_about(replace(read, pck_issuer=issuer)) == f"tdx/00906ed50000/{name}"


def test_it_is_told_since_when_a_document_is_held(rules: Rules) -> None:
    first = loaded(rules, one := keys(jwk()), at=AT)
    second = loaded(first, keys(jwk()), at=AT + 7)
    name = CollateralKind.KEYS, ISSUER
    assert (first.loaded.documents[name].since, second.loaded.documents[name].since) == (AT, AT + 7)
    assert first.loaded.documents[name].document == one.document != second.loaded.documents[name].document


def test_a_later_document_takes_the_place_of_an_earlier_one_and_never_the_other_way(
    rules: Rules, platform: IntelPlatform
) -> None:
    old, new = (dcap(platform.collateral(says=CollateralSays(issued=AT - days * DAY))) for days in (2, 1))
    after = loaded(loaded(rules, old), new)
    assert after.collateral.dcap == (new.document,)
    for notice in (old, new):
        with pytest.raises(CollateralSupersededError):
            loaded(after, notice)


@pytest.mark.parametrize("member", ["issued", "crl_from"])
def test_no_part_of_a_document_goes_back_in_time(member: str, rules: Rules, platform: IntelPlatform) -> None:
    says = CollateralSays()
    held = loaded(rules, dcap(platform.collateral(says=says)))
    back = replace(says, **{member: getattr(says, member) - 1}, next_update=AT + 40 * DAY)
    with pytest.raises(CollateralSupersededError):
        loaded(held, dcap(platform.collateral(says=back)))
    same_age = dcap(platform.collateral(says=replace(says, next_update=AT + 40 * DAY)))
    assert loaded(held, same_age).collateral.dcap == (same_age.document,)


@pytest.mark.parametrize("member", ["root_ca_crl", "pck_crl"])
def test_neither_revocation_list_goes_back_in_time(member: str, rules: Rules, platform: IntelPlatform) -> None:
    authority = platform.root if member == "root_ca_crl" else platform.pck_ca
    before, after = (crl(authority, this_update=AT - DAY + step).hex() for step in (0, 1))
    held = loaded(rules, dcap(platform.collateral(says=CollateralSays(members={member: after}))))
    with pytest.raises(CollateralSupersededError):
        loaded(held, dcap(platform.collateral(says=CollateralSays(members={member: before}))))


def test_only_so_many_documents_are_held(rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded_collateral, "MAX_LOADED", 2)
    full = loaded(loaded(rules, keys(jwk())), keys(jwk(), issuer="b"))
    with pytest.raises(CollateralSupersededError):
        loaded(full, keys(jwk(), issuer="c"))
    assert len(loaded(full, keys(jwk(), issuer="b")).loaded.documents) == 2


def test_collateral_about_something_else_than_is_said_is_refused(rules: Rules, platform: IntelPlatform) -> None:
    document = platform.collateral()
    for about in ("sgx/00906ed50000/platform", "tdx/00906ed50001/platform", "tdx/00906ED50000/platform", "x"):
        with pytest.raises(MalformedCollateralError):
            loaded(rules, dcap(document, about))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _document: b"{}",
        lambda document: document[:-1],
        lambda document: document.replace(b'"tcb_info"', b'"tcb"'),
        lambda _document: b'{"keys": []}',
    ],
)
def test_what_cannot_be_read_is_not_loaded(
    spoil: Callable[[bytes], bytes], rules: Rules, platform: IntelPlatform
) -> None:
    document = platform.collateral()
    notice = dcap(document)
    with pytest.raises(MalformedError):
        loaded(rules, CollateralNotice(notice.kind, notice.about, spoil(document)))


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [1]}',
        b'{"keys": [{"kty": "oct", "k": "AA"}]}',
        b'{"keys": [{"kty": "OKP", "crv": "X25519", "x": "AA"}]}',
        b'{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}',
        b'{"keys": [{"x5c": ["AA"]}]}',
        b'{"keys": [{"x5c": ["!"]}]}',
        b'{"keys": [], "keys": []}',
    ],
)
def test_no_key_set_is_loaded_without_a_key_that_can_be_used(document: bytes, rules: Rules) -> None:
    with pytest.raises(MalformedCollateralError):
        loaded(rules, CollateralNotice(CollateralKind.KEYS, ISSUER, document))


def test_keys_of_a_kind_that_is_not_known_are_passed_over_and_secret_ones_refused(rules: Rules) -> None:
    strange = {"kty": "XYZ"}
    after = loaded(rules, keys(strange, jwk(use="enc"), jwk(use="sig"), {"x5c": [b64(root().der)]}))
    assert set(after.collateral.keys) == {ISSUER}
    read = parse_key_set(after.collateral.keys[ISSUER])
    assert (len(read.keys), read.others) == (2, 2)
    with pytest.raises(MalformedCollateralError):
        loaded(rules, keys(jwk(use="enc")))
    with pytest.raises(MalformedCollateralError):
        loaded(rules, keys(jwk(), jwk(d="AA")))
    with pytest.raises(MalformedCollateralError):
        loaded(rules, keys(*[strange] * 257, jwk()))


def test_only_operators_say_which_keys_an_issuer_has(rules: Rules) -> None:
    with pytest.raises(ContentTypeNotAdmittedError):
        loaded(rules, keys(jwk()), SERVICE)
    for signer in (LOG[KeyPurpose.RECEIPT], LOG[KeyPurpose.CHECKPOINT]):
        with pytest.raises(ContentTypeNotAdmittedError):
            loaded(rules, keys(jwk()), signer)


def test_with_the_service_key_counts_what_intel_signed(rules: Rules, platform: IntelPlatform) -> None:
    genuine = platform.collateral()
    forged = genuine.replace(b'\\"tcbEvaluationDataNumber\\":17', b'\\"tcbEvaluationDataNumber\\":18')
    assert forged != genuine
    foreign = make_platform().collateral()
    late = platform.collateral(says=CollateralSays(next_update=AT - 1))
    for document, kind in (
        (forged, CollateralInvalidError),
        (foreign, CollateralInvalidError),
        (late, CollateralOutOfDateError),
    ):
        with pytest.raises(kind):
            loaded(rules, dcap(document), SERVICE)
        assert loaded(rules, dcap(document), OPERATOR).collateral.dcap == (document,)
    assert loaded(rules, dcap(genuine), SERVICE).collateral.dcap == (genuine,)


def test_without_an_appraisal_of_such_platforms_the_root_is_intels(rules: Rules, platform: IntelPlatform) -> None:
    snp = replace(rules.policy.appraisals[0], platforms=frozenset({Platform.AMD_SEV_SNP}), pins=frozenset({bytes(32)}))
    assert intel_anchors(replace(rules.policy, appraisals=(*rules.policy.appraisals, snp))) == platform.anchors
    nothing = replace(rules, policy=replace(rules.policy, appraisals=()))
    assert intel_anchors(nothing.policy).pins == {INTEL_SGX_ROOT}
    with pytest.raises(CollateralInvalidError):
        loaded(nothing, dcap(platform.collateral()), SERVICE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"format":1', b'"format":2'),
        (b'"kind":"keys"', b'"kind":"crls"'),
        (b'"kind":"keys"', b'"kind":"keys","more":1'),
        (b'"about":"https', b'"about" :"https'),
        (b'"about":"https://tokens.example"', b'"about":""'),
        (b'"about":"https://tokens.example"', b'"about":1'),
    ],
)
def test_a_notice_in_another_form_is_refused(old: bytes, new: bytes, rules: Rules) -> None:
    payload = keys(jwk()).encode()
    assert old in payload
    with pytest.raises(CounterfoilError):
        loaded(rules, payload.replace(old, new))
