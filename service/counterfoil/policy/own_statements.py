"""What the log itself may register: what changes the rules by its operators, pages by its service key."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from counterfoil.cose.keys import PublicKey
from counterfoil.errors import ContentTypeNotAdmittedError, SubjectReservedError
from counterfoil.policy.changes import rules_after
from counterfoil.policy.document import POLICY_CONTENT_TYPE
from counterfoil.policy.rules import Rules
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.key_notice import REVOCATION_CONTENT_TYPE, parse_revocation
from counterfoil.statement.page import PAGE_CONTENT_TYPE, parse_page
from counterfoil.statement.signed_statement import SignedStatement

_UNPLACED: Final = 2**62
"""Of a statement that has no number yet: later than any entry."""


class Effect(Enum):
    """What an entry changes for the entries after it: nothing, the policy in force, other rules, or the next page."""

    NONE = auto()
    POLICY = auto()
    RULES = auto()
    PAGE = auto()


@dataclass(frozen=True, slots=True)
class OwnDecision:
    """That a statement of the log about itself is admitted; all of those are public.

    ``follows`` is the number of an entry that it must come after, -1 where there is none. ``head_signers`` are the
    thumbprints of the receipt keys with which tree heads may be signed from it on.
    """

    effect: Effect
    head_signers: frozenset[bytes]
    follows: int = -1


def decide_own(statement: SignedStatement, key: PublicKey, rules: Rules, at: int) -> OwnDecision:
    """Decide on a statement whose issuer is this log, at the head time ``at`` in whole seconds since 1970.

    Raises:
        ContentTypeNotAdmittedError: The key that signed it may not make statements of that content type.
        SubjectReservedError: Its subject is not the chain where such statements belong.
        RefusedError, MalformedError, UnverifiedError: What it says cannot come into force.
    """
    if statement.content_type == PAGE_CONTENT_TYPE:
        if rules.own_purpose(key) is not KeyPurpose.SERVICE:
            raise ContentTypeNotAdmittedError("the key may not make statements of that content type for this log")
        _require_subject(statement, rules.genesis.identity.page_subject)
        parse_page(statement.message.payload or b"")
        return OwnDecision(Effect.PAGE, rules.receipt_keys.in_force)
    after = rules_after(rules, _UNPLACED, statement, key.thumbprint, at)
    _require_subject(statement, rules.genesis.identity.policy_subject)
    effect = Effect.POLICY if statement.content_type == POLICY_CONTENT_TYPE else Effect.RULES
    return OwnDecision(effect, after.receipt_keys.in_force, _last_valid(statement))


def _last_valid(statement: SignedStatement) -> int:
    if statement.content_type != REVOCATION_CONTENT_TYPE:
        return -1
    return parse_revocation(statement.message.payload or b"").last_valid_entry


def _require_subject(statement: SignedStatement, subject: str) -> None:
    if statement.claims.subject != subject:
        raise SubjectReservedError("the log's own statements belong into its own chains")
