"""What a log says about itself."""

from dataclasses import dataclass
from typing import Final

from counterfoil.client.problem import ServiceAnswerError
from counterfoil.cose.keys import PublicKey, parse_public_key_pem
from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.errors import CounterfoilError, EntryAbsentError, MalformedError
from counterfoil.statement.genesis import KeyPurpose

MAX_SUMMARY_BYTES: Final = 256 * 1024
"""Four keys in PEM and some numbers take a few kilobytes."""


_ENTRY_ID_CHARACTERS: Final = 64


@dataclass(frozen=True, slots=True)
class LogSummary:
    """The log at a glance, in its own words: nothing in it is verified."""

    origin: str
    issuer: str
    log_name: str
    size: int
    root: str
    head_time: int
    policy_entry_id: str
    genesis_entry_id: str
    keys: tuple[tuple[KeyPurpose, PublicKey], ...]


def parse_summary(body: bytes) -> LogSummary:
    """Read what ``GET /log`` answers.

    Raises:
        ServiceAnswerError: It is not that.
    """
    try:
        match parse_json(body, max_bytes=MAX_SUMMARY_BYTES):
            case {
                "origin": str(origin),
                "issuer": str(issuer),
                "logName": str(log_name),
                "size": int(size),
                "root": str(root),
                "headTime": int(head_time),
                "policyEntry": {"entryId": str(policy)},
                "genesisEntry": {"entryId": str(genesis)},
                "keys": list(keys),
            }:
                listed = tuple(_key(key) for key in keys)
                return LogSummary(origin, issuer, log_name, size, root, head_time, policy, genesis, listed)
            case _:
                raise ServiceAnswerError("the service's description of the log lacks a member")
    except (CounterfoilError, ValueError) as error:
        raise ServiceAnswerError(f"the service's description of the log cannot be read: {error}") from error


def parse_indexed(body: bytes, number: int) -> bytes:
    """Read the entry id of one number in what ``GET /entries`` answers.

    Raises:
        EntryAbsentError: The log has no entry of that number.
        ServiceAnswerError: It is not that.
    """
    try:
        match parse_json(body, max_bytes=len(body)):
            case {"entries": []}:
                raise EntryAbsentError(f"the log has no entry {number}")
            case {"entries": [{"number": int(found), "entryId": str(entry_id)}]} if (
                found == number and len(entry_id) == _ENTRY_ID_CHARACTERS
            ):
                return bytes.fromhex(entry_id)
            case _:
                raise ServiceAnswerError("the service's index of entries lacks a member")
    except (MalformedError, ValueError) as error:
        raise ServiceAnswerError(f"the service's index of entries cannot be read: {error}") from error


def _key(value: JsonValue) -> tuple[KeyPurpose, PublicKey]:
    match value:
        case {"purpose": str(purpose), "publicKey": str(pem)}:
            return KeyPurpose(purpose), parse_public_key_pem(pem)
        case _:
            raise ServiceAnswerError("a key of the log has no purpose or no public key")
