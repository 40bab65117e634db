"""POST /entries and what it gives back, over both stores and a real port."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from counterfoil.cose.sign1 import encode_sign1, parse_sign1
from counterfoil.encoding.cbor import Tagged, encode
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.transparent import parse_transparent_statement
from counterfoil.receipt.verify import verify_inclusion_receipt
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from tests.builders import sign_statement
from tests.http.live import LONG, LONG_ISSUER, Live, problem_in

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def twin_of(statement: bytes) -> bytes:
    """The same statement with the other ECDSA signature, which verifies as well."""
    message = parse_sign1(statement, max_bytes=len(statement))
    r, s = message.signature[:32], int.from_bytes(message.signature[32:], "big")
    return encode_sign1(message.protected_bytes, {}, message.payload, r + (P256_ORDER - s).to_bytes(32, "big"))


def test_the_receipt_verifies_offline_and_the_location_is_the_statement_hash(live: Live) -> None:
    statement = sign_statement(live.world.agent)
    response = live.post(statement)
    assert response.status_code == 201
    parsed = parse_signed_statement(statement)
    assert response.headers["Location"] == f"/entries/{parsed.hash.hex()}"
    assert response.headers["Content-Type"] == "application/cose"
    key = live.world.signers[KeyPurpose.RECEIPT].public_key
    verified = verify_inclusion_receipt(parse_receipt(response.content), statement_leaf(parsed.hash), key)
    assert verified.leaf_index < live.size()


def test_the_same_bytes_get_the_same_answer_and_nothing_is_appended(live: Live) -> None:
    statement = sign_statement(live.world.agent)
    first, size = live.post(statement), live.size()
    again = live.post(statement)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Location"] == first.headers["Location"]
    assert live.size() == size


def test_unprotected_headers_and_another_encoding_of_the_envelope_are_the_same_entry(live: Live) -> None:
    statement = sign_statement(live.world.agent)
    message = parse_sign1(statement, max_bytes=len(statement))
    dressed = encode(Tagged(18, [message.protected_bytes, {99: b"x"}, message.payload, message.signature]))
    assert live.post(statement).content == live.post(dressed).content


def test_the_twin_signature_is_a_conflict_that_names_the_registered_entry(live: Live) -> None:
    statement = sign_statement(live.world.agent)
    location, size = live.register(statement), live.size()
    response = live.post(twin_of(statement))
    assert problem_in(response).code == "signature-twin"
    assert (response.status_code, response.headers["Location"]) == (409, location)
    assert live.size() == size


@pytest.mark.parametrize(
    "content_type",
    [
        "application/cose",
        "APPLICATION/COSE",
        'application/cose; cose-type="cose-sign1"',
        "application/cose;cose-type=cose-sign1",
        "application/scitt-statement+cose",
    ],
)
def test_a_statement_may_come_as(live: Live, content_type: str) -> None:
    assert live.post(sign_statement(live.world.agent), content_type).status_code == 201


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/cbor",
        "application/octet-stream",
        "",
        "application/cose; cose-type=cose-sign",
        "application/cose; charset=utf-8",
        "application/cose, application/cose",
        "application/scitt-receipt+cose",
    ],
)
def test_a_statement_may_not_come_as(live: Live, content_type: str) -> None:
    size = live.size()
    response = live.post(sign_statement(live.world.agent), content_type)
    assert (response.status_code, problem_in(response).code) == (415, "unsupported-media-type")
    assert live.size() == size


def test_a_content_coding_is_refused_and_identity_is_none(live: Live) -> None:
    response = live.post(sign_statement(live.world.agent), content_encoding="gzip")
    assert (response.status_code, problem_in(response).code) == (415, "unsupported-media-type")
    assert live.post(sign_statement(live.world.agent), content_encoding="identity").status_code == 201


def test_the_receipt_media_type_is_negotiated(live: Live) -> None:
    wanted = "application/scitt-receipt+cose"
    response = live.post(sign_statement(live.world.agent), accept=wanted)
    assert response.headers["Content-Type"] == wanted
    response = live.client.get(response.headers["Location"], headers={"Accept": f"{wanted};q=0.5, application/cose"})
    assert response.headers["Content-Type"] == "application/cose"


def test_the_stable_receipt_is_what_posting_answered_and_the_fresh_one_covers_the_log(live: Live) -> None:
    statement = sign_statement(live.world.agent)
    posted = live.post(statement)
    live.register(sign_statement(live.world.agent))
    stable = live.client.get(posted.headers["Location"])
    assert (stable.status_code, stable.content) == (200, posted.content)
    assert stable.headers["Location"] == posted.headers["Location"]
    assert "max-age" in stable.headers["Cache-Control"]
    fresh = live.client.get(posted.headers["Location"], params={"fresh": "true"})
    assert fresh.headers["Cache-Control"] == "no-cache"
    receipt = parse_receipt(fresh.content)
    assert receipt.inclusion[0].size == live.size()
    key = live.world.signers[KeyPurpose.RECEIPT].public_key
    verify_inclusion_receipt(receipt, statement_leaf(parse_signed_statement(statement).hash), key)


def test_the_transparent_statement_carries_statement_and_stable_receipt(live: Live) -> None:
    statement = sign_statement(live.world.agent, unprotected={99: b"emptied"})
    posted = live.post(statement)
    response = live.client.get(posted.headers["Location"] + "/statement")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/cose")
    transparent = parse_transparent_statement(response.content)
    assert transparent.receipts == (posted.content,)
    assert transparent.statement.hash == parse_signed_statement(statement).hash


def test_the_worst_statements_the_policy_admits_go_in_beside_ordinary_ones(live: Live) -> None:
    before = live.size()
    ordinary = [sign_statement(live.world.agent) for _ in range(40)]
    worst = [sign_statement(live.world.agent, b"\x00 in\x00 the payload \x00" + bytes([n])) for n in range(5)] + [
        sign_statement(LONG, issuer=LONG_ISSUER, subject=character * (512 // len(character.encode())))
        for character in ("a", "é", "\U0001f9fe", "'", "\\")
    ]
    statements = [statement for pair in zip(ordinary, worst * 4, strict=True) for statement in pair]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(live.post, statements))
    assert {answer.status_code for answer in answers} == {201}
    assert live.size() == before + len(ordinary) + len(worst)
    for statement, answer in zip(statements, answers, strict=True):
        assert answer.headers["Location"] == f"/entries/{parse_signed_statement(statement).hash.hex()}"
        assert live.client.get(answer.headers["Location"]).content == answer.content
    long_subject = "\U0001f9fe" * 128
    chain = live.client.get("/chains", params={"rootTraceId": long_subject}).json()
    assert (chain["rootTraceId"], chain["length"]) == (long_subject, 1)
