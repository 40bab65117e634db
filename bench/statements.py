"""Signed statements of about a kilobyte, made before anything is measured: by a few issuers, in some hundred chains."""

import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from counterfoil.cose import labels
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.cose.sign1 import sign_sign1
from counterfoil.encoding.cbor import CborValue
from counterfoil.policy.document import ContentTypeRule, PolicyDocument, Visibility
from counterfoil.policy.document import Issuer as PolicyIssuer
from counterfoil.signing.file_signer import read_key_file, write_key_file
from counterfoil.signing.generate import generate_key_pem
from counterfoil.statement.issuer import IssuerKey

ISSUERS: Final = 4
CHAINS: Final = 500
_CONTENT_TYPE: Final = "application/json"
_PAYLOAD: Final = 780
"""With header and signature a kilobyte."""

_PART: Final = 2000


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs, and the file with the key."""

    name: str
    key: Path


def make_issuers(folder: Path) -> list[Issuer]:
    """Issuers with ES256 keys in files of their own."""
    issuers = [Issuer(f"https://agent-{i}.example", folder / f"agent-{i}.pem") for i in range(ISSUERS)]
    for issuer in issuers:
        write_key_file(issuer.key, generate_key_pem("ES256"))
    return issuers


def write_policy(issuers: list[Issuer], file: Path) -> None:
    """The registration policy of a log that admits these issuers."""
    keys = [read_key_file(issuer.key).public_key for issuer in issuers]
    named = tuple(
        PolicyIssuer(issuer.name, (IssuerKey(key.thumbprint, key),), frozenset())
        for issuer, key in zip(issuers, keys, strict=True)
    )
    rule = ContentTypeRule(_CONTENT_TYPE, Visibility.PARTIES, frozenset())
    document = PolicyDocument(version=1, issuers=named, algorithms=frozenset({"ES256"}), content_types=(rule,))
    file.write_bytes(document.encode())


def write_statements(issuers: list[Issuer], numbers: range, file: Path) -> None:
    """Append a statement for each number to a file, each after its length in four bytes; no two are the same."""
    starts = range(numbers.start, numbers.stop, _PART)
    with file.open("ab") as out, ProcessPoolExecutor(os.cpu_count()) as pool:
        for part in pool.map(_part, [(issuers, start, min(start + _PART, numbers.stop)) for start in starts]):
            out.write(part)


def _part(wanted: tuple[list[Issuer], int, int]) -> bytes:
    issuers, start, stop = wanted
    signers = [read_key_file(issuer.key) for issuer in issuers]
    now = int(time.time())
    made = [_statement(issuers, signers, number, now) for number in range(start, stop)]
    return b"".join(len(one).to_bytes(4, "big") + one for one in made)


def _statement(issuers: list[Issuer], signers: list[LocalSigner], number: int, now: int) -> bytes:
    which = number % len(issuers)
    signer, subject = signers[which], f"urn:trace:{number * 7919 % CHAINS:08x}"
    claims: dict[int | str, CborValue] = {
        labels.CWT_ISS: issuers[which].name,
        labels.CWT_SUB: subject,
        labels.CWT_IAT: now,
    }
    payload = json.dumps({"action": number, "result": "x" * _PAYLOAD}).encode()
    header: dict[int | str, CborValue] = {
        labels.CONTENT_TYPE: _CONTENT_TYPE,
        labels.KID: signer.public_key.thumbprint,
        labels.CWT_CLAIMS: claims,
    }
    return sign_sign1(signer, header, payload)
