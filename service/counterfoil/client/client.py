"""The clients of a log: one that waits, and one in an event loop. Each thing is verified before it is returned."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from counterfoil.attestation.conveyance.challenge import Challenge
from counterfoil.client.chain import FetchedChain
from counterfoil.client.conversations import Fetched
from counterfoil.client.enrolling import Enrolled, Enrolling, MakeEvidence
from counterfoil.client.key_pins import KeyPins
from counterfoil.client.patience import Patience
from counterfoil.client.receipt_store import ReceiptStore
from counterfoil.client.submitting import Registered
from counterfoil.client.submitting_many import Outcome
from counterfoil.client.summary import LogSummary
from counterfoil.client.transport import AsyncTransport, Transport
from counterfoil.cose.keys import PublicKey
from counterfoil.cose.signer import Signer
from counterfoil.merkle.tiles import TilePath
from counterfoil.verify import LogKeys, VerifiedCheckpoint, VerifiedConsistency, VerifiedHistory

Carrier = TypeVar("Carrier")

DEFAULT_PATIENCE: Final = Patience()


class _Common(Generic[Carrier]):
    _open: Callable[..., Carrier]

    def __init__(  # noqa: PLR0913 - each is named where it is given
        self,
        base_url: str,
        *,
        log_keys: LogKeys | None = None,
        history: VerifiedHistory | None = None,
        expected_issuer: str | None = None,
        pins: Path | None = None,
        receipts: ReceiptStore | None = None,
        admin_token: str | None = None,
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        self._talk = Enrolling(
            log_keys=log_keys,
            history=history,
            expected_issuer=expected_issuer,
            pins=None if pins is None else KeyPins(pins),
            receipts=receipts,
            patience=patience,
        )
        self._transport = self._open(base_url, admin_token=admin_token, patience=patience)

    @property
    def keys_are_pinned(self) -> bool:
        """Whether the keys came from elsewhere than this service in this process."""
        return self._talk.keys_are_pinned


class Client(_Common[Transport]):
    """One log over HTTP.

    ``log_keys`` pins what receipts must verify with. ``history``, which ``verify_history`` makes of the log's genesis
    statement or of its key history, does so too, and receipt keys that the log has announced since are followed: where
    a receipt names an unknown one, the log's history is fetched and verified from there on. Compromised keys are not
    believed. ``pins`` names a file that keeps the log's key set from the first time on, and a log that publishes others
    later is not believed (LogKeysChangedError); keys are followed from one with a genesis statement or a key history in
    it. Without any the log's own key set is fetched once, and what is verified with those keys shows only that the
    service agrees with itself: ``keys_are_pinned`` says which. ``receipts`` keeps every verified receipt, and a
    statement whose receipt it holds is not sent again. Requests that find the service unreachable or busy are repeated
    as ``patience`` has it.

    Every method may raise ServiceUnreachableError, ServiceAnswerError, or a ServiceProblemError of its family; every
    method that returns something signed raises UnverifiedError or MalformedError when it does not hold.
    """

    _open = Transport

    def submit(self, statement: bytes) -> Registered:
        """Register a signed statement; its receipt, once it verifies for these very bytes.

        Posting the same bytes again is harmless and returns the same receipt.

        Raises:
            ReceiptWithheldError: It is registered, and its receipt did not come in time.
        """
        return self._transport.hold(self._talk.submit(statement))

    def submit_many(self, statements: Sequence[bytes]) -> list[Outcome]:
        """Register statements, up to 256 in a request; in order, each one's receipt or the error it ended with.

        What may be registered later (UnavailableError) is given again: what was taken meanwhile gets the same receipt.
        A service that stays away for as long as ``patience`` has it is not asked for the statements that follow; they
        end with the same error.
        """
        return self._transport.hold(self._talk.submit_many(statements))

    def enrol(self, signer: Signer, issuer: str, make_evidence: MakeEvidence) -> Enrolled:
        """Enrol the signer's key for an issuer, by evidence that ``make_evidence`` asks the hardware for.

        It is given what the evidence has to hold, once the log has given a challenge, and has five minutes.
        """
        return self._transport.hold(self._talk.enrol(signer, issuer, make_evidence))

    def challenge(self) -> Challenge:
        """A challenge of the log, to be answered with an enrolment; for those who do not ``enrol`` in one go."""
        return self._transport.hold(self._talk.challenge())

    def answer_challenge(self, challenge: Challenge, enrolment: bytes) -> Enrolled:
        """Answer a challenge with an enrolment that ``sign_enrolment`` signed; posting it again is harmless."""
        return self._transport.hold(self._talk.answer_challenge(challenge, enrolment))

    def receipt(self, entry_id: bytes, *, fresh: bool = False) -> Fetched:
        """The receipt of an entry: the one that registration returned, or one at the log's current size."""
        return self._transport.hold(self._talk.receipt(entry_id, fresh=fresh))

    def transparent_statement(self, entry_id: bytes) -> bytes:
        """The statement of an entry with its receipt, where this client may read it."""
        return self._transport.hold(self._talk.transparent_statement(entry_id))

    def decision(self, entry_id: bytes) -> bytes:
        """The decision record of an entry, where this client may read it; nothing in it is verified."""
        return self._transport.hold(self._talk.decision(entry_id))

    def entry_id(self, number: int) -> bytes:
        """The entry id of that number, as the log's index has it; nothing in it is verified.

        Raises:
            EntryAbsentError: The log has no entry of that number.
        """
        return self._transport.hold(self._talk.entry_id(number))

    def chain(self, root_trace_id: str) -> FetchedChain:
        """The whole chain of that rootTraceId, every entry verified and all of them against the chain's hash.

        Raises:
            ChainInvalidError: The entries are not those that the hash commits to.
        """
        return self._transport.hold(self._talk.chain(root_trace_id))

    def case_file(self, root_trace_id: str, *, size: int | None = None) -> bytes:
        """The case file of an engagement as of a committed tree size, the latest unless named; nothing is verified.

        ``counterfoil.case.verify.verify_case`` does that.
        """
        return self._transport.hold(self._talk.case_file(root_trace_id, size))

    def entry_sequence(self, start: int, limit: int) -> bytes:
        """Up to ``limit`` entries with what their decisions were made by, a CBOR sequence; nothing is verified.

        Entries that this client may not read come without content. ``counterfoil.audit`` repeats the decisions.
        """
        return self._transport.hold(self._talk.entry_sequence(start, limit))

    def tile(self, path: TilePath) -> bytes:
        """The hashes of a tile; nothing in it is verified."""
        return self._transport.hold(self._talk.tile(path))

    def log(self) -> LogSummary:
        """What the log says about itself; nothing in it is verified."""
        return self._transport.hold(self._talk.log())

    def keys(self) -> LogKeys:
        """The keys that receipts are verified with: those pinned, or the log's own, fetched once."""
        return self._transport.hold(self._talk.keys())

    def key_history(self) -> tuple[bytes, VerifiedHistory]:
        """The log's key history as a file for ``verify_history``, and what it shows.

        Raises:
            IssuerMismatchError, ChainInvalidError: It is of another log than the pinned one, or takes something back.
        """
        return self._transport.hold(self._talk.key_history())

    def key_set(self) -> bytes:
        """The COSE Key Set that the log publishes now, as it came."""
        return self._transport.hold(self._talk.key_set())

    def checkpoint_text(self) -> bytes:
        """The log's latest checkpoint as it came; nothing in it is verified."""
        return self._transport.hold(self._talk.checkpoint_text())

    def checkpoint(self, origin: str, key: PublicKey) -> VerifiedCheckpoint:
        """The log's latest checkpoint, once the log's checkpoint key has signed it under its name."""
        return self._transport.hold(self._talk.checkpoint(origin, key))

    def consistency(
        self,
        old_size: int,
        old_root: bytes,
        new_size: int | None = None,
    ) -> tuple[bytes, VerifiedConsistency]:
        """The consistency receipt from a tree known from before to a later one, the current one unless named."""
        return self._transport.hold(self._talk.consistency(old_size, old_root, new_size))

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClient(_Common[AsyncTransport]):
    """The same in an event loop, with the same arguments, promises and errors."""

    _open = AsyncTransport

    async def submit(self, statement: bytes) -> Registered:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.submit(statement))

    async def submit_many(self, statements: Sequence[bytes]) -> list[Outcome]:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.submit_many(statements))

    async def enrol(self, signer: Signer, issuer: str, make_evidence: MakeEvidence) -> Enrolled:
        """As ``Client`` does; ``make_evidence`` is called in a thread."""
        return await self._transport.hold(self._talk.enrol(signer, issuer, make_evidence))

    async def challenge(self) -> Challenge:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.challenge())

    async def answer_challenge(self, challenge: Challenge, enrolment: bytes) -> Enrolled:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.answer_challenge(challenge, enrolment))

    async def receipt(self, entry_id: bytes, *, fresh: bool = False) -> Fetched:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.receipt(entry_id, fresh=fresh))

    async def transparent_statement(self, entry_id: bytes) -> bytes:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.transparent_statement(entry_id))

    async def decision(self, entry_id: bytes) -> bytes:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.decision(entry_id))

    async def entry_id(self, number: int) -> bytes:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.entry_id(number))

    async def chain(self, root_trace_id: str) -> FetchedChain:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.chain(root_trace_id))

    async def case_file(self, root_trace_id: str, *, size: int | None = None) -> bytes:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.case_file(root_trace_id, size))

    async def entry_sequence(self, start: int, limit: int) -> bytes:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.entry_sequence(start, limit))

    async def tile(self, path: TilePath) -> bytes:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.tile(path))

    async def log(self) -> LogSummary:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.log())

    async def keys(self) -> LogKeys:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.keys())

    async def key_history(self) -> tuple[bytes, VerifiedHistory]:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.key_history())

    async def key_set(self) -> bytes:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.key_set())

    async def checkpoint_text(self) -> bytes:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.checkpoint_text())

    async def checkpoint(self, origin: str, key: PublicKey) -> VerifiedCheckpoint:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.checkpoint(origin, key))

    async def consistency(
        self,
        old_size: int,
        old_root: bytes,
        new_size: int | None = None,
    ) -> tuple[bytes, VerifiedConsistency]:
        """As ``Client`` does."""
        return await self._transport.hold(self._talk.consistency(old_size, old_root, new_size))

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
