"""What each statement of the log about itself makes of the rules, and what cannot come into force."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509

from counterfoil.cose.private_keys import LocalSigner
from counterfoil.errors import (
    ContentTypeNotAdmittedError,
    CounterfoilError,
    CrlSupersededError,
    KeyRevokedError,
    KeyUnknownError,
    MalformedError,
    MalformedPolicyError,
    PolicySupersededError,
    PolicyUnapprovedError,
    PolicyUnsafeError,
    PolicyVersionError,
    ProposalUnknownError,
    RevocationRefusedError,
    SubjectReservedError,
)
from counterfoil.log.founding import sign_own_statement
from counterfoil.policy.anchors import Approved, Operators, Replaced
from counterfoil.policy.ballot import APPROVAL_CONTENT_TYPE, MAX_PROPOSALS, PROPOSAL_CONTENT_TYPE
from counterfoil.policy.changes import CRL_CONTENT_TYPE, founding_rules, rules_after
from counterfoil.policy.decision import decide
from counterfoil.policy.document import POLICY_CONTENT_TYPE, PolicyDocument
from counterfoil.policy.own_statements import Effect
from counterfoil.policy.rules import Rules
from counterfoil.register import admit
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.claims import RootTraceId
from counterfoil.statement.credential import Credential
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.key_notice import REVOCATION_CONTENT_TYPE, Revocation
from counterfoil.statement.revoked import revocation_of
from counterfoil.statement.signed_statement import SignedStatement, StatementHash, parse_signed_statement
from counterfoil.statement.trace_event.profile import BUILT_IN_PROFILES
from tests.builders import ORIGIN, START, issuer_of, policy_for, sign_statement
from tests.certificates import crl, root

IDENTITY = parse_origin(ORIGIN)
LOG = {purpose: generate_private_key("ES256") for purpose in KeyPurpose}
GENESIS = Genesis(IDENTITY, {purpose: signer.public_key for purpose, signer in LOG.items()})
ANN, BEA, CAT, AGENT = (generate_private_key("ES256") for _ in range(4))
FIRST = LOG[KeyPurpose.OPERATOR]


def operators(approvals: int, *signers: LocalSigner) -> Operators:
    return Operators(tuple(signer.public_key for signer in signers), approvals)


class Chain:
    """A log's chain of policies in the making: each statement is decided and then comes into force."""

    def __init__(self) -> None:
        first = self.sign(FIRST, POLICY_CONTENT_TYPE, policy_for(issuer_of(AGENT)).encode())
        self.rules: Rules = founding_rules(GENESIS, first, BUILT_IN_PROFILES)
        self.number = 1

    def sign(
        self, signer: LocalSigner, content_type: str, payload: bytes, subject: str | None = None
    ) -> SignedStatement:
        about = IDENTITY.policy_subject if subject is None else RootTraceId(subject)
        return parse_signed_statement(sign_own_statement(signer, IDENTITY, about, content_type, payload, START))

    def take(self, statement: SignedStatement) -> int:
        """Decide, and let it come into force; its entry number."""
        decision = admit(statement, self.rules, START).decision
        assert decision.effect in {Effect.POLICY, Effect.RULES}
        assert decision.rules_entry == self.rules.rules_entry
        self.number += 1
        self.rules = rules_after(self.rules, self.number, statement, decision.key_thumbprint, START)
        assert self.rules.rules_entry == self.number
        return self.number

    def next(self, **changes: Any) -> PolicyDocument:
        """The next version of the policy in force."""
        return replace(
            self.rules.policy,
            version=self.rules.policy.version + 1,
            replaces=Replaced(self.rules.policy_entry, self.rules.policy_id),
            approved=None,
            **changes,
        )

    def commit(self, signer: LocalSigner, policy: PolicyDocument) -> int:
        return self.take(self.sign(signer, POLICY_CONTENT_TYPE, policy.encode()))

    def propose(self, signer: LocalSigner, policy: PolicyDocument) -> StatementHash:
        statement = self.sign(signer, PROPOSAL_CONTENT_TYPE, policy.encode())
        self.take(statement)
        return statement.hash

    def approve(self, signer: LocalSigner, proposal: bytes) -> int:
        return self.take(self.sign(signer, APPROVAL_CONTENT_TYPE, proposal))


def ruled_by(approvals: int, *signers: LocalSigner) -> Chain:
    """A chain whose policy in force names these operators; they approved of it."""
    chain = Chain()
    policy = chain.next(operators=operators(approvals, *signers))
    proposal = chain.propose(FIRST, policy)
    entries = sorted(chain.approve(signer, proposal) for signer in (FIRST, *signers))
    chain.commit(FIRST, replace(policy, approved=Approved(proposal, tuple(entries))))
    return chain


@pytest.fixture
def chain() -> Chain:
    return Chain()


def test_one_operator_commits_alone(chain: Chain) -> None:
    policy = chain.next(clock_skew_seconds=60)
    number = chain.commit(FIRST, policy)
    assert (chain.rules.policy, chain.rules.policy_entry) == (policy, number)


def test_three_operators_of_whom_two_decide() -> None:
    chain = ruled_by(2, ANN, BEA, CAT)
    assert chain.rules.operators == operators(2, ANN, BEA, CAT)
    assert chain.rules.ballot.proposals == {}
    policy = chain.next(clock_skew_seconds=60)
    proposal = chain.propose(ANN, policy)
    assert chain.rules.policy.clock_skew_seconds != 60
    entries = (chain.approve(CAT, proposal), chain.approve(BEA, proposal))
    chain.commit(CAT, replace(policy, approved=Approved(proposal, entries)))
    assert chain.rules.policy.clock_skew_seconds == 60


@pytest.mark.parametrize("signers", [(ANN,), (BEA,), (FIRST,), (ANN, ANN)])
def test_too_few_or_retired_operators_do_not_decide(signers: tuple[LocalSigner, ...]) -> None:
    chain = ruled_by(2, ANN, BEA, CAT)
    policy = chain.next(clock_skew_seconds=60)
    proposal = chain.propose(ANN, policy)
    with pytest.raises((PolicyUnapprovedError, KeyUnknownError)):
        entries = tuple(chain.approve(signer, proposal) for signer in signers)
        chain.commit(ANN, replace(policy, approved=Approved(proposal, entries)))
    assert chain.rules.policy.clock_skew_seconds != 60


def test_where_two_decide_none_commits_alone() -> None:
    chain = ruled_by(2, ANN, BEA)
    with pytest.raises(PolicyUnapprovedError):
        chain.commit(ANN, chain.next())
    with pytest.raises(KeyUnknownError):
        chain.commit(FIRST, chain.next())


def test_the_new_operators_approve_too_or_nobody_could_ever_change_the_policy_again(chain: Chain) -> None:
    policy = chain.next(operators=operators(2, ANN, BEA))
    with pytest.raises(PolicyUnapprovedError):
        chain.commit(FIRST, policy)
    proposal = chain.propose(FIRST, policy)
    first, ann = chain.approve(FIRST, proposal), chain.approve(ANN, proposal)
    with pytest.raises(PolicyUnapprovedError):
        chain.commit(FIRST, replace(policy, approved=Approved(proposal, (first, ann))))
    bea = chain.approve(BEA, proposal)
    with pytest.raises(PolicyUnapprovedError):  # Those in force are asked as well.
        chain.commit(BEA, replace(policy, approved=Approved(proposal, (ann, bea))))
    chain.commit(BEA, replace(policy, approved=Approved(proposal, (first, ann, bea))))
    assert chain.rules.operator_kids == {ANN.public_key.thumbprint, BEA.public_key.thumbprint}


def test_going_back_to_the_first_operator_takes_his_approval() -> None:
    chain = ruled_by(1, ANN)
    policy = chain.next(operators=Operators((), 1))
    with pytest.raises(PolicyUnapprovedError):
        chain.commit(ANN, policy)
    proposal = chain.propose(ANN, policy)
    entries = (chain.approve(ANN, proposal), chain.approve(FIRST, proposal))
    chain.commit(FIRST, replace(policy, approved=Approved(proposal, entries)))
    assert chain.rules.operator_kids == {FIRST.public_key.thumbprint}


def test_an_operator_who_stays_can_let_another_go_alone() -> None:
    chain = ruled_by(1, ANN, BEA)
    chain.commit(ANN, chain.next(operators=operators(1, ANN)))
    with pytest.raises(KeyUnknownError):
        chain.commit(BEA, chain.next())
    with pytest.raises(PolicyUnapprovedError):
        chain.commit(ANN, chain.next(operators=operators(1, BEA)))


def test_approvals_are_of_one_proposal(chain: Chain) -> None:
    one, other = chain.next(clock_skew_seconds=1), chain.next(clock_skew_seconds=2)
    proposed, proposed_too = chain.propose(FIRST, one), chain.propose(FIRST, other)
    approval = chain.approve(FIRST, proposed)
    for policy, approved in (
        (other, Approved(proposed_too, (approval,))),
        (other, Approved(proposed, (approval,))),
        (one, Approved(proposed, (approval, approval + 1))),
        (one, Approved(proposed, (0,))),
        (one, Approved(StatementHash(bytes(32)), (approval,))),
    ):
        with pytest.raises((PolicyUnapprovedError, ProposalUnknownError)):
            chain.commit(FIRST, replace(policy, approved=approved))
    chain.commit(FIRST, replace(one, approved=Approved(proposed, (approval,))))


def test_a_policy_ends_the_proposals_to_replace_the_one_before(chain: Chain) -> None:
    policy = chain.next(clock_skew_seconds=1)
    proposal = chain.propose(FIRST, policy)
    approval = chain.approve(FIRST, proposal)
    chain.commit(FIRST, chain.next(clock_skew_seconds=2))
    with pytest.raises(PolicyVersionError):
        chain.commit(FIRST, replace(policy, approved=Approved(proposal, (approval,))))
    with pytest.raises(ProposalUnknownError):
        chain.approve(FIRST, proposal)


def spoiled(change: Callable[[Chain], PolicyDocument], error: type[CounterfoilError]) -> object:
    return pytest.param(change, error)


@pytest.mark.parametrize("content_type", [POLICY_CONTENT_TYPE, PROPOSAL_CONTENT_TYPE])
@pytest.mark.parametrize(
    ("change", "error"),
    [
        spoiled(lambda chain: replace(chain.next(), replaces=None), PolicySupersededError),
        spoiled(
            lambda chain: replace(chain.next(), replaces=Replaced(1, chain.rules.policy_id)), PolicySupersededError
        ),
        spoiled(
            lambda chain: replace(chain.next(), replaces=Replaced(0, StatementHash(bytes(32)))), PolicySupersededError
        ),
        spoiled(lambda chain: replace(chain.next(), version=1), PolicyVersionError),
        spoiled(lambda chain: replace(chain.next(), version=3), PolicyVersionError),
        spoiled(lambda chain: chain.next(operators=operators(1, FIRST, LOG[KeyPurpose.RECEIPT])), PolicyUnsafeError),
        spoiled(lambda chain: chain.next(operators=operators(1, FIRST, LOG[KeyPurpose.CHECKPOINT])), PolicyUnsafeError),
        spoiled(lambda chain: chain.next(operators=operators(1, FIRST, LOG[KeyPurpose.SERVICE])), PolicyUnsafeError),
        spoiled(lambda chain: chain.next(operators=operators(1, FIRST, AGENT)), PolicyUnsafeError),
        spoiled(lambda chain: chain.next(issuers=(issuer_of(FIRST),)), PolicyUnsafeError),
    ],
)
def test_what_cannot_come_into_force_is_neither_committed_nor_proposed(
    change: Callable[[Chain], PolicyDocument], error: type[CounterfoilError], content_type: str, chain: Chain
) -> None:
    with pytest.raises(error):
        chain.take(chain.sign(FIRST, content_type, change(chain).encode()))


@pytest.mark.parametrize("content_type", [POLICY_CONTENT_TYPE, PROPOSAL_CONTENT_TYPE])
@pytest.mark.parametrize("signer", [*(LOG[purpose] for purpose in KeyPurpose if purpose != "operator"), ANN, AGENT])
def test_only_operators_commit_and_propose(signer: LocalSigner, content_type: str, chain: Chain) -> None:
    with pytest.raises(CounterfoilError):
        chain.take(chain.sign(signer, content_type, chain.next().encode()))


def test_a_candidate_approves_and_does_no_more(chain: Chain) -> None:
    other = chain.propose(FIRST, chain.next())
    chain.propose(FIRST, chain.next(operators=operators(1, ANN)))
    with pytest.raises(ContentTypeNotAdmittedError):
        chain.propose(ANN, chain.next())
    with pytest.raises(ContentTypeNotAdmittedError):
        chain.approve(ANN, other)
    with pytest.raises(PolicyUnapprovedError):
        chain.commit(ANN, chain.next(operators=operators(1, ANN)))


def test_what_is_no_approval(chain: Chain) -> None:
    proposal = chain.propose(FIRST, chain.next())
    for payload in (b"", proposal[:-1], proposal + b"\0", proposal.hex().encode()):
        with pytest.raises(MalformedError):
            chain.approve(FIRST, payload)
    with pytest.raises(ProposalUnknownError):
        chain.approve(FIRST, bytes(32))
    with pytest.raises(SubjectReservedError):
        chain.take(chain.sign(FIRST, APPROVAL_CONTENT_TYPE, proposal, IDENTITY.page_subject))


def test_a_proposal_is_not_approved_yet_and_written_in_one_way(chain: Chain) -> None:
    approved = replace(chain.next(), approved=Approved(StatementHash(bytes(32)), (1,)))
    for payload in (approved.encode(), chain.next().encode() + b" "):
        with pytest.raises(MalformedPolicyError):
            chain.take(chain.sign(FIRST, PROPOSAL_CONTENT_TYPE, payload))


def test_so_many_proposals_wait_and_no_more(chain: Chain) -> None:
    for skew in range(MAX_PROPOSALS):
        chain.propose(FIRST, chain.next(clock_skew_seconds=skew))
    with pytest.raises(PolicyUnapprovedError):
        chain.propose(FIRST, chain.next(clock_skew_seconds=MAX_PROPOSALS))


def test_a_statement_of_others_is_decided_as_before_whatever_is_proposed(chain: Chain) -> None:
    chain.propose(FIRST, chain.next(issuers=()))
    statement = parse_signed_statement(sign_statement(AGENT))
    assert decide(statement, Credential(AGENT.public_key), chain.rules, START).policy_entry == chain.rules.policy_entry


def revoke(chain: Chain, last: int, signer: LocalSigner = FIRST, key: LocalSigner = AGENT) -> int:
    payload = Revocation(key.public_key.thumbprint, last, "stolen").encode()
    return chain.take(chain.sign(signer, REVOCATION_CONTENT_TYPE, payload))


def test_a_revoked_key_registers_nothing_more_and_what_it_said_before_stays_valid(chain: Chain) -> None:
    statement = parse_signed_statement(sign_statement(AGENT))
    admit(statement, chain.rules, START)
    entry = revoke(chain, 1)
    with pytest.raises(KeyRevokedError):
        admit(statement, chain.rules, START)
    kid, revoked = AGENT.public_key.thumbprint, chain.rules.revoked
    assert [revocation_of(revoked, kid, number, entry + 1) is None for number in (0, 1, 2, 3)] == [
        True,
        True,
        False,
        False,
    ]
    assert revocation_of(revoked, kid, 2, entry) is None, "as of a log that does not hold it yet"
    assert revocation_of(revoked, BEA.public_key.thumbprint, 2, entry + 1) is None
    chain.commit(FIRST, chain.next(clock_skew_seconds=1))
    with pytest.raises(KeyRevokedError):  # No policy takes it back.
        admit(statement, chain.rules, START)


def test_a_revocation_reaches_further_back_and_never_less(chain: Chain) -> None:
    revoke(chain, 1)
    for last in (1, 2):
        with pytest.raises(RevocationRefusedError):
            revoke(chain, last)
    revoke(chain, -1)
    assert chain.rules.revocations[AGENT.public_key.thumbprint].last_valid_entry == -1


@pytest.mark.parametrize("key", [FIRST, *(LOG[purpose] for purpose in KeyPurpose)])
def test_a_key_of_the_log_is_replaced_and_not_revoked(key: LocalSigner, chain: Chain) -> None:
    with pytest.raises(RevocationRefusedError):
        revoke(chain, 1, key=key)


@pytest.mark.parametrize("signer", [AGENT, BEA, LOG[KeyPurpose.SERVICE], LOG[KeyPurpose.RECEIPT]])
def test_only_a_key_of_higher_standing_revokes(signer: LocalSigner, chain: Chain) -> None:
    with pytest.raises(CounterfoilError):
        revoke(chain, 1, signer)
    assert chain.rules.revoked == ()


def test_an_entry_to_come_is_no_last_valid_one(chain: Chain) -> None:
    statement = chain.sign(
        FIRST, REVOCATION_CONTENT_TYPE, Revocation(AGENT.public_key.thumbprint, 2, "stolen").encode()
    )
    assert admit(statement, chain.rules, START).decision.follows == 2
    with pytest.raises(RevocationRefusedError):
        chain.take(statement)


def test_a_list_of_a_part_of_what_its_ca_issued_is_not_loaded(chain: Chain) -> None:
    ca = root()
    part = x509.IssuingDistributionPoint(None, None, True, False, None, False, False)  # noqa: FBT003 - as in RFC 5280
    for der in (crl(ca, extensions=[(part, True)]), crl(ca, extensions=[(x509.DeltaCRLIndicator(1), True)])):
        with pytest.raises(CrlSupersededError):
            chain.take(chain.sign(FIRST, CRL_CONTENT_TYPE, der))
    chain.take(chain.sign(LOG[KeyPurpose.SERVICE], CRL_CONTENT_TYPE, whole := crl(ca)))
    assert chain.rules.crls == (whole,)
    with pytest.raises(ContentTypeNotAdmittedError):
        chain.take(chain.sign(LOG[KeyPurpose.SERVICE], REVOCATION_CONTENT_TYPE, b"{}"))
