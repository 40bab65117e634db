"""Where an operator makes statements of the log about itself: beside its store, or at a service over HTTP."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from counterfoil.cli.data_directory import DataDirectory, find_data, now
from counterfoil.cli.policy_chain import opened_service, policies_of_service
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.errors import ConflictError, KeysMismatchError, MisconfiguredError
from counterfoil.log.founding import sign_own_statement
from counterfoil.log.local_log import LocalLog
from counterfoil.policy.changes import CRL_CONTENT_TYPE
from counterfoil.policy.loaded_collateral import COLLATERAL_CONTENT_TYPE
from counterfoil.policy.rules import Rules
from counterfoil.register import Registration, register
from counterfoil.signing.file_signer import read_key_file
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import StatementHash, parse_signed_statement

_NOBODY_ELSE: Final = "the signer at hand holds {held}, and the operators' keys are {known}"


@dataclass(frozen=True, slots=True)
class Published:
    """A statement of the log about itself that is registered: its entry number and its entry id."""

    number: int
    entry_id: StatementHash


@dataclass(frozen=True, slots=True)
class Desk:
    """The rules of a log as they are, and an operator who can add to its chain of policies.

    ``head_time`` is that of the latest head, in seconds since 1970, 0 where that is not known.
    """

    rules: Rules
    signer: LocalSigner
    head_time: int
    _register: Callable[[bytes], Published]

    def publish(self, content_type: str, payload: bytes) -> Published:
        """Sign a statement about the log and register it.

        Raises:
            KeysMismatchError: The key is not an operator's, neither in force nor under a proposal.
            ConflictError: The log said the very same before, in the same second.
            CounterfoilError: It cannot come into force, or the log cannot be reached.
        """
        self._require_operator(content_type)
        identity = self.rules.genesis.identity
        issued_at, subject = max(now(), self.head_time), identity.policy_subject
        statement = sign_own_statement(self.signer, identity, subject, content_type, payload, issued_at)
        published = self._register(statement)
        if published.number <= self.rules.rules_entry:
            # Whoever sends the same bytes again gets the entry that they are, which changes nothing any more.
            raise ConflictError(f"the log says so already, in entry {published.number}")
        return published

    def _require_operator(self, content_type: str) -> None:
        held = self.signer.public_key.thumbprint
        known = self.rules.operator_kids | self.rules.ballot.candidates().keys()
        if content_type in {CRL_CONTENT_TYPE, COLLATERAL_CONTENT_TYPE}:
            known |= {self.rules.genesis.keys[KeyPurpose.SERVICE].thumbprint}
        if held not in known:
            names = ", ".join(sorted(kid.hex() for kid in known))
            raise KeysMismatchError(_NOBODY_ELSE.format(held=held.hex(), known=names))


@contextmanager
def desk_of_data(data: DataDirectory, key: Path | None = None) -> Iterator[Desk]:
    """A desk beside the store. ``key`` is a file; the operator key of the settings where it is not given.

    Raises:
        SignerUnavailableError: The key cannot be used.
        UnavailableError, CorruptError, MisconfiguredError: The log cannot be opened.
    """
    signer = data.signer(data.settings.operator_key) if key is None else read_key_file(key)
    with data.store() as store:
        log = data.open_log(store)

        def register_here(statement: bytes) -> Published:
            done = asyncio.run(_register(statement, log))
            return Published(done.number, done.entry_id)

        yield Desk(log.current_rules(), signer, log.head().tree.time, register_here)


@contextmanager
def operator_desk(
    data: Path | None,
    database: str | None,
    url: str | None,
    keys: Path | None,
    origin: str | None,
    key: Path | None,
) -> Iterator[Desk]:
    """A desk beside the store, or at a service when ``url`` is given; then the log's chain of policies is verified.

    Raises:
        MisconfiguredError: No key is given for a service.
        CounterfoilError: As ``desk_of_data``, or the service cannot be asked, or what it gives out does not hold.
    """
    if url is None:
        with desk_of_data(find_data(data, database), key) as desk:
            yield desk
        return
    signer = _signer(key)
    with opened_service(url, keys, origin) as (client, trust):
        rules = policies_of_service(client, trust).succession.rules[-1]

        def register_there(statement: bytes) -> Published:
            done = client.submit(statement)
            return Published(done.verified.inclusions[0].leaf_index, parse_signed_statement(statement).hash)

        yield Desk(rules, signer, 0, register_there)


def rules_now(data: Path | None, database: str | None, url: str | None, keys: Path | None, origin: str | None) -> Rules:
    """The rules of a log as they are, for who only reads; errors as for ``operator_desk``."""
    if url is None:
        found = find_data(data, database)
        with found.store() as store:
            return found.rules(store)
    with opened_service(url, keys, origin) as (client, trust):
        return policies_of_service(client, trust).succession.rules[-1]


def _signer(key: Path | None) -> LocalSigner:
    if key is None:
        raise MisconfiguredError("over HTTP the operator's key is given by --key")
    return read_key_file(key)


async def _register(statement: bytes, log: LocalLog) -> Registration:
    try:
        return await register(statement, log)
    finally:
        await log.close()
