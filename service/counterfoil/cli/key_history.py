"""The key history of a log in a store, as a file that anybody can verify."""

from typing import TYPE_CHECKING, Final

from counterfoil.errors import LogCorruptError
from counterfoil.log.receipts import ReceiptSource
from counterfoil.policy.rules import Rules
from counterfoil.receipt.transparent import attach_receipts
from counterfoil.statement.links import chain_id

if TYPE_CHECKING:
    from counterfoil.storage.opening import Stored

_PAGE: Final = 100


def history_of_store(store: "Stored", rules: Rules) -> bytes:
    """The chain of policies as Transparent Statements one after another, as of the latest head.

    Raises:
        LogCorruptError: The store does not hold what its head says.
    """
    identity = rules.genesis.identity
    receipts = ReceiptSource(store, identity, lambda: rules.receipt_keys)
    size = receipts.latest().size
    receipt, chain = receipts.all_at(size), store.chain(chain_id(identity.policy_subject))
    items: list[bytes] = []
    for start in range(0, 0 if chain is None else chain.length, _PAGE):
        for entry in () if chain is None else store.chain_entries(chain.number, start, _PAGE):
            content = store.content(entry.number)
            if content is None:
                raise LogCorruptError(f"the statement of entry {entry.number} is not stored")
            if entry.number < size:
                items.append(attach_receipts(content.statement, [receipt(entry.number)]))
    return b"".join(items)
