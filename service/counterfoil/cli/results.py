"""Verification results, for people and for machines."""

from collections.abc import Iterator

from counterfoil.cli.output import Reply, bullets, fields, timestamp
from counterfoil.encoding.jcs import JsonValue
from counterfoil.verify import (
    Inclusion,
    IssuerSignature,
    SignatureChecked,
    VerifiedCheckpoint,
    VerifiedConsistency,
    VerifiedEntry,
    VerifiedStatement,
)


def statement_reply(result: VerifiedStatement) -> Reply:
    """What was verified about a statement."""
    rows = [
        ("entry id", result.entry_id.hex()),
        ("issuer says", result.claimed_issuer),
        ("subject says", result.claimed_subject),
        ("issuer signature", _signature_text(result.issuer_signature)),
        *(row for inclusion in result.inclusions for row in _inclusion_rows(inclusion)),
    ]
    return _reply(
        "verified: the statement is on the log",
        fields(rows),
        {
            "kind": "statement",
            "entryId": result.entry_id.hex(),
            "claimedIssuer": result.claimed_issuer,
            "claimedSubject": result.claimed_subject,
            "issuerSignature": _signature_json(result.issuer_signature),
            "receipts": [inclusion_json(inclusion) for inclusion in result.inclusions],
            "receiptsNotChecked": [
                {"position": one.position, "code": one.code, "reason": one.reason}
                for one in result.receipts_not_checked
            ],
        },
        result.not_established,
    )


def entry_reply(result: VerifiedEntry) -> Reply:
    """What was verified about an entry of which only the id is known."""
    rows = [
        ("entry id", result.entry_id.hex()),
        ("issuer signature", _signature_text(result.issuer_signature)),
        *_inclusion_rows(result.inclusion),
    ]
    return _reply(
        "verified: the entry is on the log",
        fields(rows),
        {
            "kind": "entry",
            "entryId": result.entry_id.hex(),
            "issuerSignature": _signature_json(result.issuer_signature),
            "receipts": [inclusion_json(result.inclusion)],
        },
        result.not_established,
    )


def checkpoint_reply(result: VerifiedCheckpoint) -> Reply:
    """What was verified about a checkpoint."""
    data: dict[str, JsonValue] = {
        "kind": "checkpoint",
        "origin": result.origin,
        "treeSize": result.size,
        "root": result.root.hex(),
        "checkpointKey": result.key_thumbprint.hex(),
    }
    rows = (
        ("log", result.origin),
        ("tree size", result.size),
        ("root", result.root.hex()),
        ("checkpoint key", result.key_thumbprint.hex()),
    )
    return _reply("verified: the log signed this tree", fields(rows), data, result.not_established)


def consistency_reply(result: VerifiedConsistency) -> Reply:
    """What was verified about two sizes of one log."""
    data: dict[str, JsonValue] = {
        "kind": "consistency",
        "oldSize": result.old_size,
        "oldRoot": result.old_root.hex(),
        "newSize": result.new_size,
        "newRoot": result.new_root.hex(),
        "logIssuer": result.log_issuer,
        "logName": result.log_name,
        "headTime": result.head_time,
        "logKey": None if result.key_thumbprint is None else result.key_thumbprint.hex(),
    }
    rows = (
        ("log", result.log_name or result.log_issuer),
        ("from", f"size {result.old_size}, root {result.old_root.hex()}"),
        ("to", f"size {result.new_size}, root {result.new_root.hex()}"),
        ("by", timestamp(result.head_time)),
        ("log key", None if result.key_thumbprint is None else result.key_thumbprint.hex()),
    )
    return _reply("verified: the later tree continues the earlier one", fields(rows), data, result.not_established)


def inclusion_json(inclusion: Inclusion) -> dict[str, JsonValue]:
    """One verified receipt as JSON."""
    vouched_by = inclusion.vouched_by
    return {
        "logIssuer": inclusion.log_issuer,
        "logName": inclusion.log_name,
        "treeSize": inclusion.tree_size,
        "leafIndex": inclusion.leaf_index,
        "placeIsSigned": inclusion.place_is_signed,
        "root": inclusion.root.hex(),
        "headTime": inclusion.head_time,
        "logKey": inclusion.key_thumbprint.hex(),
        "vouchedBy": None
        if vouched_by is None
        else {
            "treeSize": vouched_by.tree_size,
            "root": vouched_by.root.hex(),
            "headTime": vouched_by.head_time,
            "logKey": vouched_by.key_thumbprint.hex(),
        },
    }


def _inclusion_rows(inclusion: Inclusion) -> Iterator[tuple[str, object]]:
    yield "log", inclusion.log_name or inclusion.log_issuer or "not named by the receipt"
    doubt = "" if inclusion.place_is_signed else ", as the receipt states"
    yield "place", f"leaf {inclusion.leaf_index} of a tree of {inclusion.tree_size}{doubt}"
    yield "root", inclusion.root.hex()
    yield "registered by", timestamp(inclusion.head_time) or "not named by the receipt"
    yield "log key", inclusion.key_thumbprint.hex()
    if inclusion.vouched_by is not None:
        later = inclusion.vouched_by
        yield "which is", "compromised; that the entry is on the log rests on a later tree:"
        yield "later tree", f"{later.tree_size} entries, root {later.root.hex()}"
        yield "signed with", later.key_thumbprint.hex()


def _signature_text(signature: IssuerSignature) -> str:
    if isinstance(signature, SignatureChecked):
        return f"CHECKED with key {signature.key_thumbprint.hex()}"
    return "NOT CHECKED (give --issuer-key)"


def _signature_json(signature: IssuerSignature) -> JsonValue:
    if isinstance(signature, SignatureChecked):
        return {"status": "checked", "key": signature.key_thumbprint.hex()}
    return {"status": "not-checked", "key": None}


def _reply(title: str, body: str, data: dict[str, JsonValue], not_established: tuple[str, ...]) -> Reply:
    text = f"{title}\n{body}\nthis does not show:\n{bullets(not_established)}"
    return Reply(text, {"verified": True, **data, "notEstablished": list[JsonValue](not_established)})
