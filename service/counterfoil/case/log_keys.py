"""Which log key the receipts of a case are by, and what it is believed for."""

from collections.abc import Iterator

from counterfoil.case.build import PolicyExhibit
from counterfoil.case.contents import CaseContents
from counterfoil.cose.keys import PublicKey
from counterfoil.errors import CaseInvalidError, LogKeyUnknownError
from counterfoil.receipt.transparent import TransparentStatement, parse_transparent_statement
from counterfoil.statement.genesis import GENESIS_ENTRY, Genesis, KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.verify import LogKeys, VerifiedGenesis, verify_genesis, verify_transparent_statement
from counterfoil.verify.log_history import verify_history_entries


def read_genesis(contents: CaseContents) -> VerifiedGenesis:
    """The genesis statement of a case, with the log keys that it and the announcements in the case lead to.

    Raises:
        CaseInvalidError: There are announcements, and the receipts need none, or one stands under another number.
        UnverifiedError, MalformedError: Something does not hold, as for ``verify_genesis`` and ``verify_history``.
    """
    if not contents.log_keys:
        return verify_genesis(contents.genesis)
    history = verify_history_entries(list(_entries(contents)))
    named = sorted([GENESIS_ENTRY, *(one.number for one in contents.log_keys)])
    if [number for number, _ in history.entries] != named:
        raise CaseInvalidError("an announcement stands elsewhere in the tree than its files are named")
    genesis, log_keys = history.genesis, history.log_keys
    operator = genesis.keys[KeyPurpose.OPERATOR]
    statement = verify_transparent_statement(contents.genesis, log_keys, issuer_key=operator)
    if statement.inclusion.key_thumbprint == genesis.keys[KeyPurpose.RECEIPT].thumbprint:
        raise CaseInvalidError("the evidence holds announcements of log keys that nothing in the case is signed with")
    return VerifiedGenesis(genesis, log_keys, statement)


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
        if contents.log_keys:
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


def _entries(contents: CaseContents) -> Iterator[TransparentStatement]:
    before = [one for one in contents.log_keys if one.number < GENESIS_ENTRY]
    yield from map(_transparent, before)
    yield parse_transparent_statement(contents.genesis)
    yield from map(_transparent, contents.log_keys[len(before) :])


def _transparent(one: PolicyExhibit) -> TransparentStatement:
    return TransparentStatement(parse_signed_statement(one.statement, max_bytes=len(one.statement)), (one.receipt,))
