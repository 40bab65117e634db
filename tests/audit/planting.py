"""A log in an SQLite file, and what somebody who holds the file, or all of the log's keys, plants in it."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from counterfoil.audit.report import AuditReport
from counterfoil.cli.audit import audit_range
from counterfoil.cli.audit_log import store_to_audit
from counterfoil.cli.audit_work import Workers
from counterfoil.log.events import EventView
from counterfoil.log.founding import sign_own_statement
from counterfoil.log.plan import Draft, Submission, View
from counterfoil.log.records import Batch
from counterfoil.merkle.hashing import NodeHash
from counterfoil.policy.decision import Decision
from counterfoil.policy.document import Visibility
from counterfoil.policy.own_statements import Effect
from counterfoil.receipt.tree_head import sign_head
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.links import chain_id
from counterfoil.statement.page import PAGE_CONTENT_TYPE, Page, page_root
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.statement.trace_event.parse import parse_trace_event
from counterfoil.storage.opening import DATABASE
from counterfoil.storage.sqlite import SqliteStore, open_sqlite
from tests.builders import World


@dataclass
class Planted:
    """A copy of a log that is spoilt before it is audited."""

    data: Path
    world: World

    @property
    def store(self) -> SqliteStore:
        assert isinstance(self.world.store, SqliteStore)
        return self.world.store

    @property
    def size(self) -> int:
        head = self.store.head()
        assert head is not None
        return head.tree.size

    @property
    def unpaged(self) -> int:
        """The first entry that no page covers."""
        head = self.store.head()
        assert head is not None
        return head.next_page

    @property
    def policy_entry(self) -> int:
        head = self.store.head()
        assert head is not None
        return head.policy_entry

    def audit(self, start: int = 0, stop: int | None = None, *, jobs: int = 1) -> AuditReport:
        with Workers(jobs) as workers, store_to_audit(self.data, None) as log:
            return audit_range(log, start, log.tree.size if stop is None else stop, workers)

    def write(self, statement: str, *values: object) -> None:
        """Write over rows, once nothing keeps one from it."""
        self.store.close()
        with closing(sqlite3.connect(self.data / DATABASE)) as database:
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                database.execute(f"DROP TRIGGER {name}")
            database.execute("PRAGMA ignore_check_constraints = ON")
            assert database.execute(statement, values).rowcount > 0
            database.commit()

    def append(self, *submissions: Submission, spoil: Callable[[Batch], Batch] = lambda batch: batch) -> int:
        """Append as the log would, asking nothing: tree, chains, head and signature are in order. The first number."""
        head = self.store.head()
        assert head is not None
        now = max(head.tree.time, self.world.clock())
        ids = [chain_id(one.statement.claims.subject or "") for one in submissions]
        with self.store.append() as transaction:
            named = [ref.entry for one in submissions if one.decision.event for ref in one.decision.event.references]
            view = View({}, transaction.prior([], ids, None).chains, EventView(transaction.places(named), {}))
            draft = Draft(self.world.identity.origin, head, now, view)
            for submission in submissions:
                draft.place(submission)
            plan = draft.plan(())
            signature = sign_head(self.world.signers[KeyPurpose.RECEIPT], self.world.identity, plan.head.tree)
            transaction.write(spoil(plan.batch(transaction, signature)))
        return head.tree.size

    def decided(
        self,
        data: bytes,
        *,
        key: bytes | None = None,
        visibility: Visibility = Visibility.PARTIES,
        effect: Effect = Effect.NONE,
        is_event: bool = False,
    ) -> Submission:
        """A statement with a decision that nobody made."""
        statement = parse_signed_statement(data)
        thumbprint = self.world.agent.public_key.thumbprint if key is None else key
        policy = self.policy_entry
        event = parse_trace_event(statement) if is_event else None
        decision = Decision(policy, policy, thumbprint, visibility, 0, 2**40, effect, None, event)
        return Submission(statement, decision)

    def page(self, first: int, last: int, root: bytes | None = None) -> int:
        """Append a page of the service's key over these entries, with the right root unless another is given."""
        digests = [entry.decision_digest for entry in self.store.entries(first, last + 1 - first)]
        page = Page(first, last, NodeHash(page_root(digests) if root is None else root))
        signer, identity = self.world.signers[KeyPurpose.SERVICE], self.world.identity
        now = self.world.clock()
        data = sign_own_statement(signer, identity, identity.page_subject, PAGE_CONTENT_TYPE, page.encode(), now)
        key = signer.public_key.thumbprint
        return self.append(self.decided(data, key=key, visibility=Visibility.PUBLIC, effect=Effect.PAGE))


@contextmanager
def planting(world: World, source: Path, data: Path) -> Iterator[Planted]:
    """A copy of the log in the file ``source``, in the directory ``data``."""
    with closing(sqlite3.connect(source)) as database, closing(sqlite3.connect(data / DATABASE)) as copy:
        database.backup(copy)
    with closing(open_sqlite(data / DATABASE)) as store:
        yield Planted(data, replace(world, store=store))


def kinds(report: AuditReport) -> list[tuple[str, int | None]]:
    """What was found and where, each once."""
    return list(dict.fromkeys((fault.kind.value, fault.number) for fault in report.faults))


def codes(report: AuditReport) -> Sequence[str | None]:
    return [fault.code for fault in report.faults]
