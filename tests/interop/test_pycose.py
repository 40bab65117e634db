"""Statements that pycose signed: what the log takes, and what pycose takes and the log does not."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from counterfoil.cose import labels
from counterfoil.cose.private_keys import LocalSigner, default_algorithm
from counterfoil.cose.sign1 import encode_sign1, parse_sign1, signature_input
from counterfoil.encoding.cbor import encode
from counterfoil.errors import (
    CounterfoilError,
    CriticalHeaderError,
    DuplicateKeyError,
    KeyUnknownError,
    MalformedCborError,
    MalformedHeaderError,
    NotSign1Error,
    SignatureInvalidError,
    TrailingBytesError,
)
from counterfoil.policy.document import Issuer
from counterfoil.register import Registration, register
from counterfoil.statement.issuer import IssuerKey
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.sqlite import SqliteStore, open_sqlite
from tests.builders import CONTENT_TYPE, ISSUER, START, SUBJECT, World, policy_for, sign_statement
from tests.interop.our_verdict import accepts_inclusion, statement_hash
from tests.interop.pycose_jobs import PAYLOAD, PycoseKey, run_jobs
from tests.interop.receipt_mutations import flip
from tests.strangers import require_pycose

KEYS = {algorithm: PycoseKey.generate(algorithm) for algorithm in ("ES256", "EdDSA")}
CUSTOM_KID = b"11"
KIDS: dict[str, Callable[[PycoseKey], bytes]] = {
    "thumbprint": lambda key: key.public.thumbprint,
    "custom": lambda _key: CUSTOM_KID,
    "unknown": lambda _key: b"12",
}
FORMS = ("plain", "algorithm unprotected", "an unknown critical header", "no tag")

Signed = Mapping[tuple[str, str, str], bytes]


@pytest.fixture(scope="session")
def signed() -> Signed:
    """Statements by algorithm, kid and form, from one run of the other interpreter."""
    names = [(algorithm, kid, form) for algorithm in KEYS for kid in KIDS for form in FORMS]
    jobs = [KEYS[algorithm].signing(form, KIDS[kid](KEYS[algorithm])) for algorithm, kid, form in names]
    answers = run_jobs(require_pycose(), jobs)
    return {name: bytes.fromhex(str(answer)) for name, answer in zip(names, answers, strict=True)}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = open_sqlite(tmp_path / "log.sqlite", create=True)
    yield store
    store.close()


@pytest.fixture(params=KEYS)
def key(request: pytest.FixtureRequest) -> PycoseKey:
    return KEYS[request.param]


@pytest.mark.parametrize("kid", ["thumbprint", "custom"])
def test_registers(kid: str, key: PycoseKey, signed: Signed, store: SqliteStore) -> None:
    statement = signed[key.algorithm, kid, "plain"]
    registration, world = _register(store, key, statement)
    assert (registration.number, registration.new) == (2, True)
    assert accepts_inclusion(registration.receipt, statement_hash(statement), world.open().receipts.keys().trusted[0])


def test_is_read_as_it_was_meant(key: PycoseKey, signed: Signed) -> None:
    statement = parse_signed_statement(signed[key.algorithm, "custom", "plain"])
    assert statement.encoded == signed[key.algorithm, "custom", "plain"]
    assert (statement.claims.issuer, statement.claims.subject) == (ISSUER, SUBJECT)
    assert (statement.claims.issued_at, statement.claims.tagged_dates) == (START, False)
    assert (statement.content_type, statement.kid, statement.message.payload) == (CONTENT_TYPE, CUSTOM_KID, PAYLOAD)


@pytest.mark.parametrize(
    ("kid", "form", "error"),
    [
        ("unknown", "plain", KeyUnknownError),
        ("custom", "algorithm unprotected", MalformedHeaderError),
        ("custom", "an unknown critical header", CriticalHeaderError),
        ("custom", "no tag", NotSign1Error),
    ],
)
def test_what_pycose_signs_and_the_log_refuses(
    kid: str, form: str, error: type[CounterfoilError], key: PycoseKey, signed: Signed, store: SqliteStore
) -> None:
    with pytest.raises(error):
        _register(store, key, signed[key.algorithm, kid, form])


def _with_a_duplicate_label(statement: bytes, key: PycoseKey) -> bytes:
    """The protected header again with kid in it twice, and signed so."""
    message = parse_sign1(statement, max_bytes=len(statement))
    kid = encode(labels.KID) + encode(CUSTOM_KID)
    protected = bytes([message.protected_bytes[0] + 1]) + message.protected_bytes[1:] + kid
    signer = LocalSigner(key.material, default_algorithm(key.public))
    return encode_sign1(protected, {}, PAYLOAD, signer.sign(signature_input(protected, PAYLOAD)))


LENIENT: dict[str, tuple[Callable[[bytes, PycoseKey], bytes], type[CounterfoilError]]] = {
    "bytes behind the message": (lambda statement, _key: statement + b"\x00", TrailingBytesError),
    "an array without a length": (lambda s, _key: s[:1] + b"\x9f" + s[2:] + b"\xff", MalformedCborError),
    "a label twice": (_with_a_duplicate_label, DuplicateKeyError),
}


@pytest.mark.parametrize("name", LENIENT)
def test_what_pycose_verifies_and_the_log_refuses(
    name: str, key: PycoseKey, signed: Signed, store: SqliteStore
) -> None:
    change, error = LENIENT[name]
    changed = change(signed[key.algorithm, "custom", "plain"], key)
    assert run_jobs(require_pycose(), [key.verifying(changed)]) == [True]
    with pytest.raises(error):
        _register(store, key, changed)


@pytest.mark.parametrize("form", ["plain", "algorithm unprotected", "an unknown critical header"])
def test_pycose_verifies_what_it_signed(form: str, key: PycoseKey, signed: Signed) -> None:
    assert run_jobs(require_pycose(), [key.verifying(signed[key.algorithm, "custom", form])]) == [True]


def test_both_refuse_a_changed_statement(key: PycoseKey, signed: Signed, store: SqliteStore) -> None:
    statement = signed[key.algorithm, "custom", "plain"]
    changed = [statement.replace(b"elsewhere", b"elsewhcre"), flip(statement, len(statement) - 1)]
    assert run_jobs(require_pycose(), [key.verifying(one) for one in changed]) == [False, False]
    world = _found(store, key)
    for one in changed:
        with pytest.raises(SignatureInvalidError):
            asyncio.run(register(one, world.open()))


def test_pycose_verifies_what_we_sign(key: PycoseKey) -> None:
    signer = LocalSigner(key.material, default_algorithm(key.public))
    statement, other = sign_statement(signer), PycoseKey.generate(key.algorithm)
    assert run_jobs(require_pycose(), [key.verifying(statement), other.verifying(statement)]) == [True, False]


def _found(store: SqliteStore, key: PycoseKey) -> World:
    issuer = Issuer(ISSUER, (IssuerKey(CUSTOM_KID, key.public),), frozenset())
    return World(store, policy=policy_for(issuer)).found()


def _register(store: SqliteStore, key: PycoseKey, statement: bytes) -> tuple[Registration, World]:
    world = _found(store, key)
    return asyncio.run(register(statement, world.open())), world
