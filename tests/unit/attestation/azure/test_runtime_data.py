"""The runtime data of Azure confidential VMs."""

import json

import pytest

from counterfoil.attestation.azure.runtime_data import MAX_RUNTIME_DATA_BYTES, parse_runtime_data
from counterfoil.errors import EvidenceTooLargeError, MalformedError
from tests.azure_cvms import AK, USER_DATA, jwk, runtime_data


def test_the_key_and_the_configuration_are_read() -> None:
    found = parse_runtime_data(runtime_data(jwk(), jwk(kid="HCLEkPub", key_ops=["encrypt"])))
    assert found.attestation_key == AK.key
    assert found.facts == {
        "user-data": USER_DATA,
        "secure-boot": "false",
        "tpm-enabled": "true",
        "console-enabled": "true",
        "vm-id": "AB-12",
    }


def test_what_is_absent_or_of_another_type_is_no_fact() -> None:
    configuration = {"secure-boot": 1, "vmUniqueId": "x" * 257, "root-cert-thumbprint": "", "tpm-enabled": None}
    for said in (
        runtime_data(**{"user-data": 5, "vm-configuration": configuration}),
        runtime_data(**{"user-data": ["x"], "vm-configuration": "x"}),
        json.dumps({"keys": [jwk(), 5, "x", None]}).encode(),
    ):
        assert parse_runtime_data(said).facts == {}


def test_a_key_need_not_say_what_it_is_for() -> None:
    key = jwk()
    del key["key_ops"]
    assert parse_runtime_data(runtime_data(key)).attestation_key == AK.key


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"keys"',
        b'{"keys":1}',
        b'{"keys":{}}',
        b'{"keys":[]}',
        b"\xff",
        runtime_data() + b"\x00",
        runtime_data() + b"x",
        runtime_data()[:-1],
        b"\xef\xbb\xbf" + runtime_data(),
        runtime_data(jwk(kid="HCLEkPub")),
        runtime_data(jwk(kid="hclakpub")),
        runtime_data(jwk(), jwk()),
        runtime_data(jwk(key_ops=["encrypt"])),
        runtime_data(jwk(key_ops=["sign", "encrypt"])),
        runtime_data(jwk(key_ops="sign")),
        runtime_data(jwk(kty="EC")),
        runtime_data(jwk(n="")),
        runtime_data(jwk(n="!!!!" + str(jwk()["n"]))),
        runtime_data(jwk(n=str(jwk()["n"]) + "=")),
        runtime_data(jwk(n=5)),
        runtime_data(jwk(e="AA")),
        runtime_data(jwk(d="AQAB")),
        b'{"keys":[],' + runtime_data()[1:],
        runtime_data().replace(b'"kid": "HCLAkPub"', b'"kid": "x", "kid": "HCLAkPub"'),
    ],
)
def test_other_data_are_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_runtime_data(data)


def test_what_is_too_long_is_not_read() -> None:
    with pytest.raises(EvidenceTooLargeError):
        parse_runtime_data(runtime_data().ljust(MAX_RUNTIME_DATA_BYTES + 1))
    parse_runtime_data(runtime_data().ljust(MAX_RUNTIME_DATA_BYTES))
