"""Receipt keys: one is always in force, each ends once, and what they signed is believed until it is said otherwise."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.cose.keys import PublicKey
from counterfoil.errors import ReceiptKeyRefusedError
from counterfoil.policy.receipt_keys import ReceiptKeys, first_receipt_keys
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.key_notice import ReceiptKeyAct
from tests.builders import ORIGIN

KEYS = [generate_private_key("ES256").public_key for _ in range(3)]
FIRST, SECOND, THIRD = (key.thumbprint for key in KEYS)
GENESIS = Genesis(parse_origin(ORIGIN), dict.fromkeys(KeyPurpose, KEYS[0]))


@pytest.fixture
def two() -> ReceiptKeys:
    """Two keys, both in force."""
    return first_receipt_keys(GENESIS).announce(KEYS[1], 5)


def test_the_only_one_is_neither_retired_nor_compromised() -> None:
    keys = first_receipt_keys(GENESIS)
    for end in (keys.retire, keys.compromise):
        with pytest.raises(ReceiptKeyRefusedError, match="announce another one first"):
            end(FIRST, 4)


def test_no_key_is_announced_twice(two: ReceiptKeys) -> None:
    for key in KEYS[:2]:
        with pytest.raises(ReceiptKeyRefusedError):
            two.announce(key, 6)
        with pytest.raises(ReceiptKeyRefusedError):
            two.retire(FIRST, 6).announce(key, 7)
        with pytest.raises(ReceiptKeyRefusedError):
            two.compromise(FIRST, 6).announce(key, 7)


def test_what_has_ended_does_not_end_again(two: ReceiptKeys) -> None:
    gone = two.announce(KEYS[2], 6).compromise(FIRST, 7)
    for end in (gone.retire, gone.compromise):
        with pytest.raises(ReceiptKeyRefusedError):
            end(FIRST, 8)
    with pytest.raises(ReceiptKeyRefusedError):
        two.retire(FIRST, 7).retire(FIRST, 8)
    with pytest.raises(ReceiptKeyRefusedError):
        two.retire(THIRD, 8)
    with pytest.raises(ReceiptKeyRefusedError):
        two.compromise(THIRD, 8)


def test_the_last_one_in_force_does_not_end_however_many_there_were(two: ReceiptKeys) -> None:
    alone = two.retire(FIRST, 6)
    for end in (alone.retire, alone.compromise):
        with pytest.raises(ReceiptKeyRefusedError):
            end(SECOND, 7)


def test_a_retired_key_signs_no_more_and_is_believed_for_ever(two: ReceiptKeys) -> None:
    retired = two.retire(FIRST, 6)
    assert retired.in_force == {SECOND}
    assert retired.trusted == (KEYS[1], KEYS[0])
    found = retired.find(FIRST)
    assert found is not None
    assert (found.announced, found.retired, found.compromised) == (1, 6, None)


def test_a_compromised_key_is_believed_no_more_retired_before_or_not(two: ReceiptKeys) -> None:
    for keys in (two.compromise(FIRST, 7), two.retire(FIRST, 6).compromise(FIRST, 7)):
        assert keys.in_force == {SECOND}
        assert keys.trusted == (KEYS[1],)
        assert keys.compromised == (KEYS[0],)


acts = st.lists(st.tuples(st.sampled_from(ReceiptKeyAct), st.sampled_from(KEYS)), max_size=8)


@settings(deadline=None)
@given(acts)
def test_whatever_is_said_one_is_in_force_and_it_is_believed(said: list[tuple[ReceiptKeyAct, PublicKey]]) -> None:
    keys = first_receipt_keys(GENESIS)
    for entry, (act, key) in enumerate(said, start=2):
        before = keys
        with suppress(ReceiptKeyRefusedError):
            match act:
                case ReceiptKeyAct.ANNOUNCE:
                    keys = keys.announce(key, entry)
                case ReceiptKeyAct.RETIRE:
                    keys = keys.retire(key.thumbprint, entry)
                case ReceiptKeyAct.COMPROMISE:
                    keys = keys.compromise(key.thumbprint, entry)
        trusted = {one.thumbprint for one in keys.trusted}
        compromised = {one.thumbprint for one in keys.compromised}
        assert keys.in_force
        assert keys.in_force <= trusted
        assert not trusted & compromised
        assert {one.key.thumbprint for one in keys} == trusted | compromised
        assert {one.thumbprint for one in before.compromised} <= compromised
