"""A log opened for an audit, in a store or over HTTP."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterfoil.audit.enrolled_rules import EnrolmentEntry
from counterfoil.audit.timeline import RulesEntry, read_timeline
from counterfoil.audit.tree import SignedTree
from counterfoil.cli.audit_source import (
    EntriesFrom,
    ServiceSource,
    Source,
    StoreSource,
    entries_of_service,
    entries_of_store,
)
from counterfoil.cli.audit_trees import ServedTree, StoredTree
from counterfoil.cli.data_directory import find_data
from counterfoil.cli.files import read_input
from counterfoil.errors import AbsentError, LogCorruptError, MalformedError, RefusedError
from counterfoil.log.rules_source import read_genesis
from counterfoil.policy.document import POLICY_CONTENT_TYPE
from counterfoil.policy.parse import parse_policy
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.links import chain_id
from counterfoil.statement.signed_statement import parse_signed_statement

if TYPE_CHECKING:
    from counterfoil.client import Client
    from counterfoil.storage.opening import Stored

_STORE_ALONE: Final = "whose log this is: the keys come from the store itself; over HTTP they can be pinned with --keys"
_NOT_GIVEN: Final = (
    "which keys were enrolled: the service gives out no chain of enrolments, because there is none, or because it is "
    "for the operator's --credential"
)
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class AuditedLog:
    """What an audit takes of a log: its entries, here and in other processes, the signed tree, and its rules.

    ``enrolments`` are those of keys, None where it does not give out which there are. ``open_points`` is what the way
    to it does not show.
    """

    source: Source
    entries: EntriesFrom
    tree: SignedTree
    genesis: Genesis
    rules: tuple[RulesEntry, ...]
    enrolments: tuple[EnrolmentEntry, ...] | None
    open_points: tuple[str, ...]


@contextmanager
def store_to_audit(data: Path | None, database: str | None) -> Iterator[AuditedLog]:
    """A store on this machine; errors as for ``find_data`` and ``DataDirectory``.

    Raises:
        NotInitialisedError: It holds no log.
        LogCorruptError: It has no signed tree head, no genesis statement or no chain of policies.
    """
    found = find_data(data, database)
    with found.store() as store:
        genesis = read_genesis(store)
        # The head first, so that the policies reach at least as far as its tree does.
        head = store.head()
        if head is None:
            raise LogCorruptError("the store holds no tree head")
        rules = tuple(_rules(store, genesis))
        tree = StoredTree(store, head.tree, read_timeline(rules, genesis).rules_at(head.tree.size))
        source = StoreSource(found.path, found.settings.database)
        yield AuditedLog(
            source=source,
            entries=lambda a, b: entries_of_store(store, a, b),
            tree=tree,
            genesis=genesis,
            rules=rules,
            enrolments=tuple(_enrolments(store, genesis)),
            open_points=(_STORE_ALONE,),
        )


@contextmanager
def service_to_audit(url: str, keys: Path | None, origin: str | None, credential: Path | None) -> Iterator[AuditedLog]:
    """A service, with what lets its operator read; errors as for ``opened_service`` and ``served_policies``.

    Raises:
        UnverifiedError, MalformedError: Its checkpoint is not one that the log signed.
    """
    from counterfoil.cli.policy_chain import opened_service, served_policies  # noqa: PLC0415 - a store takes none of it
    from counterfoil.verify import verify_checkpoint  # noqa: PLC0415 - as above

    token = None if credential is None else read_input(credential).decode(errors="replace").strip()
    with opened_service(url, keys, origin, credential=token) as (client, trust):
        text = client.checkpoint_text()  # As above.
        served = served_policies(client, trust)
        genesis, chain = served.genesis, served.chain
        checkpoint = verify_checkpoint(text, genesis.identity.origin, genesis.keys[KeyPurpose.CHECKPOINT])
        places = [inclusion.leaf_index for inclusion in chain.verified.inclusions]
        rules = [
            RulesEntry(place, link.statement, link.decision) for place, link in zip(places, chain.links, strict=True)
        ]
        enrolments = _served_enrolments(client, genesis) if _judges_evidence(rules) else ()
        yield AuditedLog(
            source=ServiceSource(url, token),
            entries=lambda a, b: entries_of_service(client, a, b),
            tree=ServedTree(client, checkpoint),
            genesis=genesis,
            rules=tuple(rules),
            enrolments=enrolments,
            open_points=(*served.open_points, *((_NOT_GIVEN,) if enrolments is None else ())),
        )


def _rules(store: "Stored", genesis: Genesis) -> Iterator[RulesEntry]:
    """The chain of policies; one whose statement is gone is left out, and is a fault where it is repeated."""
    chain = store.chain(chain_id(genesis.identity.policy_subject))
    if chain is None:
        raise LogCorruptError("the store holds no chain of policies")
    for start in range(0, chain.length, _PAGE):
        for entry in store.chain_entries(chain.number, start, _PAGE):
            content = store.content(entry.number)
            if content is not None:
                yield RulesEntry(entry.number, content.statement, entry.decision)


def _enrolments(store: "Stored", genesis: Genesis) -> Iterator[EnrolmentEntry]:
    """The chain of enrolments; a record that cannot be read is a fault where it is repeated."""
    chain = store.chain(chain_id(genesis.identity.enrolment_subject))
    for start in range(0, 0 if chain is None else chain.length, _PAGE):
        for entry in () if chain is None else store.chain_entries(chain.number, start, _PAGE):
            with suppress(MalformedError):
                head_time = parse_decision_record(entry.decision).head_time
                yield EnrolmentEntry(entry.number, entry.statement_hash, head_time)


def _judges_evidence(rules: Sequence[RulesEntry]) -> bool:
    """Whether a policy ever had an appraisal: without one nobody can enrol, and a log need not be asked who did."""
    statements = (parse_signed_statement(one.statement, max_bytes=len(one.statement)) for one in rules)
    policies = (one.message.payload or b"" for one in statements if one.content_type == POLICY_CONTENT_TYPE)
    return any(parse_policy(one).appraisals for one in policies)


def _served_enrolments(client: "Client", genesis: Genesis) -> tuple[EnrolmentEntry, ...] | None:
    """The chain of enrolments; None where the service gives out none: it is not there, or not for who asks."""
    try:
        chain = client.chain(genesis.identity.enrolment_subject)
    except (AbsentError, RefusedError):
        return None
    places = [inclusion.leaf_index for inclusion in chain.verified.inclusions]
    records = [parse_decision_record(link.decision) for link in chain.links]
    return tuple(
        EnrolmentEntry(number, entry_id, record.head_time)
        for number, entry_id, record in zip(places, chain.verified.entries, records, strict=True)
    )
