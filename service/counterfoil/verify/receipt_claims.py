"""What a receipt says of itself: which log it is of, and when."""

import math

from counterfoil.errors import IssuerMismatchError
from counterfoil.receipt.parse import Receipt
from counterfoil.verify.log_keys import LogKeys


def require_issuer(receipt: Receipt, log_keys: LogKeys, expected_issuer: str | None) -> None:
    """Check that a receipt names the log that is expected, where one is.

    Raises:
        IssuerMismatchError: It names another, or none.
    """
    expected = log_keys.issuer if expected_issuer is None else expected_issuer
    if expected is not None and receipt.claims.issuer != expected:
        raise IssuerMismatchError("the receipt was issued by another log than the expected one, or names none")


def head_time(receipt: Receipt) -> int | None:
    """The time a receipt names, in whole seconds since 1970; a fraction counts as the second it lies in, full."""
    return None if receipt.claims.issued_at is None else math.ceil(receipt.claims.issued_at)
