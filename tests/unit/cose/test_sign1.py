import json
from typing import Any

import pytest

from counterfoil.cose import labels
from counterfoil.cose.algorithms import Algorithm, algorithm_named
from counterfoil.cose.cose_key import public_key_from_map
from counterfoil.cose.sign1 import (
    Sign1,
    encode_sign1,
    parse_sign1,
    require_algorithm,
    require_critical_understood,
    sign_sign1,
    signature_input,
    verify_sign1,
)
from counterfoil.cose.verify_signature import ecdsa_order
from counterfoil.encoding.cbor import Tagged, encode
from counterfoil.errors import (
    AlgorithmKeyMismatchError,
    AlgorithmMissingError,
    AlgorithmUnsupportedError,
    CborLimitError,
    CriticalHeaderError,
    DuplicateKeyError,
    ForbiddenTagError,
    MalformedCborError,
    MalformedHeaderError,
    MalformedParameterError,
    NotSign1Error,
    PayloadMissingError,
    SignatureInvalidError,
    TooLargeError,
    TrailingBytesError,
)
from tests.unit.cose.signers import ALL, kind_for, public_key, signer, twin_signature
from tests.vectors_dir import VECTORS

ROOM = 1 << 20
RFC = {
    name: bytes.fromhex(value)
    for name, value in json.loads((VECTORS / "rfc_signatures.json").read_bytes())["rfc9052_c_2_1"].items()
}
RFC_KEY = public_key_from_map({1: 2, -1: 1, -2: RFC["x"], -3: RFC["y"]})
CLAIMS: dict[int | str, Any] = {labels.CWT_ISS: "https://agent.example", labels.CWT_SUB: "trace"}
PROTECTED: dict[int | str, Any] = {labels.KID: b"kid", labels.CWT_CLAIMS: CLAIMS}


def signed(name: str = "ES256", protected: dict[int | str, Any] | None = None, **options: Any) -> bytes:
    return sign_sign1(signer(name), PROTECTED if protected is None else protected, b"payload", **options)


def parsed(data: bytes) -> Sign1:
    return parse_sign1(data, max_bytes=ROOM)


def envelope(**changes: Any) -> bytes:
    """A message whose parts may be wrong; the signature is not looked at."""
    parts: dict[str, Any] = {
        "protected": encode({1: -7}),
        "unprotected": {},
        "payload": b"payload",
        "signature": b"s" * 64,
    }
    return encode(Tagged(18, tuple((parts | changes).values())))


# RFC 9052, appendix C.2.1, and what the working group's failing examples do to it.


def test_the_example_of_the_rfc_verifies() -> None:
    message = parsed(RFC["message"])
    assert message.protected == {1: -7}
    assert message.unprotected == {4: b"11"}
    assert message.payload == b"This is the content."
    assert message.algorithm_code == -7
    verify_sign1(message, RFC_KEY)


def test_the_bytes_signed_are_the_rfcs() -> None:
    message = parsed(RFC["message"])
    assert signature_input(message.protected_bytes, message.payload or b"") == RFC["sig_structure"]


def test_the_example_of_the_rfc_is_written_as_it_was_read() -> None:
    message = parsed(RFC["message"])
    written = encode_sign1(message.protected_bytes, message.unprotected, message.payload, message.signature)
    assert written == RFC["message"]


def test_the_example_fails_under_another_tag_or_none() -> None:
    for head in (b"\xd9\x03\xe6", b"\xd8\x62", b"\xd8\x12", b"\xd1", b"\xd2\xd2", b"\xd9\xd9\xf7\xd2", b""):
        with pytest.raises(NotSign1Error):
            parsed(head + RFC["message"][1:])


def test_the_example_fails_with_its_payload_changed() -> None:
    with pytest.raises(SignatureInvalidError):
        verify_sign1(parsed(RFC["message"].replace(b"content.", b"content/")), RFC_KEY)


@pytest.mark.parametrize("header", [b"\xa1\x01\x39\x03\xe6", b"\xa1\x01\x67unknown"])
def test_the_example_fails_with_an_unknown_algorithm(header: bytes) -> None:
    with pytest.raises(AlgorithmUnsupportedError):
        verify_sign1(parsed(rfc_with_header(header)), RFC_KEY)


def test_the_example_fails_with_a_protected_parameter_added_or_spelled_otherwise() -> None:
    for header in (b"\xa2\x01\x26\x03\x00", b"\xa2\x03\x00\x01\x26", b"\xa1\x01\x38\x06", b"\xb8\x01\x01\x26"):
        message = parsed(rfc_with_header(header))
        assert message.algorithm_code == -7
        with pytest.raises(SignatureInvalidError):
            verify_sign1(message, RFC_KEY)


def test_a_message_fails_with_a_protected_parameter_removed() -> None:
    message = parsed(signed(protected={labels.CONTENT_TYPE: 0}))
    without = Sign1(encode({1: -7}), {1: -7}, {}, message.payload, message.signature)
    with pytest.raises(SignatureInvalidError):
        verify_sign1(without, public_key("P-256"))


def rfc_with_header(header: bytes) -> bytes:
    message = parsed(RFC["message"])
    return encode_sign1(header, message.unprotected, message.payload, message.signature)


def test_another_hash_on_the_same_curve_is_a_mismatch() -> None:
    with pytest.raises(AlgorithmKeyMismatchError):
        verify_sign1(parsed(rfc_with_header(encode({1: -36}))), RFC_KEY)


# Signing and verifying.


@pytest.mark.parametrize("algorithm", ALL, ids=lambda row: row.name)
@pytest.mark.parametrize("detached", [False, True])
def test_what_is_signed_verifies(algorithm: Algorithm, detached: bool) -> None:  # noqa: FBT001 - a parameter of the test
    data = signed(algorithm.name, unprotected={"note": b"x"}, detached=detached)
    message = parsed(data)
    assert message.protected == {**PROTECTED, labels.ALG: algorithm.code}
    assert message.payload == (None if detached else b"payload")
    assert require_algorithm(message) is algorithm
    verify_sign1(message, public_key(kind_for(algorithm)), payload=b"payload" if detached else None)


def test_the_unprotected_header_is_not_signed() -> None:
    message = parsed(signed(unprotected={"note": b"x"}))
    emptied = parsed(encode_sign1(message.protected_bytes, {}, message.payload, message.signature))
    verify_sign1(emptied, public_key("P-256"))


def test_both_twins_verify_as_messages() -> None:
    message = parsed(signed())
    other = twin_signature(ecdsa_order(algorithm_named("ES256")), message.signature)
    verify_sign1(parsed(encode_sign1(message.protected_bytes, {}, message.payload, other)), public_key("P-256"))


def test_external_data_is_signed() -> None:
    header = encode({1: -7})
    signature = signer("ES256").sign(signature_input(header, b"payload", b"external"))
    message = parsed(encode_sign1(header, {}, b"payload", signature))
    verify_sign1(message, public_key("P-256"), external_aad=b"external")
    for other in (b"", b"externa", b"external "):
        with pytest.raises(SignatureInvalidError):
            verify_sign1(message, public_key("P-256"), external_aad=other)


def test_the_empty_header_is_signed_as_the_empty_string() -> None:
    empty = encode(("Signature1", b"", b"", b"payload"))
    assert signature_input(b"", b"payload") == empty
    assert signature_input(b"\xa0", b"payload") == empty


def test_an_empty_payload_is_a_payload() -> None:
    message = parsed(sign_sign1(signer("EdDSA"), PROTECTED, b""))
    assert message.payload == b""
    verify_sign1(message, public_key("Ed25519"))


def test_a_detached_payload_is_supplied_exactly_when_it_is_detached() -> None:
    detached, attached = parsed(signed(detached=True)), parsed(signed())
    with pytest.raises(PayloadMissingError):
        verify_sign1(detached, public_key("P-256"))
    with pytest.raises(SignatureInvalidError):
        verify_sign1(detached, public_key("P-256"), payload=b"another")
    for supplied in (b"payload", b"another", b""):
        with pytest.raises(MalformedParameterError):
            verify_sign1(attached, public_key("P-256"), payload=supplied)


def test_refuses_the_key_of_another_signer() -> None:
    with pytest.raises(SignatureInvalidError):
        verify_sign1(parsed(signed()), RFC_KEY)
    for kind in ("P-384", "P-521", "Ed25519", "RSA", "ML-DSA-44"):
        with pytest.raises(AlgorithmKeyMismatchError):
            verify_sign1(parsed(signed()), public_key(kind))


def test_signing_puts_its_own_algorithm_in_and_no_other() -> None:
    assert parsed(signed(protected={labels.ALG: -7})).algorithm_code == -7
    for other in (-9, -35, "ES256", None):
        with pytest.raises(AlgorithmKeyMismatchError):
            signed(protected={labels.ALG: other})


def test_signing_refuses_what_reading_would_refuse() -> None:
    with pytest.raises(MalformedHeaderError):
        signed(protected={labels.KID: b"x"}, unprotected={labels.KID: b"x"})
    with pytest.raises(MalformedHeaderError):
        signed(unprotected={labels.ALG: -7})
    with pytest.raises(MalformedHeaderError):
        signed(protected={labels.CRIT: ("absent",)})
    with pytest.raises(TypeError):
        signed(protected={"x": 1.5})
    assert labels.CRIT in parsed(signed(protected={labels.CRIT: ["x"], "x": 1})).protected


def test_signing_twice_is_the_same_bytes() -> None:
    assert signed() == signed()
    assert signed("EdDSA") == signed("EdDSA")


# The algorithm and what is critical.


def test_an_algorithm_is_needed_to_verify() -> None:
    for header in (b"", b"\xa0", encode({4: b"kid"})):
        message = parsed(envelope(protected=header))
        assert message.algorithm_code is None
        with pytest.raises(AlgorithmMissingError):
            verify_sign1(message, public_key("P-256"))


@pytest.mark.parametrize("alg", ["ES256", "", 0, -47, -53, -257, 5, 2**64 - 1])
def test_an_unknown_algorithm_is_read_and_not_verified(alg: int | str) -> None:
    message = parsed(envelope(protected=encode({1: alg})))
    assert message.algorithm_code == alg
    with pytest.raises(AlgorithmUnsupportedError):
        verify_sign1(message, public_key("P-256"))


def test_an_algorithm_outside_the_protected_header_is_refused() -> None:
    with pytest.raises(MalformedHeaderError):
        parsed(envelope(protected=b"", unprotected={1: -7}))


def test_what_is_critical_must_be_understood() -> None:
    data = signed(protected={labels.CRIT: (395, "profile"), 395: 1, "profile": "x"})
    message = parsed(data)
    for understood in (frozenset[int | str](), frozenset[int | str]({395}), frozenset[int | str]({"profile", 1})):
        with pytest.raises(CriticalHeaderError):
            require_critical_understood(message, understood)
        with pytest.raises(CriticalHeaderError):
            verify_sign1(message, public_key("P-256"), understood=understood)
    with pytest.raises(CriticalHeaderError):
        verify_sign1(message, public_key("P-256"))
    verify_sign1(message, public_key("P-256"), understood=frozenset({395, "profile"}))


def test_what_all_understand_may_be_critical() -> None:
    message = parsed(signed(protected={labels.CRIT: (1, 2, 4), labels.KID: b"x"}))
    verify_sign1(message, public_key("P-256"), understood=frozenset())
    require_critical_understood(parsed(signed()), frozenset())


# The shape.

NOT_SIGN1 = [
    b"\x00",
    b"{}",
    b"\x84\x40\xa0\x40\x41\x00",
    b"\xd2\x01",
    b"\xd2\x40",
    b"\xd2\xa0",
    b"\xd2\x80",
    encode(Tagged(18, (b"", {}, b""))),
    encode(Tagged(18, (b"", {}, b"", b"s", b""))),
    encode(Tagged(18, (b"", {}, b"", (b"", {}, b"s")))),
    encode(Tagged(98, (b"", {}, b"", ((b"", {}, b"s"),)))),
    encode(Tagged(17, (b"", {}, b"", b"tag"))),
    encode(Tagged(18, Tagged(18, (b"", {}, b"", b"s")))),
    encode((b"", {}, b"", b"s")),
    envelope(protected={1: -7}),
    envelope(protected="x"),
    envelope(protected=None),
    envelope(protected=Tagged(18, b"")),
    envelope(unprotected=b""),
    envelope(unprotected=()),
    envelope(unprotected=None),
    envelope(payload="text"),
    envelope(payload=0),
    envelope(payload=False),
    envelope(payload={}),
    envelope(payload=Tagged(18, b"")),
    envelope(signature=None),
    envelope(signature="s"),
    envelope(signature=()),
    envelope(signature=b""),
    envelope(signature=Tagged(18, b"s")),
]


@pytest.mark.parametrize("data", NOT_SIGN1, ids=lambda data: data.hex()[:40])
def test_refuses_what_is_no_tagged_sign1(data: bytes) -> None:
    with pytest.raises(NotSign1Error):
        parsed(data)


def test_refuses_bytes_after_the_message_and_bytes_missing() -> None:
    data = signed()
    for tail in (b"\x00", b"\xa0", data):
        with pytest.raises(TrailingBytesError):
            parsed(data + tail)
    with pytest.raises(MalformedCborError):
        parsed(b"")
    for length in range(1, len(data), 7):
        with pytest.raises(MalformedCborError):
            parsed(data[:length])


def test_refuses_a_message_that_is_too_large() -> None:
    data = signed()
    parse_sign1(data, max_bytes=len(data))
    with pytest.raises(TooLargeError):
        parse_sign1(data, max_bytes=len(data) - 1)


def test_refuses_a_label_in_both_buckets() -> None:
    for label in (3, 4, 33, 394, "x"):
        value: Any = 0 if label == 3 else b"v"
        with pytest.raises(MalformedHeaderError):
            parsed(envelope(protected=encode({1: -7, label: value}), unprotected={label: value}))
    # The same label in a longer spelling is the same label.
    with pytest.raises(MalformedHeaderError):
        parsed(envelope(protected=b"\xa1\x18\x04\x40", unprotected={4: b""}))


UNSOUND_CRIT: list[tuple[dict[int | str, Any], dict[int | str, Any]]] = [
    ({1: -7, 2: ()}, {}),
    ({1: -7, 2: (9,)}, {}),
    ({1: -7}, {2: (1,)}),
    ({2: (4,)}, {4: b""}),
]


@pytest.mark.parametrize(("protected", "unprotected"), UNSOUND_CRIT, ids=repr)
def test_refuses_a_crit_that_is_unsound(protected: dict[int | str, Any], unprotected: dict[int | str, Any]) -> None:
    with pytest.raises(MalformedHeaderError):
        parsed(envelope(protected=encode(protected), unprotected=unprotected))


def test_refuses_duplicate_labels_in_either_bucket() -> None:
    with pytest.raises(DuplicateKeyError):
        parsed(envelope(protected=b"\xa2\x01\x26\x01\x26"))
    with pytest.raises(DuplicateKeyError):
        parsed(bytes.fromhex("d28443a10126a2044101044101") + b"\x40\x41s")


def test_refuses_tags_but_for_dates_and_receipts() -> None:
    date = Tagged(1, 1_800_000_000)
    assert parsed(envelope(protected=encode({1: -7, 15: {6: date}}))).protected[15] == {6: date}
    receipt = Tagged(18, (b"", {}, None, b"s"))
    assert parsed(envelope(unprotected={394: (receipt,)})).unprotected == {394: (receipt,)}
    for changes in (
        {"protected": encode({1: -7, 6: date})},
        {"protected": encode({1: -7, 394: (receipt,)})},
        {"unprotected": {15: {6: date}}},
        {"unprotected": {33: receipt}},
        {"unprotected": {4: Tagged(24, b"")}},
    ):
        with pytest.raises(ForbiddenTagError):
            parsed(envelope(**changes))


def test_refuses_headers_beyond_the_limits() -> None:
    for changes in (
        {"protected": encode(dict.fromkeys(range(10, 10010), 0))},
        {"unprotected": dict.fromkeys(range(10, 10010), 0)},
        {"unprotected": {9: tuple(range(5_000))}},
    ):
        with pytest.raises(CborLimitError):
            parsed(envelope(**changes))


def test_a_production_sized_header_is_read() -> None:
    header: dict[int | str, Any] = {
        1: -7,
        33: (b"c" * 1500,) * 3,
        "svc": {"report": b"r" * 14_000, "deep": {"er": (1, "x")}},
    }
    message = parsed(envelope(protected=encode(header)))
    assert len(message.protected_bytes) > 18_000
    assert message.protected == header


def test_a_longer_spelling_of_the_envelope_is_read_and_written_in_the_shortest() -> None:
    message = parsed(signed())
    long = (
        b"\xd2\x98\x04" + encode(message.protected_bytes) + b"\xb8\x00" + encode(b"payload") + encode(message.signature)
    )
    again = parsed(long)
    assert again == message
    verify_sign1(again, public_key("P-256"))
    assert encode_sign1(again.protected_bytes, {}, again.payload, again.signature) == signed()
