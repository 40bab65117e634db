"""The log at a glance: who it is, how far it is, and by which rules and limits it works."""

from typing import Final

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from counterfoil.cose.keys import public_key_pem
from counterfoil.cose.private_keys import default_algorithm
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.errors import LogCorruptError
from counterfoil.http.described import PROBLEMS
from counterfoil.http.limits import DEFAULT_PAGE, MAX_BULK_BYTES, MAX_BULK_STATEMENTS, MAX_PAGE
from counterfoil.http.responses import REVALIDATE
from counterfoil.http.wire import EntryName, Wire
from counterfoil.http.wiring import Service, Wired
from counterfoil.log.ports import LogReader
from counterfoil.log.rules_source import read_policy
from counterfoil.policy.receipt_keys import ReceiptKey
from counterfoil.policy.rules import Rules
from counterfoil.receipt.checkpoint import verifier_key
from counterfoil.statement.genesis import GENESIS_ENTRY, Genesis, KeyPurpose

_OTHERS: Final = tuple(purpose for purpose in KeyPurpose if purpose is not KeyPurpose.RECEIPT)

router = APIRouter(tags=["log"], responses=PROBLEMS)


class LogKey(Wire):
    """A key of the log and what it signs. ``verifier_key`` is the checkpoint key as C2SP note verifiers read it.

    Of receipt keys there can be several: ``announced``, ``retired`` and ``compromised`` are the numbers of the entries
    that say so, null where none does. Where neither of the last two is there, tree heads are signed with it.
    """

    purpose: KeyPurpose
    kid: str
    algorithm: str
    public_key: str
    verifier_key: str | None
    announced: int | None
    retired: int | None
    compromised: int | None


class Limits(Wire):
    """What this log admits and how much it answers at once."""

    max_statement_bytes: int
    clock_skew_seconds: int
    default_page_entries: int
    max_page_entries: int
    max_bulk_statements: int
    max_bulk_bytes: int
    body_seconds: float


class LogInfo(Wire):
    """A log as of its latest committed head.

    ``paged_to`` is the last entry whose decision a page commits to, null before the first page; ``unpaged_tail`` is the
    number of entries after it.
    """

    origin: str
    issuer: str
    log_name: str
    size: int
    root: str
    head_time: int
    keys: list[LogKey]
    limits: Limits
    policy_entry: EntryName
    genesis_entry: EntryName
    paged_to: int | None
    unpaged_tail: int
    chain_count: int


@router.get("/log")
async def get_log(response: Response, service: Wired) -> LogInfo:
    """Who this log is, how far it is, its keys, its limits, and the policy in force."""
    response.headers["Cache-Control"] = REVALIDATE
    return await run_in_threadpool(_log_info, service, await service.log.rules())


def _log_info(service: Service, rules: Rules) -> LogInfo:
    head, store, genesis = service.log.head(), service.log.store, service.log.genesis
    receipt_keys = service.log.receipts.keys()
    policy = rules.policy if rules.policy_entry == head.policy_entry else read_policy(store, head.policy_entry)
    return LogInfo(
        origin=genesis.identity.origin,
        issuer=genesis.identity.issuer,
        log_name=genesis.identity.log_name,
        size=head.tree.size,
        root=head.tree.root.hex(),
        head_time=head.tree.time,
        keys=[*(_receipt_key(one) for one in receipt_keys), *(_key(genesis, purpose) for purpose in _OTHERS)],
        limits=Limits(
            max_statement_bytes=policy.max_statement_bytes,
            clock_skew_seconds=policy.clock_skew_seconds,
            default_page_entries=DEFAULT_PAGE,
            max_page_entries=MAX_PAGE,
            max_bulk_statements=MAX_BULK_STATEMENTS,
            max_bulk_bytes=MAX_BULK_BYTES,
            body_seconds=service.body_seconds,
        ),
        policy_entry=_name(store, head.policy_entry),
        genesis_entry=_name(store, GENESIS_ENTRY),
        paged_to=head.next_page - 1 if head.next_page else None,
        unpaged_tail=head.tree.size - head.next_page,
        chain_count=head.chain_count,
    )


def _receipt_key(one: ReceiptKey) -> LogKey:
    return LogKey(
        purpose=KeyPurpose.RECEIPT,
        kid=encode_base64url(one.key.thumbprint),
        algorithm=default_algorithm(one.key).name,
        public_key=public_key_pem(one.key),
        verifier_key=None,
        announced=one.announced,
        retired=one.retired,
        compromised=one.compromised,
    )


def _key(genesis: Genesis, purpose: KeyPurpose) -> LogKey:
    key = genesis.keys[purpose]
    return LogKey(
        purpose=purpose,
        kid=encode_base64url(key.thumbprint),
        algorithm=default_algorithm(key).name,
        public_key=public_key_pem(key),
        verifier_key=verifier_key(genesis.identity.origin, key) if purpose is KeyPurpose.CHECKPOINT else None,
        announced=None,
        retired=None,
        compromised=None,
    )


def _name(store: LogReader, number: int) -> EntryName:
    entry = store.entry(number)
    if entry is None:
        raise LogCorruptError(f"the head row names entry {number}, and there is none")
    return EntryName(number=number, entry_id=entry.statement_hash.hex())
