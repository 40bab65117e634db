"""Reading a log's identity and keys from its genesis statement."""

from dataclasses import dataclass

from counterfoil.errors import InclusionInvalidError, MalformedGenesisError, PayloadMissingError, RootMismatchError
from counterfoil.receipt.transparent import parse_transparent_statement
from counterfoil.statement.genesis import GENESIS_CONTENT_TYPE, GENESIS_ENTRY, Genesis, KeyPurpose, parse_genesis
from counterfoil.verify.log_keys import LogKeys, log_keys_of_genesis
from counterfoil.verify.receipts import verify_transparent_statement
from counterfoil.verify.result import VerifiedStatement


@dataclass(frozen=True, slots=True)
class VerifiedGenesis:
    """A log's genesis statement that agrees with itself: its own keys signed it and its receipt.

    Anybody can make one of those for keys of their own. That it is the right log's rests on where it came from, or on
    ``expected_entry_id`` where that was given.
    """

    genesis: Genesis
    log_keys: LogKeys
    statement: VerifiedStatement


def verify_genesis(transparent: bytes, *, expected_entry_id: bytes | None = None) -> VerifiedGenesis:
    """Check a genesis Transparent Statement against the keys it names itself, and pin it by its entry id if given.

    Raises:
        RootMismatchError: Its entry id is another than the expected one.
        MalformedGenesisError, PayloadMissingError, MalformedError: It is no genesis statement.
        InclusionInvalidError: Its receipt puts it elsewhere than at the log's second entry.
        UnverifiedError: A signature or the receipt does not hold.

    Spec: RFC 9943, section 5.1.2.
    """
    statement = parse_transparent_statement(transparent).statement
    if expected_entry_id not in {None, statement.hash}:
        raise RootMismatchError(f"the genesis statement is {statement.hash.hex()}, not the expected one")
    if statement.content_type != GENESIS_CONTENT_TYPE:
        raise MalformedGenesisError("the statement's content type is not that of a genesis statement")
    if statement.message.payload is None:
        raise PayloadMissingError("the genesis statement's payload is detached")
    genesis = parse_genesis(statement.message.payload)
    if statement.claims.issuer != genesis.identity.issuer:
        raise MalformedGenesisError("the genesis statement's issuer is not the log it names")
    log_keys = log_keys_of_genesis(genesis)
    verified = verify_transparent_statement(transparent, log_keys, issuer_key=genesis.keys[KeyPurpose.OPERATOR])
    if any(inclusion.leaf_index != GENESIS_ENTRY for inclusion in verified.inclusions):
        raise InclusionInvalidError(f"the receipt does not put the genesis statement at entry {GENESIS_ENTRY}")
    return VerifiedGenesis(genesis, log_keys, verified)
