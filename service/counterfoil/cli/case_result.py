"""What was verified about a case file, for people and for machines."""

from collections.abc import Iterator
from typing import Final

from counterfoil.case.verify import Verdict, VerifiedCase
from counterfoil.cli.output import Reply, bullets, fields, timestamp
from counterfoil.encoding.jcs import JsonValue

_SHOWN: Final = 20
"""Findings listed for people; all are in the JSON and in the case file."""

_TITLES: Final = {
    Verdict.PASS: "pass: the evidence holds",
    Verdict.PASS_WITH_FINDINGS: "pass with findings: the evidence holds, and shows what is remarkable",
}


def case_reply(case: VerifiedCase, note: str) -> Reply:
    """What a case file shows, and what it does not; ``note`` says where the log's keys came from."""
    rows = (
        ("log", case.origin),
        ("rootTraceId", case.root_trace_id),
        ("state", case.state or "no engagement"),
        ("entries", len(case.entries)),
        ("tree", f"{case.tree_size} entries, root {case.root.hex()}"),
        ("registered by", timestamp(case.head_time)),
        ("chain hash", case.chain_hash.hex()),
        ("genesis", case.genesis_id.hex()),
        ("evidence", case.evidence_digest.hex()),
        ("log key", note),
    )
    found = list(_findings(case))
    more = [f"and {len(found) - _SHOWN} more, in evidence/findings.json"] if len(found) > _SHOWN else []
    remarkable = f"findings:\n{bullets([*found[:_SHOWN], *more])}\n" if found else ""
    text = f"{_TITLES[case.verdict]}\n{fields(rows)}\n{remarkable}this does not show:\n{bullets(case.not_established)}"
    return Reply(text, _json(case))


def _findings(case: VerifiedCase) -> Iterator[str]:
    for number, names in case.findings:
        yield f"entry {number}: {'; '.join(names)}"
    yield from case.other_findings


def _json(case: VerifiedCase) -> dict[str, JsonValue]:
    return {
        "verified": True,
        "kind": "case",
        "verdict": case.verdict.value,
        "origin": case.origin,
        "rootTraceId": case.root_trace_id,
        "state": case.state,
        "entries": [entry.hex() for entry in case.entries],
        "treeSize": case.tree_size,
        "root": case.root.hex(),
        "headTime": case.head_time,
        "chainHash": case.chain_hash.hex(),
        "genesis": case.genesis_id.hex(),
        "evidenceDigest": case.evidence_digest.hex(),
        "findings": [{"number": number, "findings": list(names)} for number, names in case.findings],
        "otherFindings": list(case.other_findings),
        "notEstablished": list(case.not_established),
    }
