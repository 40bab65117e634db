"""How a log begins: the policy and the genesis statement, committed at once (RFC 9943, section 5.1.2)."""

from collections.abc import Mapping

from counterfoil.cose import labels
from counterfoil.cose.keys import PublicKey
from counterfoil.cose.sign1 import sign_sign1
from counterfoil.cose.signer import Signer
from counterfoil.errors import (
    AlreadyInitialisedError,
    ContentTypeNotAdmittedError,
    MalformedPolicyError,
    MisconfiguredError,
    PolicyUnsafeError,
    SubjectReservedError,
)
from counterfoil.log.plan import Draft, Submission, View
from counterfoil.log.ports import LogStore
from counterfoil.log.records import Head
from counterfoil.merkle.hashing import EMPTY_ROOT, TreeSize
from counterfoil.merkle.tree import EMPTY_FRONTIER
from counterfoil.policy.decision import FOREVER, Decision
from counterfoil.policy.document import POLICY_CONTENT_TYPE, PolicyDocument, Visibility
from counterfoil.policy.own_statements import Effect
from counterfoil.policy.rules import Rules
from counterfoil.policy.safety import require_safe_policy
from counterfoil.receipt.tree_head import TreeHead, require_receipt_signer, sign_head
from counterfoil.statement.claims import RootTraceId
from counterfoil.statement.genesis import GENESIS_CONTENT_TYPE, Genesis, KeyPurpose
from counterfoil.statement.identity import LogIdentity
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement, verify_statement

POLICY_ENTRY = 0
_BEFORE_THE_LOG = Head(TreeHead(TreeSize(0), EMPTY_ROOT, 0), EMPTY_FRONTIER, POLICY_ENTRY, POLICY_ENTRY, 0, 0)


def sign_own_statement(
    signer: Signer,
    identity: LogIdentity,
    subject: RootTraceId,
    content_type: str,
    payload: bytes,
    issued_at: int,
) -> bytes:
    """A statement of the log about itself: a policy, a genesis or a page (RFC 9943, section 6)."""
    return sign_sign1(
        signer,
        {
            labels.CONTENT_TYPE: content_type,
            labels.KID: signer.public_key.thumbprint,
            labels.CWT_CLAIMS: {labels.CWT_ISS: identity.issuer, labels.CWT_SUB: subject, labels.CWT_IAT: issued_at},
        },
        payload,
    )


def genesis_of(identity: LogIdentity, signers: Mapping[KeyPurpose, Signer]) -> Genesis:
    """The genesis document that names these signers' keys."""
    return Genesis(identity, {purpose: signers[purpose].public_key for purpose in KeyPurpose})


def found_log(
    store: LogStore,
    identity: LogIdentity,
    signers: Mapping[KeyPurpose, Signer],
    policy: PolicyDocument,
    now: int,
) -> TreeHead:
    """Begin a log: entry 0 is the policy, entry 1 the genesis statement. ``now`` is in seconds since 1970.

    Raises:
        AlreadyInitialisedError: The store holds a log.
        MisconfiguredError: The policy's version is not 1.
        PolicyUnsafeError: The policy would let somebody speak as the log, or names operators of its own.
        SignerUnavailableError: The receipt signer does not sign with its key's own algorithm.
        StoreUnavailableError: The store failed; nothing was begun, or all of it.
    """
    genesis = genesis_of(identity, signers)
    require_receipt_signer(signers[KeyPurpose.RECEIPT])
    if policy.version != 1:
        raise MisconfiguredError("the first policy has version 1")
    _require_first(policy, genesis)
    operator = signers[KeyPurpose.OPERATOR]
    subject = identity.policy_subject
    statements = [
        parse_signed_statement(sign_own_statement(operator, identity, subject, content_type, payload, now))
        for content_type, payload in (
            (POLICY_CONTENT_TYPE, policy.encode()),
            (GENESIS_CONTENT_TYPE, genesis.encode()),
        )
    ]
    with store.append() as transaction:
        if transaction.head is not None:
            raise AlreadyInitialisedError("the store holds a log already")
        draft = Draft(identity.origin, _BEFORE_THE_LOG, now, View({}, {}))
        for statement in statements:
            verify_statement(statement, operator.public_key)
            draft.place(Submission(statement, founding_decision(operator.public_key)))
        plan = draft.plan(())
        signature = sign_head(signers[KeyPurpose.RECEIPT], identity, plan.head.tree)
        transaction.write(plan.batch(transaction, signature))
    return plan.head.tree


def founding_decision(operator: PublicKey) -> Decision:
    """The decision on entries 0 and 1: the log's own beginning, made under the policy that entry 0 is."""
    return Decision(
        rules_entry=POLICY_ENTRY,
        policy_entry=POLICY_ENTRY,
        key_thumbprint=operator.thumbprint,
        visibility=Visibility.PUBLIC,
        holds_from=0,
        holds_until=FOREVER,
        effect=Effect.NONE,
        evidence_digest=None,
    )


def require_founding(number: int, statement: SignedStatement, key: PublicKey, rules: Rules) -> None:
    """Check that a statement, whose signature ``key`` has verified, is what entry 0 or 1 must be.

    Raises:
        PolicyUnsafeError, MalformedError: The first policy is none that a log begins with.
        RefusedError: The statement is another's, or about something else.
    """
    identity, payload = rules.genesis.identity, statement.message.payload or b""
    content_type = POLICY_CONTENT_TYPE if number == POLICY_ENTRY else GENESIS_CONTENT_TYPE
    if key != rules.genesis.keys[KeyPurpose.OPERATOR] or statement.content_type != content_type:
        raise ContentTypeNotAdmittedError(f"entry {number} is not a {content_type} by the operator key")
    if statement.claims.subject != identity.policy_subject:
        raise SubjectReservedError("the log's own statements belong into its own chains")
    if number == POLICY_ENTRY and (rules.policy.version != 1 or rules.policy.encode() != payload):
        raise MalformedPolicyError("the first policy has version 1 and the one encoding this log writes (RFC 8785)")
    _require_first(rules.policy, rules.genesis)


def _require_first(policy: PolicyDocument, genesis: Genesis) -> None:
    require_safe_policy(policy, frozenset(key.thumbprint for key in genesis.keys.values()), genesis.identity.issuer)
    if policy.operators.keys or policy.replaces is not None or policy.approved is not None:
        raise PolicyUnsafeError("the first policy has the one operator of the genesis statement and replaces nothing")
