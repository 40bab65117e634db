"""What came of appraising evidence, for people and for machines."""

from collections.abc import Iterator
from typing import Final

from counterfoil.attestation.appraisal import claims_json
from counterfoil.attestation.binding import Binding
from counterfoil.attestation.claims import Check, Outcome
from counterfoil.attestation.ear_names import IETF_NAMES
from counterfoil.cli.appraisal_trial import BUILT_IN, Trial, Verdict
from counterfoil.cli.output import Reply, bullets, fields, timestamp
from counterfoil.encoding.jcs import JsonValue
from counterfoil.encoding.printable import printable

_TITLES: Final = {
    Verdict.AFFIRMING: "affirming: the evidence is genuine and satisfies the policy",
    Verdict.WARNING: "warning: the evidence is genuine and satisfies the policy, which admits what is not sound",
    Verdict.NONE: "none: nothing is wrong with the evidence, but not all of it was checked",
    Verdict.CONTRAINDICATED: "contraindicated: the evidence is genuine and does not satisfy the policy",
}


def trial_reply(trial: Trial, at: int, more: tuple[Check, ...]) -> Reply:
    """The result; ``more`` are checks that were made beside the appraisal."""
    ear, open_points = _ear(trial, at), tuple(_not_established(trial, at))
    refusal: JsonValue = None
    if trial.refusal is not None:
        refusal = {"code": trial.refusal.code, "detail": trial.refusal.detail}
    checks = (*more, *trial.checks)
    data: dict[str, JsonValue] = {
        "status": trial.verdict.value,
        "policy": trial.policy,
        "at": at,
        "refused": refusal,
        "checks": [{"name": one.name, "outcome": one.outcome.value, "detail": one.detail} for one in checks],
        "claims": claims_json(trial.claims),
        "ear": ear,
        "notEstablished": list[JsonValue](open_points),
    }
    body = (
        _TITLES[trial.verdict],
        fields(_rows(trial, at)),
        "checks:",
        "\n".join(map(_check_line, checks)),
        f"this does not show:\n{bullets(open_points)}",
    )
    return Reply("\n".join(body), data)


def _ear(trial: Trial, at: int) -> JsonValue:
    if trial.appraisal is None:
        return None
    ear = trial.appraisal.ear(at)
    submodules = ear["submods"]
    if trial.verdict is Verdict.NONE and isinstance(submodules, dict):
        ear["submods"] = {name: {**one, IETF_NAMES.status: Verdict.NONE.value} for name, one in submodules.items()}
    return ear


def _rows(trial: Trial, at: int) -> Iterator[tuple[str, object]]:
    claims = trial.claims
    yield "platform", f"{claims.platform}, {claims.product}"
    yield "signed by", claims.signer
    yield "policy", f"{trial.policy}, the strictest there is" if trial.policy == BUILT_IN else trial.policy
    if trial.refusal is not None:
        yield "refused", f"{trial.refusal.code}: {trial.refusal.detail}"
    if trial.appraisal is not None:
        yield "grade", trial.appraisal.grade
        yield "binding", trial.appraisal.binding
    yield "at", timestamp(at)
    yield "evidence of", timestamp(claims.issued_at)
    yield "holds until", timestamp(claims.holds_until)
    yield "debug", "possible" if claims.debug else "not possible"
    yield "firmware", claims.tcb_status
    yield "advisories", ", ".join(sorted(claims.advisories)) or None
    for prefix, one in (("", claims), *((f"{name}.", each) for name, each in claims.submodules.items())):
        yield from ((f"{prefix}{name}", value.hex()) for name, value in one.measurements.items())
        yield from ((f"{prefix}{name}", value.hex()) for name, value in one.bound.items())


def _check_line(check: Check) -> str:
    outcome = "passed" if check.outcome is Outcome.PASSED else "NOT CHECKED"
    return f"  {outcome:<13}{printable(check.name)}{f'  {printable(check.detail)}' if check.detail else ''}"


def _not_established(trial: Trial, at: int) -> Iterator[str]:
    if trial.left_out:
        yield f"What was not checked: {', '.join(check.name for check in trial.left_out)}."
    if trial.policy == BUILT_IN:
        yield "That the software measured is what you expect: without --policy no measurement is compared."
    if trial.appraisal is None or trial.appraisal.binding is Binding.NONE:
        yield "That the evidence is about a key of whoever sends it: without --expect-key it may come from elsewhere."
    if trial.expected.nonce is None:
        yield "That the evidence was made for you: without --nonce it may have been made for somebody else before."
    yield f"Anything about another time than {timestamp(at)}."
