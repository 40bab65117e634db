"""The rules a decision is made under: the policy in force and the log's own keys."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from counterfoil.cose.keys import PublicKey
from counterfoil.policy.document import PolicyDocument
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.issuer import IssuerKey
from counterfoil.statement.profile import Profiles
from counterfoil.statement.trace_event.profile import BUILT_IN_PROFILES

_OWN_ISSUERS: Final = (KeyPurpose.OPERATOR, KeyPurpose.SERVICE)


@dataclass(frozen=True)
class Rules:
    """Everything that can change a decision, as of ``rules_entry``. A KeyDirectory.

    ``policy_entry`` is the entry number of the policy in force, ``rules_entry`` that of the last entry that changed
    anything a decision looks at. ``profiles`` are those of the installation, the one thing here that is not on the log.
    """

    genesis: Genesis
    policy: PolicyDocument
    policy_entry: int
    rules_entry: int
    profiles: Profiles = BUILT_IN_PROFILES

    def issuer_keys(self, issuer: str) -> tuple[IssuerKey, ...] | None:
        """The keys of an issuer: the log's own from its genesis statement, every other from the policy."""
        if issuer == self.genesis.identity.issuer:
            return tuple(_own_key(self.genesis.keys[purpose]) for purpose in _OWN_ISSUERS)
        named = self.policy.issuer(issuer)
        return None if named is None else named.keys

    def issuer_of(self, kid: bytes) -> str | None:
        """The issuer one of whose keys answers to ``kid``."""
        return self._issuers_by_kid.get(kid)

    @cached_property
    def _issuers_by_kid(self) -> dict[bytes, str]:
        # Anybody may ask with a kid that nobody has, so that must not cost a search through the whole policy.
        own = self.genesis.identity.issuer
        found = {name: own for key in self.issuer_keys(own) or () for name in key.names}
        for issuer in self.policy.issuers:
            for key in issuer.keys:
                for name in key.names:
                    found.setdefault(name, issuer.name)
        return found

    def is_log_key(self, kid: bytes) -> bool:
        """Whether ``kid`` names a key that signs receipts or checkpoints."""
        return kid in self._log_kids

    @cached_property
    def _log_kids(self) -> frozenset[bytes]:
        return frozenset(
            self.genesis.keys[purpose].thumbprint for purpose in (KeyPurpose.RECEIPT, KeyPurpose.CHECKPOINT)
        )

    def own_purpose(self, key: PublicKey) -> KeyPurpose | None:
        """What the log uses ``key`` for; None when it is not one of the log's."""
        return next((purpose for purpose, own in self.genesis.keys.items() if own == key), None)


def _own_key(key: PublicKey) -> IssuerKey:
    return IssuerKey(key.thumbprint, key)
