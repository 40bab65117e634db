"""Every parser and every verifier that reads a stranger's bytes."""

import asyncio
from collections.abc import Callable
from typing import Final

from counterfoil.audit.entry import parse_audited
from counterfoil.cose.keys import certificate_key, parse_cose_key, parse_public_key_der, parse_public_key_pem
from counterfoil.cose.sign1 import parse_sign1
from counterfoil.cose.x509_path.revocation import parse_crl
from counterfoil.encoding.base64url import decode_base64url
from counterfoil.encoding.cbor import Limits, decode
from counterfoil.encoding.jcs import parse_canonical_json, parse_json
from counterfoil.errors import MalformedPolicyError
from counterfoil.merkle.tiles import parse_entries_path, parse_tile_path
from counterfoil.policy.lint import lint_policy
from counterfoil.policy.parse import parse_policy
from counterfoil.policy.remark import Severity
from counterfoil.receipt.checkpoint import parse_checkpoint
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.transparent import parse_transparent_statement
from counterfoil.receipt.verify import verify_consistency_receipt, verify_inclusion_receipt
from counterfoil.register import register
from counterfoil.statement.claims import parse_root_trace_id
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.did_document import parse_did_document
from counterfoil.statement.did_key import parse_did_key
from counterfoil.statement.did_x509 import parse_did_x509
from counterfoil.statement.genesis import KeyPurpose, parse_genesis
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.key_notice import parse_receipt_key_notice, parse_revocation, verify_possession
from counterfoil.statement.page import parse_page
from counterfoil.statement.signed_statement import parse_signed_statement, verify_statement
from counterfoil.statement.trace_event.parse import read_trace_event
from counterfoil.verify import (
    log_keys_of,
    parse_log_keys,
    verify_checkpoint,
    verify_consistency,
    verify_genesis,
    verify_history,
    verify_receipt,
    verify_receipt_for_entry,
    verify_transparent_statement,
)
from tests.fuzz.seeds import Material

Target = Callable[[bytes], object]

_MAX_BYTES: Final = 1024 * 1024


def _text(data: bytes) -> str:
    """Any text a caller could hand over, half surrogate pairs among it."""
    return data.decode(errors="surrogateescape")


def _linted(data: bytes) -> None:
    """Linting raises nothing itself; what it says is an error is one here."""
    for remark in lint_policy(data):
        if remark.severity is Severity.ERROR:
            raise MalformedPolicyError(remark.detail)


PARSERS: Final[dict[str, Target]] = {
    "parse_audited": lambda data: list(parse_audited(data)),
    "certificate_key": certificate_key,
    "decode": lambda data: decode(data, Limits(_MAX_BYTES), allow_tags=frozenset({1, 18})),
    "decode_base64url": lambda data: decode_base64url(_text(data)),
    "parse_canonical_json": lambda data: parse_canonical_json(data, max_bytes=_MAX_BYTES),
    "parse_checkpoint": parse_checkpoint,
    "parse_cose_key": parse_cose_key,
    "parse_decision_record": parse_decision_record,
    "parse_crl": parse_crl,
    "parse_did_document": lambda data: parse_did_document(data, "did:web:agent.example"),
    "parse_did_key": lambda data: parse_did_key(_text(data)),
    "parse_did_x509": lambda data: parse_did_x509(_text(data)),
    "parse_entries_path": lambda data: parse_entries_path(_text(data)),
    "parse_genesis": parse_genesis,
    "parse_json": lambda data: parse_json(data, max_bytes=_MAX_BYTES),
    "parse_log_keys": parse_log_keys,
    "parse_origin": lambda data: parse_origin(_text(data)),
    "parse_page": parse_page,
    "lint_policy": _linted,
    "parse_policy": parse_policy,
    "parse_public_key_der": parse_public_key_der,
    "parse_public_key_pem": parse_public_key_pem,
    "parse_public_key_pem (text)": lambda data: parse_public_key_pem(_text(data)),
    "parse_receipt": parse_receipt,
    "parse_receipt_key_notice": parse_receipt_key_notice,
    "parse_revocation": parse_revocation,
    "parse_root_trace_id": lambda data: parse_root_trace_id(_text(data)),
    "parse_sign1": lambda data: parse_sign1(data, max_bytes=_MAX_BYTES),
    "parse_signed_statement": parse_signed_statement,
    "parse_tile_path": lambda data: parse_tile_path(_text(data)),
    "parse_transparent_statement": parse_transparent_statement,
    "read_trace_event": lambda data: read_trace_event(data, "https://agent.example"),
}


def verifiers(material: Material) -> dict[str, Target]:
    """What goes on from a parsed message to a key."""
    world, statement = material.world, material.statement
    key, agent = world.signers[KeyPurpose.RECEIPT].public_key, world.agent.public_key
    checkpoint_key, keys = world.signers[KeyPurpose.CHECKPOINT].public_key, log_keys_of(key)
    entry_id = parse_signed_statement(statement).hash
    leaf, root, origin = statement_leaf(entry_id), material.first_root, world.identity.origin
    return {
        "verify_statement": lambda data: verify_statement(parse_signed_statement(data), agent),
        "verify_inclusion_receipt": lambda data: verify_inclusion_receipt(parse_receipt(data), leaf, key),
        "verify_consistency_receipt": lambda data: verify_consistency_receipt(parse_receipt(data), root, key),
        "verify_checkpoint": lambda data: verify_checkpoint(data, origin, checkpoint_key),
        "verify_consistency": lambda data: verify_consistency(data, root, keys),
        "verify_genesis": verify_genesis,
        "verify_history": verify_history,
        "verify_receipt": lambda data: verify_receipt(statement, data, keys, issuer_key=agent),
        "verify_receipt (statement)": lambda data: verify_receipt(data, material.receipt, keys, issuer_key=agent),
        "verify_receipt_for_entry": lambda data: verify_receipt_for_entry(entry_id, data, keys),
        "verify_possession": lambda data: verify_possession(parse_receipt_key_notice(data), world.identity),
        "verify_transparent_statement": lambda data: verify_transparent_statement(data, keys, issuer_key=agent),
    }


class Registering:
    """Posts to a log that holds every seed already: whatever comes, nothing may be appended.

    A message that is another spelling of a registered statement gets that statement's receipt. It belongs to one
    event loop of its own; ``close`` ends that.
    """

    def __init__(self, material: Material) -> None:
        self._loop = asyncio.new_event_loop()
        self._log = material.world.open()
        self._head = self._log.head()

    def __call__(self, data: bytes) -> None:
        """Post one message.

        Raises:
            AssertionError: Something was appended, or the receipt is another statement's.
            CounterfoilError: As ``register``.
        """
        try:
            registration = self._loop.run_until_complete(register(data, self._log))
        finally:
            if self._log.head() != self._head:
                raise AssertionError("something was appended")
        if registration.new or registration.entry_id != parse_signed_statement(data).hash:
            raise AssertionError("the receipt is not of the statement that came")

    def close(self) -> None:
        """End the event loop."""
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
