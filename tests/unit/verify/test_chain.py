"""A chain verified as a whole: what was given out holds, and nothing else does."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from counterfoil.errors import (
    ChainInvalidError,
    CounterfoilError,
    IssuerMismatchError,
    LogKeyUnknownError,
    MalformedClaimsError,
    UnverifiedError,
)
from counterfoil.statement.decision_record import decision_digest
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.links import chain_hash, chain_id, empty_chain_hash
from counterfoil.statement.trace_event.event import EventType
from counterfoil.storage.memory import MemoryStore
from counterfoil.verify import ChainLink, LogKeys, VerifiedChain, log_keys_of, verify_chain
from tests.builders import World, issuer_of, sign_statement
from tests.events import Cast, engagement, hash_of
from tests.log.material import register_all

Change = Callable[[list[ChainLink]], list[ChainLink]]


class Told:
    """A log with an engagement in it, another chain beside it, and what it gives out about both."""

    def __init__(self) -> None:
        self.cast = Cast()
        self.world = World(MemoryStore())
        self.world.policy = self.cast.policy(issuer_of(self.world.agent))
        self.world.found()
        story = engagement(self.cast)
        asyncio.run(self._register(story))
        self.chain = self.links(self.cast.root)
        self.beside = self.links("beside")
        self.keys = log_keys_of(self.world.signers[KeyPurpose.RECEIPT].public_key)

    async def _register(self, story: list[bytes]) -> None:
        log = self.world.open()
        await register_all([sign_statement(self.world.agent, subject="beside") for _ in range(2)], log)
        for event in story[:3]:
            await register_all([event], log)
        await register_all([sign_statement(self.world.agent, subject=self.cast.root)], log)
        await register_all(story[3:], log)
        await log.close()

    def links(self, root: str) -> list[ChainLink]:
        log, store = self.world.open(), self.world.store
        head = store.chain(chain_id(root))
        assert head is not None
        links = []
        for entry in store.chain_entries(head.number, 0, head.length):
            content = store.content(entry.number)
            assert content is not None
            links.append(ChainLink(content.statement, entry.decision, log.receipts.stable(entry.number)))
        return links

    def hash(self, root: str) -> bytes:
        head = self.world.store.chain(chain_id(root))
        assert head is not None
        return head.chain_hash

    def hash_over(self, links: list[ChainLink]) -> bytes:
        """What a log says that keeps its own hash right, whatever else it does."""
        last = empty_chain_hash(self.world.identity.origin, self.cast.root)
        for link in links:
            last = chain_hash(last, hash_of(link.statement), decision_digest(link.decision))
        return last

    def verify(self, links: list[ChainLink], **options: object) -> VerifiedChain:
        keys = options.get("keys", self.keys)
        assert isinstance(keys, LogKeys)
        issuer = options.get("issuer")
        root = str(options.get("root", self.cast.root))
        expected = options.get("expected", self.hash(self.cast.root))
        assert isinstance(expected, bytes)
        return verify_chain(root, links, expected, keys, expected_issuer=None if issuer is None else str(issuer))


@pytest.fixture(scope="module")
def told() -> Told:
    return Told()


def test_what_the_log_gives_out_holds(told: Told) -> None:
    verified = told.verify(told.chain)
    assert (len(verified.entries), verified.events) == (13, 12)
    assert verified.chain_hash == told.hash(told.cast.root)
    assert verified.log_name == told.world.identity.origin
    assert any("no other entry" in sentence for sentence in verified.not_established)
    assert any("what the statement says is so" in sentence for sentence in verified.not_established)


CHANGES: dict[str, Change] = {
    "the last one left out": lambda links: links[:-1],
    "the first one left out": lambda links: links[1:],
    "one in the middle left out": lambda links: [*links[:5], *links[6:]],
    "the generic statement left out": lambda links: [*links[:3], *links[4:]],
    "two exchanged": lambda links: [*links[:5], links[6], links[5], *links[7:]],
    "one twice": lambda links: [*links[:5], links[4], *links[5:]],
    "nothing": lambda _links: [],
    "the decision of another": lambda links: [*links[:5], replace(links[5], decision=links[4].decision), *links[6:]],
    "decisions exchanged": lambda links: [
        *links[:5],
        replace(links[5], decision=links[6].decision),
        replace(links[6], decision=links[5].decision),
        *links[7:],
    ],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_chain_that_was_changed_does_not_hold(told: Told, change: str) -> None:
    with pytest.raises(ChainInvalidError):
        told.verify(CHANGES[change](told.chain))


def test_an_entry_of_another_chain_does_not_belong(told: Told) -> None:
    with pytest.raises(ChainInvalidError, match="another subject"):
        told.verify([told.beside[0], *told.chain])
    with pytest.raises(ChainInvalidError, match="another subject"):
        told.verify(told.chain, root="beside")


def test_the_receipt_of_another(told: Told) -> None:
    links = [*told.chain[:5], replace(told.chain[5], receipt=told.chain[4].receipt), *told.chain[6:]]
    with pytest.raises(UnverifiedError):
        told.verify(links)


def test_keys_and_logs_that_are_not_trusted(told: Told) -> None:
    with pytest.raises(LogKeyUnknownError):
        told.verify(told.chain, keys=log_keys_of(told.world.agent.public_key))
    with pytest.raises(IssuerMismatchError):
        told.verify(told.chain, issuer="https://another.example/log")
    with pytest.raises(MalformedClaimsError):
        told.verify(told.chain, root="")


def test_a_log_that_admitted_a_reference_to_nothing_is_caught(told: Told) -> None:
    """A log that keeps its own hash right and breaks the rules of the profile."""
    lost = [link for link in told.chain if hash_of(link.statement) != hash_of(told.chain[1].statement)]
    with pytest.raises(ChainInvalidError, match="refers to"):
        told.verify(lost, expected=told.hash_over(lost))


def test_a_log_that_shows_another_order_or_another_decision_is_caught(told: Told) -> None:
    """Its hash is right over what it shows; the receipts and the decision records are not."""
    exchanged = [told.chain[0], told.chain[1], told.chain[3], told.chain[2], *told.chain[4:]]
    with pytest.raises(ChainInvalidError, match="registered before"):
        told.verify(exchanged, expected=told.hash_over(exchanged))
    undecided = [*told.chain[:5], replace(told.chain[5], decision=told.chain[4].decision), *told.chain[6:]]
    with pytest.raises(ChainInvalidError, match="decided on as number"):
        told.verify(undecided, expected=told.hash_over(undecided))
    assert told.verify(told.chain, expected=told.hash_over(told.chain)).events == 12


def test_bytes_that_are_nothing(told: Told) -> None:
    for member in ("statement", "decision", "receipt"):
        links = [replace(told.chain[0], **{member: b"\xd2\x84"}), *told.chain[1:]]
        with pytest.raises(CounterfoilError):
            told.verify(links)


def test_each_kind_of_event_is_in_the_story(told: Told) -> None:
    assert len(told.chain) > len(EventType)
