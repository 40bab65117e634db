"""The receipt keys of a log: which sign, which have signed, and which are not to be believed any more."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from counterfoil.cose.keys import PublicKey
from counterfoil.errors import ReceiptKeyRefusedError
from counterfoil.statement.genesis import GENESIS_ENTRY, Genesis, KeyPurpose


@dataclass(frozen=True, slots=True)
class ReceiptKey:
    """A key, and the entries that announced it, ended its use, and said that it is compromised; None where none did."""

    key: PublicKey
    announced: int
    retired: int | None = None
    compromised: int | None = None

    @property
    def is_in_force(self) -> bool:
        """Whether new tree heads may be signed with it."""
        return self.retired is None and self.compromised is None


@dataclass(frozen=True)
class ReceiptKeys:
    """Every receipt key that a log has announced, in the order of the announcements."""

    keys: tuple[ReceiptKey, ...]

    def __iter__(self) -> Iterator[ReceiptKey]:
        return iter(self.keys)

    def find(self, thumbprint: bytes) -> ReceiptKey | None:
        """The key of that thumbprint."""
        return self._by_thumbprint.get(thumbprint)

    @cached_property
    def in_force(self) -> frozenset[bytes]:
        """The thumbprints of those with which new tree heads may be signed."""
        return frozenset(one.key.thumbprint for one in self.keys if one.is_in_force)

    @cached_property
    def trusted(self) -> tuple[PublicKey, ...]:
        """Those whose receipts are believed: all that are not compromised, the newest first."""
        return tuple(one.key for one in reversed(self.keys) if one.compromised is None)

    @cached_property
    def compromised(self) -> tuple[PublicKey, ...]:
        """Those whose receipts are believed only with a proof that leads to a head signed by another."""
        return tuple(one.key for one in self.keys if one.compromised is not None)

    def announce(self, key: PublicKey, entry: int) -> "ReceiptKeys":
        """With one key more.

        Raises:
            ReceiptKeyRefusedError: It was announced before.
        """
        if self.find(key.thumbprint) is not None:
            raise ReceiptKeyRefusedError("the key was announced before")
        return ReceiptKeys((*self.keys, ReceiptKey(key, entry)))

    def retire(self, thumbprint: bytes, entry: int) -> "ReceiptKeys":
        """With one key fewer to sign with; what it signed is believed for ever.

        Raises:
            ReceiptKeyRefusedError: It is not in force, or the only one that is.
        """
        if thumbprint not in self.in_force:
            raise ReceiptKeyRefusedError("no receipt key in force has that thumbprint")
        return self._ended(thumbprint, lambda one: replace(one, retired=entry))

    def compromise(self, thumbprint: bytes, entry: int) -> "ReceiptKeys":
        """With one key fewer to believe.

        Raises:
            ReceiptKeyRefusedError: It is none, or said to be compromised already, or the only one in force.
        """
        found = self.find(thumbprint)
        if found is None or found.compromised is not None:
            raise ReceiptKeyRefusedError("no receipt key that is believed has that thumbprint")
        return self._ended(thumbprint, lambda one: replace(one, compromised=entry))

    def _ended(self, thumbprint: bytes, end: Callable[[ReceiptKey], ReceiptKey]) -> "ReceiptKeys":
        ended = ReceiptKeys(tuple(end(one) if one.key.thumbprint == thumbprint else one for one in self.keys))
        if not ended.in_force:
            raise ReceiptKeyRefusedError("no receipt key would be in force any more; announce another one first")
        return ended

    @cached_property
    def _by_thumbprint(self) -> dict[bytes, ReceiptKey]:
        return {one.key.thumbprint: one for one in self.keys}


def first_receipt_keys(genesis: Genesis) -> ReceiptKeys:
    """The receipt keys of a log that has said nothing of them since its genesis statement."""
    return ReceiptKeys((ReceiptKey(genesis.keys[KeyPurpose.RECEIPT], GENESIS_ENTRY),))
