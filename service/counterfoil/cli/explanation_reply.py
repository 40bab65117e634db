"""An explained decision, for people and for machines."""

from collections.abc import Iterator
from typing import Final

from counterfoil.chain.findings import Finding
from counterfoil.cli.output import Reply, bullets, fields, timestamp
from counterfoil.cli.policy_chain import PolicyChain
from counterfoil.cli.policy_text import part_text
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.jcs import JsonValue
from counterfoil.policy.asked import Asked
from counterfoil.policy.decision import FOREVER
from counterfoil.policy.document import ContentTypeRule
from counterfoil.policy.explanation import Explanation
from counterfoil.statement.attested_words import attested_json, attested_text
from counterfoil.statement.trace_event.event import TRACE_EVENT_CONTENT_TYPE

_ATTESTED_KEY: Final = "the policy does not list it: the hardware that it is bound to speaks for it"
_ENROLMENTS: Final = (
    "that no other enrolment of the key was in force, and that none was where the record names none: audit reads "
    "all of them"
)
_CHAIN_RULES: Final = (
    "what the chain of the entry allowed to follow, and the findings that the policy refuses: fsck asks them again"
)
_EVIDENCE_ABSENT: Final = (
    "the certificates that came beside the statement are not given out: the key is the one that the record names, and "
    "neither they nor their size were looked at"
)
_RECORD_UNSIGNED: Final = (
    "that the decision record is the one that the log committed to: its digest is in the hash of its chain, which "
    "chain verify checks, and in a page"
)


def explanation_reply(told: Explanation, chain: PolicyChain, *, over_http: bool) -> Reply:
    """What a decision rests on, and whether it was made again."""
    verdict = "the decision comes out the same when it is made again"
    if not told.is_same:
        verdict = "THE DECISION DOES NOT COME OUT THE SAME when it is made again"
    open_points = tuple(_open_points(told, chain, over_http=over_http))
    text = f"entry {told.entry.number}: {verdict}\n{fields(_rows(told))}\nthis does not show:\n{bullets(open_points)}"
    return Reply(text, {**_json(told), "genesisPinned": chain.pinned, "notEstablished": list[JsonValue](open_points)})


def _rows(told: Explanation) -> Iterator[tuple[str, object]]:
    entry, document = told.entry, told.policy.document
    record = entry.record
    if told.refusal is not None:
        yield "refused now", f"error[{told.refusal[0]}]: {told.refusal[1]}"
    for difference in told.differences:
        yield "differs", difference
    yield "entry id", entry.statement.hash.hex()
    yield "head time", timestamp(record.head_time)
    yield "policy", f"version {document.version}, entry {told.policy.number}, {told.policy.entry_id.hex()}"
    yield "recorded policy", None if record.policy_entry == told.policy.number else f"entry {record.policy_entry}"
    yield "issuer", told.issuer + (" (this log)" if told.is_own else "")
    yield "roles", None if told.is_own else ", ".join(sorted(told.roles)) or "none"
    known = told.key is not None or told.certified or told.only_attested
    yield "key", record.key_thumbprint.hex() + ("" if known else ", which the issuer does not have")
    yield (
        "certificate",
        "a path from it to a root of the policy holds, and a pin of the issuer" if told.certified else None,
    )
    yield "attested key", _ATTESTED_KEY if told.only_attested else None
    yield "kid", None if told.key is None else encode_base64url(told.key.kid)
    yield "key purpose", told.purpose
    admitted = "" if told.is_own else f", admitted: {', '.join(sorted(document.algorithms)) or 'none'}"
    yield "algorithm", f"{told.algorithm}{admitted}"
    yield "content type", told.content_type
    yield "rule", _rule_text(told)
    for demand in told.demands:
        yield "demand", part_text(demand.as_json())
    limit = "" if told.asked is None else f", admitted: {told.asked.max_statement_bytes}"
    yield "size", f"{told.stored_bytes} bytes{limit}"
    yield from _time_rows(told)
    yield "visibility", None if told.decision is None else told.decision.visibility
    if told.revoked is not None:
        last = told.revoked.revocation.last_valid_entry
        yield "revoked", f"entry {told.revoked.entry}: what the key says after entry {last} is not to be believed"
    yield "evidence", None if record.evidence_digest is None else record.evidence_digest.hex()
    yield from _attestation_rows(told)


def _attestation_rows(told: Explanation) -> Iterator[tuple[str, object]]:
    record, appraisal = told.entry.record, told.appraisal
    if told.is_own and record.attested is None:
        return
    yield "attestation", attested_text(record.attested)
    yield "appraisal", None if record.appraisal_digest is None else record.appraisal_digest.hex()
    yield "collateral", None if record.collateral_digest is None else record.collateral_digest.hex()
    if appraisal is None or told.decision is None:
        return
    yield "appraised by", f"{appraisal.appraised_by}, bound by {appraisal.binding}"
    for check in appraisal.checks:
        yield "check", f"{check.name}: {check.outcome}" + (f", {check.detail}" if check.detail else "")


def _time_rows(told: Explanation) -> Iterator[tuple[str, object]]:
    claims, decision = told.entry.statement.claims, told.decision
    skew = told.policy.document.clock_skew_seconds if told.asked is None else told.asked.clock_skew_seconds
    ahead = f", admitted {skew} seconds before"
    yield "issued at", _date(claims.issued_at, ahead)
    yield "not before", _date(claims.not_before, ahead)
    yield "expires", _date(claims.expires, "")
    if decision is not None:
        begins = None if decision.holds_from == 0 else f"from {timestamp(decision.holds_from)}"
        ends = None if decision.holds_until == FOREVER else f"until {timestamp(decision.holds_until)}"
        yield "admissible", " ".join(part for part in (begins, ends) if part is not None) or "at any time"


def _rule_text(told: Explanation) -> str:
    if told.is_own:
        return "none of the policy: only this key makes such statements"
    if told.rule is None:
        return "the policy has none"
    return f"{told.rule.visibility}, {_admitted(told.rule)}"


def _admitted(rule: ContentTypeRule) -> str:
    return f"roles {', '.join(sorted(rule.roles))}" if rule.roles else "every issuer"


def _date(seconds: float | None, admitted: str) -> str | None:
    return None if seconds is None else f"{timestamp(int(seconds))}{admitted}"


def _open_points(told: Explanation, chain: PolicyChain, *, over_http: bool) -> Iterator[str]:
    findings = frozenset[Finding]() if told.asked is None else told.asked.refused_findings
    if told.entry.statement.content_type == TRACE_EVENT_CONTENT_TYPE or findings:
        yield _CHAIN_RULES
    if told.entry.lacks_evidence:
        yield _EVIDENCE_ABSENT
    if told.policy.document.appraisals and not told.is_own:
        yield _ENROLMENTS
    if over_http:
        yield _RECORD_UNSIGNED
    yield from chain.open_points


def _json(told: Explanation) -> dict[str, JsonValue]:
    entry, document, decision = told.entry, told.policy.document, told.decision
    record, claims = entry.record, entry.statement.claims
    refusal: JsonValue = None if told.refusal is None else {"code": told.refusal[0], "detail": told.refusal[1]}
    return {
        "same": told.is_same,
        "refusal": refusal,
        "differences": list[JsonValue](told.differences),
        "entry": entry.number,
        "entryId": entry.statement.hash.hex(),
        "record": {
            "number": record.number,
            "policyEntry": record.policy_entry,
            "key": record.key_thumbprint.hex(),
            "headTime": record.head_time,
            "appraisalDigest": _hex(record.appraisal_digest),
            "evidenceDigest": _hex(record.evidence_digest),
            "collateralDigest": _hex(record.collateral_digest),
            "attestation": attested_json(record.attested),
        },
        "policy": {
            "version": document.version,
            "entry": told.policy.number,
            "entryId": told.policy.entry_id.hex(),
            "algorithms": list[JsonValue](sorted(document.algorithms)),
            "maxStatementBytes": document.max_statement_bytes,
            "clockSkewSeconds": document.clock_skew_seconds,
        },
        "issuer": told.issuer,
        "roles": list[JsonValue](sorted(told.roles)),
        "kid": None if told.key is None else encode_base64url(told.key.kid),
        "certified": told.certified,
        "onlyAttested": told.only_attested,
        "appraisal": None if told.appraisal is None else told.appraisal.ear(told.appraised_at),
        "keyPurpose": None if told.purpose is None else told.purpose.value,
        "algorithm": told.algorithm,
        "contentType": told.content_type,
        "rule": None if told.rule is None else told.rule.as_json(),
        "demands": [demand.as_json() for demand in told.demands],
        "asked": None if told.asked is None else _asked(told.asked),
        "bytes": told.stored_bytes,
        "issuedAt": claims.issued_at,
        "notBefore": claims.not_before,
        "expires": claims.expires,
        "holdsFrom": None if decision is None else decision.holds_from,
        "holdsUntil": None if decision is None else decision.holds_until,
        "visibility": None if decision is None else decision.visibility.value,
        "revokedBy": None if told.revoked is None else told.revoked.entry,
    }


def _asked(asked: Asked) -> JsonValue:
    return {
        "requiredClaims": list[JsonValue](sorted(asked.required_claims)),
        "clockSkewSeconds": asked.clock_skew_seconds,
        "maxStatementBytes": asked.max_statement_bytes,
        "refusedFindings": list[JsonValue](sorted(asked.refused_findings)),
    }


def _hex(digest: bytes | None) -> str | None:
    return None if digest is None else digest.hex()
