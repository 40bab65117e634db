"""Entries by the id in a path."""

import re
from typing import Annotated, Final

from fastapi import Path

from counterfoil.errors import EntryAbsentError, MalformedEntryIdError
from counterfoil.http.ccf_names import number_in
from counterfoil.log.ports import LogReader
from counterfoil.log.records import Entry
from counterfoil.statement.signed_statement import StatementHash

_ENTRY_ID: Final = re.compile(r"[0-9a-f]{64}")

EntryId = Annotated[
    str,
    Path(
        description="SHA-256 of the statement as the log stores it: 64 lowercase hexadecimal digits. Clients of CCF "
        "ledgers know the entry of number n as 1.(n+1).",
        json_schema_extra={"pattern": r"^([0-9a-f]{64}|1\.[1-9][0-9]{0,17})$"},
    ),
]
"""An entry id as it stands in a path; only ``find_entry`` reads it."""


def find_entry(reader: LogReader, entry_id: str) -> Entry:
    """The entry of that id, or of that name (see ``ccf_names``).

    Raises:
        MalformedEntryIdError: The text is neither 64 lowercase hexadecimal digits nor a name.
        EntryAbsentError: No entry has that id.
    """
    number = number_in(entry_id)
    if number is not None:
        return _require_there(reader.entry(number))
    if _ENTRY_ID.fullmatch(entry_id) is None:
        raise MalformedEntryIdError("an entry id is 64 lowercase hexadecimal digits")
    return _require_there(reader.entry_of(StatementHash(bytes.fromhex(entry_id))))


def _require_there(entry: Entry | None) -> Entry:
    if entry is None:
        raise EntryAbsentError("no entry has that id")
    return entry
