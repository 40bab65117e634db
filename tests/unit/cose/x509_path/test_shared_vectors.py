"""Chains of chips, enclaves and issuers that others made. Skipped where they are absent."""

import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from counterfoil.cose import labels
from counterfoil.cose.sign1 import parse_sign1
from counterfoil.cose.x509_path.certificate import parse_certificate
from counterfoil.cose.x509_path.purpose import PathPurpose, VerifiedPath
from counterfoil.cose.x509_path.validate import validate_path
from counterfoil.encoding.cbor import decode
from counterfoil.encoding.cbor_values import Limits
from counterfoil.errors import (
    CertificateOutOfDateError,
    MalformedError,
    PathInvalidError,
    RootUnknownError,
    UnverifiedError,
)
from tests.certificates import DAY, root
from tests.vectors_dir import require_shared

# The keys that AMD certifies for its chips have the serial number 0, which a later release of the library refuses.
pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")

PURPOSE = PathPurpose(crl_may_be_missing=True)
ROOM = 1 << 20
LIMITS = Limits(max_bytes=ROOM)


@dataclass(frozen=True, slots=True)
class Chain:
    """Certificates leaf first, without the root."""

    certificates: list[bytes]
    root: bytes


def pem(*parts: str) -> list[bytes]:
    text = require_shared("attestation", *parts).read_bytes()
    return [b64decode(block) for block in re.findall(rb"-----BEGIN CERTIFICATE-----([^-]+)-----END", text)]


def sev_snp(product: str, leaf: str) -> Chain:
    raw = require_shared("attestation", "sev_snp", leaf)
    chip = pem("sev_snp", leaf)[0] if leaf.endswith(".pem") else raw.read_bytes()
    return Chain([chip, *pem("sev_snp", f"{product}_ask.pem")[:1]], pem("sev_snp", f"{product}_ark.pem")[0])


def nitro(name: str) -> Chain:
    raw = require_shared("attestation", "nitro", name).read_bytes()
    data = b64decode(raw) if name.endswith(".b64") else raw
    message = decode(data, LIMITS, allow_tags=frozenset({18}))
    assert isinstance(message, tuple)
    assert isinstance(message[2], bytes)
    document = decode(message[2], LIMITS, allow_tags=frozenset({18}))
    assert isinstance(document, dict)
    leaf, bundle = document["certificate"], document["cabundle"]
    assert isinstance(leaf, bytes)
    assert isinstance(bundle, tuple)
    above = [der for der in bundle if isinstance(der, bytes)]
    return Chain([leaf, *above[:0:-1]], above[0])  # The bundle begins with the root.


def nvidia() -> Chain:
    *chain, top = pem("nvidia", "hopperCertChain.txt")
    return Chain(chain, top)


def statement(*parts: str) -> Chain:
    message = parse_sign1(require_shared("scitt", *parts).read_bytes(), max_bytes=ROOM)
    carried = message.protected[labels.X5CHAIN]
    assert isinstance(carried, tuple)
    *chain, top = (der for der in carried if isinstance(der, bytes))
    return Chain(chain, top)


CHAINS: dict[str, Callable[[], Chain]] = {
    "milan": partial(sev_snp, "milan", "milan_vcek.pem"),
    "milan debug": partial(sev_snp, "milan", "milan_debug_vcek.der"),
    "milan v2": partial(sev_snp, "milan", "milan_v2_vcek.der"),
    "genoa": partial(sev_snp, "genoa", "genoa_vcek.pem"),
    "genoa v5": partial(sev_snp, "genoa", "genoa_v5_vcek.der"),
    "nitro": partial(nitro, "valid_doc.cbor"),
    "nitro debug": partial(nitro, "debug_doc.cbor"),
    "nitro zero": partial(nitro, "pcr0_zero_doc.b64"),
    "hopper": nvidia,
    "cosesign1": partial(statement, "ccf-payloads", "cosesign1tool-scitt-a3be7e5.cose"),
    "hashv": partial(statement, "ccf-payloads", "cts-hashv-cwtclaims-b64url.cose"),
    "manifest": partial(statement, "ccf-payloads", "manifest.spdx.json.sha384.digest.cose"),
    "uvm": partial(statement, "transparent_statements", "uvm_0.2.10.cose"),
}
EVERY = pytest.mark.parametrize("name", CHAINS)


def judged(chain: Chain, at: int, purpose: PathPurpose = PURPOSE) -> VerifiedPath:
    return validate_path(chain.certificates, [chain.root], at, purpose=purpose)


def times(chain: Chain) -> tuple[int, int]:
    """From when to when all of its certificates are valid."""
    parsed = [parse_certificate(der) for der in (*chain.certificates, chain.root)]
    return max(each.not_before for each in parsed), min(each.not_after for each in parsed)


@EVERY
def test_it_holds_at_its_time_and_neither_before_nor_after(name: str) -> None:
    chain = CHAINS[name]()
    first, last = times(chain)
    for at in (first, last):
        assert judged(chain, at).certificates == (*chain.certificates, chain.root)
    for at in (first - DAY, last + DAY):
        with pytest.raises(CertificateOutOfDateError):
            judged(chain, at)


@EVERY
def test_it_does_not_hold_without_its_root_or_under_another_one(name: str) -> None:
    chain = CHAINS[name]()
    at, _ = times(chain)
    for roots in ([], [root().der], pem("gcp", "confidential_space_root.pem")):
        with pytest.raises(RootUnknownError):
            validate_path([*chain.certificates, chain.root], roots, at, purpose=PURPOSE)


@EVERY
def test_it_holds_in_any_order_of_its_cas_and_not_with_another_leaf(name: str) -> None:
    chain = CHAINS[name]()
    at, _ = times(chain)
    leaf, *cas = chain.certificates
    validate_path([leaf, chain.root, *cas[::-1]], [chain.root], at, purpose=PURPOSE)
    for first in (*cas, chain.root):
        with pytest.raises(PathInvalidError):
            validate_path([first, leaf, *cas], [chain.root], at, purpose=PURPOSE)


@EVERY
def test_it_does_not_hold_with_a_bit_that_is_another(name: str) -> None:
    chain = CHAINS[name]()
    at, _ = times(chain)
    for place, der in enumerate(chain.certificates):
        for bit in (len(der) // 3, len(der) // 2, len(der) - 1):
            spoiled = bytearray(der)
            spoiled[bit] ^= 0x01
            certificates = list(chain.certificates)
            certificates[place] = bytes(spoiled)
            with pytest.raises((UnverifiedError, MalformedError)):
                judged(Chain(certificates, chain.root), at)


@EVERY
def test_it_does_not_hold_without_one_of_its_cas(name: str) -> None:
    chain = CHAINS[name]()
    at, _ = times(chain)
    for missing in range(1, len(chain.certificates)):
        certificates = [der for place, der in enumerate(chain.certificates) if place != missing]
        with pytest.raises(RootUnknownError):
            judged(Chain(certificates, chain.root), at)


def test_a_root_of_the_vendor_s_name_is_not_the_vendor_s() -> None:
    milan, genoa = CHAINS["milan"](), CHAINS["genoa"]()
    at, _ = times(milan)
    mixed = [milan.certificates[0], genoa.certificates[1]]
    with pytest.raises(RootUnknownError):
        validate_path(mixed, [milan.root, genoa.root], at, purpose=PURPOSE)


def test_the_certificate_of_a_chip_that_its_ca_did_not_sign_is_refused() -> None:
    chain = sev_snp("milan", "wrong_vcek.der")
    at, _ = times(chain)
    with pytest.raises(PathInvalidError, match="not one of the issuer's key"):
        judged(chain, at)


@pytest.mark.parametrize(
    ("name", "usage"),
    [("cosesign1", "2.999"), ("hashv", "1.3.6.1.4.1.311.10.3.13"), ("uvm", "1.3.6.1.4.1.311.76.59.1.2")],
)
def test_the_leaf_of_an_issuer_names_its_usage(name: str, usage: str) -> None:
    chain = CHAINS[name]()
    at, _ = times(chain)
    judged(chain, at, PathPurpose(crl_may_be_missing=True, extended_key_usage=usage))
    with pytest.raises(PathInvalidError, match="extended key usage"):
        judged(chain, at, PathPurpose(crl_may_be_missing=True, extended_key_usage=usage + ".1"))
