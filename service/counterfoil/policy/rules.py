"""The rules a decision is made under: the policy in force, and what the log says of keys."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.conveyance.carried import carried_attestation
from counterfoil.cose.keys import PublicKey
from counterfoil.policy.anchors import Operators
from counterfoil.policy.ballot import Ballot
from counterfoil.policy.certified import CertifiedKeys
from counterfoil.policy.document import PolicyDocument
from counterfoil.policy.loaded_collateral import NO_LOADED, LoadedCollateral
from counterfoil.policy.receipt_keys import ReceiptKeys, first_receipt_keys
from counterfoil.policy.sessions import NO_SESSIONS, Sessions
from counterfoil.statement.credential import Credential
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.issuer import IssuerKey
from counterfoil.statement.key_notice import Revocation
from counterfoil.statement.profile import Profiles
from counterfoil.statement.revoked import Revoked
from counterfoil.statement.signed_statement import SignedStatement, StatementHash
from counterfoil.statement.trace_event.profile import BUILT_IN_PROFILES

_NO_BALLOT: Final = Ballot()
_UNNAMED: Final = StatementHash(bytes(32))


@dataclass(frozen=True)
class Rules:
    """Everything that can change a decision, as of ``rules_entry``. A KeyDirectory.

    ``policy_entry`` is the entry number of the policy in force, ``policy_id`` its entry id, and ``rules_entry`` that of
    the last entry that changed anything a decision looks at. ``ballot`` is what stands to be decided about the next
    policy; ``revoked`` are the revocations of issuers' keys, in their order; ``announced`` are the receipt keys, None
    where the log has said nothing of them since its genesis statement; ``crls`` are revocation lists in DER, the latest
    of each CA, ``loaded`` is what else of collateral the operators loaded, and ``sessions`` are the keys that are
    enrolled. ``profiles`` are those of the installation, the one thing here that is not on the log.
    """

    genesis: Genesis
    policy: PolicyDocument
    policy_entry: int
    rules_entry: int
    profiles: Profiles = BUILT_IN_PROFILES
    policy_id: StatementHash = _UNNAMED
    ballot: Ballot = _NO_BALLOT
    revoked: tuple[Revoked, ...] = ()
    announced: ReceiptKeys | None = None
    crls: tuple[bytes, ...] = ()
    loaded: LoadedCollateral = NO_LOADED
    sessions: Sessions = NO_SESSIONS

    def issuer_keys(self, issuer: str) -> tuple[IssuerKey, ...] | None:
        """The keys of an issuer: the log's own as the log says, every other's from the policy."""
        if issuer == self.genesis.identity.issuer:
            return self._own_keys
        named = self.policy.issuer(issuer)
        return None if named is None else named.keys

    def issuer_of(self, kid: bytes) -> str | None:
        """The issuer one of whose keys answers to ``kid``."""
        return self._issuers_by_kid.get(kid)

    def is_log_key(self, kid: bytes) -> bool:
        """Whether ``kid`` names a key that signs, or signed, receipts or checkpoints."""
        return kid in self._log_kids

    def certified_key(self, issuer: str, chain: tuple[bytes, ...], at: int) -> Credential | None:
        """The key of the first certificate of ``chain``, when that speaks for the issuer at the time ``at``.

        Raises:
            MalformedError, UnverifiedError, RefusedError: As for ``judge_chain``.
        """
        return self._certified_keys.find(issuer, chain, at)

    def attested_key(self, statement: SignedStatement, at: int) -> Credential | None:
        """The key that ``kid`` names by its thumbprint, when it is enrolled or carried for an issuer of attested keys.

        Whether the evidence that carries it is genuine is not asked here, but when its statement is decided.

        Raises:
            MalformedError: The evidence cannot be read.
        """
        named, kid = self.policy.issuer(statement.claims.issuer or ""), statement.kid
        if named is None or kid is None or not named.attested_by:
            return None
        session = self.sessions.find(kid, named.name, at)
        if session is not None and session.appraisal.appraised_by in named.attested_by:
            return Credential(session.key, session.begins, session.ends, only_attested=True)
        carried = carried_attestation(statement)
        if carried is None or carried.key is None or carried.key.thumbprint != kid:
            return None
        return Credential(carried.key, only_attested=True)

    @cached_property
    def collateral(self) -> Collateral:
        """The collateral by which evidence is judged."""
        return self.loaded.collateral(self.crls)

    @cached_property
    def _certified_keys(self) -> CertifiedKeys:
        return CertifiedKeys(self.policy, self.crls)

    def own_purpose(self, key: PublicKey) -> KeyPurpose | None:
        """What the log uses ``key`` for; None when it is not one of the log's.

        A key that would be an operator's under a proposal counts as one: it approves of it.
        """
        if key.thumbprint in self.operator_kids or key.thumbprint in self.ballot.candidates():
            return KeyPurpose.OPERATOR
        if self.receipt_keys.find(key.thumbprint) is not None:
            return KeyPurpose.RECEIPT
        others = (KeyPurpose.CHECKPOINT, KeyPurpose.SERVICE)
        return next((purpose for purpose in others if self.genesis.keys[purpose] == key), None)

    def operators_of(self, policy: PolicyDocument) -> Operators:
        """The operators under a policy: those it names, or else the one of the genesis statement."""
        return policy.operators if policy.operators.keys else self._first_operator

    @cached_property
    def operators(self) -> Operators:
        """The operators in force."""
        return self.operators_of(self.policy)

    @cached_property
    def operator_kids(self) -> frozenset[bytes]:
        """The thumbprints of the keys of the operators in force."""
        return frozenset(key.thumbprint for key in self.operators.keys)

    @cached_property
    def receipt_keys(self) -> ReceiptKeys:
        """Every receipt key that the log has announced, the one of its genesis statement first."""
        return first_receipt_keys(self.genesis) if self.announced is None else self.announced

    @cached_property
    def revocations(self) -> dict[bytes, Revocation]:
        """The last revocation of each revoked key, by its thumbprint."""
        return {one.revocation.thumbprint: one.revocation for one in self.revoked}

    @cached_property
    def other_log_kids(self) -> frozenset[bytes]:
        """The thumbprints of every key of the log but the operators'."""
        own = (self.genesis.keys[purpose].thumbprint for purpose in (KeyPurpose.CHECKPOINT, KeyPurpose.SERVICE))
        return frozenset(own) | frozenset(one.key.thumbprint for one in self.receipt_keys)

    @cached_property
    def _first_operator(self) -> Operators:
        return Operators((self.genesis.keys[KeyPurpose.OPERATOR],), 1)

    @cached_property
    def _own_keys(self) -> tuple[IssuerKey, ...]:
        keys = {key.thumbprint: key for key in self.operators.keys}
        keys |= self.ballot.candidates()
        keys[self.genesis.keys[KeyPurpose.SERVICE].thumbprint] = self.genesis.keys[KeyPurpose.SERVICE]
        return tuple(IssuerKey(thumbprint, key) for thumbprint, key in keys.items())

    @cached_property
    def _issuers_by_kid(self) -> dict[bytes, str]:
        # Anybody may ask with a kid that nobody has, so that must not cost a search through the whole policy.
        found = {name: self.genesis.identity.issuer for key in self._own_keys for name in key.names}
        for issuer in self.policy.issuers:
            for key in issuer.keys:
                for name in key.names:
                    found.setdefault(name, issuer.name)
        return found

    @cached_property
    def _log_kids(self) -> frozenset[bytes]:
        checkpoint = self.genesis.keys[KeyPurpose.CHECKPOINT].thumbprint
        return frozenset(one.key.thumbprint for one in self.receipt_keys) | {checkpoint}
