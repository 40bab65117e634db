"""Evidence without a key that it should bind: nothing but that it is genuine holds."""

from dataclasses import replace

from counterfoil.attestation.binding import Binding, is_bound
from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.evidence import Platform

CLAIMS = EvidenceClaims(
    platform=Platform.TPM2, product="x", signer="AK", measurements={}, bound={"extra-data": bytes(64)}, debug=False
)


def test_without_a_key_no_binding_holds_but_none() -> None:
    for claims in (CLAIMS, replace(CLAIMS, platform=Platform.COMPOSITE, submodules={"gpu": CLAIMS})):
        assert [one for one in Binding if is_bound(one, claims, None, bytes(32))] == [Binding.NONE]
