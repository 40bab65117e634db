"""The collateral that operators loaded beside revocation lists: entries of the log's own chain."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.intel.dcap_about import dcap_about
from counterfoil.attestation.intel.dcap_collateral import parse_dcap_collateral
from counterfoil.attestation.token.key_set import parse_key_set
from counterfoil.cose.x509_path.revocation import parse_crl
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

    ``about`` is the name of a platform family as ``dcap_about`` has it, or the ``iss`` of tokens. A later one takes
    the place of the one before it of the same kind and name.
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


def require_sound(notice: CollateralNotice) -> None:
    """Check that a document can be read, and is about what the notice says. Its signatures are checked when it is used.

    Raises:
        MalformedCollateralError: It is not.
    """
    match notice.kind:
        case CollateralKind.DCAP:
            about = dcap_about(parse_dcap_collateral(notice.document))
            if about != notice.about:
                raise MalformedCollateralError(f"the collateral is about {about}, and not what it is said to be about")
        case CollateralKind.KEYS:
            parse_key_set(notice.document)


@dataclass(frozen=True, slots=True)
class LoadedDocument:
    """A document of collateral, and the head time since which the log holds it, in whole seconds since 1970."""

    document: bytes
    since: int


@dataclass(frozen=True)
class LoadedCollateral:
    """The latest document of each kind and name."""

    documents: Mapping[tuple[CollateralKind, str], LoadedDocument] = field(default_factory=lambda: MappingProxyType({}))

    def load(self, notice: CollateralNotice, at: int) -> "LoadedCollateral":
        """With one more document, loaded at the head time ``at``, in the place of the one of that kind and name.

        Raises:
            MalformedCollateralError: It cannot be read, or is about something else than the notice says.
            CollateralSupersededError: That very document is loaded already, or a later one, or there are too many.
        """
        require_sound(notice)
        name = notice.kind, notice.about
        held = self.documents.get(name)
        if held is None and len(self.documents) >= MAX_LOADED:
            raise CollateralSupersededError(f"the log holds {MAX_LOADED} documents of collateral already")
        if held is not None:
            _require_newer(notice, held.document)
        return replace(self, documents={**self.documents, name: LoadedDocument(notice.document, at)})

    def collateral(self, crls: tuple[bytes, ...]) -> Collateral:
        """All collateral at hand, with the revocation lists."""
        dcap = tuple(one.document for (kind, _), one in sorted(self.documents.items(), key=_name) if kind is _DCAP)
        keys = {about: one.document for (kind, about), one in self.documents.items() if kind is CollateralKind.KEYS}
        return Collateral(crls, dcap, keys)


_DCAP: Final = CollateralKind.DCAP
NO_LOADED: Final = LoadedCollateral()


def _name(item: tuple[tuple[CollateralKind, str], LoadedDocument]) -> tuple[CollateralKind, str]:
    return item[0]


def _require_newer(notice: CollateralNotice, held: bytes) -> None:
    if notice.document == held:
        raise CollateralSupersededError("the log holds this very document already")
    # A key set bears no date: what the operator loads last is the issuer's.
    if notice.kind is CollateralKind.DCAP and any(
        mine < theirs for mine, theirs in zip(_dates(notice.document), _dates(held), strict=True)
    ):
        raise CollateralSupersededError("the log holds collateral about that platform family that is later")


def _dates(document: bytes) -> tuple[int, int, int]:
    """When its TCB info and each of its revocation lists was issued."""
    read = parse_dcap_collateral(document)
    return read.issued, parse_crl(read.root_crl).this_update, parse_crl(read.pck_crl).this_update
