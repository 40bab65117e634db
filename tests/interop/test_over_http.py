"""The whole way over a real port: others sign, the server registers, others and the offline verifier judge."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import scitt_cose

from counterfoil.cose.keys import PublicKey, public_key_pem
from counterfoil.cose.private_keys import parse_private_key_pem
from counterfoil.http.server import running_server, wire_service
from counterfoil.policy.document import Issuer
from counterfoil.settings import Settings
from counterfoil.signing.generate import generate_key_pem
from counterfoil.statement.issuer import IssuerKey
from counterfoil.storage.sqlite import open_sqlite
from counterfoil.verify import parse_log_keys, verify_consistency, verify_transparent_statement
from tests.builders import CONTENT_TYPE, ISSUER, START, SUBJECT, World, issuer_of, policy_for, sign_statement
from tests.interop.our_verdict import statement_hash
from tests.interop.pycose_jobs import PycoseKey, run_jobs
from tests.interop.receipt_mutations import flip
from tests.interop.transmute import Answer
from tests.interop.transmute_cases import THEIR_KEY, THEIR_KID
from tests.strangers import require_pycose

KID = b"11"
COSE = {"Content-Type": "application/cose"}


@dataclass(frozen=True, slots=True)
class Theirs:
    """A statement and the key that its issuer gave to the log."""

    statement: bytes
    key: PublicKey
    kid: bytes = KID


@dataclass(frozen=True, slots=True)
class Served:
    """A running log that knows the stranger's key, its client, and an issuer of ours."""

    client: httpx.Client
    world: World


@pytest.fixture(params=["scitt-cose", "@transmute/cose", "pycose"])
def theirs(request: pytest.FixtureRequest) -> Theirs:
    match request.param:
        case "scitt-cose":
            return _by_scitt_cose()
        case "pycose":
            key = PycoseKey.generate("EdDSA")
            (statement,) = run_jobs(require_pycose(), [key.signing("plain", KID)])
            return Theirs(bytes.fromhex(str(statement)), key.public)
        case _:
            answer: Answer = request.getfixturevalue("answers")["statement"]
            return Theirs(bytes.fromhex(str(answer.value)), THEIR_KEY.public, THEIR_KID)


@pytest.fixture
def served(theirs: Theirs, tmp_path: Path) -> Iterator[Served]:
    store = open_sqlite(tmp_path / "log.sqlite", create=True)
    world = World(store)
    stranger = Issuer(ISSUER, (IssuerKey(theirs.kid, theirs.key),), frozenset())
    world.policy = policy_for(stranger, issuer_of(world.agent, "https://ours.example"))
    service = wire_service(store, dict(world.found().signers), Settings(data=tmp_path), world.clock)
    with running_server(service) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield Served(client, world)
    store.close()


def test_registered_fetched_and_judged(theirs: Theirs, served: Served) -> None:
    posted = served.client.post("/entries", content=theirs.statement, headers=COSE)
    assert posted.status_code == 201, posted.text
    entry = statement_hash(theirs.statement)
    fetched = served.client.get(f"/entries/{entry.hex()}")
    assert (fetched.status_code, fetched.content) == (200, posted.content)
    result = scitt_cose.verify_receipt(
        fetched.content,
        leaf_entry_hex=entry.hex(),
        log_public_key_pem=public_key_pem(_log_key(served)),
    )
    assert result.ok, result.errors
    transparent = scitt_cose.attach_receipts(theirs.statement, [fetched.content])
    log_keys = parse_log_keys(served.client.get("/.well-known/scitt-keys").content)
    verified = verify_transparent_statement(transparent, log_keys, issuer_key=theirs.key)
    assert (verified.entry_id, verified.claimed_issuer, verified.claimed_subject) == (entry, ISSUER, SUBJECT)


def test_the_log_grew_and_nothing_else(theirs: Theirs, served: Served) -> None:
    posted = served.client.post("/entries", content=theirs.statement, headers=COSE)
    assert posted.status_code == 201, posted.text
    first = served.world.store.head()
    statement = sign_statement(served.world.agent, issuer="https://ours.example")
    assert served.client.post("/entries", content=statement, headers=COSE).status_code == 201
    assert first is not None
    question = {"from": str(first.tree.size)}
    receipt = served.client.get("/consistency", params=question, headers={"Accept": "application/cose"}).content
    proof = served.client.get("/consistency", params=question, headers={"Accept": "application/json"}).json()
    log_keys = parse_log_keys(served.client.get("/.well-known/scitt-keys").content)
    assert verify_consistency(receipt, first.tree.root, log_keys).new_root.hex() == proof["toRoot"]
    sizes = proof["from"], proof["to"]
    assert scitt_cose.verify_consistency(first.tree.root.hex(), proof["toRoot"], *sizes, proof["path"])


def test_a_changed_statement_is_refused(theirs: Theirs, served: Served) -> None:
    changed = flip(theirs.statement, len(theirs.statement) - 1)
    answer = served.client.post("/entries", content=changed, headers=COSE)
    assert 400 <= answer.status_code < 500
    assert served.client.get(f"/entries/{statement_hash(changed).hex()}").status_code == 404


def _log_key(served: Served) -> PublicKey:
    (trusted,) = parse_log_keys(served.client.get("/.well-known/scitt-keys").content).keys
    return trusted.key


def _by_scitt_cose() -> Theirs:
    pem = generate_key_pem("ES256")
    statement = scitt_cose.build_signed_statement(
        b'{"from":"elsewhere"}',
        alg="ES256",
        private_key_pem=pem,
        issuer=ISSUER,
        subject=SUBJECT,
        content_type=CONTENT_TYPE,
        extra_cwt_claims={6: START},
        kid=KID,
    )
    return Theirs(statement, parse_private_key_pem(pem).public_key)
