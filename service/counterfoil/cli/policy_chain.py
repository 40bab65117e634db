"""The policies that were ever in force, from a store or over HTTP, and what that rests on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterfoil.cli.data_directory import find_data
from counterfoil.cli.remote import trusted_log
from counterfoil.cli.trust import Trust, read_trust
from counterfoil.errors import (
    ChainInvalidError,
    IssuerMismatchError,
    LogCorruptError,
    MalformedError,
    NotInitialisedError,
    UnverifiedError,
)
from counterfoil.log.rules_source import read_genesis
from counterfoil.policy.succession import Succession, read_succession
from counterfoil.receipt.chain_head import verify_chain_head
from counterfoil.receipt.transparent import attach_receipts
from counterfoil.statement.genesis import GENESIS_ENTRY, Genesis, KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.links import chain_id
from counterfoil.verify import verify_history

if TYPE_CHECKING:
    from counterfoil.client import Client
    from counterfoil.client.chain import FetchedChain
    from counterfoil.storage.opening import Stored

STORE_ALONE: Final = "that the store agrees with itself: counterfoil fsck recomputes all of it"
_KEYS_UNPINNED: Final = (
    "whose log this is: the operator's key comes from the genesis statement that the service gave out just now; "
    "pin it with --keys genesis.cose"
)
_HEAD_UNSIGNED: Final = "that no later policy was left out: the service gave no signed head of the chain"
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class PolicyChain:
    """The policies of a log in order, with its genesis document.

    ``pinned``: the genesis statement was given by the user. ``tree_size`` is that of the tree as of which it is, None
    for a store, which is read as it is. ``open_points`` is what all of it does not show.
    """

    genesis: Genesis
    succession: Succession
    pinned: bool
    tree_size: int | None
    open_points: tuple[str, ...]


@contextmanager
def opened_store(data: Path | None, database: str | None) -> Iterator["Stored"]:
    """The store of a founded log; errors as for ``find_data`` and ``DataDirectory``."""
    with find_data(data, database).store() as store:
        if store.head() is None:
            raise NotInitialisedError("the store holds no log")
        yield store


@contextmanager
def opened_service(url: str, keys: Path | None, origin: str | None) -> Iterator[tuple["Client", Trust | None]]:
    """A service, and what the user trusts; errors as for ``remote_log``."""
    trust = None if keys is None else read_trust(keys, origin)
    with trusted_log(url, trust, origin) as client:
        yield client, trust


def policies_of_store(store: "Stored") -> PolicyChain:
    """The policies in a store.

    Raises:
        LogCorruptError: They are not what a log's chain of policies is.
    """
    genesis = read_genesis(store)
    try:
        succession = read_succession(_stored(store, genesis), genesis)
    except (MalformedError, UnverifiedError) as error:
        raise LogCorruptError(f"the chain of policies does not hold: {error.detail}") from error
    return PolicyChain(genesis, succession, pinned=False, tree_size=None, open_points=(STORE_ALONE,))


def policies_of_service(client: "Client", trust: Trust | None) -> PolicyChain:
    """The policies that a service gives out, each once its receipt and its signature verify.

    The keys are those of the genesis statement that the user gave, or else of the one in the chain, which the result
    says.

    Raises:
        ChainInvalidError, IssuerMismatchError: What it gives out is not the chain of the policies of that log.
        CounterfoilError: The service cannot be asked, or something does not verify.
    """
    pinned = None if trust is None else trust.genesis
    identity = parse_origin(client.log().origin) if pinned is None else pinned.identity
    fetched = client.chain(identity.policy_subject)
    genesis = _genesis_in(fetched) if pinned is None else pinned
    if genesis.identity != identity or fetched.verified.log_name != identity.log_name:
        raise IssuerMismatchError(f"the chain of policies is not that of {identity.origin}")
    succession = read_succession([(link.statement, link.decision) for link in fetched.links], genesis)
    size = None if fetched.verified.tree is None else fetched.verified.tree[0]
    whole = _is_whole(fetched, genesis)
    later = f"that no policy came into force after the tree of {size} entries"
    unpinned = () if pinned is not None else (_KEYS_UNPINNED,)
    return PolicyChain(genesis, succession, pinned is not None, size, (later if whole else _HEAD_UNSIGNED, *unpinned))


def _stored(store: "Stored", genesis: Genesis) -> Iterator[tuple[bytes, bytes]]:
    chain = store.chain(chain_id(genesis.identity.policy_subject))
    for start in range(0, 0 if chain is None else chain.length, _PAGE):
        for entry in () if chain is None else store.chain_entries(chain.number, start, _PAGE):
            content = store.content(entry.number)
            if content is None:
                raise LogCorruptError(f"the statement of entry {entry.number} is not stored")
            yield content.statement, entry.decision


def _genesis_in(fetched: "FetchedChain") -> Genesis:
    if len(fetched.links) <= GENESIS_ENTRY:
        raise ChainInvalidError("the chain of policies lacks the genesis statement")
    # Those receipts verified with the keys that are trusted; now they do with what the chain itself says of keys.
    return verify_history(b"".join(attach_receipts(link.statement, [link.receipt]) for link in fetched.links)).genesis


def _is_whole(fetched: "FetchedChain", genesis: Genesis) -> bool:
    """Whether the log signed that the chain has these entries in that tree, and no other."""
    if fetched.signed_head is None:
        return False
    identity, checkpoint_key = genesis.identity, genesis.keys[KeyPurpose.CHECKPOINT]
    head = verify_chain_head(fetched.signed_head.encode(errors="replace"), identity.origin, checkpoint_key)
    here = (fetched.verified.tree, chain_id(identity.policy_subject), len(fetched.links), fetched.verified.chain_hash)
    if ((head.size, head.root), head.chain_id, head.length, head.chain_hash) != here:
        raise ChainInvalidError("the policies are not those that the log's signed chain head covers")
    return True
