"""How a TPM writes structures: big-endian integers, and buffers after their size (TPM 2.0 Part 2, section 10.4)."""

from counterfoil.errors import MalformedEvidenceError


class TpmReader:
    """Reads one structure from its beginning to its end."""

    def __init__(self, data: bytes, structure: str) -> None:
        self._data = data
        self._structure = structure
        self._at = 0

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes.

        Raises:
            MalformedEvidenceError: There are fewer.
        """
        taken = self._data[self._at : self._at + size]
        if len(taken) != size:
            raise MalformedEvidenceError(f"a {self._structure} that ends early")
        self._at += size
        return taken

    def integer(self, size: int) -> int:
        """The next integer, which takes ``size`` bytes.

        Raises:
            MalformedEvidenceError: There are fewer.
        """
        return int.from_bytes(self.take(size), "big")

    def sized(self, at_most: int) -> bytes:
        """The next buffer, which stands after its size in two bytes.

        Raises:
            MalformedEvidenceError: It is longer than ``at_most`` bytes, or ends early.
        """
        size = self.integer(2)
        if size > at_most:
            raise MalformedEvidenceError(f"a {self._structure} with a buffer of {size} bytes where {at_most} are read")
        return self.take(size)

    def finish(self) -> None:
        """Return when nothing is left.

        Raises:
            MalformedEvidenceError: Bytes follow the structure.
        """
        if self._at != len(self._data):
            raise MalformedEvidenceError(f"{len(self._data) - self._at} bytes follow the {self._structure}")
