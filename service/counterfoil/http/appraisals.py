"""GET /entries/{id}/appraisal: the attestation result that the decision on an entry rests on, made again."""

from typing import Any

from fastapi import APIRouter, Request, Response

from counterfoil.http.attestation import Attestation, attestation_of
from counterfoil.http.contents import cache_of, readable_content
from counterfoil.http.described import GUARDED, PROBLEMS, problems
from counterfoil.http.entry_lookup import EntryId, find_entry
from counterfoil.http.responses import PRIVATE
from counterfoil.http.wire import Wire
from counterfoil.http.wiring import Wired
from counterfoil.statement.decision_record import parse_decision_record

router = APIRouter(tags=["entries"], responses=PROBLEMS)


class AppraisalOfEntry(Wire):
    """What the evidence behind an entry came to, appraised again at the time and by the rules of the decision.

    ``ear`` is the attestation result (draft-ietf-rats-ear), unsigned, with the head time at which it was made as its
    ``iat``: of the entry, or of the enrolment that ``attestation`` names. ``digest`` is SHA-256 of it in RFC 8785 form
    without ``iat``, as the decision record has it. Both are null of an unattested key. ``policyEntry`` is the policy
    by which the evidence was appraised.
    """

    number: int
    entry_id: str
    attestation: Attestation
    policy_entry: int
    digest: str | None
    ear: dict[str, Any] | None


@router.get("/entries/{entry_id}/appraisal", responses=problems(401, 404), openapi_extra=GUARDED)
def get_appraisal(request: Request, response: Response, service: Wired, entry_id: EntryId) -> AppraisalOfEntry:
    """The appraisal of an entry, made again from the log; for who may read the entry and its enrolment."""
    entry = find_entry(service.log.store, entry_id)
    cache = cache_of(readable_content(request, service, entry.number))
    attested = parse_decision_record(entry.decision).attested
    if attested is not None and attested.enrolment is not None:
        enrolment = readable_content(request, service, attested.enrolment)
        cache = PRIVATE if PRIVATE in {cache, cache_of(enrolment)} else cache
    again = service.log.history.appraise_again(entry)
    appraisal = again.appraisal
    response.headers["Cache-Control"] = cache
    return AppraisalOfEntry(
        number=entry.number,
        entry_id=entry.statement_hash.hex(),
        attestation=attestation_of(attested),
        policy_entry=again.policy_entry,
        digest=None if appraisal is None else appraisal.digest.hex(),
        ear=None if appraisal is None else appraisal.ear(again.appraised_at),
    )
