"""The signatures of a case's issuers, by the keys that the log's rules gave them when each entry was decided."""

from collections.abc import Sequence
from hashlib import sha256

from counterfoil.case.account import Account, ReadExhibit
from counterfoil.case.build import Evidence, PolicyExhibit
from counterfoil.case.enrolments import CaseRules
from counterfoil.errors import CaseInvalidError, CounterfoilError, RefusedError
from counterfoil.policy.decision import decide
from counterfoil.policy.rules import Rules
from counterfoil.policy.succession import Succession
from counterfoil.statement.attested_words import attested_text
from counterfoil.statement.credential import Credential
from counterfoil.statement.issuer import find_issuer_key
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement, verify_statement


def require_signed(account: Account, evidence: Evidence, succession: Succession) -> None:
    """Check that the policies are the log's, and each statement's signature by the key that its decision names.

    The key has to be the issuer's by the rules of the log at that entry; where a certificate speaks for the issuer, its
    path to a root of the policy is judged again as of the decision, by the revocation lists that the log then had. What
    binds a key to attested hardware is appraised again, in the statement or in the enrolment that its decision names.

    Raises:
        CaseInvalidError: A policy or an enrolment is missing, is none of the log's, or gives the issuer no such key or
            certificate; or an appraisal comes out otherwise than it was recorded.
        UnverifiedError: A signature or the path of a certificate does not hold.
    """
    _require_policies(account, evidence.policies, succession)
    rules = CaseRules(account, evidence.enrolments, succession)
    for one in account.exhibits:
        if one.statement is not None:
            _require_evidence(one)
            _verify(one, one.statement, rules.of(one))


def _require_policies(account: Account, policies: Sequence[PolicyExhibit], succession: Succession) -> None:
    for policy in policies:
        statement = parse_signed_statement(policy.statement, max_bytes=len(policy.statement))
        committed = {(one.number, one.entry_id) for one in succession.policies}
        if (policy.number, statement.hash) not in committed:
            raise CaseInvalidError(f"entry {policy.number} is no policy of this log")
    if {policy.number for policy in policies} != {one.record.policy_entry for one in account.exhibits}:
        raise CaseInvalidError("the policies in the case are not those that its entries were decided by")
    for one in account.exhibits:
        in_force = succession.rules_for(one.exhibit.number).policy_entry
        if one.record.policy_entry != in_force:
            raise CaseInvalidError(
                f"entry {one.exhibit.number} was decided by policy {one.record.policy_entry}, not by {in_force}"
            )


def _require_evidence(one: ReadExhibit) -> None:
    evidence = one.exhibit.evidence
    if one.record.evidence_digest != (None if evidence is None else sha256(evidence).digest()):
        raise CaseInvalidError(f"the evidence of entry {one.exhibit.number} is not the one that its decision names")


def _verify(one: ReadExhibit, statement: SignedStatement, rules: Rules) -> None:
    number = one.exhibit.number
    try:
        credential = find_issuer_key(statement, rules, one.record.head_time)
    except RefusedError as error:
        raise CaseInvalidError(f"the key of entry {number}: {error.detail}") from error
    if credential.key.thumbprint != one.record.key_thumbprint:
        raise CaseInvalidError(
            f"the policy gives the issuer of entry {number} no key {one.record.key_thumbprint.hex()} for it"
        )
    verify_statement(statement, credential.key)
    if rules.policy.appraisals or one.record.attested is not None:
        _require_attested(one, statement, credential, rules)


def _require_attested(one: ReadExhibit, statement: SignedStatement, credential: Credential, rules: Rules) -> None:
    """What was recorded of hardware is what comes of appraising it again."""
    number, record = one.exhibit.number, one.record
    try:
        standing = decide(statement, credential, rules, record.head_time).standing
    except CounterfoilError as error:
        raise CaseInvalidError(f"entry {number}, decided again, is not admitted: {error.detail}") from error
    if standing.recorded != record.attested:
        raise CaseInvalidError(
            f"the key of entry {number} is recorded as {attested_text(record.attested)}, and appraised again it is "
            f"{attested_text(standing.recorded)}"
        )
    if (standing.appraisal_digest, standing.collateral_digest) != (record.appraisal_digest, record.collateral_digest):
        raise CaseInvalidError(f"the appraisal behind entry {number} does not come out as it was recorded")
