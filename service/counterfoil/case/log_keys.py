"""Which log key the receipts of a case are by, and what it is believed for."""

from counterfoil.case.build import OwnEntry
from counterfoil.case.contents import CaseContents, own_entries
from counterfoil.cose.keys import PublicKey
from counterfoil.errors import CaseInvalidError, LogKeyUnknownError
from counterfoil.receipt.chain_head import verify_chain_head
from counterfoil.receipt.transparent import TransparentStatement
from counterfoil.statement.decision_record import decision_digest, parse_decision_record
from counterfoil.statement.genesis import GENESIS_ENTRY, Genesis, KeyPurpose
from counterfoil.statement.links import chain_hash, chain_id, empty_chain_hash
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.verify import (
    LogKeys,
    VerifiedCheckpoint,
    VerifiedGenesis,
    verify_genesis,
    verify_transparent_statement,
)
from counterfoil.verify.log_history import verify_history_entries


def read_genesis(contents: CaseContents) -> VerifiedGenesis:
    """The genesis statement of a case, with the log keys that it and the announcements in the case lead to.

    Raises:
        CaseInvalidError: There are announcements, and the receipts need none, or one stands under another number.
        UnverifiedError, MalformedError: Something does not hold, as for ``verify_genesis`` and ``verify_history``.
    """
    own = own_entries(contents)
    if not own:
        return verify_genesis(contents.genesis)
    history = verify_history_entries([_transparent(one) for one in own])
    if [number for number, _ in history.entries] != [one.number for one in own]:
        raise CaseInvalidError("an announcement stands elsewhere in the tree than its files are named")
    genesis, log_keys = history.genesis, history.log_keys
    operator = genesis.keys[KeyPurpose.OPERATOR]
    statement = verify_transparent_statement(contents.genesis, log_keys, issuer_key=operator)
    if (GENESIS_ENTRY, statement.entry_id) not in history.entries:
        raise CaseInvalidError("the genesis statement is not the one among the announcements")
    if statement.inclusion.key_thumbprint == genesis.keys[KeyPurpose.RECEIPT].thumbprint:
        raise CaseInvalidError("the evidence holds announcements of log keys that nothing in the case is signed with")
    return VerifiedGenesis(genesis, log_keys, statement)


def require_all_announced(contents: CaseContents, genesis: Genesis, checkpoint: VerifiedCheckpoint) -> None:
    """Check that the log signed of its own chain of policies that it has these entries in this tree, and no other.

    Raises:
        CaseInvalidError: It has others.
        UnverifiedError, MalformedError: The note does not hold.
    """
    if contents.announcements is None:
        return
    identity = genesis.identity
    last = empty_chain_hash(identity.origin, identity.policy_subject)
    for one in contents.announcements.entries:
        if parse_decision_record(one.decision).number != one.number:
            raise CaseInvalidError(f"the decision on entry {one.number} is on another one")
        entry_id = parse_signed_statement(one.statement, max_bytes=len(one.statement)).hash
        last = chain_hash(last, entry_id, decision_digest(one.decision))
    head = verify_chain_head(contents.announcements.chain_head, identity.origin, genesis.keys[KeyPurpose.CHECKPOINT])
    length = len(contents.announcements.entries)
    here = (checkpoint.size, checkpoint.root, chain_id(identity.policy_subject), length, last)
    if (head.size, head.root, head.chain_id, head.length, head.chain_hash) != here:
        raise CaseInvalidError("the announcements of the case are not all that the log says of itself in that tree")


def require_trusted(
    contents: CaseContents, verified: VerifiedGenesis, trusted: LogKeys | None, pinned: Genesis | None
) -> LogKeys:
    """The keys that the receipts of a case must verify with: its own where none are given.

    An announcement is believed for whose genesis statement it follows from. So keys that were given without that are
    those, and no others, whatever the case says.

    Raises:
        LogKeyUnknownError: The case is of another log than the trusted one, or nothing trusted leads to its key.
    """
    if trusted is None:
        return verified.log_keys
    if pinned is not None:
        if verified.genesis != pinned:
            raise LogKeyUnknownError("the genesis statement of the case is not the trusted one")
        return _with_announced(trusted, verified.log_keys)
    signer = verified.statement.inclusion.key_thumbprint
    if all(one.key.thumbprint != signer for one in trusted.keys):
        if contents.announcements is not None:
            raise LogKeyUnknownError(
                f"the receipts of the case are by the key {signer.hex()}, which is announced in it and not trusted: "
                "give the log's genesis statement, from which announcements are followed"
            )
        raise LogKeyUnknownError("the genesis statement of the case names a receipt key that is not trusted")
    return trusted


def signer_of(verified: VerifiedGenesis) -> PublicKey:
    """The key that the receipts of a case are by."""
    return verified.log_keys.find(verified.statement.inclusion.key_thumbprint)


def _with_announced(trusted: LogKeys, own: LogKeys) -> LogKeys:
    """What is known from elsewhere stands before what the case says, which may be older."""
    known = {one.key.thumbprint for one in trusted.keys} | {key.thumbprint for key in trusted.compromised}
    announced = tuple(one for one in own.keys if one.key.thumbprint not in known)
    return LogKeys((*trusted.keys, *announced), trusted.issuer, trusted.compromised)


def _transparent(one: OwnEntry) -> TransparentStatement:
    return TransparentStatement(parse_signed_statement(one.statement, max_bytes=len(one.statement)), (one.receipt,))
