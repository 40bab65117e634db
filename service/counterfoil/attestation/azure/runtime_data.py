"""The runtime data of an Azure confidential VM: the keys of its vTPM, and how it is configured, in JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from counterfoil.cose.jwk import public_key_of_jwk
from counterfoil.cose.public_key import PublicKey
from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.errors import EvidenceTooLargeError, MalformedEvidenceError

MAX_RUNTIME_DATA_BYTES: Final = 8192
"""Two RSA keys of 2,048 bits and the configuration take 1,100."""

MAX_FACT_LENGTH: Final = 256
"""``user-data`` are 64 bytes in hex; an identifier of a VM has 36 characters."""

_ATTESTATION_KEY: Final = "HCLAkPub"
_CONFIGURATION: Final = {
    "secure-boot": "secure-boot",
    "tpm-enabled": "tpm-enabled",
    "console-enabled": "console-enabled",
    "vmUniqueId": "vm-id",
}


@dataclass(frozen=True, slots=True)
class RuntimeData:
    """The key that the vTPM signs quotes with, and what else is said, by name as text."""

    attestation_key: PublicKey
    facts: Mapping[str, str]


def parse_runtime_data(data: bytes) -> RuntimeData:
    """Read the runtime data. What is not known here is passed over.

    Raises:
        EvidenceTooLargeError: They are longer than any.
        MalformedError: They are not I-JSON, or do not hold exactly one sound key named ``HCLAkPub`` for signing.

    Azure confidential VM guest attestation, "Runtime data"; RFC 7517, section 5.
    """
    if len(data) > MAX_RUNTIME_DATA_BYTES:
        raise EvidenceTooLargeError(f"{len(data)} bytes of runtime data where {MAX_RUNTIME_DATA_BYTES} are read")
    value = parse_json(data, max_bytes=MAX_RUNTIME_DATA_BYTES)
    keys = value.get("keys") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(keys, list):
        raise MalformedEvidenceError("the runtime data hold no keys")
    named = [key for key in keys if isinstance(key, Mapping) and key.get("kid") == _ATTESTATION_KEY]
    if len(named) != 1 or named[0].get("key_ops", ["sign"]) != ["sign"]:
        raise MalformedEvidenceError(f"the runtime data do not hold one key {_ATTESTATION_KEY} for signing")
    return RuntimeData(public_key_of_jwk(named[0]), _facts(value))


def _facts(value: Mapping[str, JsonValue]) -> Mapping[str, str]:
    said = {"user-data": value.get("user-data")}
    configuration = value.get("vm-configuration")
    if isinstance(configuration, Mapping):
        said |= {fact: configuration.get(name) for name, fact in _CONFIGURATION.items()}
    texts = {name: _text(item) for name, item in said.items()}
    return {name: text for name, text in texts.items() if text is not None}


def _text(value: JsonValue) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) and len(value) <= MAX_FACT_LENGTH else None
