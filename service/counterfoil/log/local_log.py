"""A founded log opened by this process: what registration, pages and receipts need, held together."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from counterfoil.chain.ports import ChainReader
from counterfoil.cose.signer import Signer
from counterfoil.errors import CorruptError, KeysMismatchError, LogCorruptError, ReceiptKeyEndedError
from counterfoil.log.founding import sign_own_statement
from counterfoil.log.group_commit import DEFAULT_MAX_BATCH, UNOBSERVED, CommitObserver, GroupCommit, Result
from counterfoil.log.pages import next_page, require_page_root
from counterfoil.log.plan import Submission
from counterfoil.log.policies import Policies
from counterfoil.log.ports import Appends, LogReader, LogStore
from counterfoil.log.receipts import ReceiptSource
from counterfoil.log.records import Head
from counterfoil.log.rules_history import RulesHistory
from counterfoil.log.rules_source import read_genesis, read_rules
from counterfoil.log.sequencer import Sequencer, require_whole
from counterfoil.log.thread_appends import ThreadAppends
from counterfoil.log.together import Steps, Together
from counterfoil.policy.own_statements import Effect
from counterfoil.policy.rules import Rules
from counterfoil.receipt.tree_head import require_receipt_signer
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.page import PAGE_CONTENT_TYPE, Page, parse_page
from counterfoil.statement.profile import Profiles
from counterfoil.statement.signed_statement import StatementHash
from counterfoil.statement.trace_event.profile import BUILT_IN_PROFILES


class Store(LogStore, LogReader, ChainReader, Protocol):
    """A store that both appends and reads."""


class LocalLog:
    """One founded log with its receipt key at hand. Its coroutines belong to one event loop.

    ``clock`` gives whole seconds since 1970; ``appends`` says where appends run, in a thread unless it is given.
    ``on_corrupt`` is called when the log disagrees with itself; ``observer`` is told of each commit. ``profiles`` read
    what statements of their content types say.
    """

    def __init__(  # noqa: PLR0913 - each is named where it is given
        self,
        store: Store,
        receipt_signer: Signer,
        clock: Callable[[], int],
        *,
        appends: Appends | None = None,
        max_batch: int = DEFAULT_MAX_BATCH,
        on_corrupt: Callable[[CorruptError], None] = lambda _error: None,
        observer: CommitObserver = UNOBSERVED,
        profiles: Profiles = BUILT_IN_PROFILES,
    ) -> None:
        self.store = store
        self._appends = ThreadAppends(store) if appends is None else appends
        self.genesis: Genesis = read_genesis(store)
        require_receipt_signer(receipt_signer)
        self.policies = Policies(store)
        self.history = RulesHistory(store, self.genesis, profiles)
        self.receipts = ReceiptSource(store, self.genesis.identity, lambda: self.current_rules().receipt_keys)
        self._clock = clock
        self.profiles = profiles
        head = self.head()
        self._rules = read_rules(store, self.genesis, head, profiles)
        _require_in_force(self._rules, receipt_signer)
        self._receipt_kid = receipt_signer.public_key.thumbprint
        self._seen_time = head.tree.time
        self._aside = ThreadPoolExecutor(1, "counterfoil-evidence")
        self._together: Together[Submission] = Together()
        self._sequencer = Sequencer(self._appends, self.genesis.identity, receipt_signer, clock, seen=head.tree)
        self._commits = GroupCommit(
            self._sequencer.append,
            self._appends.run,
            max_batch=max_batch,
            on_corrupt=on_corrupt,
            observer=observer,
        )

    @property
    def queue_length(self) -> int:
        """How many statements wait for a commit."""
        return self._commits.queue_length

    @property
    def commit_seconds(self) -> float:
        """How long a statement waits for its commit."""
        return self._commits.timeout

    def head(self) -> Head:
        """The latest committed head.

        Raises:
            LogCorruptError: There is none, or it disagrees with itself.
        """
        head = self.store.head()
        if head is None:
            raise LogCorruptError("the store holds no log any more")
        require_whole(head)
        return head

    async def rules(self, *, newer_than: Rules | None = None) -> Rules:
        """The rules in force; read again from the log when ``newer_than`` were not enough."""
        if newer_than is not None and self._rules.rules_entry == newer_than.rules_entry:
            await asyncio.to_thread(self._read_rules)
        return self._rules

    def current_rules(self) -> Rules:
        """The rules in force at the latest committed head, whoever changed them.

        Raises:
            CorruptError, UnavailableError: They cannot be read.
        """
        self._read_rules()
        return self._rules

    def require_signing(self) -> None:
        """Check that the receipt key at hand is still in force, so that this process can append.

        Raises:
            ReceiptKeyEndedError: It has ended since this process began.
            CorruptError, UnavailableError: The rules cannot be read.
        """
        in_force = self.current_rules().receipt_keys.in_force
        if self._receipt_kid not in in_force:
            raise ReceiptKeyEndedError(
                f"this process signs with the receipt key {self._receipt_kid.hex()}, which has ended; in force are "
                f"{', '.join(sorted(kid.hex() for kid in in_force))}, so start it again with one of them",
            )

    def max_lag(self, policy_entry: int) -> int:
        """The bound on the lag of events of the policy in that entry, in whole seconds.

        Raises:
            LogCorruptError: The entry is not a policy statement.
        """
        return self.policies.of(policy_entry).max_lag_seconds

    def head_time(self) -> int:
        """The time a head committed now would bear, as far as this process has seen the log."""
        return max(self._seen_time, self._clock())

    async def aside(self, decide: Callable[[], Submission]) -> Submission:
        """Have a decision made in a thread of its own, one after another.

        So a flood of evidence keeps neither the event loop nor the threads that read and append from other work.
        """
        return await asyncio.get_running_loop().run_in_executor(self._aside, decide)

    async def together(self, steps: Steps[Submission]) -> Submission:
        """Have a decision made with those that others ask for in the same turn of the event loop."""
        return await self._together.do(steps)

    async def append(self, submission: Submission) -> Result:
        """Append with whatever else waits; the outcome, and the receipt when it is a new entry.

        Raises:
            PageRootError: The submission is a page that does not state the root of the decisions it covers.
            UnavailableError, CorruptError: The append failed.
        """
        if submission.decision.effect is Effect.PAGE:
            page = parse_page(submission.statement.message.payload or b"")
            await asyncio.to_thread(require_page_root, self.store, page)
        return await self._commits.submit(submission)

    def enqueue(self, submission: Submission) -> asyncio.Future[Result]:
        """Let a statement that is none of the log's own wait for the next commit, without waiting for that.

        Raises:
            QueueFullError, CorruptError: As ``append``; all other errors come when the result is awaited.
        """
        return self._commits.enqueue(submission)

    async def find(self, entry_id: StatementHash) -> tuple[int, bytes] | None:
        """The number and the stable receipt of a registered statement; None when it is not on the log."""
        return await asyncio.to_thread(self._find, entry_id)

    def due_page(self, service_signer: Signer) -> bytes | None:
        """The PAGE statement over the decisions that no page covers yet, signed; None when all are covered.

        Raises:
            KeysMismatchError: The signer does not hold the log's service key.
        """
        _require_key(self.genesis, KeyPurpose.SERVICE, service_signer)
        page = next_page(self.store, self.head())
        return None if page is None else self._sign_page(page, service_signer)

    async def close(self) -> None:
        """Wait until every append under way has ended."""
        await self._commits.close()
        await self._appends.close()
        self._aside.shutdown(wait=False, cancel_futures=True)

    def _sign_page(self, page: Page, signer: Signer) -> bytes:
        identity = self.genesis.identity
        return sign_own_statement(
            signer,
            identity,
            identity.page_subject,
            PAGE_CONTENT_TYPE,
            page.encode(),
            self.head_time(),
        )

    def _read_rules(self) -> None:
        # Several threads may read at a time: what is known is looked at before the head, and never goes back.
        known, head = self._rules, self.head()
        self._seen_time = max(self._seen_time, head.tree.time)
        if head.rules_entry == known.rules_entry:
            return
        rules = read_rules(self.store, self.genesis, head, self.profiles, since=known)
        if rules.rules_entry > self._rules.rules_entry:
            self._rules = rules

    def _find(self, entry_id: StatementHash) -> tuple[int, bytes] | None:
        entry = self.store.entry_of(entry_id)
        return None if entry is None else (entry.number, self.receipts.stable(entry.number))


def _require_in_force(rules: Rules, signer: Signer) -> None:
    thumbprint = signer.public_key.thumbprint
    if thumbprint not in rules.receipt_keys.in_force:
        in_force = ", ".join(sorted(one.hex() for one in rules.receipt_keys.in_force))
        raise KeysMismatchError(f"the receipt keys in force are {in_force}, and the signer holds {thumbprint.hex()}")


def _require_key(genesis: Genesis, purpose: KeyPurpose, signer: Signer) -> None:
    expected = genesis.keys[purpose]
    if signer.public_key != expected:
        raise KeysMismatchError(
            f"the genesis statement names {expected.thumbprint.hex()} as the {purpose} key, "
            f"and the signer at hand holds {signer.public_key.thumbprint.hex()}",
        )
