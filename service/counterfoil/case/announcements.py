"""What the log said of itself, as a case holds it: the key that its receipts are by, and the rules of each entry."""

from counterfoil.case.build import OwnEntry
from counterfoil.case.contents import CaseContents
from counterfoil.cose.keys import PublicKey
from counterfoil.errors import CaseInvalidError, LogKeyUnknownError
from counterfoil.policy.succession import Succession, read_succession
from counterfoil.receipt.transparent import TransparentStatement
from counterfoil.statement.genesis import GENESIS_ENTRY, Genesis, KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.verify import (
    LogKeys,
    VerifiedGenesis,
    verify_transparent_statement,
)
from counterfoil.verify.log_history import require_whole_history, verify_history_entries


def read_genesis(contents: CaseContents) -> VerifiedGenesis:
    """The genesis statement of a case, with the log keys that it and the announcements in the case lead to.

    Raises:
        CaseInvalidError: An announcement stands under another number, or the genesis statement is none of them.
        ChainInvalidError: They are not all that the log says of itself in that tree.
        UnverifiedError, MalformedError: Something does not hold, as for ``verify_genesis`` and ``verify_history``.
    """
    own = contents.announcements.entries
    history = verify_history_entries([_transparent(one) for one in own])
    if [number for number, _ in history.entries] != [one.number for one in own]:
        raise CaseInvalidError("an announcement stands elsewhere in the tree than its files are named")
    require_whole_history(history, [one.decision for one in own], contents.announcements.chain_head)
    genesis, log_keys = history.genesis, history.log_keys
    operator = genesis.keys[KeyPurpose.OPERATOR]
    statement = verify_transparent_statement(contents.genesis, log_keys, issuer_key=operator)
    if (GENESIS_ENTRY, statement.entry_id) not in history.entries:
        raise CaseInvalidError("the genesis statement is not the one among the announcements")
    return VerifiedGenesis(genesis, log_keys, statement)


def read_rules(contents: CaseContents, genesis: Genesis) -> Succession:
    """The rules by which each entry of a case was decided: its announcements, decided again one after another.

    Raises:
        ChainInvalidError, UnverifiedError, MalformedError: As for ``read_succession``.
    """
    return read_succession([(one.statement, one.decision) for one in contents.announcements.entries], genesis)


def require_trusted(verified: VerifiedGenesis, trusted: LogKeys | None, pinned: Genesis | None) -> LogKeys:
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
        if signer != verified.genesis.keys[KeyPurpose.RECEIPT].thumbprint:
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
