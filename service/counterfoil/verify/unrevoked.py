"""Whether a log has revoked the key of a statement from before its entry on."""

from dataclasses import replace

from counterfoil.errors import EntryRevokedError
from counterfoil.statement.revoked import revocation_of
from counterfoil.verify.log_history import VerifiedHistory
from counterfoil.verify.not_established import NOT_REVOKED, not_revoked_since
from counterfoil.verify.result import SignatureChecked, VerifiedStatement


def require_unrevoked(verified: VerifiedStatement, history: VerifiedHistory) -> VerifiedStatement:
    """The same result, once a log's key history shows that it has not revoked the key whose signature was checked.

    Entries up to the last valid one that a revocation names stay valid. Where no signature was checked, or the history
    is the genesis statement alone, nothing is known of that, and the result is as it was.

    Raises:
        EntryRevokedError: It has, from before the entry on.
    """
    signature = verified.issuer_signature
    if history.rules is None or not isinstance(signature, SignatureChecked):
        return verified
    for inclusion in verified.inclusions:
        found = revocation_of(history.rules.revoked, signature.key_thumbprint, inclusion.leaf_index, history.tree_size)
        if found is not None:
            raise EntryRevokedError(
                f"entry {found.entry} revokes the issuer's key: what it says after entry "
                f"{found.revocation.last_valid_entry} is not to be believed, and this is entry {inclusion.leaf_index}"
            )
    left = tuple(one for one in verified.not_established if one != NOT_REVOKED)
    return replace(verified, not_established=(*left, not_revoked_since(history.tree_size)))
