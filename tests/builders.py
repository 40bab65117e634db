"""Real things for tests: keys, issuers, statements and a founded log. Nothing here is a mock."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from counterfoil.cose import labels
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.cose.sign1 import sign_sign1
from counterfoil.encoding.cbor import CborValue
from counterfoil.log.founding import found_log
from counterfoil.log.local_log import LocalLog, Store
from counterfoil.log.ports import Appends
from counterfoil.log.records import Head
from counterfoil.policy.document import ContentTypeRule, Issuer, PolicyDocument, Visibility
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.identity import LogIdentity, parse_origin
from counterfoil.statement.issuer import IssuerKey
from counterfoil.statement.trace_event.event import TRACE_EVENT_CONTENT_TYPE

ORIGIN = "log.example/agents"
ISSUER = "https://agent.example"
SUBJECT = "trace-7f3c2a90"
CONTENT_TYPE = "application/json"
START = 1_800_000_000
"""The time of the test clock at the beginning, in seconds since 1970."""

_counter: Iterator[int] = itertools.count()


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def issuer_of(
    signer: LocalSigner,
    name: str = ISSUER,
    *,
    kid: bytes | None = None,
    roles: tuple[str, ...] = (),
) -> Issuer:
    key = IssuerKey(signer.public_key.thumbprint if kid is None else kid, signer.public_key)
    return Issuer(name, (key,), frozenset(roles))


def policy_for(*issuers: Issuer, version: int = 1, visibility: Visibility = Visibility.PARTIES) -> PolicyDocument:
    return PolicyDocument(
        version=version,
        issuers=issuers,
        algorithms=frozenset({"ES256", "ES384", "ES512", "EdDSA", "Ed25519", "PS256"}),
        content_types=(
            ContentTypeRule(CONTENT_TYPE, visibility, frozenset()),
            ContentTypeRule("text/plain", Visibility.PUBLIC, frozenset()),
            ContentTypeRule(TRACE_EVENT_CONTENT_TYPE, visibility, frozenset()),
        ),
    )


def sign_statement(
    signer: LocalSigner,
    payload: bytes | None = None,
    *,
    issuer: str | None = ISSUER,
    subject: str | None = SUBJECT,
    content_type: str | int | None = CONTENT_TYPE,
    kid: bytes | None = None,
    claims: Mapping[int | str, CborValue] | None = None,
    headers: Mapping[int | str, CborValue] | None = None,
    unprotected: Mapping[int | str, CborValue] | None = None,
    detached: bool = False,
) -> bytes:
    """A statement by ``signer``. Without a payload it gets one that no other statement of this process has."""
    cwt: dict[int | str, CborValue] = {labels.CWT_IAT: START}
    if issuer is not None:
        cwt[labels.CWT_ISS] = issuer
    if subject is not None:
        cwt[labels.CWT_SUB] = subject
    cwt.update(claims or {})
    protected: dict[int | str, CborValue] = {
        labels.KID: signer.public_key.thumbprint if kid is None else kid,
        labels.CWT_CLAIMS: cwt,
    }
    if content_type is not None:
        protected[labels.CONTENT_TYPE] = content_type
    protected.update(headers or {})
    body = b'{"n":%d}' % next(_counter) if payload is None else payload
    return sign_sign1(signer, protected, body, unprotected=unprotected or {}, detached=detached)


@dataclass
class World:
    """A founded log on a store, with one issuer who may register ``application/json``."""

    store: Store
    clock: Clock = field(default_factory=Clock)
    agent: LocalSigner = field(default_factory=lambda: generate_private_key("ES256"))
    identity: LogIdentity = field(default_factory=lambda: parse_origin(ORIGIN))
    policy: PolicyDocument | None = None
    signers: dict[KeyPurpose, LocalSigner] = field(
        default_factory=lambda: {
            purpose: generate_private_key("EdDSA" if purpose is KeyPurpose.CHECKPOINT else "ES256")
            for purpose in KeyPurpose
        },
    )

    appends: Callable[[], Appends] | None = None

    def found(self) -> "World":
        """Found the log; entries 0 and 1 are there afterwards."""
        policy = policy_for(issuer_of(self.agent)) if self.policy is None else self.policy
        self.policy = policy
        found_log(self.store, self.identity, self.signers, policy, self.clock())
        return self

    def open(self, *, max_batch: int = 256) -> LocalLog:
        """The founded log, opened in this process."""
        appends = None if self.appends is None else self.appends()
        return LocalLog(
            self.store,
            self.signers[KeyPurpose.RECEIPT],
            self.clock,
            appends=appends,
            max_batch=max_batch,
        )

    def head(self) -> Head:
        """The latest committed head."""
        head = self.store.head()
        assert head is not None
        return head
