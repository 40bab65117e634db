"""What a log says about keys, as statements of its operator or of whoever a test has say it."""

from counterfoil.cose.private_keys import LocalSigner
from counterfoil.log.founding import sign_own_statement
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.key_notice import (
    RECEIPT_KEY_CONTENT_TYPE,
    REVOCATION_CONTENT_TYPE,
    ReceiptKeyAct,
    ReceiptKeyNotice,
    Revocation,
    announce_receipt_key,
)
from tests.builders import World


def own_statement(world: World, content_type: str, payload: bytes, signer: LocalSigner | None = None) -> bytes:
    """A statement of the log about itself, by its operator unless somebody else is named."""
    by = world.signers[KeyPurpose.OPERATOR] if signer is None else signer
    return sign_own_statement(by, world.identity, world.identity.policy_subject, content_type, payload, world.clock())


def announcement(world: World, key: LocalSigner, signer: LocalSigner | None = None) -> bytes:
    payload = announce_receipt_key(key, world.identity).encode()
    return own_statement(world, RECEIPT_KEY_CONTENT_TYPE, payload, signer)


def ending(world: World, act: ReceiptKeyAct, key: LocalSigner, signer: LocalSigner | None = None) -> bytes:
    payload = ReceiptKeyNotice(act, key.public_key.thumbprint).encode()
    return own_statement(world, RECEIPT_KEY_CONTENT_TYPE, payload, signer)


def retirement(world: World, key: LocalSigner) -> bytes:
    return ending(world, ReceiptKeyAct.RETIRE, key)


def compromise(world: World, key: LocalSigner) -> bytes:
    return ending(world, ReceiptKeyAct.COMPROMISE, key)


def revocation(world: World, key: LocalSigner, last: int, signer: LocalSigner | None = None) -> bytes:
    payload = Revocation(key.public_key.thumbprint, last, "lost").encode()
    return own_statement(world, REVOCATION_CONTENT_TYPE, payload, signer)
