"""The tiers of a trustworthiness vector, as draft-ietf-rats-ar4si draws them."""

from collections import Counter

import pytest

from counterfoil.attestation.ar4si import Tier, TrustworthinessClaim, tier_of


@pytest.mark.parametrize(
    ("values", "tier"),
    [
        ((-1, 0, 1), Tier.NONE),
        ((2, 31, -2, -32), Tier.AFFIRMING),
        ((32, 95, -33, -96), Tier.WARNING),
        ((96, 99, 127, -97, -128), Tier.CONTRAINDICATED),
    ],
)
def test_a_tier_begins_and_ends_where_the_draft_says(values: tuple[int, ...], tier: Tier) -> None:
    assert {tier_of(value) for value in values} == {tier}


def test_every_value_of_a_byte_has_one_tier() -> None:
    counted = Counter(tier_of(value) for value in range(-128, 128))
    assert counted == {Tier.NONE: 3, Tier.AFFIRMING: 61, Tier.WARNING: 128, Tier.CONTRAINDICATED: 64}


@pytest.mark.parametrize("value", [-129, 128, 1000])
def test_a_value_beyond_a_byte_has_none(value: int) -> None:
    with pytest.raises(ValueError, match="no value"):
        tier_of(value)


def test_the_vector_has_its_eight_members() -> None:
    assert {claim.value for claim in TrustworthinessClaim} == {
        "instance-identity",
        "configuration",
        "executables",
        "file-system",
        "hardware",
        "runtime-opaque",
        "storage-opaque",
        "sourced-data",
    }
