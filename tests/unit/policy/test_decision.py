"""Decisions: each rule alone, the interval in which they hold, and the log's own statements."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.cose.private_keys import LocalSigner
from counterfoil.encoding.cbor import CborValue
from counterfoil.errors import (
    AlgorithmNotAdmittedError,
    AudienceMismatchError,
    ContentTypeNotAdmittedError,
    CounterfoilError,
    ExpiredError,
    FromTheFutureError,
    MalformedError,
    NotYetValidError,
    PayloadMissingError,
    PolicyUnsafeError,
    PolicyVersionError,
    RefusedError,
    RoleNotAdmittedError,
    SignatureInvalidError,
    StatementTooLargeError,
    SubjectReservedError,
)
from counterfoil.merkle.hashing import NodeHash
from counterfoil.policy.anchors import Replaced
from counterfoil.policy.decision import FOREVER, Decision, _interval, largest_statement
from counterfoil.policy.document import POLICY_CONTENT_TYPE, ContentTypeRule, PolicyDocument, Visibility
from counterfoil.policy.own_statements import Effect
from counterfoil.policy.rules import Rules
from counterfoil.register import admit
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.claims import Claims
from counterfoil.statement.genesis import GENESIS_CONTENT_TYPE, Genesis, KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.page import PAGE_CONTENT_TYPE, Page
from counterfoil.statement.signed_statement import StatementHash, parse_signed_statement
from tests.builders import CONTENT_TYPE, ORIGIN, START, issuer_of, policy_for, sign_statement

AGENT = generate_private_key("ES256")
LOG = {purpose: generate_private_key("ES256") for purpose in KeyPurpose}
IDENTITY = parse_origin(ORIGIN)
GENESIS = Genesis(IDENTITY, {purpose: signer.public_key for purpose, signer in LOG.items()})
POLICY = policy_for(issuer_of(AGENT, roles=("agent",)), version=4)


def decide(data: bytes, *, policy: PolicyDocument = POLICY, now: int = START) -> Decision:
    return admit(parse_signed_statement(data), Rules(GENESIS, policy, 7, 9), now).decision


def own(signer: LocalSigner, content_type: str, payload: bytes, subject: str) -> bytes:
    return sign_statement(signer, payload, issuer=IDENTITY.issuer, subject=subject, content_type=content_type)


def operator_policy(policy: PolicyDocument, signer: LocalSigner = LOG[KeyPurpose.OPERATOR]) -> bytes:
    following = replace(policy, replaces=Replaced(7, StatementHash(bytes(32))))
    return own(signer, POLICY_CONTENT_TYPE, following.encode(), IDENTITY.policy_subject)


def test_an_admitted_statement_is_decided_under_the_rules_in_force() -> None:
    decision = decide(sign_statement(AGENT))
    assert (decision.policy_entry, decision.rules_entry) == (7, 9)
    assert decision.key_thumbprint == AGENT.public_key.thumbprint
    assert decision.visibility is Visibility.PARTIES
    assert decision.effect is Effect.NONE
    assert (decision.holds_from, decision.holds_until) == (START - 300, FOREVER)


def test_an_empty_policy_admits_nobody() -> None:
    with pytest.raises(RefusedError):
        decide(sign_statement(AGENT), policy=PolicyDocument(1))


def test_evidence_that_came_along_is_committed_to() -> None:
    assert decide(sign_statement(AGENT)).evidence_digest is None
    assert decide(sign_statement(AGENT, unprotected={33: b"certificate"})).evidence_digest is not None


@pytest.mark.parametrize(
    ("policy", "claims", "headers", "error"),
    [
        (replace(POLICY, algorithms=frozenset({"EdDSA"})), {}, {}, AlgorithmNotAdmittedError),
        (replace(POLICY, content_types=()), {}, {}, ContentTypeNotAdmittedError),
        (POLICY, {}, {3: "application/JSON"}, ContentTypeNotAdmittedError),
        (POLICY, {}, {3: 50}, ContentTypeNotAdmittedError),
        (
            replace(
                POLICY,
                content_types=(ContentTypeRule(CONTENT_TYPE, Visibility.PUBLIC, frozenset({"arbitrator"})),),
            ),
            {},
            {},
            RoleNotAdmittedError,
        ),
        (replace(POLICY, max_statement_bytes=64), {}, {}, StatementTooLargeError),
        (POLICY, {3: "another.example/log"}, {}, AudienceMismatchError),
        (POLICY, {3: (IDENTITY.origin + "/more",)}, {}, AudienceMismatchError),
        (POLICY, {6: START + 301}, {}, FromTheFutureError),
        (POLICY, {5: START + 301}, {}, NotYetValidError),
        (POLICY, {4: START}, {}, ExpiredError),
        (POLICY, {4: 0}, {}, ExpiredError),
        (POLICY, {2: IDENTITY.policy_subject}, {}, SubjectReservedError),
        (POLICY, {2: IDENTITY.page_subject}, {}, SubjectReservedError),
        (POLICY, {2: IDENTITY.issuer}, {}, SubjectReservedError),
        (POLICY, {2: IDENTITY.issuer + "#anything"}, {}, SubjectReservedError),
    ],
)
def test_each_rule_refuses(
    policy: PolicyDocument,
    claims: Mapping[int | str, CborValue],
    headers: Mapping[int | str, CborValue],
    error: type[CounterfoilError],
) -> None:
    with pytest.raises(error):
        decide(sign_statement(AGENT, claims=claims, headers=headers), policy=policy)


@pytest.mark.parametrize(
    "claims",
    [{3: ORIGIN}, {3: IDENTITY.issuer}, {3: ("x", ORIGIN)}, {6: START + 300}, {5: START + 300}, {4: START + 1}],
    ids=repr,
)
def test_the_bounds_themselves_are_admitted(claims: Mapping[int | str, CborValue]) -> None:
    assert decide(sign_statement(AGENT, claims=claims)).effect is Effect.NONE


def test_a_role_that_is_asked_for_and_held_is_admitted() -> None:
    rule = ContentTypeRule(CONTENT_TYPE, Visibility.OPERATOR, frozenset({"agent", "runtime"}))
    assert (
        decide(sign_statement(AGENT), policy=replace(POLICY, content_types=(rule,))).visibility is Visibility.OPERATOR
    )


def test_a_hash_envelope_is_judged_by_what_it_is_the_digest_of() -> None:
    data = sign_statement(AGENT, bytes(32), content_type=None, headers={258: -16, 259: "text/plain"})
    assert decide(data).visibility is Visibility.PUBLIC
    with pytest.raises(ContentTypeNotAdmittedError):
        decide(sign_statement(AGENT, bytes(32), content_type=None, headers={258: -16, 259: "image/png"}))


def test_a_detached_payload_is_missing() -> None:
    data = sign_statement(AGENT, b"elsewhere", detached=True)
    with pytest.raises(PayloadMissingError):
        decide(data)


def test_another_signer_is_refused_before_any_rule() -> None:
    data = sign_statement(generate_private_key("ES256"), kid=AGENT.public_key.thumbprint)
    with pytest.raises(SignatureInvalidError):
        decide(data, policy=replace(POLICY, content_types=()))


DATES = st.none() | st.integers(0, 2000) | st.floats(0, 2000)


@given(DATES, DATES, DATES, st.integers(0, 2000), st.integers(0, 4000), st.integers(0, 600))
def test_a_decision_holds_exactly_when_it_would_be_made_again(  # noqa: PLR0917, RUF100 - six drawn values
    expires: float | None,
    not_before: float | None,
    issued_at: float | None,
    now: int,
    later: int,
    skew: int,
) -> None:
    claims = Claims(expires=expires, not_before=not_before, issued_at=issued_at)
    try:
        holds_from, holds_until = _interval(claims, skew, now)
    except RefusedError:
        return
    assert holds_from <= now <= holds_until
    try:
        _interval(claims, skew, later)
    except RefusedError:
        assert not holds_from <= later <= holds_until
    else:
        assert holds_from <= later <= holds_until


def test_a_decision_holds_under_its_rules_only() -> None:
    decision = decide(sign_statement(AGENT))
    assert decision.holds(9, START)
    assert not decision.holds(10, START)
    assert not decision.holds(8, START)


def test_the_operator_changes_the_policy() -> None:
    decision = decide(operator_policy(policy_for(version=5)))
    assert decision.effect is Effect.POLICY
    assert decision.visibility is Visibility.PUBLIC


def test_evidence_counts_towards_the_size_limit() -> None:
    policy = replace(POLICY, max_statement_bytes=1000)
    data = sign_statement(AGENT, unprotected={33: bytes(1000)})
    with pytest.raises(StatementTooLargeError):
        decide(data, policy=policy)


def test_a_small_limit_never_locks_the_operator_out() -> None:
    small = replace(POLICY, max_statement_bytes=1)
    assert decide(operator_policy(policy_for(version=5)), policy=small).effect is Effect.POLICY
    assert largest_statement(Rules(GENESIS, small, 0, 0)) > len(operator_policy(policy_for(version=5)))


@pytest.mark.parametrize("version", [3, 4, 6])
def test_a_policy_follows_the_one_in_force(version: int) -> None:
    with pytest.raises(PolicyVersionError):
        decide(operator_policy(policy_for(version=version)))


@pytest.mark.parametrize(
    "policy",
    [
        policy_for(issuer_of(AGENT, IDENTITY.issuer), version=5),
        *(policy_for(issuer_of(signer), version=5) for signer in LOG.values()),
        policy_for(issuer_of(AGENT, kid=LOG[KeyPurpose.RECEIPT].public_key.thumbprint), version=5),
        *(
            PolicyDocument(5, content_types=(ContentTypeRule(content_type, Visibility.PUBLIC, frozenset()),))
            for content_type in (POLICY_CONTENT_TYPE, GENESIS_CONTENT_TYPE, PAGE_CONTENT_TYPE)
        ),
    ],
)
def test_no_policy_lets_anybody_speak_as_the_log(policy: PolicyDocument) -> None:
    with pytest.raises(PolicyUnsafeError):
        decide(operator_policy(policy))


def test_only_the_operator_key_changes_the_policy() -> None:
    with pytest.raises(ContentTypeNotAdmittedError):
        decide(operator_policy(policy_for(version=5), LOG[KeyPurpose.SERVICE]))
    with pytest.raises(CounterfoilError):
        decide(operator_policy(policy_for(version=5), AGENT))


def test_a_policy_in_another_encoding_is_refused() -> None:
    payload = policy_for(version=5).encode()
    for changed in (payload + b" ", payload.replace(b'"roles":[]', b'"roles":[ ]')):
        if changed != payload:
            with pytest.raises(MalformedError):
                decide(own(LOG[KeyPurpose.OPERATOR], POLICY_CONTENT_TYPE, changed, IDENTITY.policy_subject))


def test_a_page_comes_from_the_service_key_and_into_its_chain() -> None:
    page = Page(0, 3, NodeHash(bytes(32))).encode()
    subject = IDENTITY.page_subject
    assert decide(own(LOG[KeyPurpose.SERVICE], PAGE_CONTENT_TYPE, page, subject)).effect is Effect.PAGE
    with pytest.raises(ContentTypeNotAdmittedError):
        decide(own(LOG[KeyPurpose.OPERATOR], PAGE_CONTENT_TYPE, page, subject))
    with pytest.raises(SubjectReservedError):
        decide(own(LOG[KeyPurpose.SERVICE], PAGE_CONTENT_TYPE, page, IDENTITY.policy_subject))
    with pytest.raises(MalformedError):
        decide(own(LOG[KeyPurpose.SERVICE], PAGE_CONTENT_TYPE, b"\xa0", subject))


@pytest.mark.parametrize("content_type", [CONTENT_TYPE, GENESIS_CONTENT_TYPE])
@pytest.mark.parametrize("purpose", [KeyPurpose.OPERATOR, KeyPurpose.SERVICE])
def test_the_log_registers_nothing_else_about_itself(content_type: str, purpose: KeyPurpose) -> None:
    with pytest.raises(ContentTypeNotAdmittedError):
        decide(own(LOG[purpose], content_type, GENESIS.encode(), IDENTITY.policy_subject))
