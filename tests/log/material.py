"""What the tests of the log post: statements of every kind that registration treats in its own way."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from counterfoil.cose import labels
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.cose.sign1 import encode_sign1, parse_sign1
from counterfoil.log.founding import sign_own_statement
from counterfoil.log.fsck import check_log
from counterfoil.log.local_log import LocalLog
from counterfoil.log.plan import Submission
from counterfoil.log.rules_source import read_genesis, read_rules
from counterfoil.policy.anchors import Replaced
from counterfoil.policy.document import POLICY_CONTENT_TYPE, PolicyDocument
from counterfoil.register import Registration, admit, register
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.postgres import PostgresStore
from counterfoil.storage.sqlite import SqliteStore, open_sqlite
from tests.builders import START, World, issuer_of, sign_statement
from tests.certificates import pki
from tests.certified import X5CHAIN, X5T, anchors, pin, pinned, signed, x5chain, x5t
from tests.events import Cast, engagement

CERTIFIED, CERTIFIED_ISSUER = pki(), "https://certified.example"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def twin_of(data: bytes) -> bytes:
    """The same ES256 statement with the other signature of the pair (r, s) and (r, n - s)."""
    message = parse_sign1(data, max_bytes=len(data))
    r, s = message.signature[:32], int.from_bytes(message.signature[32:], "big")
    other = r + (P256_ORDER - s).to_bytes(32, "big")
    return encode_sign1(message.protected_bytes, {}, message.payload, other)


def certificate_of(signer: LocalSigner) -> bytes:
    """A certificate over the signer's key, by an authority that everybody could be; the same bytes each time."""
    authority = Ed25519PrivateKey.from_private_bytes(bytes(32))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "agent")])
    start = datetime.fromtimestamp(START, UTC)
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=signer.public_key.material,
        serial_number=1,
        not_valid_before=start,
        not_valid_after=start + timedelta(days=1),
    )
    return builder.sign(authority, None).public_bytes(Encoding.DER)


def with_evidence(signer: LocalSigner, certificate: bytes) -> bytes:
    """A statement that names its key by x5t, with the certificate in the unprotected header."""
    x5t = (labels.SHA256, sha256(certificate).digest())
    return sign_statement(signer, headers={labels.X5T: x5t}, unprotected={labels.X5CHAIN: certificate})


def by_certificate() -> list[bytes]:
    """Statements whose issuer the policy knows by a root and a pin: with the chain within and beside the signature."""
    leaf, ca = CERTIFIED.leaf, CERTIFIED.ca
    return [
        signed(leaf, {X5CHAIN: x5chain(leaf, ca)}, issuer=CERTIFIED_ISSUER),
        signed(leaf, {X5T: x5t(leaf)}, {X5CHAIN: x5chain(leaf, ca)}, issuer=CERTIFIED_ISSUER),
    ]


def policy_statement(world: World, policy: PolicyDocument) -> bytes:
    """A policy statement by the log's operator, to replace the policy in force unless it says which."""
    identity, operator = world.identity, world.signers[KeyPurpose.OPERATOR]
    subject = identity.policy_subject
    if policy.replaces is None:
        policy = replace(policy, replaces=following(world, policy).replaces)
    return sign_own_statement(operator, identity, subject, POLICY_CONTENT_TYPE, policy.encode(), world.clock())


def following(world: World, policy: PolicyDocument) -> PolicyDocument:
    """A policy as the successor of the one in force."""
    rules = read_rules(world.store, read_genesis(world.store), world.head())
    replaces = Replaced(rules.policy_entry, rules.policy_id)
    return replace(policy, version=rules.policy.version + 1, replaces=replaces, approved=None)


def next_policy(world: World) -> bytes:
    """A policy statement that changes nothing but the version; the world follows it."""
    assert world.policy is not None
    world.policy = following(world, world.policy)
    return policy_statement(world, world.policy)


def page_statement(world: World, log: LocalLog) -> bytes:
    """The page that is due."""
    page = log.due_page(world.signers[KeyPurpose.SERVICE])
    assert page is not None
    return page


async def register_all(statements: Iterable[bytes], log: LocalLog) -> list[Registration]:
    """Register at once; all of them are admitted."""
    return list(await asyncio.gather(*(register(data, log) for data in statements)))


def submit(data: bytes, log: LocalLog) -> Submission:
    """A statement decided under the rules that ``log`` knows now, without appending it."""
    rules = log._rules
    return admit(parse_signed_statement(data), rules, log.head_time())


def store_of(world: World) -> MemoryStore | SqliteStore | PostgresStore:
    """The world's store, with everything a store of this project can do."""
    assert isinstance(world.store, (MemoryStore, SqliteStore, PostgresStore))
    return world.store


def build_log(path: Path, *, many: int = 120) -> World:
    """A log in an SQLite file with all that a log can hold: a full tile, chains, evidence, policies and pages."""
    store = open_sqlite(path, create=True)
    world = World(store)
    asyncio.run(fill(world, many=many))
    store.close()
    return world


async def fill(world: World, *, many: int = 120) -> None:
    """Found the log and append, in batches of several sizes, a case of everything that a log can hold.

    Twice ``many`` of its statements are ordinary; with fewer than a hundred it has no full tile.
    """
    cast = Cast()
    policy = cast.policy(issuer_of(world.agent), pinned(pin(CERTIFIED.ca), name=CERTIFIED_ISSUER))
    world.policy = replace(policy, roots=anchors(CERTIFIED.root))
    world.found()
    log = world.open(max_batch=64)
    certificate = certificate_of(world.agent)
    subjects = [f"trace-{place % 7}" for place in range(many)]
    await register_all([sign_statement(world.agent, subject=subject) for subject in subjects], log)
    world.clock.now += 1
    await register(with_evidence(world.agent, certificate), log)
    await register(page_statement(world, log), log)
    await register(next_policy(world), log)
    world.clock.now += 1
    await register(sign_statement(world.agent, subject="public", content_type="text/plain"), log)
    await register_all([sign_statement(world.agent, subject=subject) for subject in subjects], log)
    await register_all([with_evidence(world.agent, certificate) for _ in range(3)], log)
    for event in engagement(cast):
        await register(event, log)
    await register(sign_statement(world.agent, subject=cast.root), log)
    world.clock.now += 60
    await register_all([sign_statement(world.agent, subject=subject) for subject in subjects[:20]], log)
    await register(page_statement(world, log), log)
    await register(sign_statement(world.agent), log)
    await register_all(by_certificate(), log)
    await log.close()


def statements_of(world: World, count: int) -> list[bytes]:
    return [sign_statement(world.agent, subject=f"trace-{i % 3}") for i in range(count)]


def sizes_of(world: World) -> list[int]:
    return [head.size for head in store_of(world).tree_heads(0, 10**6)]


def require_clean(world: World) -> None:
    assert check_log(store_of(world)) == ()
