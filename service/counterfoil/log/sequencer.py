"""The append: lock the head, take what waits, write it in one transaction, and only then hand out receipts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from counterfoil.cose.signer import Signer
from counterfoil.errors import LogCorruptError, NotInitialisedError
from counterfoil.log.plan import Outcome, Placed, Plan, Submission, View, plan_batch
from counterfoil.log.ports import AppendTransaction, LogStore
from counterfoil.log.records import Head, Prior
from counterfoil.log.standings import Standings
from counterfoil.merkle.grown_paths import grown_paths
from counterfoil.receipt.issue import SignedHead
from counterfoil.receipt.tree_head import HeadSignature, TreeHead, sign_head
from counterfoil.statement.identity import LogIdentity
from counterfoil.statement.links import chain_id

_NOTHING: Final = Prior({}, {}, None)


@dataclass(frozen=True, slots=True)
class Appended:
    """What one transaction did: the outcomes of those taken, in order, and a receipt for each placed one.

    ``receipts`` has one item per outcome; None where the outcome is not a new entry.
    """

    outcomes: tuple[Outcome, ...]
    receipts: tuple[bytes | None, ...]


class Sequencer:
    """Appends to one log. Any number of sequencers, in any number of processes, may append to the same store.

    ``clock`` gives whole seconds since 1970; ``signer`` holds the receipt key. ``seen`` is the head this process began
    with. Not for concurrent use by threads.
    """

    def __init__(
        self,
        store: LogStore,
        identity: LogIdentity,
        signer: Signer,
        clock: Callable[[], int],
        *,
        seen: TreeHead | None = None,
    ) -> None:
        self._store = store
        self._identity = identity
        self._signer = signer
        self._clock = clock
        self._last = seen
        self._standings = Standings()

    def append(self, drain: Callable[[], Sequence[Submission]]) -> Appended:
        """Append what ``drain`` gives once the head is locked, in one durable transaction.

        Raises:
            StoreUnavailableError: The transaction failed; sending the same statements again is harmless.
            LogCorruptError: The head disagrees with itself or with what this process has seen; the process must stop.
            NotInitialisedError: The store holds no log.
        """
        with self._store.append() as transaction:
            head = _require_head(transaction)
            submissions = drain()
            prior = self._prior(transaction, head.tree, submissions)
            self._require_no_rollback(head.tree, prior.tree_head)
            plan = plan_batch(
                self._identity.origin,
                head,
                max(head.tree.time, self._clock()),
                self._view(transaction, submissions, prior),
                submissions,
                signer=self._signer.public_key.thumbprint,
            )
            signed = self._write(transaction, plan)
        # From here on the transaction is durable, and what follows may leave the process.
        self._last = plan.head.tree
        return Appended(plan.outcomes, _receipts(plan, signed))

    def _prior(self, transaction: AppendTransaction, now: TreeHead, submissions: Sequence[Submission]) -> Prior:
        """All that is looked up before anything is decided, in one question to the store."""
        statements = [submission.statement for submission in submissions]
        # Where others appended meanwhile, what this process has seen must still lie under it.
        seen = self._last.size if self._last is not None and self._last.size < now.size else None
        if not statements and seen is None:
            return _NOTHING
        chains = {chain_id(statement.claims.subject or "") for statement in statements}
        return transaction.prior([statement.duplicate_key for statement in statements], list(chains), seen)

    def _require_no_rollback(self, now: TreeHead, kept: TreeHead | None) -> None:
        last = self._last
        if last is not None and last not in {now, kept}:
            raise LogCorruptError(
                f"this process has seen size {last.size} with root {last.root.hex()}, which the store does not hold "
                f"any more; it now says size {now.size} with root {now.root.hex()}",
            )

    def _view(self, transaction: AppendTransaction, submissions: Sequence[Submission], prior: Prior) -> View:
        events = self._standings.view(transaction, submissions, prior.chains.values())
        return View(prior.registered, prior.chains, events)

    def _write(self, transaction: AppendTransaction, plan: Plan) -> SignedHead | None:
        if plan.growth is None:
            return None
        signature: HeadSignature = sign_head(self._signer, self._identity, plan.head.tree)
        transaction.write(plan.batch(transaction, signature))
        return SignedHead(self._identity, plan.head.tree, self._signer.public_key, signature)


def _require_head(transaction: AppendTransaction) -> Head:
    head = transaction.head
    if head is None:
        raise NotInitialisedError("the store holds no log")
    require_whole(head)
    return head


def require_whole(head: Head) -> None:
    """Check that a head row agrees with itself.

    Raises:
        LogCorruptError: Frontier and tree head name different trees; the text holds both.
    """
    if head.frontier.size != head.tree.size or head.frontier.root() != head.tree.root:
        raise LogCorruptError(
            f"the head row says size {head.tree.size} and root {head.tree.root.hex()}, "
            f"its frontier size {head.frontier.size} and root {head.frontier.root().hex()}",
        )


def _receipts(plan: Plan, signed: SignedHead | None) -> tuple[bytes | None, ...]:
    if signed is None or plan.growth is None:
        return (None,) * len(plan.outcomes)
    paths, first = grown_paths(plan.growth), plan.growth.before.size
    return tuple(
        signed.inclusion_receipt(outcome.number, paths[outcome.number - first]) if isinstance(outcome, Placed) else None
        for outcome in plan.outcomes
    )
