"""The documents of the evidence that are derived from its other files, in RFC 8785 form."""

from collections.abc import Mapping
from dataclasses import dataclass

from counterfoil.case.account import Account, ReadExhibit
from counterfoil.case.decoded import decoded_decision, decoded_statement
from counterfoil.chain.completeness import CAVEAT, WriterReport
from counterfoil.chain.findings import lag
from counterfoil.chain.panel import review_panel
from counterfoil.encoding.jcs import JsonValue, encode_json
from counterfoil.receipt.tree_head import TreeHead
from counterfoil.statement.identity import LogIdentity
from counterfoil.statement.links import chain_id, empty_chain_hash
from counterfoil.statement.trace_event.event import Dispute
from counterfoil.statement.trace_event.occurred_at import format_occurred_at

CASE_FORMAT = "counterfoil-case/1"


@dataclass(frozen=True, slots=True)
class Frame:
    """Which engagement, on which log, as of which tree head."""

    identity: LogIdentity
    root_trace_id: str
    tree: TreeHead


def derived_documents(frame: Frame, account: Account) -> Mapping[str, bytes]:
    """By name: what an account leads to. Anybody who has the exhibits gets these very bytes."""
    return {
        "case.json": encode_json(_case(frame, account)),
        "engagement.json": encode_json(_engagement(account)),
        "completeness.json": encode_json(_completeness(account)),
        "findings.json": encode_json(_findings(account)),
        "disputes.json": encode_json([_dispute(one, dispute) for one, dispute in account.panels()]),
    }


def entry_document(one: ReadExhibit) -> bytes:
    """An entry for people: its place, its decision, and its statement decoded."""
    exhibit = one.exhibit
    return encode_json(
        {
            "number": exhibit.number,
            "sequence": exhibit.sequence,
            "entryId": exhibit.entry_id.hex(),
            "chainHash": exhibit.chain_hash.hex(),
            "decision": decoded_decision(one.record),
            "statement": None if one.statement is None else decoded_statement(one.statement),
            "lagMilliseconds": None if one.event is None else lag(one.event.occurred_at, one.record.head_time),
        }
    )


def _case(frame: Frame, account: Account) -> JsonValue:
    exhibits = [one.exhibit for one in account.exhibits]
    return {
        "format": CASE_FORMAT,
        "origin": frame.identity.origin,
        "logIssuer": frame.identity.issuer,
        "rootTraceId": frame.root_trace_id,
        "chainId": chain_id(frame.root_trace_id).hex(),
        "treeHead": {
            "size": frame.tree.size,
            "rootHash": frame.tree.root.hex(),
            "time": format_occurred_at(frame.tree.time * 1000),
        },
        "emptyChainHash": empty_chain_hash(frame.identity.origin, frame.root_trace_id).hex(),
        "chainHash": exhibits[-1].chain_hash.hex(),
        "entries": [{"number": one.number, "entryId": one.entry_id.hex()} for one in exhibits],
        "erased": [one.number for one in exhibits if one.statement is None],
    }


def _engagement(account: Account) -> JsonValue:
    standing = account.standing
    if standing.formation is None:
        return None
    return {
        "state": standing.state.value,
        "formation": standing.formation.hex(),
        "formedBy": standing.formed_by,
        "parties": [
            {"issuer": party.issuer, "role": party.role.value}
            for party in sorted(standing.parties, key=lambda party: (party.role, party.issuer))
        ],
        "standing": [entry.hex() for entry in standing.standing],
    }


def _completeness(account: Account) -> JsonValue:
    return {
        "entries": len(account.exhibits),
        "settled": account.standing.settled,
        "writers": [_writer(report) for report in account.writers()],
        "caveat": CAVEAT,
    }


def _writer(report: WriterReport) -> JsonValue:
    return {
        "issuer": report.issuer,
        "events": report.events,
        "first": report.first if report.events else None,
        "last": report.last if report.events else None,
        "gaps": [{"first": first, "last": last} for first, last in report.gaps],
        "missing": report.missing,
        "repeated": list(report.repeated),
        "repeats": report.repeats,
        "claimed": report.claimed,
        "claimHolds": report.claim_holds,
    }


def _findings(account: Account) -> JsonValue:
    return {
        "maxLagSeconds": [{"policyEntry": policy, "seconds": seconds} for policy, seconds in account.max_lags.items()],
        "entries": [
            {
                "number": one.exhibit.number,
                "entryId": one.exhibit.entry_id.hex(),
                "findings": [{"finding": name, "detail": detail} for name, detail in findings],
            }
            for one, findings in account.findings()
            if findings
        ],
    }


def _dispute(one: ReadExhibit, dispute: Dispute) -> JsonValue:
    review = review_panel(dispute)
    return {
        "number": one.exhibit.number,
        "entryId": one.exhibit.entry_id.hex(),
        "recorded": {"posterior": dispute.posterior, "outcome": dispute.outcome},
        "recomputed": {"posterior": review.recomputed, "outcomes": list(review.expected_outcomes)},
        "posteriorMatches": review.posterior_matches,
        "outcomeMatches": review.outcome_matches,
    }
