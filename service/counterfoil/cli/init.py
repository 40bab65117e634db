"""``counterfoil init``: a new log in a new data directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from counterfoil.cli.data_directory import KEYS, now
from counterfoil.cli.extras import needing
from counterfoil.cli.files import FileUnwritableError, read_input, sync_directory
from counterfoil.cli.options import AsJson, Database
from counterfoil.cli.output import Reply, fields
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.errors import AlreadyInitialisedError
from counterfoil.log.founding import found_log
from counterfoil.log.local_log import Store
from counterfoil.log.records import EntryNumber
from counterfoil.log.rules_source import read_genesis
from counterfoil.policy.document import ContentTypeRule, PolicyDocument, Visibility
from counterfoil.policy.parse import parse_policy
from counterfoil.settings import read_settings
from counterfoil.signing.file_signer import read_key_file, write_key_file
from counterfoil.signing.generate import generate_key_pem
from counterfoil.statement.genesis import GENESIS_ENTRY, KeyPurpose
from counterfoil.statement.identity import LogIdentity, parse_origin
from counterfoil.statement.trace_event.event import TRACE_EVENT_CONTENT_TYPE

UNFINISHED: Final = "init-unfinished"
"""There from the first step to the last, so that what an interrupted run left is told from somebody's log."""

DATABASE: Final = "log.db"
_STAGED: Final = "log.db.unfinished"
_OWNER_ONLY: Final = 0o700
_ALGORITHMS: Final = {KeyPurpose.CHECKPOINT: "EdDSA"}
_DEFAULT_ALGORITHM: Final = "ES256"

DEFAULT_POLICY: Final = PolicyDocument(
    version=1,
    algorithms=frozenset({"ES256", "ES384", "ES512", "EdDSA", "Ed25519", "PS256"}),
    content_types=(
        ContentTypeRule("application/json", Visibility.PARTIES, frozenset()),
        ContentTypeRule(TRACE_EVENT_CONTENT_TYPE, Visibility.PARTIES, frozenset()),
    ),
)
"""Nobody may register anything yet; once an issuer is added, JSON that the parties alone may read."""


@dataclass(frozen=True, slots=True)
class NewLog:
    """A log that was just founded."""

    identity: LogIdentity
    genesis_id: bytes
    keys: dict[KeyPurpose, Path]


def init(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The data directory to make.")],
    origin: Annotated[
        str,
        typer.Option("--origin", metavar="HOST/PATH", help="The log's name for life, without a scheme."),
    ],
    database: Database = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="The first registration policy, as 'policy show' prints one."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Found a new log.

    Makes its keys, its database, and its first two entries: the policy and the genesis statement.

    A directory that holds anything is left alone. A run that was interrupted can be repeated: what it left is removed
    first. Give auditors the genesis entry id that this prints; it pins the log and its keys.

    With --database the log lies in PostgreSQL and the directory holds its keys alone; tables are made where there are
    none.

    Example:
      counterfoil init --data ./data --origin log.example/agents
    """
    identity = parse_origin(origin)
    document = DEFAULT_POLICY if policy is None else parse_policy(read_input(policy))
    url = read_settings().database if database is None else database
    founded = found_in(data, identity, document) if url is None else found_in_database(data, url, identity, document)
    genesis = founded.genesis_id.hex()
    rows = [("data", data), ("genesis entry id", genesis), *((f"{p} key", path) for p, path in founded.keys.items())]
    Reply(
        f"founded the log {identity.origin}\n{fields(rows)}\n"
        f"next: counterfoil issuer add --data {data} --name ISS --key FILE.pub",
        {
            "data": str(data),
            "origin": identity.origin,
            "issuer": identity.issuer,
            "genesisEntryId": genesis,
            "keys": {purpose.value: str(path) for purpose, path in founded.keys.items()},
        },
    ).show(as_json=as_json)


def found_in(data: Path, identity: LogIdentity, policy: PolicyDocument) -> NewLog:
    """Found a log in a directory that is empty or not there, or that an interrupted run left.

    Raises:
        AlreadyInitialisedError: The directory holds a log, or something else; the error names what.
        MisconfiguredError, RefusedError, UnavailableError: As ``found_log``, or the disk refuses.
    """
    with needing("server"):
        from counterfoil.storage.sqlite import open_sqlite  # noqa: PLC0415 - the base install has no database
    with _claimed(data):
        _remove_leftovers(data)
        keys = _make_keys(data / KEYS)
        with closing(open_sqlite(data / _STAGED, create=True)) as store:
            genesis_id = _found(store, identity, keys, policy)
        sync_directory(data / KEYS)
        try:
            (data / _STAGED).rename(data / DATABASE)
        except OSError as error:
            raise FileUnwritableError(f"{data / DATABASE} cannot be written: {error.strerror}") from error
    return NewLog(identity, genesis_id, keys)


def found_in_database(data: Path, url: str, identity: LogIdentity, policy: PolicyDocument) -> NewLog:
    """Found a log in a database, with its keys in a directory that is empty or not there.

    An interrupted run is ended by the next one: with its keys, if it came as far as founding the log with them.

    Raises:
        AlreadyInitialisedError: The database holds a log that was not founded with keys in this directory.
        MisconfiguredError, RefusedError, UnavailableError: As ``found_log``, or the disk refuses.
    """
    with needing("server"):
        from counterfoil.storage.migrate import upgrade_if_empty  # noqa: PLC0415 - the base install has no database
        from counterfoil.storage.opening import open_store  # noqa: PLC0415 - as above
    upgrade_if_empty(url)
    with closing(open_store(url, data)) as store, _claimed(data):
        if store.head() is not None:
            return _require_founded_here(store, data / KEYS)
        _remove_leftovers(data)
        keys = _make_keys(data / KEYS)
        # The keys must be there for as long as the log is, so they are durable first.
        sync_directory(data / KEYS)
        return NewLog(identity, _found(store, identity, keys, policy), keys)


def _require_founded_here(store: Store, folder: Path) -> NewLog:
    genesis = read_genesis(store)
    paths = {purpose: folder / f"{purpose.value}.pem" for purpose in KeyPurpose}
    if not all(path.is_file() and read_key_file(path).public_key == genesis.keys[key] for key, path in paths.items()):
        raise AlreadyInitialisedError("the database holds a log already, founded with other keys; it was left alone")
    return NewLog(genesis.identity, _genesis_id(store), paths)


@contextmanager
def _claimed(data: Path) -> Iterator[None]:
    """Hold the directory against another run, from looking what is there to the last step."""
    try:
        data.mkdir(_OWNER_ONLY, parents=True, exist_ok=True)
        _require_free(data)
        data.chmod(_OWNER_ONLY)
        descriptor = os.open(data / UNFINISHED, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise FileUnwritableError(f"{data} cannot be made a data directory: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _require_free(data)
        yield
        (data / UNFINISHED).unlink()
        sync_directory(data)
    except BlockingIOError as error:
        raise AlreadyInitialisedError(f"another run founds a log in {data} just now") from error
    finally:
        os.close(descriptor)


def _require_free(data: Path) -> None:
    there = sorted(path.name for path in data.iterdir())
    if DATABASE in there:
        raise AlreadyInitialisedError(f"{data} holds a log; it was left alone")
    if there and UNFINISHED not in there:
        raise AlreadyInitialisedError(f"{data} is not empty and was left alone; it holds {', '.join(there)}")


def _remove_leftovers(data: Path) -> None:
    """Remove what an interrupted run made; its keys have signed nothing that anybody was given."""
    for purpose in KeyPurpose:
        (data / KEYS / f"{purpose.value}.pem").unlink(missing_ok=True)
    for suffix in ("", "-wal", "-shm", "-journal"):
        (data / f"{_STAGED}{suffix}").unlink(missing_ok=True)


def _make_keys(folder: Path) -> dict[KeyPurpose, Path]:
    try:
        folder.mkdir(_OWNER_ONLY, exist_ok=True)
    except OSError as error:
        raise FileUnwritableError(f"{folder} cannot be made: {error.strerror}") from error
    paths = {purpose: folder / f"{purpose.value}.pem" for purpose in KeyPurpose}
    for purpose, path in paths.items():
        write_key_file(path, generate_key_pem(_ALGORITHMS.get(purpose, _DEFAULT_ALGORITHM)))
    return paths


def _found(store: Store, identity: LogIdentity, keys: dict[KeyPurpose, Path], policy: PolicyDocument) -> bytes:
    signers: dict[KeyPurpose, LocalSigner] = {purpose: read_key_file(path) for purpose, path in keys.items()}
    found_log(store, identity, signers, policy, now())
    return _genesis_id(store)


def _genesis_id(store: Store) -> bytes:
    genesis = store.entry(EntryNumber(GENESIS_ENTRY))
    return b"" if genesis is None else genesis.statement_hash
