"""Why an entry was admitted: its decision, repeated as of its time and laid out beside what was recorded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from counterfoil.attestation.appraisal import Appraisal
from counterfoil.chain.history import parse_entry_event
from counterfoil.cose.sign1 import require_algorithm
from counterfoil.errors import CertificateMissingError, CounterfoilError, KeyUnknownError
from counterfoil.log.founding import founding_decision, require_founding
from counterfoil.policy.asked import Asked
from counterfoil.policy.decision import Decision, decide, effective_content_type
from counterfoil.policy.demand import Demand
from counterfoil.policy.demands import acting_roles, asked_of, concerning
from counterfoil.policy.document import ContentTypeRule, Visibility
from counterfoil.policy.past_rules import Enrolling, rules_under
from counterfoil.policy.rules import Rules
from counterfoil.policy.succession import CommittedPolicy, Succession
from counterfoil.statement.attested_words import attested_text
from counterfoil.statement.credential import Credential
from counterfoil.statement.decision_record import Attested, DecisionRecord
from counterfoil.statement.genesis import GENESIS_ENTRY, Genesis, KeyPurpose
from counterfoil.statement.issuer import IssuerKey, find_issuer_key
from counterfoil.statement.revoked import Revoked, revocation_of
from counterfoil.statement.signed_statement import SignedStatement, verify_statement
from counterfoil.statement.trace_event.event import TraceEvent

_MEMBERS = (
    "number", "policy_entry", "key_thumbprint", "head_time",
    "appraisal_digest", "evidence_digest", "collateral_digest", "attested",
)  # fmt: skip


_NOW: Final = 2**62
"""A log of any size: what it has revoked by now."""


@dataclass(frozen=True, slots=True)
class Registered:
    """An entry as it lies on the log: its statement, with the certificates that came beside it, and its record.

    ``number`` and ``head_time`` are what its receipt or the store says of its place, ``visibility`` what the store
    shows it to; None where that is not known. ``is_whole``: certificates that came beside the statement would be here.
    """

    statement: SignedStatement
    record: DecisionRecord
    number: int
    head_time: int | None = None
    visibility: Visibility | None = None
    is_whole: bool = True

    @property
    def lacks_evidence(self) -> bool:
        """Whether certificates came beside the statement that are not at hand here."""
        return self.record.evidence_digest is not None and not self.is_whole


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an entry was admitted by, and whether deciding again comes out the same.

    ``policy`` was in force; ``issuer`` had the ``roles`` in it and the ``key`` that the record names, None where there
    is none. ``certified``: no key of the policy is the issuer's here but that of a certificate, which it pins;
    ``only_attested``: none is but one that attested hardware alone speaks for. An entry that ``is_own`` is the log's
    own: ``purpose`` is what the log uses that key for, and neither a ``rule`` nor an algorithm nor a size of the policy
    is about it. ``demands`` are those of the rule that concern it; ``asked`` is what
    they and the policy come to, None of the log's own. ``appraised_at`` is the head time at which its attestation was
    appraised: its own, or that of the enrolment. ``refusal`` is the code and the text with which the decision is
    refused when it is repeated; ``differences`` say in what it comes out otherwise. ``stored_bytes`` counts the
    certificates that are at hand. ``revoked`` says that the key was revoked since, from an earlier entry on.
    """

    entry: Registered
    policy: CommittedPolicy
    issuer: str
    is_own: bool
    roles: frozenset[str]
    key: IssuerKey | None
    certified: bool
    only_attested: bool
    purpose: KeyPurpose | None
    content_type: str | int | None
    rule: ContentTypeRule | None
    demands: tuple[Demand, ...]
    asked: Asked | None
    algorithm: str | None
    stored_bytes: int
    appraised_at: int
    decision: Decision | None
    refusal: tuple[str, str] | None
    differences: tuple[str, ...]
    revoked: Revoked | None

    @property
    def appraisal(self) -> Appraisal | None:
        """The appraisal that the decision rests on when it is made again."""
        return None if self.decision is None else self.decision.standing.appraisal

    @property
    def is_same(self) -> bool:
        """Whether the decision is made again as it was recorded."""
        return self.refusal is None and not self.differences


def explain(
    entry: Registered, succession: Succession, genesis: Genesis, enrolling: Enrolling | None = None
) -> Explanation:
    """Decide an entry again at its recorded head time, under the rules that the log had come to before it.

    ``enrolling`` is the enrolment that its record names. Whether another one was in force is not asked.

    What the chain of the entry allows to follow, and the findings that a policy refuses, are not asked: that takes the
    chain. Where the entry ``lacks_evidence``, the key is the one that the record names.

    Raises:
        ChainInvalidError: No policy was committed before it.
    """
    statement, record = entry.statement, entry.record
    policy, rules = succession.policy_for(entry.number), succession.rules_for(entry.number)
    under = partial(rules_under, succession.past, entry.number, enrolling)
    issuer = statement.claims.issuer or ""
    named = rules.policy.issuer(issuer)
    keys = rules.issuer_keys(issuer) or ()
    key = next((one for one in keys if one.key.thumbprint == record.key_thumbprint), None)
    own = issuer == genesis.identity.issuer
    credential, decision, refusal = _repeat(entry, under, key)
    rule = None if own else rules.policy.content_type(effective_content_type(statement))
    demands = () if rule is None or named is None else concerning(rule, acting_roles(named, _event(statement)))
    return Explanation(
        entry=entry,
        policy=policy,
        issuer=issuer,
        is_own=own,
        roles=frozenset() if named is None else named.roles,
        key=key,
        certified=credential is not None and not credential.only_attested and _is_beside(credential, keys),
        only_attested=credential is not None and credential.only_attested,
        purpose=rules.own_purpose(key.key) if own and key is not None else None,
        content_type=effective_content_type(statement),
        rule=rule,
        demands=demands,
        asked=None if own else asked_of(rules.policy, demands),
        algorithm=_algorithm(statement),
        stored_bytes=statement.stored_bytes,
        appraised_at=record.head_time if enrolling is None else enrolling.head_time,
        decision=decision,
        refusal=refusal,
        differences=() if decision is None else _differences(entry, decision),
        revoked=revocation_of(succession.rules[-1].revoked, record.key_thumbprint, entry.number, _NOW),
    )


def _is_beside(credential: Credential, keys: Sequence[IssuerKey]) -> bool:
    return all(one.key != credential.key for one in keys)


def _repeat(
    entry: Registered, under: Callable[[], Rules], recorded: IssuerKey | None
) -> tuple[Credential, Decision, None] | tuple[None, None, tuple[str, str]]:
    try:
        rules = under()
        credential = _credential(entry, rules, recorded)
        verify_statement(entry.statement, credential.key)
        if entry.number <= GENESIS_ENTRY:
            require_founding(entry.number, entry.statement, credential.key, rules)
            return credential, founding_decision(rules.genesis.keys[KeyPurpose.OPERATOR]), None
        return credential, decide(entry.statement, credential, rules, entry.record.head_time), None
    except CounterfoilError as error:
        return None, None, (error.code, error.detail)


def _credential(entry: Registered, rules: Rules, recorded: IssuerKey | None) -> Credential:
    if not entry.lacks_evidence:
        return find_issuer_key(entry.statement, rules, entry.record.head_time)
    if recorded is None:
        named = rules.policy.issuer(entry.statement.claims.issuer or "")
        if named is not None and named.pins:
            raise CertificateMissingError("the certificates that came beside the statement are not at hand")
        raise KeyUnknownError("the policy gives the issuer no key of the thumbprint in the decision record")
    return Credential(recorded.key)


def _differences(entry: Registered, decision: Decision) -> tuple[str, ...]:
    record = entry.record
    expected = decision.record(entry.number, record.head_time if entry.head_time is None else entry.head_time)
    if entry.lacks_evidence:
        expected = replace(expected, evidence_digest=record.evidence_digest)
    found: list[str] = []
    for name in _MEMBERS:
        recorded, repeated = getattr(record, name), getattr(expected, name)
        if recorded != repeated:
            found.append(f"{name.replace('_', ' ')}: recorded {_shown(recorded)}, repeated {_shown(repeated)}")
    if entry.visibility not in {None, decision.visibility}:
        found.append(f"visibility: stored {entry.visibility}, repeated {decision.visibility}")
    return tuple(found)


def _shown(value: bytes | int | Attested | None) -> str:
    if isinstance(value, Attested):
        return attested_text(value)
    return "none" if value is None else value.hex() if isinstance(value, bytes) else str(value)


def _event(statement: SignedStatement) -> TraceEvent | None:
    try:
        return parse_entry_event(statement)
    except CounterfoilError:
        return None


def _algorithm(statement: SignedStatement) -> str | None:
    try:
        return require_algorithm(statement.message).name
    except CounterfoilError:
        return None
