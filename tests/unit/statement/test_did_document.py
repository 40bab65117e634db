"""DID documents that the operator loads: the keys for assertions, and none else."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from counterfoil.cose.keys import public_key_of
from counterfoil.errors import MalformedDidError, MalformedError, MalformedJsonError, MalformedKeyError, TooLargeError
from counterfoil.statement.did_document import MAX_DID_DOCUMENT_BYTES, parse_did_document
from counterfoil.statement.issuer import IssuerKey
from tests.dids import multikey
from tests.unit.cose.test_jwk import jwk

DID = "did:web:agent.example:a"
ONE = public_key_of(ec.derive_private_key(11, ec.SECP256R1()).public_key())
TWO = public_key_of(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key())
THREE = public_key_of(ec.derive_private_key(12, ec.SECP384R1()).public_key())
METHODS: list[dict[str, Any]] = [
    {"id": f"{DID}#one", "type": "JsonWebKey", "controller": DID, "publicKeyJwk": jwk(ONE)},
    {"id": "#two", "type": "Multikey", "controller": DID, "publicKeyMultibase": multikey(TWO)},
    {"id": f"{DID}#agreement", "type": "JsonWebKey", "controller": DID, "publicKeyJwk": {"kty": "OKP"}},
]
EMBEDDED = {"id": "#three", "type": "Multikey", "controller": DID, "publicKeyMultibase": multikey(THREE)}
WHOLE: dict[str, Any] = {
    "@context": "https://www.w3.org/ns/did/v1",
    "id": DID,
    "verificationMethod": METHODS,
    "assertionMethod": [f"{DID}#two", "#one", EMBEDDED],
    "authentication": [f"{DID}#agreement"],
    "service": [{"id": "#s", "type": "x", "serviceEndpoint": "https://agent.example"}],
}


def read(did: str = DID, **changes: Any) -> tuple[IssuerKey, ...]:
    return parse_did_document(json.dumps({**WHOLE, **changes}).encode(), did)


def test_the_keys_for_assertions_under_their_methods_names() -> None:
    assert read() == (
        IssuerKey(f"{DID}#two".encode(), TWO),
        IssuerKey(f"{DID}#one".encode(), ONE),
        IssuerKey(f"{DID}#three".encode(), THREE),
    )
    assert read(assertionMethod=["#one", f"{DID}#one"]) == (IssuerKey(f"{DID}#one".encode(), ONE),)


def test_the_subject_is_the_issuer() -> None:
    for changes in ({"id": "did:web:other.example"}, {"id": None}, {"id": DID.upper()}, {"id": f"{DID}#one"}):
        with pytest.raises(MalformedDidError, match="of that issuer"):
            read(**changes)
    with pytest.raises(MalformedDidError):
        read("did:web:agent.example")


@pytest.mark.parametrize(
    "changes",
    [
        {"assertionMethod": []},
        {"assertionMethod": None},
        {"assertionMethod": f"{DID}#one"},
        {"assertionMethod": {"id": "#one"}},
        {"assertionMethod": ["#absent"]},
        {"assertionMethod": [f"{DID}2#one"]},
        {"assertionMethod": ["did:web:other.example#one"]},
        {"assertionMethod": [1]},
        {"assertionMethod": [None]},
        {"assertionMethod": [""]},
        {"verificationMethod": {}},
        {"verificationMethod": ["#one"]},
        {"verificationMethod": []},
        {"verificationMethod": [*METHODS, {**METHODS[0], "id": 1}]},
        {"verificationMethod": [*METHODS, {**METHODS[0], "id": "did:web:other.example#one"}]},
        {"assertionMethod": [{**EMBEDDED, "id": None}]},
        {"assertionMethod": [{**EMBEDDED, "id": f"{DID}2#one"}]},
        {"assertionMethod": [{**EMBEDDED, "publicKeyMultibase": None}]},
        {"assertionMethod": [{**EMBEDDED, "publicKeyJwk": jwk(ONE)}]},
        {"assertionMethod": [{**EMBEDDED, "publicKeyMultibase": 1}]},
        {"assertionMethod": [{"id": "#x", "publicKeyPem": "x"}]},
    ],
)
def test_what_cannot_be_used_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedDidError):
        read(**changes)


def test_a_key_for_assertions_that_is_none_is_not_passed_over() -> None:
    with pytest.raises(MalformedKeyError):
        read(assertionMethod=["#one", "#agreement"])
    with pytest.raises(MalformedKeyError, match="private"):
        read(assertionMethod=[{"id": "#x", "publicKeyJwk": {**jwk(ONE), "d": "AA"}}])
    with pytest.raises(MalformedError):
        read(assertionMethod=[{"id": "#x", "publicKeyJwk": {**jwk(ONE), "x": "A="}}])


def test_what_is_no_document() -> None:
    for data in (b"", b"[]", b"null", b'{"id":1}', json.dumps({"id": DID}).encode()):
        with pytest.raises(MalformedError):
            parse_did_document(data, DID)
    with pytest.raises(MalformedJsonError):
        parse_did_document(b"{", DID)
    with pytest.raises((TooLargeError, MalformedJsonError)):
        parse_did_document(b" " * (MAX_DID_DOCUMENT_BYTES + 1), DID)
