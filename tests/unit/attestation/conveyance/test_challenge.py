"""Challenges: given by the log and kept by nobody."""

import pytest

from counterfoil.attestation.conveyance.challenge import CHALLENGE_SECONDS, issue_challenge, verify_challenge
from counterfoil.cose import labels
from counterfoil.cose.sign1 import encode_sign1, parse_sign1, sign_sign1
from counterfoil.encoding.cbor import CborValue, encode
from counterfoil.errors import ChallengeExpiredError, ChallengeForeignError
from counterfoil.signing.generate import generate_private_key

SERVICE, STRANGER = (generate_private_key("ES256") for _ in range(2))
ORIGIN, AT = "log.example/agents", 1_800_000_000
GIVEN = issue_challenge(SERVICE, ORIGIN, AT, bytes(16))
TYPE: dict[int | str, CborValue] = {labels.CONTENT_TYPE: "application/vnd.counterfoil.challenge+cbor"}


def test_it_can_be_answered_for_five_minutes() -> None:
    for at in (AT, AT + CHALLENGE_SECONDS):
        assert verify_challenge(GIVEN.encoded, SERVICE.public_key, ORIGIN, at) == GIVEN
    for at in (AT - 1, AT + CHALLENGE_SECONDS + 1):
        with pytest.raises(ChallengeExpiredError):
            verify_challenge(GIVEN.encoded, SERVICE.public_key, ORIGIN, at)


def test_each_has_a_nonce_of_its_own() -> None:
    others = [issue_challenge(SERVICE, ORIGIN, AT, bytes([n]) * 16) for n in range(1, 5)]
    assert len({one.nonce for one in (GIVEN, *others)}) == 5
    assert {len(one.nonce) for one in others} == {32}


def test_no_challenge_without_enough_randomness() -> None:
    for random in (b"", bytes(15), bytes(65)):
        with pytest.raises(ValueError, match="random bytes"):
            issue_challenge(SERVICE, ORIGIN, AT, random)


@pytest.mark.parametrize("at", range(0, len(GIVEN.encoded), 3))
def test_one_that_somebody_changed_is_none_of_this_log(at: int) -> None:
    changed = bytearray(GIVEN.encoded)
    changed[at] ^= 1
    with pytest.raises(ChallengeForeignError):
        verify_challenge(bytes(changed), SERVICE.public_key, ORIGIN, AT)


def test_what_others_gave_or_the_log_signed_for_something_else() -> None:
    message = parse_sign1(GIVEN.encoded, max_bytes=1000)
    beside = encode_sign1(message.protected_bytes, {99: 1}, message.payload, message.signature)
    for encoded in (
        issue_challenge(STRANGER, ORIGIN, AT, bytes(16)).encoded,
        issue_challenge(SERVICE, "other.example/log", AT, bytes(16)).encoded,
        sign_sign1(SERVICE, {}, encode((ORIGIN, AT, bytes(16)))),
        sign_sign1(SERVICE, TYPE, encode((ORIGIN, -1, bytes(16)))),
        sign_sign1(SERVICE, TYPE, encode((ORIGIN, AT, bytes(8)))),
        sign_sign1(SERVICE, TYPE, encode((ORIGIN, AT))),
        sign_sign1(SERVICE, TYPE, b""),
        beside,
        b"",
        bytes(10_000),
    ):
        with pytest.raises(ChallengeForeignError):
            verify_challenge(encoded, SERVICE.public_key, ORIGIN, AT)
