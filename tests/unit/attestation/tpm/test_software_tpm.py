"""What a TPM in software and the usual tools write is read, and means what it should."""

import hashlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.claims import EvidenceClaims, passed
from counterfoil.attestation.collateral import NO_COLLATERAL
from counterfoil.attestation.evidence import Evidence
from counterfoil.attestation.tpm.public_area import parse_tpm_public
from counterfoil.attestation.tpm.signature import parse_tpm_signature, verify_tpm_signature
from counterfoil.attestation.tpm.verify import verify_tpm2
from counterfoil.errors import (
    EvidenceMismatchError,
    EvidenceSignatureError,
    EvidenceVersionError,
    PathInvalidError,
    RootUnknownError,
)
from tests.certificates import AT, root
from tests.software_tpm import Ak, RealQuote, SoftwareTpm, certified_by, require_software_tpm
from tests.tpm_quotes import with_parts

CHALLENGE = sha256(b"challenge").digest()


@pytest.fixture(scope="module")
def tpm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftwareTpm]:
    require_software_tpm()
    with SoftwareTpm(tmp_path_factory.mktemp("software-tpm")) as running:
        yield running


def verified(quote: RealQuote, evidence: Evidence | None = None) -> EvidenceClaims:
    return verify_tpm2(evidence or quote.evidence(), AT, Anchors(frozenset({quote.pin})), NO_COLLATERAL)


@pytest.mark.parametrize("ak", list(Ak))
def test_a_quote_of_each_kind_of_key_verifies(tpm: SoftwareTpm, ak: Ak) -> None:
    quote = tpm.quote(CHALLENGE, (0, 7, 16), ak=ak)
    claims = verified(quote)
    assert claims.bound == {"extra-data": CHALLENGE}
    assert claims.measurements.keys() == {"pcr0", "pcr7", "pcr16"}
    assert claims.measurements["pcr0"] == quote.values["sha256"][0]
    assert claims.facts["clock-safe"] in {"true", "false"}
    assert int(claims.facts["reset-count"]) >= 1
    assert parse_tpm_public(quote.public).name == tpm.name(ak)


def test_another_challenge_is_another_bound_value(tpm: SoftwareTpm) -> None:
    assert verified(tpm.quote(bytes(32))).bound != verified(tpm.quote(CHALLENGE)).bound
    assert verified(tpm.quote(b"")).bound == {"extra-data": b""}
    assert verified(tpm.quote(bytes(64))).bound == {"extra-data": bytes(64)}


def test_what_is_extended_is_another_measurement(tpm: SoftwareTpm) -> None:
    before = tpm.quote(CHALLENGE, (16,))
    digest = sha256(b"a program").digest()
    tpm.extend(16, digest)
    after = tpm.quote(CHALLENGE, (16,))
    measured, then = verified(before).measurements["pcr16"], verified(after).measurements["pcr16"]
    assert then == sha256(measured + digest).digest()
    with pytest.raises(EvidenceMismatchError):
        verified(after, with_parts(after.evidence(), {"pcrs": before.evidence().part("pcrs")}))
    with pytest.raises(EvidenceSignatureError):
        verified(after, with_parts(after.evidence(), {"attest": before.attest}))


def test_what_the_same_key_says_of_something_else_is_no_quote(tpm: SoftwareTpm) -> None:
    quote = tpm.quote(CHALLENGE)
    for attest, signature in (tpm.certify(), tpm.time(CHALLENGE)):
        verify_tpm_signature(parse_tpm_signature(signature), quote.key, attest)
        with pytest.raises(EvidenceVersionError):
            verified(quote, with_parts(quote.evidence(), {"attest": attest, "signature": signature}))


def test_several_banks_are_quoted_together(tpm: SoftwareTpm) -> None:
    tpm.extend(23, hashlib.sha384(b"a program").digest(), "sha384")
    quote = tpm.quote(CHALLENGE, (7, 23), banks=("sha384", "sha256"), ak=Ak.ECC_SHA384)
    measurements = verified(quote).measurements
    assert measurements.keys() == {"sha384:pcr7", "sha384:pcr23", "pcr7", "pcr23"}
    assert measurements["sha384:pcr23"] == hashlib.sha384(bytes(48) + hashlib.sha384(b"a program").digest()).digest()


def test_every_register_may_be_quoted(tpm: SoftwareTpm) -> None:
    assert len(verified(tpm.quote(CHALLENGE, range(24))).measurements) == 24


@pytest.mark.parametrize("ak", [Ak.ECC, Ak.RSA])
def test_a_key_that_a_root_certified_is_trusted_under_that_root(tpm: SoftwareTpm, ak: Ak) -> None:
    quote, top = tpm.quote(CHALLENGE, ak=ak), root("TPM root")
    anchors = Anchors(frozenset({sha256(top.der).digest()}))
    for public in (True, False):
        evidence = quote.evidence(certified_by(top, quote.key), public=public)
        claims = verify_tpm2(evidence, AT, anchors, NO_COLLATERAL)
        assert passed("certificate-path") in claims.checks
        assert passed("extended-key-usage") in claims.checks
    with pytest.raises((PathInvalidError, RootUnknownError)):
        verify_tpm2(quote.evidence(certified_by(root("TPM root"), quote.key)), AT, anchors, NO_COLLATERAL)


def test_a_key_that_is_pinned_by_its_name_is_known_to_sign_quotes_alone(tpm: SoftwareTpm) -> None:
    quote = tpm.quote(CHALLENGE)
    anchors = Anchors(frozenset({quote.pin_of_name}))
    assert passed("key-attributes") in verify_tpm2(quote.evidence(), AT, anchors, NO_COLLATERAL).checks


def test_another_tpm_has_another_key(tpm: SoftwareTpm, tmp_path: Path) -> None:
    with SoftwareTpm(tmp_path) as other:
        stranger = other.quote(CHALLENGE)
    with pytest.raises(RootUnknownError):
        verified(tpm.quote(CHALLENGE), stranger.evidence())


def test_nothing_runs_after_the_block(tmp_path: Path) -> None:
    require_software_tpm()
    with SoftwareTpm(tmp_path) as running:
        process = running._process
    assert process is not None
    assert process.returncode is not None
