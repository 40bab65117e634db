"""The auditor's public API: verifying offline, with the base install alone and without trusting the service.

Each ``verify_*`` returns a frozen result that says what was established and, in ``not_established``, what was not; it
raises a ``CounterfoilError`` otherwise and never returns a doubtful result::

    keys = parse_log_keys(Path("log-keys.cbor").read_bytes())
    result = verify_receipt(statement, receipt, keys)
    print(result.inclusion.leaf_index, result.issuer_signature)
"""

from counterfoil.verify.chain import ChainLink, VerifiedChain, verify_chain
from counterfoil.verify.checkpoints import verify_checkpoint, verify_checkpoint_consistency
from counterfoil.verify.consistency import verify_consistency
from counterfoil.verify.genesis import VerifiedGenesis, verify_genesis
from counterfoil.verify.log_history import VerifiedHistory, verify_history
from counterfoil.verify.log_keys import LogKey, LogKeys, log_keys_of, log_keys_of_genesis, parse_log_keys
from counterfoil.verify.receipts import verify_receipt, verify_receipt_for_entry, verify_transparent_statement
from counterfoil.verify.result import (
    Inclusion,
    IssuerSignature,
    ReceiptNotChecked,
    SignatureChecked,
    SignatureNotChecked,
    VerifiedCheckpoint,
    VerifiedConsistency,
    VerifiedEntry,
    VerifiedStatement,
    VouchedBy,
)
from counterfoil.verify.unrevoked import require_unrevoked

__all__ = [
    "ChainLink",
    "Inclusion",
    "IssuerSignature",
    "LogKey",
    "LogKeys",
    "ReceiptNotChecked",
    "SignatureChecked",
    "SignatureNotChecked",
    "VerifiedChain",
    "VerifiedCheckpoint",
    "VerifiedConsistency",
    "VerifiedEntry",
    "VerifiedGenesis",
    "VerifiedHistory",
    "VerifiedStatement",
    "VouchedBy",
    "log_keys_of",
    "log_keys_of_genesis",
    "parse_log_keys",
    "require_unrevoked",
    "verify_chain",
    "verify_checkpoint",
    "verify_checkpoint_consistency",
    "verify_consistency",
    "verify_genesis",
    "verify_history",
    "verify_receipt",
    "verify_receipt_for_entry",
    "verify_transparent_statement",
]
