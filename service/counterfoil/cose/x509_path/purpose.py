"""What a path is asked for, and what came of it."""

from dataclasses import dataclass
from enum import Enum

from counterfoil.cose.public_key import PublicKey


@dataclass(frozen=True, slots=True)
class PathPurpose:
    """What a leaf must be good for. Each flag opens what is refused otherwise; the default opens nothing.

    ``extended_key_usage`` is the object identifier that the leaf must name, and that no CA above it may leave out when
    it names any; None asks for none. ``leaf_may_be_anchor`` admits a pinned leaf, ``leaf_may_be_ca`` the key of a CA.
    ``leaf_signs_crls`` asks for a leaf that may sign CRLs, where others have to be good for signatures.
    ``anchors_are_bare_keys`` takes of a root its name and its key alone, neither its dates nor its extensions.
    ``crl_may_be_missing`` admits a certificate of whose CA no CRL was given. ``through`` are CAs, named as x5t names a
    certificate, each of which has to stand in the path above the leaf.
    """

    extended_key_usage: str | None = None
    extended_key_usage_may_be_absent: bool = False
    leaf_may_be_anchor: bool = False
    leaf_may_be_ca: bool = False
    leaf_signs_crls: bool = False
    anchors_are_bare_keys: bool = False
    crl_may_be_missing: bool = False
    through: frozenset[tuple[int, bytes]] = frozenset()


class NotChecked(Enum):
    """What a verified path says nothing about."""

    REVOCATION = "revocation"
    """Of at least one certificate: no CRL of its CA was given."""

    EXTENDED_KEY_USAGE = "extended-key-usage"
    """The purpose asks for none, or the leaf names none and the purpose admits that."""

    ANCHOR = "anchor"
    """The root's dates and extensions: it was taken as a bare key."""


@dataclass(frozen=True, slots=True)
class VerifiedPath:
    """A path that holds: DER certificates, leaf first and root last, the leaf's key, and what was not checked.

    ``without_crl`` counts from the leaf, which is 0, and names the certificates that no CRL speaks of. The path holds
    from ``holds_from`` to ``holds_until``, both included, with the same certificates and CRLs; it may hold longer.
    """

    certificates: tuple[bytes, ...]
    leaf_key: PublicKey
    not_checked: frozenset[NotChecked]
    without_crl: tuple[int, ...]
    holds_from: int
    holds_until: int
