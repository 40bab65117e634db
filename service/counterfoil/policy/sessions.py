"""The keys that are enrolled: what their evidence claimed, and until when they count. A function of log entries."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from counterfoil.attestation.appraisal import Appraisal
from counterfoil.attestation.evidence import Evidence
from counterfoil.cose.keys import PublicKey
from counterfoil.errors import ChallengeUsedError, KeyOfAnotherIssuerError, TooManySessionsError

MAX_SESSIONS: Final = 4096
"""Keys in force at a time. Each keeps its evidence in memory, some 6 to 20 KB, to be judged again by new collateral."""


@dataclass(frozen=True, slots=True)
class Session:
    """A key that entry ``entry`` enrolled for an issuer, with its evidence and the appraisal that it rests on.

    ``only_attested``: nothing else speaks for the key. It counts from ``begins`` to ``ends``, in whole seconds since
    1970, both included.
    """

    entry: int
    issuer: str
    key: PublicKey
    only_attested: bool
    evidence: Evidence
    appraisal: Appraisal
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class Answered:
    """Which entry answered a nonce, and until when anything could: whole seconds since 1970, included."""

    entry: int
    ends: int


@dataclass(frozen=True)
class Sessions:
    """The sessions in force by the thumbprint of their key, and the nonces that were answered, until they end."""

    by_key: Mapping[bytes, Session] = field(default_factory=lambda: MappingProxyType({}))
    answered: Mapping[bytes, Answered] = field(default_factory=lambda: MappingProxyType({}))

    def find(self, thumbprint: bytes, issuer: str, at: int) -> Session | None:
        """The session of an issuer's key at that time."""
        session = self.by_key.get(thumbprint)
        if session is None or session.issuer != issuer or not session.begins <= at <= session.ends:
            return None
        return session

    def require_new(self, nonce: bytes, thumbprint: bytes, issuer: str, at: int) -> None:
        """Check that a key can be enrolled in answer to a nonce at that time.

        Raises:
            ChallengeUsedError: The nonce was answered.
            KeyOfAnotherIssuerError: The key is enrolled for another issuer.
            TooManySessionsError: As many keys are enrolled as are kept.
        """
        if nonce in self.answered:
            raise ChallengeUsedError("the challenge was answered already")
        current = self.by_key.get(thumbprint)
        if current is not None and current.issuer != issuer and at <= current.ends:
            raise KeyOfAnotherIssuerError("the key is enrolled for another issuer")
        if current is None and sum(at <= one.ends for one in self.by_key.values()) >= MAX_SESSIONS:
            raise TooManySessionsError(f"{MAX_SESSIONS} keys are enrolled already")

    def enrol(self, session: Session, nonce: bytes, nonce_ends: int, at: int) -> "Sessions":
        """With one more session; what has ended by that time is not kept."""
        kept = {name: one for name, one in self.by_key.items() if at <= one.ends}
        answered = {name: one for name, one in self.answered.items() if at <= one.ends}
        return Sessions(
            kept | {session.key.thumbprint: session},
            answered | {nonce: Answered(session.entry, nonce_ends)},
        )

    def cut(self, ends: Callable[[Session], int]) -> "Sessions":
        """The sessions, each of which ends at that time if it would not end before."""
        cut = {name: replace(one, ends=min(one.ends, ends(one))) for name, one in self.by_key.items()}
        return replace(self, by_key=cut)

    def keep(self, stands: Callable[[Session], bool]) -> "Sessions":
        """Those sessions that still stand."""
        return replace(self, by_key={name: one for name, one in self.by_key.items() if stands(one)})


NO_SESSIONS: Final = Sessions()
