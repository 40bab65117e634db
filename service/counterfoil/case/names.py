"""What the files of a case are called: fixed words and entry numbers, never anything that somebody logged."""

from typing import Final

EVIDENCE: Final = "evidence/"
MANIFEST: Final = "evidence/manifest.json"
GENESIS: Final = "evidence/genesis.cose"
KEYS: Final = "evidence/keys.cbor"
CHECKPOINT: Final = "evidence/checkpoint.txt"
CHAIN_HEAD: Final = "evidence/chain-head.txt"
LOG_KEYS_HEAD: Final = "evidence/log-keys/chain-head.txt"
README: Final = "README.txt"
TIMELINE_HTML: Final = "timeline.html"
TIMELINE_PDF: Final = "timeline.pdf"
CERTIFICATE: Final = "certificate-draft.txt"
VERIFIER: Final = "verify.py"

_DIGITS: Final = 12
"""A million million entries sort by name as they do by number."""


def document(name: str) -> str:
    """A derived document."""
    return f"{EVIDENCE}{name}"


def of_entry(number: int, what: str) -> str:
    """A file about an entry of the engagement.

    It is ``statement.cose``, ``evidence.cbor``, ``decision.cbor``, ``receipt.cose`` or ``json``.
    """
    return f"{EVIDENCE}entries/{number:0{_DIGITS}d}.{what}"


def of_enrolment(number: int, what: str) -> str:
    """A file about an enrolment that a decision names: ``statement.cose``, ``decision.cbor``, ``receipt.cose``."""
    return f"{EVIDENCE}enrolments/{number:0{_DIGITS}d}.{what}"


def of_log_key(number: int, what: str) -> str:
    """A file about an entry of the log's own: ``statement.cose``, ``decision.cbor``, ``receipt.cose``."""
    return f"{EVIDENCE}log-keys/{number:0{_DIGITS}d}.{what}"


def of_policy(number: int, what: str) -> str:
    """A file about a policy entry that was in force: ``statement.cose``, ``receipt.cose``, ``json``."""
    return f"{EVIDENCE}policies/{number:0{_DIGITS}d}.{what}"
