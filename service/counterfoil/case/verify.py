"""Verifying a case file offline: each entry by its receipt and signatures, and every report by making it again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

from counterfoil.case import names
from counterfoil.case.account import Account
from counterfoil.case.announcements import read_genesis, read_rules, require_trusted, signer_of
from counterfoil.case.archive import MAX_CASE_FILE_BYTES, read_case_archive
from counterfoil.case.build import Evidence, evidence_files, manifest_of, read_evidence
from counterfoil.case.contents import CaseContents, key_set, read_contents
from counterfoil.case.issued import require_as_issued
from counterfoil.case.signatures import require_signed
from counterfoil.chain.panel import review_panel
from counterfoil.errors import CaseInvalidError
from counterfoil.receipt.chain_head import verify_chain_head
from counterfoil.receipt.tree_head import TreeHead
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.links import chain_id
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.verify import (
    ChainLink,
    Inclusion,
    LogKeys,
    VerifiedCheckpoint,
    VerifiedGenesis,
    verify_chain,
    verify_checkpoint,
    verify_receipt,
)
from counterfoil.verify.not_established import LOG_KEY, about_case

OWN_KEYS: Final = (
    "That this is the log it says it is: its keys were taken from the case file itself. Compare the entry id of the "
    "genesis statement with one obtained elsewhere, or give the log's keys."
)


class Verdict(StrEnum):
    """What came of a verification that did not fail; a failed one raises."""

    PASS = "pass"  # noqa: S105 - no password
    PASS_WITH_FINDINGS = "pass-with-findings"  # noqa: S105 - as above


@dataclass(frozen=True, slots=True)
class VerifiedCase:
    """The evidence of a case holds: all of it belongs to one tree head that the log's keys signed.

    ``findings`` are numbers of entries with the findings on them, ``other_findings`` sentences about the whole.
    ``evidence_digest`` is SHA-256 of the manifest, which is the same in every export at that tree head; ``account`` is
    what the evidence says.
    """

    verdict: Verdict
    origin: str
    root_trace_id: str
    state: str | None
    entries: tuple[StatementHash, ...]
    tree_size: int
    root: bytes
    head_time: int | None
    chain_hash: bytes
    genesis_id: StatementHash
    evidence_digest: bytes
    account: Account
    findings: tuple[tuple[int, tuple[str, ...]], ...]
    other_findings: tuple[str, ...]
    not_established: tuple[str, ...]


def verify_case(data: bytes, trusted: LogKeys | None = None, pinned: Genesis | None = None) -> VerifiedCase:
    """Check a case file as a whole; without ``trusted`` by the keys of its own genesis, which the result says.

    ``pinned`` is what the log's genesis statement says, where that is what ``trusted`` comes from: receipt keys that
    the log announced later are then followed by the announcements in the case.

    Everything in the evidence that can be derived is derived again and must come out byte for byte.

    Raises:
        MalformedCaseError, MalformedError: It is no case file, or a file in it cannot be read.
        CaseInvalidError: A file is missing, foreign, changed, or not what the others lead to.
        ReceiptKeyCompromisedError: Its receipts are by a key that is said to be compromised; have it exported again.
        UnverifiedError: A signature, a receipt or the chain does not hold, or the log's key is not the trusted one.
    """
    files = read_case_archive(data)
    contents = read_contents(files)
    genesis = read_genesis(contents)
    keys = require_trusted(genesis, trusted, pinned)
    tree, inclusions = _require_one_tree(contents, genesis, keys)
    evidence = Evidence(
        frame=contents.frame(genesis.genesis.identity, tree),
        genesis=contents.genesis,
        keys=key_set(signer_of(genesis), genesis.genesis),
        checkpoint=contents.checkpoint,
        chain_head=contents.chain_head,
        exhibits=contents.exhibits,
        policies=contents.policies,
        announcements=contents.announcements,
        enrolments=contents.enrolments,
    )
    account = read_evidence(evidence)
    require_signed(account, evidence, read_rules(contents, genesis.genesis))
    _require_decided_in_order(account, tree)
    _require_derived(files, evidence, account)
    findings = _findings(account)
    others = tuple(_other_findings(account))
    standing = account.standing
    return VerifiedCase(
        verdict=Verdict.PASS_WITH_FINDINGS if findings or others else Verdict.PASS,
        origin=genesis.genesis.identity.origin,
        root_trace_id=contents.root_trace_id,
        state=None if standing.formation is None else standing.state.value,
        entries=tuple(one.exhibit.entry_id for one in account.exhibits),
        tree_size=tree.size,
        root=tree.root,
        head_time=inclusions[-1].head_time,
        chain_hash=contents.exhibits[-1].chain_hash,
        genesis_id=genesis.statement.entry_id,
        evidence_digest=sha256(files[names.MANIFEST]).digest(),
        account=account,
        findings=findings,
        other_findings=others,
        not_established=_left_open(account, trusted),
    )


def _require_one_tree(
    contents: CaseContents, verified: VerifiedGenesis, keys: LogKeys
) -> tuple[TreeHead, Sequence[Inclusion]]:
    """The tree head that the checkpoint, every receipt and every decision agree on."""
    genesis = verified.genesis
    origin = genesis.identity.origin
    checkpoint = verify_checkpoint(contents.checkpoint, origin, genesis.keys[KeyPurpose.CHECKPOINT])
    _require_whole_chain(contents, genesis, checkpoint)
    links = [ChainLink(one.statement or b"", one.decision, one.receipt) for one in contents.exhibits]
    issuer = genesis.identity.issuer
    chain = verify_chain(contents.root_trace_id, links, contents.exhibits[-1].chain_hash, keys, expected_issuer=issuer)
    others = [
        *((one.number, one.statement, one.receipt) for one in contents.policies),
        *((one.number, one.statement, one.receipt) for one in (*contents.enrolments, *contents.announcements.entries)),
    ]
    receipts = [verify_receipt(statement, receipt, keys, expected_issuer=issuer) for _, statement, receipt in others]
    inclusions = [*chain.inclusions, *(receipt.inclusion for receipt in receipts)]
    for inclusion in (*inclusions, *verified.statement.inclusions):
        if (inclusion.tree_size, inclusion.root) != (checkpoint.size, checkpoint.root):
            raise CaseInvalidError("a receipt is of another tree than the checkpoint")
    numbers = [*(one.number for one in contents.exhibits), *(number for number, _, _ in others)]
    if [inclusion.leaf_index for inclusion in inclusions] != numbers:
        raise CaseInvalidError("an entry stands elsewhere in the tree than its files are named")
    times = {inclusion.head_time for inclusion in inclusions}
    (time,) = times if len(times) == 1 else (None,)
    if time is None:
        raise CaseInvalidError("the receipts name different times of one tree head, or none")
    tree = TreeHead(checkpoint.size, checkpoint.root, time)
    require_as_issued(contents, genesis, tree, signer_of(verified))
    return tree, chain.inclusions


def _require_decided_in_order(account: Account, tree: TreeHead) -> None:
    """The log's clock never runs backwards, and each entry was decided by the policy that came last before it."""
    time = policy = 0
    for one in account.exhibits:
        record = one.record
        if not time <= record.head_time <= tree.time or not policy <= record.policy_entry <= record.number:
            raise CaseInvalidError(
                f"the decision on entry {record.number} is not one that its log could have made then"
            )
        time, policy = record.head_time, record.policy_entry


def _require_whole_chain(contents: CaseContents, genesis: Genesis, checkpoint: VerifiedCheckpoint) -> None:
    """The log signed that the chain has these entries in this tree, and no other."""
    head = verify_chain_head(contents.chain_head, genesis.identity.origin, genesis.keys[KeyPurpose.CHECKPOINT])
    here = (
        checkpoint.size,
        checkpoint.root,
        chain_id(contents.root_trace_id),
        len(contents.exhibits),
        contents.exhibits[-1].chain_hash,
    )
    if (head.size, head.root, head.chain_id, head.length, head.chain_hash) != here:
        raise CaseInvalidError("the entries of the case are not those that the log's signed chain head covers")


def _require_derived(files: Mapping[str, bytes], evidence: Evidence, account: Account) -> None:
    """What the evidence should be, made again from its exhibits, is what is there."""
    expected = dict(evidence_files(evidence, account))
    expected[names.MANIFEST] = manifest_of(expected.items())
    there = {name: content for name, content in files.items() if name.startswith(names.EVIDENCE)}
    for name in sorted(expected.keys() | there.keys()):
        if name not in there:
            raise CaseInvalidError(f"{name} is missing")
        if name not in expected:
            raise CaseInvalidError("the evidence holds a file that belongs to no entry of the case")
        if there[name] != expected[name]:
            raise CaseInvalidError(f"{name} is not what the evidence leads to")


def _findings(account: Account) -> tuple[tuple[int, tuple[str, ...]], ...]:
    return tuple(
        (one.exhibit.number, tuple(f"{name}: {detail}" for name, detail in findings))
        for one, findings in account.findings()
        if findings
    )


def _other_findings(account: Account) -> Sequence[str]:
    found: list[str] = []
    for report in account.writers():
        name = report.issuer or report.writer.hex()
        if report.missing:
            found.append(f"{report.missing} numbers of {name} are missing")
        if report.claim_holds is False:
            found.append(f"the SETTLEMENT states {report.claimed} events of {name}, and {report.events} are there")
    for one, dispute in account.panels():
        review = review_panel(dispute)
        if not review.posterior_matches:
            found.append(f"the posterior in entry {one.exhibit.number} is not what its estimates give")
        if not review.outcome_matches:
            found.append(f"the outcome in entry {one.exhibit.number} does not go with its posterior")
    return found


def _left_open(account: Account, trusted: LogKeys | None) -> tuple[str, ...]:
    sentences = about_case(has_certificates=account.has_certificates, is_attested=account.is_attested)
    return sentences if trusted is not None else tuple(OWN_KEYS if one == LOG_KEY else one for one in sentences)


__all__ = ["MAX_CASE_FILE_BYTES", "Verdict", "VerifiedCase", "is_case_file", "verify_case"]


def is_case_file(data: bytes) -> bool:
    """Whether the bytes begin as a ZIP does."""
    return data.startswith(b"PK\x03\x04")
