"""A DID document that the operator has at hand: which keys may sign for its subject (DID Core 1.0). None is fetched."""

from collections.abc import Iterator, Mapping
from typing import Final

from counterfoil.cose.jwk import public_key_of_jwk
from counterfoil.cose.keys import PublicKey
from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.errors import MalformedDidError
from counterfoil.statement.did_key import parse_multikey
from counterfoil.statement.issuer import IssuerKey

MAX_DID_DOCUMENT_BYTES: Final = 256 * 1024
"""Documents of this field take some kilobytes."""


def parse_did_document(data: bytes, did: str) -> tuple[IssuerKey, ...]:
    """The keys that sign assertions of ``did``, each under the id of its verification method as kid.

    Of the verification methods only those under assertionMethod count, and each of these has to be understood.

    Raises:
        MalformedDidError: It is no DID document, one of another subject, or names no such key.
        MalformedJsonError, MalformedKeyError: It is no JSON, or a key in it cannot be read.

    DID Core 1.0, sections 5.2 and 5.3.
    """
    document = parse_json(data, max_bytes=MAX_DID_DOCUMENT_BYTES)
    if not isinstance(document, Mapping) or document.get("id") != did:
        raise MalformedDidError("the file is not the DID document of that issuer")
    methods = {_method_id(method, did): method for method in _objects(document.get("verificationMethod", ()))}
    found: dict[str, PublicKey] = {}
    for named in _list(document.get("assertionMethod", ())):
        method = named if isinstance(named, Mapping) else methods.get(_absolute(named, did))
        if method is None:
            raise MalformedDidError("assertionMethod names a verification method that is not in the document")
        found[_method_id(method, did)] = _key(method)
    if not found:
        raise MalformedDidError("the DID document has no key for assertions")
    return tuple(IssuerKey(name.encode(), key) for name, key in found.items())


def _key(method: Mapping[str, JsonValue]) -> PublicKey:
    match method.get("publicKeyJwk"), method.get("publicKeyMultibase"):
        case None, str(multikey):
            return parse_multikey(multikey)
        case jwk, None if jwk is not None:
            return public_key_of_jwk(jwk)
        case _:
            raise MalformedDidError("a verification method has not one of publicKeyJwk and publicKeyMultibase")


def _method_id(method: Mapping[str, JsonValue], did: str) -> str:
    return _absolute(method.get("id"), did)


def _absolute(name: JsonValue, did: str) -> str:
    """The id of a verification method; it may be relative to the document's subject."""
    if not isinstance(name, str):
        raise MalformedDidError("a verification method has no id")
    absolute = did + name if name.startswith("#") else name
    if not absolute.startswith(f"{did}#"):
        raise MalformedDidError("a verification method belongs to another subject")
    return absolute


def _objects(value: JsonValue) -> Iterator[Mapping[str, JsonValue]]:
    for item in _list(value):
        if not isinstance(item, Mapping):
            raise MalformedDidError("a verification method is an object")
        yield item


def _list(value: JsonValue) -> list[JsonValue] | tuple[JsonValue, ...]:
    if not isinstance(value, (list, tuple)):
        raise MalformedDidError("the verification methods of a DID document stand in a list")
    return value
