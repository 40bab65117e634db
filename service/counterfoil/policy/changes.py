"""What an entry of the log's own chain of policies makes of the rules: they are what all of these in order leave."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Protocol

from counterfoil.attestation.conveyance.carried import ENROLMENT_CONTENT_TYPE
from counterfoil.cose.x509_path.revocation import parse_crl
from counterfoil.errors import (
    ContentTypeNotAdmittedError,
    CrlSupersededError,
    MalformedPolicyError,
    PolicySupersededError,
    PolicyVersionError,
    ProposalUnknownError,
    ReceiptKeyRefusedError,
    RevocationRefusedError,
)
from counterfoil.policy.anchors import Replaced
from counterfoil.policy.attested import changed_anchors, ends_under, stands_by, stands_under
from counterfoil.policy.ballot import (
    APPROVAL_CONTENT_TYPE,
    PROPOSAL_CONTENT_TYPE,
    Approval,
    Ballot,
    Proposal,
    require_approvers,
)
from counterfoil.policy.collateral_after import collateral_after
from counterfoil.policy.document import POLICY_CONTENT_TYPE, PolicyDocument
from counterfoil.policy.enrolment import enrolled_after
from counterfoil.policy.loaded_collateral import COLLATERAL_CONTENT_TYPE
from counterfoil.policy.parse import parse_policy
from counterfoil.policy.rules import Rules
from counterfoil.policy.safety import require_apart, require_safe_policy
from counterfoil.policy.sessions import NO_SESSIONS, Sessions
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.key_notice import (
    RECEIPT_KEY_CONTENT_TYPE,
    REVOCATION_CONTENT_TYPE,
    ReceiptKeyAct,
    parse_receipt_key_notice,
    parse_revocation,
    verify_possession,
)
from counterfoil.statement.profile import Profiles
from counterfoil.statement.revoked import Revoked
from counterfoil.statement.signed_statement import SignedStatement, StatementHash

CRL_CONTENT_TYPE: Final = "application/pkix-crl"
MAX_CRLS: Final = 64
"""A path asks for the list of each CA in it, and few roots have more than a handful."""

_HASH_BYTES: Final = 32


def founding_rules(genesis: Genesis, first: SignedStatement, profiles: Profiles) -> Rules:
    """The rules with which a log begins: its first entry is the policy.

    Raises:
        MalformedError: It is none.
    """
    policy = parse_policy(first.message.payload or b"")
    return Rules(genesis, policy, 0, 0, profiles, policy_id=first.hash)


def rules_after(rules: Rules, number: int, statement: SignedStatement, signer: bytes, at: int) -> Rules:
    """The rules once a statement that changes them is entry ``number``; not for the genesis statement or pages.

    That is one of the log about itself, or an enrolment. ``signer`` is the thumbprint of the key whose signature over
    it has verified, ``at`` the head time of its registration, in whole seconds since 1970.

    Raises:
        ContentTypeNotAdmittedError: That key may not make statements of that content type.
        RefusedError, MalformedError, UnverifiedError: What it says cannot come into force.
    """
    if statement.content_type == ENROLMENT_CONTENT_TYPE and statement.claims.issuer != rules.genesis.identity.issuer:
        return replace(enrolled_after(rules, number, statement, at), rules_entry=number)
    change = _CHANGES.get(statement.content_type)
    if change is None or not _may_sign(rules, statement.content_type, signer):
        raise ContentTypeNotAdmittedError("the key may not make statements of that content type for this log")
    after = replace(change(rules, number, statement, signer, at), rules_entry=number)
    return after if rules.sessions is NO_SESSIONS else replace(after, sessions=sessions_after(rules, after, at))


def sessions_after(before: Rules, after: Rules, at: int) -> Sessions:
    """The keys that stay enrolled once the rules ``after`` follow those ``before`` at the head time ``at``.

    What changes how evidence is judged is asked again of each.
    """
    sessions = before.sessions
    if after.policy is not before.policy:
        sessions = sessions.keep(stands_under(after.policy)).cut(ends_under(after.policy))
        others, genuine = changed_anchors(before.policy, after.policy), stands_by(after.policy, after.collateral, at)
        sessions = sessions.keep(lambda one: one.appraisal.appraised_by not in others or genuine(one))
    if after.revoked is not before.revoked:
        sessions = sessions.keep(lambda one: one.key.thumbprint not in after.revocations)
    if after.crls is not before.crls or after.loaded is not before.loaded:
        sessions = sessions.keep(stands_by(after.policy, after.collateral, at))
    return sessions


def _may_sign(rules: Rules, content_type: str | int | None, signer: bytes) -> bool:
    if signer in rules.operator_kids:
        return True
    if content_type in {CRL_CONTENT_TYPE, COLLATERAL_CONTENT_TYPE}:
        return signer == rules.genesis.keys[KeyPurpose.SERVICE].thumbprint
    # Who would be an operator under a proposal can approve of it, and commit what enough have approved.
    return content_type in {APPROVAL_CONTENT_TYPE, POLICY_CONTENT_TYPE} and signer in rules.ballot.candidates()


def _policy(rules: Rules, number: int, statement: SignedStatement, signer: bytes, _at: int) -> Rules:
    policy = _require_successor(statement, rules)
    approvers = frozenset({signer})
    if policy.approved is not None:
        if rules.ballot.proposal(policy.approved.proposal).document != replace(policy, approved=None).encode():
            raise ProposalUnknownError("the policy is not the one that was proposed and approved")
        approvers = rules.ballot.approvers(policy.approved)
    require_approvers(approvers, rules.operators, rules.operators_of(policy))
    return replace(rules, policy=policy, policy_entry=number, policy_id=statement.hash, ballot=Ballot())


def _proposal(rules: Rules, _number: int, statement: SignedStatement, _signer: bytes, _at: int) -> Rules:
    policy = _require_successor(statement, rules)
    if policy.approved is not None:
        raise MalformedPolicyError("a proposal is not approved yet")
    proposal = Proposal(policy.encode(), rules.operators_of(policy))
    return replace(rules, ballot=rules.ballot.propose(statement.hash, proposal))


def _approval(rules: Rules, number: int, statement: SignedStatement, signer: bytes, _at: int) -> Rules:
    payload = statement.message.payload or b""
    if len(payload) != _HASH_BYTES:
        raise MalformedPolicyError("the payload of an approval is the entry id of a proposal")
    approval = Approval(StatementHash(payload), signer)
    operators = {key.thumbprint for key in rules.ballot.proposal(approval.proposal).operators.keys}
    if signer not in rules.operator_kids | operators:
        raise ContentTypeNotAdmittedError("the key is not an operator's, in force or under that proposal")
    return replace(rules, ballot=rules.ballot.approve(number, approval))


def _revocation(rules: Rules, number: int, statement: SignedStatement, _signer: bytes, _at: int) -> Rules:
    revocation = parse_revocation(statement.message.payload or b"")
    known = rules.revocations.get(revocation.thumbprint)
    if revocation.thumbprint in rules.other_log_kids | rules.operator_kids:
        raise RevocationRefusedError("a key of this log is not revoked but replaced, by a policy or a notice")
    if known is not None and known.last_valid_entry <= revocation.last_valid_entry:
        raise RevocationRefusedError(f"the key is revoked already, from entry {known.last_valid_entry + 1} on")
    if revocation.last_valid_entry >= number:
        raise RevocationRefusedError("the last valid entry is not before the revocation")
    return replace(rules, revoked=(*rules.revoked, Revoked(number, revocation)))


def _receipt_key(rules: Rules, number: int, statement: SignedStatement, _signer: bytes, _at: int) -> Rules:
    notice, keys = parse_receipt_key_notice(statement.message.payload or b""), rules.receipt_keys
    match notice.act:
        case ReceiptKeyAct.ANNOUNCE:
            key = verify_possession(notice, rules.genesis.identity)
            _require_new(key.thumbprint, rules)
            keys = keys.announce(key, number)
        case ReceiptKeyAct.RETIRE:
            keys = keys.retire(notice.thumbprint, number)
        case ReceiptKeyAct.COMPROMISE:
            keys = keys.compromise(notice.thumbprint, number)
    return replace(rules, announced=keys)


def _crl(rules: Rules, _number: int, statement: SignedStatement, _signer: bytes, _at: int) -> Rules:
    new = parse_crl(statement.message.payload or b"")
    if not new.is_whole:
        raise CrlSupersededError("the revocation list is of a part of what its CA issued, or says more than is known")
    kept: list[bytes] = []
    for der in rules.crls:
        held = parse_crl(der)
        if held.issuer != new.issuer:
            kept.append(der)
        elif held.this_update >= new.this_update:
            raise CrlSupersededError("the log holds a revocation list of that CA that is not older")
    if len(kept) >= MAX_CRLS:
        raise CrlSupersededError(f"the log holds the revocation lists of {MAX_CRLS} CAs already")
    return replace(rules, crls=(*kept, statement.message.payload or b""))


def _collateral(rules: Rules, _number: int, statement: SignedStatement, signer: bytes, at: int) -> Rules:
    return collateral_after(rules, statement, signer, at)


class _Change(Protocol):
    def __call__(self, rules: Rules, number: int, statement: SignedStatement, signer: bytes, at: int, /) -> Rules: ...


_CHANGES: Final[Mapping[str | int | None, _Change]] = {
    POLICY_CONTENT_TYPE: _policy,
    PROPOSAL_CONTENT_TYPE: _proposal,
    APPROVAL_CONTENT_TYPE: _approval,
    REVOCATION_CONTENT_TYPE: _revocation,
    RECEIPT_KEY_CONTENT_TYPE: _receipt_key,
    CRL_CONTENT_TYPE: _crl,
    COLLATERAL_CONTENT_TYPE: _collateral,
}


def _require_successor(statement: SignedStatement, rules: Rules) -> PolicyDocument:
    payload = statement.message.payload or b""
    policy = parse_policy(payload)
    if policy.encode() != payload:
        raise MalformedPolicyError("the policy document is not in the one encoding this log writes (RFC 8785)")
    if policy.version != rules.policy.version + 1:
        raise PolicyVersionError(f"the policy in force has version {rules.policy.version}")
    if policy.replaces != Replaced(rules.policy_entry, rules.policy_id):
        raise PolicySupersededError(f"the policy in force is entry {rules.policy_entry}, {rules.policy_id.hex()}")
    own = rules.other_log_kids | rules.operator_kids
    require_safe_policy(policy, own, rules.genesis.identity.issuer)
    require_apart(policy, rules.other_log_kids)
    return policy


def _require_new(thumbprint: bytes, rules: Rules) -> None:
    if rules.is_log_key(thumbprint) or rules.issuer_of(thumbprint) is not None:
        raise ReceiptKeyRefusedError("the key is one of this log's, or of an issuer's, already")
