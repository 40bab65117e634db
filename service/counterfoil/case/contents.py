"""The raw evidence in the files of a case, before anything of it is believed."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from counterfoil.case import names
from counterfoil.case.build import Announcements, OwnEntry, PolicyExhibit
from counterfoil.case.documents import CASE_FORMAT, Frame
from counterfoil.case.exhibit import Exhibit
from counterfoil.cose.keys import PublicKey, cose_key_map
from counterfoil.cose.private_keys import default_algorithm
from counterfoil.encoding.cbor import encode
from counterfoil.encoding.jcs import JsonValue, parse_json
from counterfoil.errors import MalformedCaseError
from counterfoil.receipt.tree_head import TreeHead
from counterfoil.statement.claims import parse_root_trace_id
from counterfoil.statement.decision_record import decision_digest
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.identity import LogIdentity
from counterfoil.statement.links import chain_hash, empty_chain_hash
from counterfoil.statement.signed_statement import StatementHash, parse_signed_statement

_POLICY: Final = re.compile(r"evidence/policies/([0-9]{12})\.statement\.cose")
_ENROLMENT: Final = re.compile(r"evidence/enrolments/([0-9]{12})\.statement\.cose")
_LOG_KEY: Final = re.compile(r"evidence/log-keys/([0-9]{12})\.statement\.cose")
_HEX: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class CaseContents:
    """The files that everything else is derived from. Chain hashes are computed here from the exhibits."""

    root_trace_id: str
    genesis: bytes
    checkpoint: bytes
    chain_head: bytes
    exhibits: tuple[Exhibit, ...]
    policies: tuple[PolicyExhibit, ...]
    announcements: Announcements
    enrolments: tuple[OwnEntry, ...]

    def frame(self, identity: LogIdentity, tree: TreeHead) -> Frame:
        """Which engagement, on which log, as of which tree head."""
        return Frame(identity, self.root_trace_id, tree)


def read_contents(files: Mapping[str, bytes]) -> CaseContents:
    """The raw evidence.

    Raises:
        MalformedCaseError, MalformedError: A file is missing or says nothing.
    """
    case = _case(_file(files, names.document("case.json")))
    origin, root, entries = case
    exhibits, last = list[Exhibit](), empty_chain_hash(origin, root)
    for sequence, (number, entry_id) in enumerate(entries):
        decision = _file(files, names.of_entry(number, "decision.cbor"))
        last = chain_hash(last, entry_id, decision_digest(decision))
        exhibits.append(
            Exhibit(
                number=number,
                sequence=sequence,
                entry_id=entry_id,
                chain_hash=last,
                statement=_statement(files, names.of_entry(number, "statement.cose")),
                decision=decision,
                receipt=_file(files, names.of_entry(number, "receipt.cose")),
                evidence=files.get(names.of_entry(number, "evidence.cbor")),
            )
        )
    return CaseContents(
        root_trace_id=root,
        genesis=_file(files, names.GENESIS),
        checkpoint=_file(files, names.CHECKPOINT),
        chain_head=_file(files, names.CHAIN_HEAD),
        exhibits=tuple(exhibits),
        policies=tuple(_policies(files)),
        announcements=_announcements(files),
        enrolments=tuple(_own_entries(files, _ENROLMENT, names.of_enrolment)),
    )


def key_set(receipt_key: PublicKey, genesis: Genesis) -> bytes:
    """The keys that receipts and checkpoint of a case verify with, as a COSE Key Set (RFC 9052, section 7)."""
    keys = [receipt_key, genesis.keys[KeyPurpose.CHECKPOINT]]
    return encode([cose_key_map(key, kid=key.thumbprint, alg=default_algorithm(key).code) for key in keys])


def _policies(files: Mapping[str, bytes]) -> list[PolicyExhibit]:
    return [
        PolicyExhibit(
            number,
            _statement(files, names.of_policy(number, "statement.cose")),
            _file(files, names.of_policy(number, "receipt.cose")),
        )
        for number in _numbers(files, _POLICY)
    ]


def _announcements(files: Mapping[str, bytes]) -> Announcements:
    entries = tuple(_own_entries(files, _LOG_KEY, names.of_log_key))
    return Announcements(entries, _file(files, names.LOG_KEYS_HEAD))


def _own_entries(
    files: Mapping[str, bytes], pattern: re.Pattern[str], name: Callable[[int, str], str]
) -> Iterator[OwnEntry]:
    for number in _numbers(files, pattern):
        yield OwnEntry(
            number,
            _statement(files, name(number, "statement.cose")),
            _file(files, name(number, "decision.cbor")),
            _file(files, name(number, "receipt.cose")),
        )


def _numbers(files: Mapping[str, bytes], pattern: re.Pattern[str]) -> list[int]:
    return sorted(int(match[1]) for name in files if (match := pattern.fullmatch(name)))


def _case(data: bytes) -> tuple[str, str, list[tuple[int, StatementHash]]]:
    match parse_json(data, max_bytes=len(data)):
        case {"format": str(form), "origin": str(origin), "rootTraceId": str(root), "entries": list(entries)} if (
            form == CASE_FORMAT and entries
        ):
            return origin, parse_root_trace_id(root), [_entry(entry) for entry in entries]
        case _:
            raise MalformedCaseError(f"case.json describes no case of format {CASE_FORMAT}")


def _entry(value: JsonValue) -> tuple[int, StatementHash]:
    match value:
        case {"number": int(number), "entryId": str(entry_id)} if number >= 0 and _HEX.fullmatch(entry_id):
            return number, StatementHash(bytes.fromhex(entry_id))
        case _:
            raise MalformedCaseError("case.json names an entry without number or id")


def _statement(files: Mapping[str, bytes], name: str) -> bytes:
    data = _file(files, name)
    if parse_signed_statement(data, max_bytes=len(data)).encoded != data:
        raise MalformedCaseError(f"{name} is not as a log stores a statement")
    return data


def _file(files: Mapping[str, bytes], name: str) -> bytes:
    if name not in files:
        raise MalformedCaseError(f"{name} is missing")
    return files[name]
