"""Signed endorsements of launch measurements."""

import contextlib
from collections.abc import Mapping
from hashlib import sha256
from typing import NoReturn

import pytest

from counterfoil.attestation.claims import Endorsed
from counterfoil.attestation.snp import endorsement
from counterfoil.attestation.snp.endorsement import (
    MAX_ENDORSEMENT_BYTES,
    REMEMBERED,
    Endorsement,
    verify_endorsement,
)
from counterfoil.cose import labels
from counterfoil.cose.sign1 import encode_sign1
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.cbor import CborValue, Tagged, decode, encode
from counterfoil.encoding.cbor_values import Limits
from counterfoil.errors import (
    AlgorithmKeyMismatchError,
    AlgorithmMissingError,
    CertificateOutOfDateError,
    CounterfoilError,
    CriticalHeaderError,
    EvidenceCertificateError,
    EvidenceMismatchError,
    EvidenceSignatureError,
    EvidenceTooLargeError,
    MalformedDidError,
    MalformedError,
    MalformedEvidenceError,
    PathInvalidError,
    RootUnknownError,
)
from tests.certificates import AT, CA_USAGE, DAY, Says, authority, issued, new_key, root
from tests.snp_reports import FROM, UNTIL, UVM_FEED, UVM_USAGE, UvmSigner, make_uvm_signer

MEASUREMENT = b"\x3e" * 48
SIGNER = make_uvm_signer()
OTHER = make_uvm_signer()


def found(data: bytes | None = None, measurement: bytes = MEASUREMENT, at: int = AT) -> Endorsement:
    return verify_endorsement(SIGNER.endorse(MEASUREMENT) if data is None else data, measurement, at)


def said(measurement: str = MEASUREMENT.hex(), svn: str = '"104"', more: str = "") -> bytes:
    text = f'{{"x-ms-sevsnpvm-launchmeasurement":"{measurement}","x-ms-sevsnpvm-guestsvn":{svn}{more}}}'
    return text.encode()


def did_of(der: bytes, usage: str = UVM_USAGE) -> str:
    return f"did:x509:0:sha256:{encode_base64url(sha256(der).digest())}::eku:{usage}"


def test_it_says_who_endorses_what_for_and_in_which_version() -> None:
    given = found()
    assert given == Endorsement(MEASUREMENT, Endorsed(SIGNER.did, UVM_FEED, 104), FROM, UNTIL)
    assert found(SIGNER.endorse(MEASUREMENT, 0)).endorsed.svn == 0
    assert found(SIGNER.endorse(MEASUREMENT, 2**32 - 1)).endorsed.svn == 2**32 - 1
    assert found(SIGNER.endorse(MEASUREMENT, header={"feed": "other"})).endorsed.feed == "other"


def test_it_is_of_one_measurement() -> None:
    for measurement in (bytes(48), MEASUREMENT[:-1], MEASUREMENT[:-1] + b"\x3f", b""):
        with pytest.raises(EvidenceMismatchError):
            found(measurement=measurement)


def test_it_may_hold_a_date_and_headers_that_nobody_knows() -> None:
    header: Mapping[int | str, CborValue] = {"signingtime": Tagged(1, 1_761_595_353), "more": b"x", 34: None}
    assert found(SIGNER.endorse(MEASUREMENT, header=header, unprotected={"timestamp": b"x"})) == found()


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ({"iss": None}, MalformedEvidenceError),
        ({"iss": b"did:x509"}, MalformedEvidenceError),
        ({"iss": "did:web:example.com"}, MalformedDidError),
        ({"iss": did_of(OTHER.root.der)}, RootUnknownError),
        ({"iss": did_of(SIGNER.leaf.der)}, RootUnknownError),
        ({"iss": did_of(SIGNER.root.der, "1.2.3")}, PathInvalidError),
        ({"iss": f"{SIGNER.did}::subject:CN:Somebody"}, EvidenceCertificateError),
        ({"iss": f"{SIGNER.did}::eku:1.2.3"}, PathInvalidError),
        ({"feed": None}, MalformedEvidenceError),
        ({"feed": ""}, MalformedEvidenceError),
        ({"feed": "x" * 256}, MalformedEvidenceError),
        ({"feed": 5}, MalformedEvidenceError),
        ({labels.X5CHAIN: None}, MalformedEvidenceError),
        ({labels.X5CHAIN: SIGNER.leaf.der}, MalformedEvidenceError),
        ({labels.X5CHAIN: (SIGNER.leaf.der,)}, MalformedEvidenceError),
        ({labels.X5CHAIN: (SIGNER.leaf.der, SIGNER.ca.der, "text")}, MalformedEvidenceError),
        ({labels.X5CHAIN: (SIGNER.leaf.der, *[SIGNER.ca.der] * 10)}, MalformedEvidenceError),
        ({labels.X5CHAIN: (SIGNER.leaf.der, SIGNER.root.der), 34: None}, RootUnknownError),
        ({labels.X5CHAIN: (SIGNER.leaf.der, OTHER.ca.der, SIGNER.root.der), 34: None}, PathInvalidError),
        ({labels.X5CHAIN: (OTHER.leaf.der, OTHER.ca.der, OTHER.root.der), 34: None}, RootUnknownError),
        ({labels.X5CHAIN: (SIGNER.root.der, SIGNER.ca.der, SIGNER.root.der), 34: None}, PathInvalidError),
        ({labels.X5CHAIN: (SIGNER.leaf.der, b"none", SIGNER.root.der), 34: None}, MalformedError),
        ({labels.X5T: (labels.SHA256, sha256(SIGNER.ca.der).digest())}, EvidenceCertificateError),
        ({labels.X5T: b"x"}, EvidenceCertificateError),
        ({labels.X5T: (labels.SHA256, "x")}, EvidenceCertificateError),
        ({labels.X5T: (-15, bytes(8))}, CounterfoilError),
        ({labels.ALG: None}, AlgorithmMissingError),
        ({labels.ALG: -35}, AlgorithmKeyMismatchError),
        ({labels.ALG: -257}, CounterfoilError),
        ({labels.ALG: -38}, AlgorithmKeyMismatchError),
        ({labels.CRIT: ("feed",)}, CriticalHeaderError),
    ],
)
def test_headers_that_are_not_those_of_an_endorsement(
    header: Mapping[int | str, CborValue], error: type[CounterfoilError]
) -> None:
    with pytest.raises(error):
        found(SIGNER.endorse(MEASUREMENT, header=header))


def test_the_issuer_may_name_the_ca_in_the_middle() -> None:
    did = did_of(SIGNER.ca.der)
    assert found(SIGNER.endorse(MEASUREMENT, header={"iss": did})).endorsed.did == did


def test_a_certificate_without_the_usage_is_refused() -> None:
    for certified in ((), ("1.2.3",)):
        with pytest.raises(PathInvalidError):
            found(make_uvm_signer(certified=certified).endorse(MEASUREMENT))


def test_the_issuer_may_ask_for_two_usages_and_both_are_there() -> None:
    both = (UVM_USAGE, "1.3.6.1.5.5.7.3.36")
    assert found(make_uvm_signer(usages=both, certified=both).endorse(MEASUREMENT)).endorsed.svn == 104
    for certified in (both[:1], both[1:]):
        with pytest.raises(PathInvalidError):
            found(make_uvm_signer(usages=both, certified=certified).endorse(MEASUREMENT))


def test_the_issuer_may_ask_for_no_usage_but_for_a_name() -> None:
    signer = make_uvm_signer(certified=())
    did = signer.did.partition("::")[0] + "::subject:CN:Test%20UVM%20Signer"
    assert found(signer.endorse(MEASUREMENT, header={"iss": did})).endorsed.did == did


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        said()[:-1],
        said() + b"x",
        said(svn="104"),
        said(svn="null"),
        said(svn='""'),
        said(svn='"-1"'),
        said(svn='"1.0"'),
        said(svn='" 1"'),
        said(svn='"\u0661"'),
        said(svn=f'"{2**32}"'),
        said(svn=f'"{"9" * 4000}"'),
        said(measurement="no hex"),
        said(measurement="3"),
        said(more=',"x-ms-sevsnpvm-guestsvn":"105"'),
        said(more=',"x-ms-sevsnpvm-guestsvn-int":105'),
        said(more=',"x-ms-sevsnpvm-guestsvn-int":"104"'),
        said(more=f',"more":"{"x" * 4096}"'),
        b'{"x-ms-sevsnpvm-guestsvn":"1"}',
        b'{"x-ms-sevsnpvm-launchmeasurement":"3e"}',
        b'{"x-ms-sevsnpvm-launchmeasurement":5,"x-ms-sevsnpvm-guestsvn":"1"}',
    ],
)
def test_what_is_no_payload_of_one(payload: bytes) -> None:
    with pytest.raises(MalformedError):
        found(SIGNER.endorse(MEASUREMENT, payload=payload))


def test_the_version_may_stand_there_as_a_number_too() -> None:
    assert found(SIGNER.endorse(MEASUREMENT, payload=said(more=',"x-ms-sevsnpvm-guestsvn-int":104'))) == found()


@pytest.mark.parametrize(
    "value",
    [
        (),
        Tagged(18, ()),
        Tagged(18, (b"\xa0", {}, None, b"s")),
        Tagged(18, (b"\xa0", {}, b"p", "s")),
        Tagged(18, (b"\x80", {}, b"p", b"s")),
        Tagged(18, (b"", {}, b"p", b"s")),
        Tagged(18, (b"\xa0", {}, b"p", b"s", b"")),
        (b"\xa0", {}, b"p", b"s"),
        Tagged(1, 5),
    ],
)
def test_what_is_no_cose_sign1(value: CborValue) -> None:
    with pytest.raises(MalformedError):
        found(encode(value))


def test_it_is_bounded_before_it_is_read() -> None:
    with pytest.raises(EvidenceTooLargeError):
        found(bytes(MAX_ENDORSEMENT_BYTES + 1))
    with pytest.raises(MalformedError):
        found(SIGNER.endorse(MEASUREMENT) + b"\x00")


def test_a_signature_of_another_is_none() -> None:
    good = SIGNER.endorse(MEASUREMENT)
    with pytest.raises(EvidenceSignatureError):
        found(good[:-1] + bytes((good[-1] ^ 1,)))
    envelope = decode(good, Limits(MAX_ENDORSEMENT_BYTES), allow_tags=frozenset({18}))
    assert isinstance(envelope, Tagged)
    assert isinstance(envelope.value, tuple)
    protected, _, _, signature = envelope.value
    assert isinstance(protected, bytes)
    assert isinstance(signature, bytes)
    with pytest.raises(EvidenceSignatureError):
        found(encode_sign1(protected, {}, said(svn='"999"'), signature))


def test_no_byte_of_it_may_be_another() -> None:
    good = SIGNER.endorse(MEASUREMENT)
    for at in range(0, len(good), 5):
        with pytest.raises(CounterfoilError):
            found(good[:at] + bytes((good[at] ^ 1,)) + good[at + 1 :])


def test_it_holds_to_the_second_though_it_is_remembered() -> None:
    good = SIGNER.endorse(MEASUREMENT)
    for at in (FROM, UNTIL):
        assert found(good, at=at) == found(good)
    for at in (FROM - 1, UNTIL + 1):
        with pytest.raises(CertificateOutOfDateError):
            found(good, at=at)
    with pytest.raises(EvidenceMismatchError):
        found(good, bytes(48))


def test_its_path_is_validated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a path is validated that is remembered")

    good = SIGNER.endorse(MEASUREMENT)
    known = found(good)
    monkeypatch.setattr(endorsement, "validate_path", never)
    for at in (FROM, AT, UNTIL):
        assert found(good, at=at) == known
    with pytest.raises(AssertionError):
        found(SIGNER.endorse(MEASUREMENT, 105))


def test_what_is_remembered_changes_no_answer_where_there_are_two_paths() -> None:
    key = new_key()
    top = root("Root", Says(ca=True, usage=CA_USAGE, not_before=FROM, not_after=UNTIL))
    older = authority(top, "CA", Says(ca=True, usage=CA_USAGE, not_before=FROM, not_after=AT), key)
    newer = authority(top, "CA", Says(ca=True, usage=CA_USAGE, not_before=AT, not_after=UNTIL + DAY), key)
    leaf = issued(older, "Leaf", Says(not_before=FROM, not_after=UNTIL))
    signer = UvmSigner(top, older, leaf, ())
    chain = (leaf.der, newer.der, older.der, top.der)
    did = f"{signer.did}::subject:CN:Leaf"
    data = signer.endorse(MEASUREMENT, header={labels.X5CHAIN: chain, "iss": did})
    for times in ((AT - 1, AT), (AT, AT - 1)):
        REMEMBERED.cache_clear()
        intervals = {at: (found(data, at=at).holds_from, found(data, at=at).holds_until) for at in times}
        assert intervals == {AT - 1: (FROM, AT), AT: (AT, UNTIL)}


def test_garbage_ends_in_an_error_of_ours() -> None:
    good = SIGNER.endorse(MEASUREMENT)
    for at in range(0, len(good), 41):
        with contextlib.suppress(CounterfoilError):
            found(good[:at] + b"\xff\x00" + good[at:])
        with pytest.raises(CounterfoilError):
            found(good[:at])
