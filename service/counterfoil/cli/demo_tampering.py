"""Changing one byte, and what the verifier says to that."""

from collections.abc import Callable
from dataclasses import dataclass

from counterfoil.cose.keys import PublicKey
from counterfoil.cose.sign1 import parse_sign1
from counterfoil.errors import CounterfoilError
from counterfoil.verify import LogKeys, verify_receipt


@dataclass(frozen=True, slots=True)
class Refusal:
    """A changed byte and the error that it led to."""

    what: str
    position: int
    code: str
    detail: str


class AcceptedError(Exception):
    """The verifier accepted what was tampered with. The demonstration failed, and so did this project."""


def tamper(
    statement: bytes,
    receipt: bytes,
    keys: LogKeys,
    issuer_key: PublicKey,
) -> tuple[Refusal, Refusal]:
    """Flip one byte of the statement's payload, then one of the receipt's signature; both must be refused.

    Raises:
        AcceptedError: One was not.
    """
    payload = parse_sign1(statement, max_bytes=len(statement)).payload or b""
    signature = parse_sign1(receipt, max_bytes=len(receipt)).signature
    in_payload = statement.index(payload) + payload.index(b"1184.00")
    in_signature = receipt.index(signature)
    return (
        _refused(
            "the amount in the registered record",
            in_payload,
            lambda: verify_receipt(_flipped(statement, in_payload), receipt, keys, issuer_key=issuer_key),
        ),
        _refused(
            "the log's signature in the receipt",
            in_signature,
            lambda: verify_receipt(statement, _flipped(receipt, in_signature), keys, issuer_key=issuer_key),
        ),
    )


def _flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 0x08]) + data[position + 1 :]


def _refused(what: str, position: int, verify: Callable[[], object]) -> Refusal:
    try:
        verify()
    except CounterfoilError as error:
        return Refusal(what, position, error.code, error.detail)
    raise AcceptedError(f"a changed byte in {what} was accepted")
