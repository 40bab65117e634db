"""What the mutations start from: real bytes of every kind a parser reads, made from fixed keys, and the shared vectors.

The same bytes come out on every machine, so a seed number alone repeats a run; but for the shared vectors, which may be
absent; ``Material.shared`` counts them.
"""

import asyncio
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from counterfoil.audit.entry import audited
from counterfoil.cose import labels
from counterfoil.cose.algorithms import algorithm_named
from counterfoil.cose.keys import encode_cose_key, public_key_der, public_key_pem
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.cose.sign1 import parse_sign1
from counterfoil.encoding.cbor import encode
from counterfoil.errors import MalformedError
from counterfoil.merkle.hashing import NodeHash
from counterfoil.merkle.tree import root_of
from counterfoil.receipt.checkpoint import Checkpoint, sign_checkpoint
from counterfoil.receipt.transparent import attach_receipts
from counterfoil.register import register
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.key_notice import ReceiptKeyAct, ReceiptKeyNotice, Revocation, announce_receipt_key
from counterfoil.statement.trace_event.event import EventType
from counterfoil.storage.memory import MemoryStore
from tests.builders import ORIGIN, World, issuer_of, policy_for, sign_statement
from tests.certificates import crl, root
from tests.dids import did_key_of, multikey
from tests.log.material import certificate_of, page_statement, policy_statement, register_all
from tests.trace_events import event_payload
from tests.vectors_dir import SHARED_VECTORS

DID_DOCUMENT = (
    b'{"id":"did:web:agent.example","verificationMethod":[{"id":"#k","publicKeyMultibase":"%b"}],'
    b'"assertionMethod":["#k"]}'
)

_MAX_VECTOR_BYTES = 60_000
"""Larger vectors only make every mutation slow."""


def fixed_signer(name: str) -> LocalSigner:
    """An ES256 signer whose key follows from a name: for tests, and for nothing else."""
    secret = int.from_bytes(sha256(name.encode()).digest(), "big") >> 1
    return LocalSigner(derive_private_key(secret, SECP256R1()), algorithm_named("ES256"))


def _fixed_ed25519(name: str) -> LocalSigner:
    material = Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())
    return LocalSigner(material, algorithm_named("EdDSA"))


def fixed_world() -> World:
    """A founded log in memory whose bytes are the same in every process."""
    signers = {purpose: fixed_signer(purpose.value) for purpose in KeyPurpose}
    signers[KeyPurpose.CHECKPOINT] = _fixed_ed25519("checkpoint")
    agent = fixed_signer("agent")
    return World(MemoryStore(), agent=agent, signers=signers, policy=policy_for(issuer_of(agent))).found()


@dataclass(frozen=True, slots=True)
class Material:
    """A log with something on it, and the bytes that go with it."""

    world: World
    statement: bytes
    receipt: bytes
    consistency: bytes
    first_root: NodeHash
    seeds: tuple[bytes, ...]
    shared: int

    @property
    def messages(self) -> tuple[bytes, ...]:
        """Those of the seeds that can be read as COSE_Sign1."""
        return tuple(data for data in self.seeds if _is_message(data))


def _is_message(data: bytes) -> bool:
    try:
        parse_sign1(data, max_bytes=len(data))
    except MalformedError:
        return False
    return True


def make_material() -> Material:
    """The seeds of one process."""
    return asyncio.run(_make())


async def _make() -> Material:
    world = fixed_world()
    log = world.open()
    agent, certificate = world.agent, certificate_of(world.agent)
    x5t = (labels.SHA256, sha256(certificate).digest())
    statements = [
        sign_statement(agent, b'{"n":1}', headers={labels.TYP: "application/x"}),
        sign_statement(agent, b"", subject="\u00e9\U0001f916", claims={labels.CWT_EXP: 2**31, labels.CWT_NBF: 1}),
        sign_statement(agent, b"1", headers={labels.X5T: x5t}, unprotected={labels.X5CHAIN: certificate}),
        sign_statement(agent, b"2", headers={labels.X5CHAIN: certificate}, claims={labels.CWT_AUD: (ORIGIN,)}),
        sign_statement(
            agent,
            sha256(b"3").digest(),
            content_type=None,
            headers={labels.PAYLOAD_HASH_ALG: labels.SHA256, labels.PREIMAGE_CONTENT_TYPE: "application/json"},
        ),
        sign_statement(agent, b"4", headers={labels.CRIT: (labels.KID,)}, claims={"text": (1, None, True, {})}),
    ]
    registrations = await register_all(statements, log)
    page = page_statement(world, log)
    await register(page, log)
    assert world.policy is not None
    policy = policy_statement(world, world.policy)
    receipt, consistency = registrations[0].receipt, log.receipts.consistency(3, log.head().tree.size)
    entry, genesis = world.store.entry(2), world.store.content(1)
    assert entry is not None
    assert genesis is not None
    key, checkpoint_key = agent.public_key, world.signers[KeyPurpose.CHECKPOINT]
    head = log.head().tree
    own = (
        *statements,
        *(attach_receipts(statements[0], [receipt] * count) for count in (1, 2)),
        attach_receipts(genesis.statement, [log.receipts.stable(1)]),
        page,
        policy,
        genesis.statement,
        receipt,
        consistency,
        world.policy.encode(),
        log.genesis.encode(),
        b'{"a":[1,-0.5,1e21,"\\u20ac\\ud83d\\ude00",null,true],"":{}}',
        *(event_payload(event_type) for event_type in EventType),
        entry.decision,
        encode({1: 0, 2: 5, 3: bytes(32)}),
        announce_receipt_key(agent, world.identity).encode(),
        ReceiptKeyNotice(ReceiptKeyAct.RETIRE, key.thumbprint).encode(),
        Revocation(key.thumbprint, 7, "stolen").encode(),
        crl(root(key=Ed25519PrivateKey.from_private_bytes(bytes(32)))),
        did_key_of(key).encode(),
        DID_DOCUMENT % multikey(key).encode(),
        b"did:x509:0:sha256:%b::subject:CN:a%%20b:O:c::eku:1.3.6.1.5.5.7.3.36::san:dns:d.example" % (b"A" * 43),
        *(encode_cose_key(signer.public_key, kid=b"k") for signer in (agent, checkpoint_key)),
        encode([{1: 2, -1: 1, -2: bytes(32), -3: bytes(32)}]),
        public_key_pem(key).encode(),
        public_key_der(key),
        public_key_der(checkpoint_key.public_key),
        certificate,
        sign_checkpoint(checkpoint_key, Checkpoint(world.identity.origin, head.size, head.root)).encode(),
        b"0/x001/234.p/255",
        b"entries/x001/x234/067",
        b"log.example:8443/agents/~a_b",
        b"aGVsbG8td29ybGRf",
        b"".join(audited(kept).encode() for kept in world.store.kept(2, 3)),
    )
    shared = _shared_vectors()
    leaves = world.store.leaf_hashes(0, 3)
    return Material(world, statements[0], receipt, consistency, root_of(leaves), (*own, *shared), len(shared))


def _shared_vectors() -> tuple[bytes, ...]:
    kinds = ("*.cose", "*.pub", "*.pem", "*.der", "*.json")
    paths = sorted(path for kind in kinds for path in SHARED_VECTORS.rglob(kind))
    found = (path.read_bytes() for path in paths)
    return tuple(data for data in found if 0 < len(data) <= _MAX_VECTOR_BYTES)
