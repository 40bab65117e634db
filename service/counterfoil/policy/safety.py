"""What no policy may open to others: the log's own keys, its name, and the content types of its own statements."""

from typing import Final

from counterfoil.cose.keys import certificate_key
from counterfoil.errors import PolicyUnsafeError
from counterfoil.policy.ballot import APPROVAL_CONTENT_TYPE, PROPOSAL_CONTENT_TYPE
from counterfoil.policy.document import POLICY_CONTENT_TYPE, PolicyDocument
from counterfoil.policy.loaded_collateral import COLLATERAL_CONTENT_TYPE
from counterfoil.statement.genesis import GENESIS_CONTENT_TYPE
from counterfoil.statement.key_notice import RECEIPT_KEY_CONTENT_TYPE, REVOCATION_CONTENT_TYPE
from counterfoil.statement.page import PAGE_CONTENT_TYPE

OWN_CONTENT_TYPES: Final = frozenset(
    {
        POLICY_CONTENT_TYPE,
        PROPOSAL_CONTENT_TYPE,
        APPROVAL_CONTENT_TYPE,
        REVOCATION_CONTENT_TYPE,
        RECEIPT_KEY_CONTENT_TYPE,
        GENESIS_CONTENT_TYPE,
        PAGE_CONTENT_TYPE,
        COLLATERAL_CONTENT_TYPE,
    }
)


def require_safe_policy(policy: PolicyDocument, rules_keys: frozenset[bytes], log_issuer: str) -> None:
    """Refuse a policy that would let anybody speak as the log, or sign with a key of the log.

    ``rules_keys`` are the thumbprints of every key of the log; the operators that the policy names itself are more.

    Raises:
        PolicyUnsafeError: It would.
    """
    if policy.issuer(log_issuer) is not None:
        raise PolicyUnsafeError("the policy names this log as an issuer")
    identifiers = {key.thumbprint for key in policy.public_keys()} | {key.kid for i in policy.issuers for key in i.keys}
    operators = frozenset(key.thumbprint for key in policy.operators.keys)
    own = rules_keys | operators
    if identifiers & own:
        raise PolicyUnsafeError("the policy gives a key of this log to an issuer")
    if any(certificate_key(root.certificate).thumbprint in own for root in policy.roots):
        raise PolicyUnsafeError("the policy names a certificate of a key of this log as a root")
    if any(rule.content_type in OWN_CONTENT_TYPES for rule in policy.content_types):
        raise PolicyUnsafeError("the policy opens a content type that is the log's own")


def require_apart(policy: PolicyDocument, other_keys: frozenset[bytes]) -> None:
    """Refuse a policy whose operators hold a key that the log uses for something else (RFC 9943, section 9.4).

    Raises:
        PolicyUnsafeError: One of them does.
    """
    if any(key.thumbprint in other_keys for key in policy.operators.keys):
        raise PolicyUnsafeError("the policy makes an operator of a key that this log uses for something else")
