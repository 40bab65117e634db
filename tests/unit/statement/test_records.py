"""The log's own records: identity, links, decision records, pages and genesis, to the byte."""

from hashlib import sha256

import pytest

from counterfoil.cose.private_keys import LocalSigner
from counterfoil.encoding.cbor import encode
from counterfoil.encoding.jcs import JsonValue, encode_json, parse_json
from counterfoil.errors import MalformedDecisionError, MalformedError, MalformedPageError, UnsafeConfigurationError
from counterfoil.merkle.hashing import NodeHash
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.decision_record import DecisionRecord, decision_digest, parse_decision_record
from counterfoil.statement.genesis import Genesis, KeyPurpose, parse_genesis
from counterfoil.statement.identity import LogIdentity, parse_origin
from counterfoil.statement.links import ChainHash, chain_hash, chain_id, empty_chain_hash
from counterfoil.statement.page import MAX_PAGE_ENTRIES, Page, page_root, parse_page
from counterfoil.statement.signed_statement import StatementHash

ORIGIN = "log.example/agents"


@pytest.mark.parametrize("text", [ORIGIN, "localhost:8440/demo", "a/b/c", "log-1.example/~x/y.z_0"])
def test_origins(text: str) -> None:
    identity = parse_origin(text)
    assert identity.issuer == f"https://{text}"
    assert identity.log_name == text


@pytest.mark.parametrize(
    "text",
    ["", "log.example", "https://log.example/a", "Log.example/a", "log.example/", "log.example/a b", "log.example/a+b",
     "log.example/a\n", "/a", "log.example//a", "log.example/a/", "-x/a", "log.example/\u00e9", "x/" + "y" * 255],
)  # fmt: skip
def test_what_is_no_origin(text: str) -> None:
    with pytest.raises(UnsafeConfigurationError):
        parse_origin(text)


def test_reserved_subjects_and_audiences() -> None:
    identity = LogIdentity(ORIGIN)
    assert identity.is_reserved(identity.policy_subject)
    assert identity.is_reserved(identity.page_subject)
    assert identity.is_reserved(identity.issuer)
    assert not identity.is_reserved(ORIGIN + "x")
    assert not identity.is_reserved(identity.issuer + "/x")
    assert identity.is_addressed_by(("x", ORIGIN))
    assert identity.is_addressed_by((identity.issuer,))
    assert not identity.is_addressed_by(("log.example",))


def test_chain_hashes_are_the_published_formula() -> None:
    start = sha256(b"counterfoil/chain/v1\x00" + ORIGIN.encode() + b"\x00" + b"trace").digest()
    assert empty_chain_hash(ORIGIN, "trace") == start
    entry, decision = StatementHash(bytes(32)), bytes([1]) * 32
    assert chain_hash(ChainHash(start), entry, decision) == sha256(b"\x02" + start + entry + decision).digest()
    assert chain_id("tr\u00e4ce") == sha256("tr\u00e4ce".encode()).digest()


def test_a_decision_record_is_these_bytes() -> None:
    record = DecisionRecord(7, 3, bytes(32), 1_800_000_000, evidence_digest=bytes([1]) * 32)
    encoded = record.encode()
    assert encoded.hex() == (
        "a8" "0001" "0107" "0203" "035820" + "00" * 32 + "041a6b49d200" "05f6" "065820" + "01" * 32 + "07f6"
    )  # fmt: skip
    assert parse_decision_record(encoded) == record
    assert decision_digest(encoded) == sha256(encoded).digest()


@pytest.mark.parametrize(
    "data",
    [b"", b"\xa0", b"\xf6", DecisionRecord(1, 1, bytes(31), 1).encode(), DecisionRecord(-1, 1, bytes(32), 1).encode(),
     DecisionRecord(1, 1, bytes(32), 2**63).encode(), DecisionRecord(1, 1, bytes(32), 1, b"x").encode(),
     DecisionRecord(1, 1, bytes(32), 1).encode() + b"\x00",
     DecisionRecord(1, 1, bytes(32), 1).encode().replace(b"\xa8\x00\x01", b"\xa8\x00\x02"),
     DecisionRecord(1, 1, bytes(32), 1).encode().replace(b"\x01\x01\x02", b"\x01\x18\x01\x02")],
)  # fmt: skip
def test_what_is_no_decision_record(data: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_decision_record(data)
    assert issubclass(MalformedDecisionError, MalformedError)


def test_a_page_is_read_back() -> None:
    root = page_root([bytes([n]) * 32 for n in range(5)])
    page = Page(10, 14, root)
    assert parse_page(page.encode()) == page


@pytest.mark.parametrize(
    "page",
    [Page(3, 2, NodeHash(bytes(32))), Page(-1, 2, NodeHash(bytes(32))), Page(0, MAX_PAGE_ENTRIES, NodeHash(bytes(32))),
     Page(0, 1, NodeHash(bytes(31)))],
)  # fmt: skip
def test_what_is_no_page(page: Page) -> None:
    with pytest.raises(MalformedPageError):
        parse_page(page.encode())


def genesis(signers: dict[KeyPurpose, LocalSigner] | None = None) -> Genesis:
    signers = signers or {purpose: generate_private_key("EdDSA") for purpose in KeyPurpose}
    return Genesis(parse_origin(ORIGIN), {purpose: signer.public_key for purpose, signer in signers.items()})


def test_a_genesis_document_is_read_back() -> None:
    document = genesis()
    assert parse_genesis(document.encode()) == document


def test_a_genesis_document_that_says_something_else_is_refused() -> None:
    value = parse_json(genesis().encode(), max_bytes=1 << 20)
    assert isinstance(value, dict)
    keys = value["keys"]
    assert isinstance(keys, list)
    first = keys[0]
    assert isinstance(first, dict)
    changes: tuple[dict[str, JsonValue], ...] = (
        {"origin": "log.example/other"},
        {"origin": "not an origin"},
        {"issuer": "https://log.example/other"},
        {"logName": "x"},
        {"hash": "SHA-1"},
        {"format": 2},
        {"keys": []},
        {"keys": keys[:3]},
        {"keys": [*keys, first]},
        {"keys": [{**first, "purpose": "tls"}, *keys[1:]]},
        {"keys": [{**first, "kid": "AAAA"}, *keys[1:]]},
        {"keys": [{**first, "publicKey": "none"}, *keys[1:]]},
        {"more": 1},
    )
    for change in changes:
        with pytest.raises(MalformedError):
            parse_genesis(encode_json({**value, **change}))
    with pytest.raises(MalformedError):
        parse_genesis(genesis().encode() + b" ")


def test_two_purposes_never_share_a_key() -> None:
    signer = generate_private_key("EdDSA")
    with pytest.raises(MalformedError):
        parse_genesis(genesis(dict.fromkeys(KeyPurpose, signer)).encode())


def test_a_page_of_truth_values_is_refused() -> None:
    with pytest.raises(MalformedPageError):
        parse_page(encode({1: False, 2: True, 3: bytes(32)}))
