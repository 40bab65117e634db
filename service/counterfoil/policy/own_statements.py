"""What the log itself may register: policies by its operator key, pages by its service key."""

from enum import Enum, auto
from typing import Final

from counterfoil.cose.keys import PublicKey
from counterfoil.errors import (
    ContentTypeNotAdmittedError,
    MalformedPolicyError,
    PolicyUnsafeError,
    PolicyVersionError,
    SubjectReservedError,
)
from counterfoil.policy import document
from counterfoil.policy.document import PolicyDocument, Visibility
from counterfoil.policy.parse import parse_policy
from counterfoil.policy.rules import Rules
from counterfoil.statement import page
from counterfoil.statement.genesis import GENESIS_CONTENT_TYPE, KeyPurpose
from counterfoil.statement.signed_statement import SignedStatement

OWN_CONTENT_TYPES: Final = frozenset({document.POLICY_CONTENT_TYPE, GENESIS_CONTENT_TYPE, page.PAGE_CONTENT_TYPE})


class Effect(Enum):
    """What an entry changes for the entries after it."""

    NONE = auto()
    POLICY = auto()
    PAGE = auto()


def decide_own(statement: SignedStatement, key: PublicKey, rules: Rules) -> tuple[Visibility, Effect]:
    """Decide on a statement whose issuer is this log.

    Raises:
        ContentTypeNotAdmittedError: The key that signed it may not make statements of that content type.
        SubjectReservedError: Its subject is not the chain where such statements belong.
        PolicyVersionError, PolicyUnsafeError, MalformedError: What it says cannot come into force.
    """
    match rules.own_purpose(key), statement.content_type:
        case KeyPurpose.OPERATOR, document.POLICY_CONTENT_TYPE:
            _require_subject(statement, rules.genesis.identity.policy_subject)
            _require_successor(statement.message.payload or b"", rules)
            return Visibility.PUBLIC, Effect.POLICY
        case KeyPurpose.SERVICE, page.PAGE_CONTENT_TYPE:
            _require_subject(statement, rules.genesis.identity.page_subject)
            page.parse_page(statement.message.payload or b"")
            return Visibility.PUBLIC, Effect.PAGE
        case _:
            raise ContentTypeNotAdmittedError("the key may not make statements of that content type for this log")


def require_safe_policy(policy: PolicyDocument, rules_keys: frozenset[bytes], log_issuer: str) -> None:
    """Refuse a policy that would let anybody speak as the log, or sign with a key of the log.

    ``rules_keys`` are the thumbprints of every key of the log.

    Raises:
        PolicyUnsafeError: It would.
    """
    if policy.issuer(log_issuer) is not None:
        raise PolicyUnsafeError("the policy names this log as an issuer")
    identifiers = {key.thumbprint for key in policy.public_keys()} | {key.kid for i in policy.issuers for key in i.keys}
    if identifiers & rules_keys:
        raise PolicyUnsafeError("the policy gives a key of this log to an issuer")
    if any(rule.content_type in OWN_CONTENT_TYPES for rule in policy.content_types):
        raise PolicyUnsafeError("the policy opens a content type that is the log's own")


def _require_successor(payload: bytes, rules: Rules) -> None:
    policy = parse_policy(payload)
    if policy.encode() != payload:
        raise MalformedPolicyError("the policy document is not in the one encoding this log writes (RFC 8785)")
    if policy.version != rules.policy.version + 1:
        raise PolicyVersionError(f"the policy in force has version {rules.policy.version}")
    own = frozenset(key.thumbprint for key in rules.genesis.keys.values())
    require_safe_policy(policy, own, rules.genesis.identity.issuer)


def _require_subject(statement: SignedStatement, subject: str) -> None:
    if statement.claims.subject != subject:
        raise SubjectReservedError("the log's own statements belong into its own chains")
