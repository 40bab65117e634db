"""Keys of tokens: chosen from a set by name, fit for the algorithm, and vouched for by what is pinned or loaded."""

import base64
import json
from hashlib import sha256
from typing import Any

import pytest

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.claims import Outcome
from counterfoil.attestation.collateral import Collateral, collateral_digest
from counterfoil.attestation.token.keys import (
    MAX_KEY_SET_BYTES,
    MAX_KEYS,
    issuers_key,
    jwk_thumbprint,
    key_of_chain,
    key_of_set,
    pinned_key,
)
from counterfoil.attestation.token.token import Token, parse_token
from counterfoil.cose.public_key import public_key_of
from counterfoil.errors import (
    CertificateOutOfDateError,
    CertificateRevokedError,
    CollateralMissingError,
    CounterfoilError,
    EvidenceMismatchError,
    MalformedCertificateError,
    MalformedCollateralError,
    PathInvalidError,
    RootUnknownError,
    UnverifiedError,
)
from tests.attestation_tokens import TokenIssuer, jwk, key_set, signed, spki_digest, x5c
from tests.certificates import AT, NOT_AFTER, NOT_BEFORE, Says, crl, issued, root, rsa_key

ISSUER = TokenIssuer.p256()
OTHER = TokenIssuer.p256()
NONE = Collateral()
DERS = tuple(entity.der for entity in (ISSUER.leaf, ISSUER.ca, ISSUER.top))


def token(kid: str | None = "k", algorithm: str = "ES256", key: Any = ISSUER.key) -> Token:
    header = {"alg": algorithm} if kid is None else {"alg": algorithm, "kid": kid}
    return parse_token(signed({}, header, key), frozenset({algorithm}))


def test_the_key_of_the_set_is_the_one_that_the_token_names() -> None:
    document = key_set(jwk(OTHER.key, kid="other"), jwk(ISSUER.key, kid="k"))
    assert key_of_set(document, token()).key == public_key_of(ISSUER.key.public_key())
    assert key_of_set(document, token("other")).key == public_key_of(OTHER.key.public_key())
    assert key_of_set(key_set(jwk(ISSUER.key)), token(None)).key == public_key_of(ISSUER.key.public_key())


@pytest.mark.parametrize("kid", ["K", "", "k ", "third"])
def test_a_key_of_another_name_is_not_tried(kid: str) -> None:
    with pytest.raises(CollateralMissingError):
        key_of_set(key_set(jwk(ISSUER.key, kid="k")), token(kid))


def test_a_key_without_a_name_is_not_the_one_that_is_named() -> None:
    with pytest.raises(CollateralMissingError):
        key_of_set(key_set(jwk(ISSUER.key)), token("k"))


@pytest.mark.parametrize("kid", ["k", None])
def test_of_two_keys_that_may_be_meant_none_is_taken(kid: str | None) -> None:
    with pytest.raises(MalformedCollateralError):
        key_of_set(key_set(jwk(ISSUER.key, kid="k"), jwk(OTHER.key, kid="k")), token(kid))


@pytest.mark.parametrize(
    "more",
    [{"alg": "ES384"}, {"alg": "none"}, {"use": "enc"}, {"use": ""}, {"key_ops": ["sign"]}, {"key_ops": []}],
)
def test_a_key_for_something_else_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(EvidenceMismatchError):
        key_of_set(key_set(jwk(ISSUER.key, kid="k", **more)), token())


@pytest.mark.parametrize("more", [{"alg": "ES256"}, {"use": "sig"}, {"key_ops": ["verify"]}])
def test_a_key_that_says_what_it_is_for_is_taken_for_that(more: dict[str, Any]) -> None:
    assert key_of_set(key_set(jwk(ISSUER.key, kid="k", **more)), token()).chain == ()


@pytest.mark.parametrize("key", [rsa_key(), TokenIssuer.p384().key])
def test_a_key_of_another_kind_is_refused(key: Any) -> None:
    with pytest.raises(EvidenceMismatchError):
        key_of_set(key_set(jwk(key, kid="k")), token())


def test_a_set_may_have_a_key_as_a_certificate_alone_and_both_have_to_agree() -> None:
    bare = {"kty": "EC", "kid": "k", "x5c": x5c(ISSUER.leaf)}
    assert key_of_set(key_set(bare), token()).key == public_key_of(ISSUER.key.public_key())
    agreeing = key_of_set(key_set(jwk(ISSUER.key, kid="k", x5c=x5c(ISSUER.leaf, ISSUER.ca))), token())
    assert agreeing.chain == DERS[:2]
    with pytest.raises(MalformedCollateralError):
        key_of_set(key_set(jwk(ISSUER.key, kid="k", x5c=x5c(OTHER.leaf))), token())


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{}",
        b"[]",
        b'{"keys":{}}',
        b'{"keys":[]}',
        b'{"keys":[1]}',
        b'{"keys":[{}],"keys":[{}]}',
        b'{"keys":[{"kid":"k","kid":"k"}]}',
        b'{"keys":[{"kid":"k"}]}',
        b'{"keys":[{"kid":"k","kty":"oct","k":"AA"}]}',
        key_set(jwk(ISSUER.key, kid="k", d="AA")),
        key_set(jwk(ISSUER.key, kid="k") | {"x": "AA="}),
        key_set(jwk(ISSUER.key, kid="k") | {"x": "AA"}),
        key_set(jwk(ISSUER.key, kid="k", use=1)),
        key_set(jwk(ISSUER.key, kid="k", alg=["ES256"])),
        key_set(jwk(ISSUER.key, kid="k", key_ops=1)),
        key_set(jwk(ISSUER.key, kid="k", x5c=[])),
        key_set(jwk(ISSUER.key, kid="k", x5c=["AAAA"])),
        json.dumps({"keys": [{}] * (MAX_KEYS + 1)}).encode(),
        key_set(jwk(ISSUER.key, kid="k")).ljust(MAX_KEY_SET_BYTES + 1),
    ],
)
def test_what_is_no_key_set_is_refused(document: bytes) -> None:
    with pytest.raises(MalformedCollateralError):
        key_of_set(document, token())


def test_a_set_counts_for_the_issuer_that_it_was_loaded_for() -> None:
    document = key_set(jwk(ISSUER.key, kid="k"))
    loaded = Collateral(keys={"https://issuer.example": document})
    found = issuers_key("https://issuer.example", token(), loaded)
    assert found.collateral == {collateral_digest(document)}
    assert [(check.name, check.outcome) for check in found.checks] == [
        ("issuer-key-set", Outcome.PASSED),
        ("certificate-path", Outcome.NOT_CHECKED),
    ]
    for issuer in ("https://issuer.example/", "", "https://other.example"):
        with pytest.raises(CollateralMissingError):
            issuers_key(issuer, token(), loaded)


@pytest.mark.parametrize("chain", [DERS, DERS[:2], (DERS[0], DERS[2], DERS[1])])
def test_a_chain_leads_to_a_pinned_root_that_it_carries_or_that_is_supplied(chain: tuple[bytes, ...]) -> None:
    anchors = Anchors(frozenset({sha256(DERS[2]).digest()}), (DERS[2],))
    found = key_of_chain(chain, AT, anchors, NONE)
    assert found.key == public_key_of(ISSUER.key.public_key())
    assert (found.holds_from, found.holds_until) == (NOT_BEFORE, NOT_AFTER)
    assert [(check.name, check.outcome) for check in found.checks] == [
        ("certificate-path", Outcome.PASSED),
        ("certificate-revocation", Outcome.NOT_CHECKED),
    ]


@pytest.mark.parametrize(
    ("chain", "error"),
    [
        (DERS[:1], RootUnknownError),
        ((DERS[0], DERS[2]), RootUnknownError),
        (DERS[::-1], UnverifiedError),
        ((OTHER.leaf.der, OTHER.ca.der, OTHER.top.der), RootUnknownError),
        ((OTHER.leaf.der, OTHER.ca.der, DERS[2]), PathInvalidError),
        ((DERS[0], OTHER.ca.der, DERS[2]), PathInvalidError),
        ((b"junk", DERS[1], DERS[2]), MalformedCertificateError),
        ((DERS[0], b"junk", DERS[2]), MalformedCertificateError),
        ((DERS[0] + b"\x00", DERS[1], DERS[2]), MalformedCertificateError),
    ],
)
def test_a_chain_that_leads_elsewhere_is_refused(chain: tuple[bytes, ...], error: type[CounterfoilError]) -> None:
    with pytest.raises(error):
        key_of_chain(chain, AT, ISSUER.root_pinned, NONE)


@pytest.mark.parametrize("at", [NOT_BEFORE - 1, NOT_AFTER + 1])
def test_a_chain_is_of_its_time(at: int) -> None:
    with pytest.raises(CertificateOutOfDateError):
        key_of_chain(DERS, at, ISSUER.root_pinned, NONE)


def test_a_pinned_leaf_alone_is_no_chain() -> None:
    with pytest.raises(UnverifiedError):
        key_of_chain(DERS[:1], AT, Anchors(frozenset({sha256(DERS[0]).digest()})), NONE)


def test_below_a_pinned_key_the_leaf_is_judged_and_its_ca_is_a_bare_key() -> None:
    found = key_of_chain(DERS[:2], AT, ISSUER.ca_key_pinned, NONE)
    assert [check.name for check in found.checks if check.outcome is Outcome.NOT_CHECKED] == [
        "certificate-revocation",
        "certificate-anchor",
    ]
    impostor = root("attestation ca")
    forged = issued(impostor, "attestation leaf", key=ISSUER.key)
    for chain in ((forged.der, impostor.der), (forged.der, DERS[1])):
        with pytest.raises(UnverifiedError):
            key_of_chain(chain, AT, ISSUER.ca_key_pinned, NONE)
    late = issued(ISSUER.ca, "late", Says(not_after=AT - 1), ISSUER.key)
    with pytest.raises(CertificateOutOfDateError):
        key_of_chain((late.der, DERS[1]), AT, ISSUER.ca_key_pinned, NONE)


def test_a_revoked_leaf_is_refused_where_a_list_says_so() -> None:
    clean, dirty = crl(ISSUER.ca), crl(ISSUER.ca, {ISSUER.leaf.certificate.serial_number: AT - 5})
    lists = Collateral(crls=(clean, crl(ISSUER.top)))
    found = key_of_chain(DERS, AT, ISSUER.root_pinned, lists)
    assert found.collateral == set(map(collateral_digest, lists.crls))
    assert {check.outcome for check in found.checks} == {Outcome.PASSED}
    assert key_of_chain(DERS, AT, ISSUER.root_pinned, Collateral(crls=(clean,))).collateral == frozenset()
    with pytest.raises(CertificateRevokedError):
        key_of_chain(DERS, AT, ISSUER.root_pinned, Collateral(crls=(dirty,)))


def test_a_key_is_pinned_by_its_der_or_its_thumbprint() -> None:
    key, thumbprint = public_key_of(ISSUER.key.public_key()), jwk_thumbprint(jwk(ISSUER.key))
    assert thumbprint is not None
    for pin in (spki_digest(ISSUER.key), thumbprint):
        assert pinned_key(key, thumbprint, Anchors(frozenset({pin}))) is not None
    for anchors in (Anchors(frozenset()), OTHER.ca_key_pinned, Anchors(frozenset({key.thumbprint}))):
        assert pinned_key(key, thumbprint, anchors) is None
    assert pinned_key(key, None, Anchors(frozenset({thumbprint}))) is None


def test_the_thumbprint_is_that_of_the_rfc() -> None:
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs"
        "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5ha"
        "jrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    members = {"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    expected = base64.urlsafe_b64decode("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs=")
    assert jwk_thumbprint(members) == expected
    for name in ("kty", "n", "e"):
        assert jwk_thumbprint({key: value for key, value in members.items() if key != name}) is None
    assert jwk_thumbprint({"kty": "oct", "k": "AA"}) is None
