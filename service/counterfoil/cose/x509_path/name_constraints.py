"""The name constraints of every CA, asked of every certificate below it (RFC 5280, section 4.2.1.10)."""

from collections.abc import Sequence
from typing import Final

from cryptography import x509

from counterfoil.cose.x509_path.certificate import Certificate
from counterfoil.cose.x509_path.names import Named, is_supported, is_within, names_of
from counterfoil.errors import PathInvalidError

MAX_COMPARISONS: Final = 10_000
"""A certificate has few names and a CA few subtrees; two certificates of 64 KiB could ask for a hundred million."""

_BYTES_PER_COMPARISON: Final = 256
"""Reading the names of a certificate costs as much as a comparison for each so many of its bytes."""


class Comparisons:
    """How much may still be compared for one path and its alternatives."""

    def __init__(self, left: int = MAX_COMPARISONS) -> None:
        self._left = left

    def spend(self, count: int) -> None:
        """Count as many.

        Raises:
            PathInvalidError: there were too many already.
        """
        self._left -= count
        if self._left < 0:
            raise PathInvalidError(f"name constraints ask for more than {MAX_COMPARISONS} comparisons")


def require_names(path: Sequence[Certificate], comparisons: Comparisons) -> None:
    """Return when no certificate of ``path``, leaf first, has a name that a CA above it does not admit.

    Raises:
        PathInvalidError: one has, or constraints or names that cannot be read or are too many.

    RFC 5280, section 6.1.3 (b) and (c): self-issued certificates are exempt, except the leaf.
    """
    for at, authority in enumerate(path):
        constraints = authority.name_constraints
        if constraints is None:
            continue
        permitted, excluded = _subtrees(constraints.permitted_subtrees), _subtrees(constraints.excluded_subtrees)
        for below, certificate in enumerate(path[:at]):
            if below == 0 or not certificate.is_self_issued:
                comparisons.spend(len(certificate.der) // _BYTES_PER_COMPARISON)
                _require_within(names_of(certificate), permitted, excluded, comparisons)


def _subtrees(names: list[x509.GeneralName] | None) -> tuple[Named, ...]:
    found: tuple[Named, ...] = tuple((type(name), name.value) for name in names or ())
    if not all(is_supported(form) for form, _ in found):
        raise PathInvalidError("name constraints on names of a form that is not supported")
    return found


def _require_within(
    names: tuple[Named, ...],
    permitted: tuple[Named, ...],
    excluded: tuple[Named, ...],
    comparisons: Comparisons,
) -> None:
    for name in names:
        comparisons.spend(1 + len(permitted) + len(excluded))
        if any(is_within(name, base) for form, base in excluded if form is name[0]):
            raise PathInvalidError("a name that a CA above excludes")
        admitted = [is_within(name, base) for form, base in permitted if form is name[0]]
        if admitted and not any(admitted):
            raise PathInvalidError("a name outside those that a CA above permits")
