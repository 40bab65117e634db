"""What a log says about keys has one encoding, and an announcement shows that somebody holds the key."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.cose.keys import public_key_pem
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.jcs import encode_json, parse_json
from counterfoil.errors import MalformedError, MalformedNoticeError, UnverifiedError
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.key_notice import (
    MAX_REASON_CHARACTERS,
    ReceiptKeyAct,
    ReceiptKeyNotice,
    Revocation,
    announce_receipt_key,
    parse_receipt_key_notice,
    parse_revocation,
    verify_possession,
)
from tests.builders import ORIGIN

IDENTITY = parse_origin(ORIGIN)
KEY, OTHER = generate_private_key("ES256"), generate_private_key("ES256")
ANNOUNCED = announce_receipt_key(KEY, IDENTITY)
REASONS = ["", "lost on a train", '\N{SNOWMAN}\0"\\', "x" * MAX_REASON_CHARACTERS]
REVOKED = Revocation(bytes(range(32)), 7, "lost on a train")
Members = dict[str, Any]
Change = Callable[[Members], Members]


def changed(payload: bytes, change: Change) -> bytes:
    members = parse_json(payload, max_bytes=len(payload))
    assert isinstance(members, dict)
    return encode_json(change(dict(members)))


def without(*names: str) -> Change:
    return lambda members: {name: value for name, value in members.items() if name not in names}


def having(**more: Any) -> Change:
    return lambda members: {**members, **more}


@pytest.mark.parametrize("other", [OTHER, generate_private_key("EdDSA")], ids=["ES256", "EdDSA"])
def test_possession_by_another_key_shows_nothing(other: Any) -> None:
    strange = announce_receipt_key(other, IDENTITY).possession
    for possession in (strange, b"", ANNOUNCED.possession[:-1], bytes(64)):
        with pytest.raises(UnverifiedError):
            verify_possession(replace(ANNOUNCED, possession=possession), IDENTITY)


def test_possession_shown_to_another_log_shows_nothing_here() -> None:
    elsewhere = announce_receipt_key(KEY, parse_origin("log.example/other"))
    with pytest.raises(UnverifiedError):
        verify_possession(elsewhere, IDENTITY)
    assert verify_possession(ANNOUNCED, IDENTITY) == KEY.public_key


def test_what_announces_no_key_has_none_to_show() -> None:
    for act in (ReceiptKeyAct.RETIRE, ReceiptKeyAct.COMPROMISE):
        with pytest.raises(MalformedNoticeError):
            verify_possession(ReceiptKeyNotice(act, KEY.public_key.thumbprint), IDENTITY)


@pytest.mark.parametrize(
    "change",
    [
        without("format"),
        without("act"),
        without("kid"),
        without("publicKey"),
        without("possession"),
        without("publicKey", "possession"),
        having(format=2),
        having(format="1"),
        having(act="begin"),
        having(act="retire"),
        having(act="compromise"),
        having(kid=encode_base64url(OTHER.public_key.thumbprint)),
        having(kid=encode_base64url(bytes(31))),
        having(kid="not base64url!"),
        having(kid=7),
        having(publicKey=public_key_pem(OTHER.public_key)),
        having(publicKey=public_key_pem(KEY.public_key) + "\n"),
        having(publicKey="-----BEGIN PUBLIC KEY-----"),
        having(possession=7),
        having(possession=None),
        having(reason="why not"),
    ],
)
def test_a_broken_announcement_is_none(change: Change) -> None:
    with pytest.raises(MalformedError):
        parse_receipt_key_notice(changed(ANNOUNCED.encode(), change))


@pytest.mark.parametrize("act", [ReceiptKeyAct.RETIRE, ReceiptKeyAct.COMPROMISE])
@pytest.mark.parametrize(
    "change",
    [
        without("kid"),
        having(kid=""),
        having(act="announce"),
        having(publicKey=public_key_pem(KEY.public_key)),
        having(possession=""),
        having(reason="worn out"),
    ],
)
def test_a_broken_ending_is_none(act: ReceiptKeyAct, change: Change) -> None:
    payload = ReceiptKeyNotice(act, KEY.public_key.thumbprint).encode()
    assert parse_receipt_key_notice(payload).act is act
    with pytest.raises(MalformedError):
        parse_receipt_key_notice(changed(payload, change))


@pytest.mark.parametrize(
    "change",
    [
        without("format"),
        without("kid"),
        without("lastValidEntry"),
        without("reason"),
        having(format=2),
        having(lastValidEntry=-2),
        having(lastValidEntry=2**53),
        having(lastValidEntry=1.5),
        having(lastValidEntry=True),
        having(lastValidEntry="7"),
        having(reason="x" * (MAX_REASON_CHARACTERS + 1)),
        having(reason=None),
        having(kid=encode_base64url(bytes(33))),
        having(since=5),
    ],
)
def test_a_broken_revocation_is_none(change: Change) -> None:
    with pytest.raises(MalformedError):
        parse_revocation(changed(REVOKED.encode(), change))


@pytest.mark.parametrize("payload", [ANNOUNCED.encode(), REVOKED.encode()], ids=["notice", "revocation"])
def test_another_spelling_of_the_same_is_refused(payload: bytes) -> None:
    parse = parse_revocation if payload == REVOKED.encode() else parse_receipt_key_notice
    for spelled in (
        payload + b"\n",
        b" " + payload,
        payload.replace(b":1,", b":1.0,"),
        payload.replace(b",", b", ", 1),
    ):
        assert spelled != payload
        with pytest.raises(MalformedError):
            parse(spelled)


@settings(deadline=None)
@given(st.binary(max_size=60) | st.sampled_from([b"null", b"[]", b"{}", b'{"format":1}', b"1", b'"x"']))
def test_garbage_is_malformed_and_nothing_else(payload: bytes) -> None:
    for parse in (parse_revocation, parse_receipt_key_notice):
        with pytest.raises(MalformedError):
            parse(payload)


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32), st.integers(-1, 2**53 - 1), st.sampled_from(REASONS))
def test_a_revocation_is_read_as_it_was_written(thumbprint: bytes, last: int, reason: str) -> None:
    revocation = Revocation(thumbprint, last, reason)
    assert parse_revocation(revocation.encode()) == revocation


@settings(deadline=None, max_examples=50)
@given(st.integers(0, len(ANNOUNCED.encode()) - 1), st.integers(1, 255))
def test_no_changed_byte_announces_another_key(place: int, change: int) -> None:
    payload = bytearray(ANNOUNCED.encode())
    payload[place] ^= change
    with pytest.raises((MalformedError, UnverifiedError)):
        verify_possession(parse_receipt_key_notice(bytes(payload)), IDENTITY)
