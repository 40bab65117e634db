"""Linting a policy document before it is committed: all of its mistakes, or else what nobody may have meant."""

from counterfoil.encoding.jcs import parse_json
from counterfoil.errors import CounterfoilError
from counterfoil.policy.doubts import find_doubts
from counterfoil.policy.mistakes import find_mistakes
from counterfoil.policy.parse import MAX_POLICY_BYTES, parse_policy
from counterfoil.policy.remark import PolicyRemark, Severity


def lint_policy(payload: bytes) -> tuple[PolicyRemark, ...]:
    """What is to be said of a policy document, errors first. Without an error it is one that can be committed.

    What takes the log to know is not asked: which version is the next, and what the log's own name and keys are.
    Warnings about what members mean together are given once there are no errors.
    """
    try:
        value = parse_json(payload, max_bytes=MAX_POLICY_BYTES)
    except CounterfoilError as error:
        return (_error(error),)
    mistakes = find_mistakes(value)
    if any(one.severity is Severity.ERROR for one in mistakes):
        return tuple(sorted(mistakes, key=_errors_first))
    try:
        policy = parse_policy(payload)
        # It is committed in its canonical form, in which every key has its kid: that must be read again.
        parse_policy(policy.encode())
    except CounterfoilError as error:
        return (_error(error), *mistakes)
    return (*mistakes, *find_doubts(policy))


def _error(error: CounterfoilError) -> PolicyRemark:
    return PolicyRemark(Severity.ERROR, error.code, "", error.detail)


def _errors_first(remark: PolicyRemark) -> bool:
    return remark.severity is not Severity.ERROR
