"""The collateral that operators loaded beside revocation lists: entries of the log's own chain."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from counterfoil.attestation.collateral import Collateral
from counterfoil.encoding.jcs import JsonValue, encode_json, parse_canonical_json
from counterfoil.errors import CollateralSupersededError, MalformedCollateralError

COLLATERAL_CONTENT_TYPE: Final = "application/vnd.counterfoil.collateral+json"
MAX_COLLATERAL_BYTES: Final = 256 * 1024
"""Of one document. Intel's for one platform family take 15 KB, the largest key sets of token services 50."""

MAX_LOADED: Final = 256
"""Platform families and token services that one log knows."""

_FORMAT: Final = 1
_MAX_NAME: Final = 1024


class CollateralKind(StrEnum):
    """What a document is: Intel's about a platform family, or the keys of an issuer of tokens (RFC 7517)."""

    DCAP = "dcap"
    KEYS = "keys"


@dataclass(frozen=True, slots=True)
class CollateralNotice:
    """A document of collateral as an operator loads it: its kind, what it is about, and its text.

    ``about`` is the FMSPC and kind of a platform family, or the ``iss`` of tokens. A later one takes the place of the
    one before it of the same kind and name.
    """

    kind: CollateralKind
    about: str
    document: bytes

    def encode(self) -> bytes:
        """The payload of the entry, in RFC 8785 form."""
        members: dict[str, JsonValue] = {
            "format": _FORMAT,
            "kind": self.kind.value,
            "about": self.about,
            "document": self.document.decode(),
        }
        return encode_json(members)


def parse_collateral_notice(payload: bytes) -> CollateralNotice:
    """Read the payload of an entry with collateral; the document itself is not looked at.

    Raises:
        MalformedError: It is none in the one encoding this log writes.
    """
    match parse_canonical_json(payload, max_bytes=MAX_COLLATERAL_BYTES):
        case {"format": 1, "kind": ("dcap" | "keys") as kind, "about": str(about), "document": str(document)} if (
            1 <= len(about) <= _MAX_NAME
        ):
            notice = CollateralNotice(CollateralKind(kind), about, document.encode())
        case _:
            raise MalformedCollateralError("the payload is no collateral of format 1")
    if notice.encode() != payload:
        raise MalformedCollateralError("the payload holds something that is not known")
    return notice


@dataclass(frozen=True)
class LoadedCollateral:
    """The latest document of each kind and name."""

    documents: Mapping[tuple[CollateralKind, str], bytes] = field(default_factory=lambda: MappingProxyType({}))

    def load(self, notice: CollateralNotice) -> "LoadedCollateral":
        """With one more document, in the place of the one of that kind and name.

        Raises:
            CollateralSupersededError: That very document is loaded already, or there are too many.
        """
        name = notice.kind, notice.about
        if self.documents.get(name) == notice.document:
            raise CollateralSupersededError("the log holds this very document already")
        if name not in self.documents and len(self.documents) >= MAX_LOADED:
            raise CollateralSupersededError(f"the log holds {MAX_LOADED} documents of collateral already")
        return replace(self, documents={**self.documents, name: notice.document})

    def collateral(self, crls: tuple[bytes, ...]) -> Collateral:
        """All collateral at hand, with the revocation lists."""
        dcap = tuple(one for (kind, _), one in sorted(self.documents.items()) if kind is CollateralKind.DCAP)
        keys = {about: one for (kind, about), one in self.documents.items() if kind is CollateralKind.KEYS}
        return Collateral(crls, dcap, keys)


NO_LOADED: Final = LoadedCollateral()
