"""The policy in force, wherever it is asked for."""

from pathlib import Path

from counterfoil.cli.data_directory import find_data
from counterfoil.cli.remote import remote_log
from counterfoil.errors import MalformedGenesisError, MalformedPolicyError
from counterfoil.policy.document import POLICY_CONTENT_TYPE, PolicyDocument
from counterfoil.policy.parse import parse_policy
from counterfoil.receipt.transparent import parse_transparent_statement


def policy_of_data(data: Path | None, database: str | None) -> PolicyDocument:
    """The policy in force in a store on this machine; errors as for ``find_data`` and ``DataDirectory``."""
    found = find_data(data, database)
    with found.store() as store:
        return found.rules(store).policy


def policy_of_service(url: str, keys: Path | None, origin: str | None) -> PolicyDocument:
    """The policy that a service says is in force, once its receipt verifies.

    Raises:
        CounterfoilError: The service cannot be asked, or what it answers does not hold.
    """
    with remote_log(url, keys, origin) as client:
        try:
            entry_id = bytes.fromhex(client.log().policy_entry_id)
        except ValueError as error:
            raise MalformedGenesisError("the service names no policy entry") from error
        statement = parse_transparent_statement(client.transparent_statement(entry_id)).statement
    if statement.content_type != POLICY_CONTENT_TYPE:
        raise MalformedPolicyError("the entry that the service names is no policy")
    return parse_policy(statement.message.payload or b"")
