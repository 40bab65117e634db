"""Issuers by certificate: what they sign with certificates in its header, and policies that pin them."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from counterfoil.cose.keys import public_key_of
from counterfoil.cose.private_keys import LocalSigner, default_algorithm
from counterfoil.cose.sign1 import sign_sign1
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.cbor import CborValue
from counterfoil.policy.anchors import Root
from counterfoil.policy.document import Issuer
from tests.builders import CONTENT_TYPE, ISSUER, START, SUBJECT
from tests.certificates import Entity

SHA256, X5CHAIN, X5T, KID = -16, 33, 34, 4
Header = Mapping[int | str, CborValue]


def signer_of(entity: Entity) -> LocalSigner:
    """What signs with the key of a certificate."""
    return LocalSigner(entity.key, default_algorithm(public_key_of(entity.key.public_key())))


def pin(ca: Entity, predicates: str = "subject:CN:leaf") -> str:
    """A did:x509 below a CA."""
    return f"did:x509:0:sha256:{encode_base64url(sha256(ca.der).digest())}::{predicates}"


def pinned(*pins: str, name: str = ISSUER, roles: Sequence[str] = ()) -> Issuer:
    """An issuer without a key of its own."""
    return Issuer(name, (), frozenset(roles), pins)


def anchors(*roots: Entity, needs_crl: bool = False) -> tuple[Root, ...]:
    return tuple(Root(one.der, needs_crl=needs_crl) for one in roots)


def x5chain(*entities: Entity) -> CborValue:
    """Certificates as header 33 has them: one alone, or several in an array."""
    return entities[0].der if len(entities) == 1 else tuple(entity.der for entity in entities)


def x5t(entity: Entity) -> CborValue:
    """What header 34 says of a certificate."""
    return SHA256, sha256(entity.der).digest()


def signed(
    leaf: Entity,
    protected: Header,
    unprotected: Header | None = None,
    *,
    issuer: str = ISSUER,
    subject: str = SUBJECT,
    content_type: str = CONTENT_TYPE,
    claims: Header | None = None,
    payload: bytes = b'{"by":"a certificate"}',
) -> bytes:
    """A statement signed with the key of ``leaf``; the header holds no identifier of a key but those given."""
    cwt: dict[int | str, CborValue] = {1: issuer, 2: subject, 6: START, **(claims or {})}
    header: dict[int | str, CborValue] = {3: content_type, 15: cwt, **protected}
    return sign_sign1(signer_of(leaf), header, payload, unprotected=unprotected or {})
