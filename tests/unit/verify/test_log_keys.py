"""Which log keys are trusted, and which of them a receipt names."""

import pytest

from counterfoil.cose import labels
from counterfoil.cose.keys import PublicKey, cose_key_map, encode_cose_key, public_key_pem
from counterfoil.encoding.cbor import CborValue, encode
from counterfoil.errors import (
    LogKeyUnknownError,
    MalformedCborError,
    MalformedError,
    MalformedKeyError,
    TooLargeError,
    TrailingBytesError,
)
from counterfoil.log.founding import genesis_of
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.verify import LogKey, LogKeys, log_keys_of, log_keys_of_genesis, parse_log_keys
from counterfoil.verify.log_keys import MAX_KEY_SET_BYTES
from tests.unit.verify.paper_log import PaperLog


def _key(algorithm: str = "ES256") -> PublicKey:
    return generate_private_key(algorithm).public_key


ONE, OTHER = _key(), _key("EdDSA")


def _pem(*keys: PublicKey) -> bytes:
    return "".join(public_key_pem(key) for key in keys).encode()


def test_a_key_answers_to_its_thumbprint_and_to_the_identifier_of_its_set() -> None:
    keys = LogKeys((LogKey(ONE, b"2026-a"), LogKey(OTHER)))
    assert keys.find(b"2026-a") == ONE
    assert keys.find(ONE.thumbprint) == ONE
    assert keys.find(OTHER.thumbprint) == OTHER


@pytest.mark.parametrize(
    "kid",
    [b"", b"2026", b"2026-A", b"2026-a\x00", OTHER.thumbprint, ONE.thumbprint[:-1]],
    ids=["empty", "short", "case", "longer", "another", "cut"],
)
def test_an_unknown_identifier_names_no_key(kid: bytes) -> None:
    with pytest.raises(LogKeyUnknownError):
        LogKeys((LogKey(ONE, b"2026-a"),)).find(kid)


def test_no_identifier_names_the_only_key() -> None:
    assert log_keys_of(ONE).find(None) == ONE
    assert LogKeys((LogKey(ONE, b"a"), LogKey(ONE, b"b"))).find(None) == ONE


def test_no_identifier_names_none_of_several() -> None:
    with pytest.raises(LogKeyUnknownError):
        log_keys_of(ONE, OTHER).find(None)


def test_no_keys_at_all_are_no_trust() -> None:
    with pytest.raises(MalformedKeyError):
        LogKeys(())


@pytest.mark.parametrize(
    "keys",
    [(LogKey(ONE, b"a"), LogKey(OTHER, b"a")), (LogKey(ONE, OTHER.thumbprint), LogKey(OTHER))],
    ids=["one kid", "another key's thumbprint"],
)
def test_one_identifier_never_names_two_keys(keys: tuple[LogKey, ...]) -> None:
    with pytest.raises(MalformedKeyError):
        LogKeys(keys)


def test_a_key_set_is_read_with_its_identifiers() -> None:
    keys = parse_log_keys(encode([cose_key_map(ONE, kid=b"2026-a"), cose_key_map(OTHER)]))
    assert keys.find(b"2026-a") == ONE
    assert keys.find(OTHER.thumbprint) == OTHER
    assert keys.issuer is None


def test_a_key_of_a_set_that_is_not_understood_is_passed_over() -> None:
    unknown: dict[int | str, CborValue] = {labels.KEY_KTY: 99, labels.KEY_KID: b"x"}
    broken = {**cose_key_map(ONE), labels.KEY_X: b"short"}
    keys = parse_log_keys(encode([unknown, 7, broken, cose_key_map(OTHER)]))
    assert [key.key for key in keys.keys] == [OTHER]


def test_one_cose_key_is_read() -> None:
    assert parse_log_keys(encode_cose_key(ONE, kid=b"k")).find(b"k") == ONE


def test_pem_keys_are_read_one_after_another() -> None:
    keys = parse_log_keys(b"\n" + _pem(ONE, OTHER) + b"\n")
    assert [key.key for key in keys.keys] == [ONE, OTHER]


def test_a_genesis_document_is_trust_in_its_receipt_key_and_in_that_log_alone() -> None:
    log = PaperLog().found()
    keys = log_keys_of_genesis(genesis_of(log.identity, log.signers))
    assert [key.key for key in keys.keys] == [log.signers[KeyPurpose.RECEIPT].public_key]
    assert keys.issuer == log.identity.issuer


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", MalformedCborError),
        (b"\x80", MalformedKeyError),
        (b"\xa0", MalformedKeyError),
        (b"\x07", MalformedKeyError),
        (encode([{labels.KEY_KTY: 99}]), MalformedKeyError),
        (encode({**cose_key_map(ONE), labels.KEY_X: b"short"}), MalformedKeyError),
        (encode_cose_key(ONE) + b"\x00", TrailingBytesError),
        (b"\x80" + b"\x00" * MAX_KEY_SET_BYTES, TooLargeError),
        (_pem(ONE) + b"and so on", MalformedKeyError),
        (_pem(ONE).replace(b"PUBLIC", b"PRIVATE"), MalformedKeyError),
        (_pem(ONE)[:-30], MalformedKeyError),
        (b"-----BEGIN PUBLIC KEY-----\n????\n-----END PUBLIC KEY-----\n", MalformedKeyError),
    ],
    ids=range(12),
)
def test_what_is_no_key_is_refused(data: bytes, error: type[MalformedError]) -> None:
    with pytest.raises(error):
        parse_log_keys(data)
