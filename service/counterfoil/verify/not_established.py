"""The sentences that say what a verification does not show. They are part of its result, not of a manual."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from counterfoil.statement.signed_statement import SignedStatement
from counterfoil.verify.result import Inclusion, IssuerSignature, ReceiptNotChecked, SignatureNotChecked

LOG_KEY: Final = "That the log key is the log's: it was taken as trusted from whoever supplied it."
SAME_VIEW: Final = (
    "That the log shows everybody the same entries: compare a checkpoint that somebody else obtained, "
    "or verify consistency with one obtained earlier."
)
COMPLETE: Final = "That nothing else about the same subject was registered, or left out: a receipt speaks of one entry."
TRUE: Final = "That what the statement says is so: the log shows that it was said, not that it happened."
PLACE: Final = (
    "The exact tree size and leaf index: the log signed the root, and the receipt states these two beside it, "
    "so that another pair may go with the same path."
)
SIZES: Final = (
    "The two tree sizes: the log signed the root, and the receipt states the sizes beside it, "
    "so that others may go with the same path."
)
WHEN: Final = "When the statement was made: the time is the log's own, and shows that the statement was there by then."
NO_TIME: Final = "When the statement was registered: the receipt names no time."
VOUCHED: Final = (
    "Who made the receipt, and when: its key is compromised. That the entry is on the log rests on the consistency "
    "proof to a later tree that another key of the log signed, and the time is that tree's."
)
CONTENT: Final = "What the statement says, who made it, and whether it was signed: only its hash was known here."
ISSUER_UNCHECKED: Final = (
    "That the issuer the statement names made it: its signature was not checked here, for want of the issuer's key."
)
KEY_OWNER: Final = (
    "That the key which made the signature belongs to the issuer that the statement names: it was supplied."
)
NOT_REVOKED: Final = (
    "That the log has not revoked that key from before the entry on: its key history, given for its keys, shows that."
)
PREIMAGE: Final = "Which content the statement is about: it carries a digest, and no content was compared with that."
CHAIN_COMPLETE: Final = (
    "That the chain has no other entry: no signature was checked here that covers its hash. Compare it with the one "
    "that another party was shown, or check the log's signed chain head; a gap in a writer's own sequence shows as one."
)
CHAIN_SIGNED: Final = (
    "That the log counts every entry about this subject: it signed how many there are and their hash, and answers for "
    "that. Who has the receipt of an entry that is missing, or another chain head of the same tree, has caught it."
)
POLICY_ISSUERS: Final = (
    "That a key which the registration policy gives to an issuer is that issuer's: the log's operator says so in the "
    "policy."
)
REVOCATION: Final = (
    "That no certificate of an issuer was revoked when it was used, beyond what the revocation lists say that the log "
    "held then: of a CA without one nothing is known."
)
ATTESTED: Final = (
    "That attested hardware was sound, or that its makers keep their keys: its evidence was appraised by what they "
    "signed, by the collateral that the log then had, and by the appraisal policy of the log."
)
ENROLLED: Final = (
    "When a key was enrolled, to the second, and that no other enrolment of it was in force: only those that the "
    "decisions name are here, and the records of these are in no signed hash of the file."
)
EVIDENCE_UNJUDGED: Final = (
    "That evidence of attested hardware was rightly appraised: the decision records say what came of it, and it was "
    "not judged again here. counterfoil audit does that."
)
VIEWS: Final = (
    "That README, timeline and certificate say what the evidence says: they are drawn from it, and it alone is "
    "verified."
)
GROWTH_ONLY: Final = "What the entries say, and that each was rightly admitted: consistency is about their order alone."


def about_entry(inclusion: Inclusion) -> tuple[str, ...]:
    """What a receipt leaves open for somebody who has only the entry's hash."""
    return (CONTENT, *_about_inclusions((inclusion,)))


def about_statement(
    statement: SignedStatement,
    inclusions: Sequence[Inclusion],
    signature: IssuerSignature,
    unchecked: Sequence[ReceiptNotChecked],
) -> tuple[str, ...]:
    """What receipts and the issuer's signature leave open about a statement."""
    return (*_about_signature(statement, signature), *_about_inclusions(inclusions), *map(_about_receipt, unchecked))


def not_revoked_since(tree_size: int) -> str:
    """What a log's key history as of a tree leaves open about revocations."""
    return f"That the log has not revoked that key since the tree of {tree_size} entries, of which its history is."


def about_chain(place_is_signed: Iterable[bool], *, is_attested: bool = False) -> tuple[str, ...]:
    """What the entries of a chain with their receipts leave open; more where decisions rest on evidence of hardware."""
    places = () if all(place_is_signed) else (PLACE,)
    evidence = (EVIDENCE_UNJUDGED,) if is_attested else ()
    return (ISSUER_UNCHECKED, TRUE, *evidence, CHAIN_COMPLETE, *places, LOG_KEY, SAME_VIEW)


def about_case(*, has_certificates: bool, is_attested: bool = False) -> tuple[str, ...]:
    """What a case file that holds leaves open; more where its statements came with certificates or from hardware."""
    certificates = (REVOCATION,) if has_certificates else ()
    hardware = (ATTESTED, ENROLLED) if is_attested else ()
    return (TRUE, CHAIN_SIGNED, POLICY_ISSUERS, *certificates, *hardware, LOG_KEY, SAME_VIEW, VIEWS)


def about_checkpoint() -> tuple[str, ...]:
    """What one checkpoint leaves open."""
    return (LOG_KEY, SAME_VIEW)


def about_consistency(*, size_is_signed: bool = True) -> tuple[str, ...]:
    """What a consistency proof leaves open."""
    return (*(() if size_is_signed else (SIZES,)), GROWTH_ONLY, LOG_KEY, SAME_VIEW)


def _about_signature(statement: SignedStatement, signature: IssuerSignature) -> Iterator[str]:
    yield from (ISSUER_UNCHECKED,) if isinstance(signature, SignatureNotChecked) else (KEY_OWNER, NOT_REVOKED)
    yield TRUE
    if statement.hash_envelope is not None:
        yield PREIMAGE


def _about_inclusions(inclusions: Sequence[Inclusion]) -> Iterator[str]:
    yield NO_TIME if any(inclusion.head_time is None for inclusion in inclusions) else WHEN
    if not all(inclusion.place_is_signed for inclusion in inclusions):
        yield PLACE
    if any(inclusion.vouched_by is not None for inclusion in inclusions):
        yield VOUCHED
    yield COMPLETE
    yield SAME_VIEW
    yield LOG_KEY


def _about_receipt(receipt: ReceiptNotChecked) -> str:
    return f"Anything by receipt {receipt.position + 1}, which was not checked: {receipt.reason}."
