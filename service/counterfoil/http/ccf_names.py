"""Entries under names that clients of confidential-consortium ledgers understand: ``view.seqno``.

Such clients, pyscitt among them, say in the query how they want to be answered. All others never meet these names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

TRANSACTION_HEADER: Final = "x-ms-ccf-transaction-id"
"""Where those clients look for the name of what they registered."""

_VIEW: Final = 1
"""A view ends when a ledger's leader changes. This log has no leader, so one view lasts for ever."""

_FIRST: Final = 1
"""Their numbers begin at 1; entry numbers begin at 0."""

_NAME: Final = re.compile(rf"{_VIEW}\.([1-9][0-9]{{0,17}})")
"""One spelling for each entry; so few digits that a number fits every store's integers."""

_WAITS: Final = b"waitForCommit=true"
_REDIRECTED: Final = b"api-version=2026-03-26"


@dataclass(frozen=True, slots=True)
class CcfAnswer:
    """What changes in the answer to a registration. A 303 has no body; with any other status the receipt stays."""

    status: int
    headers: Mapping[str, str]


def ccf_name(number: int) -> str:
    """The name of an entry."""
    return f"{_VIEW}.{number + _FIRST}"


def number_in(name: str) -> int | None:
    """The entry number in a name; None when the text is no such name."""
    match = _NAME.fullmatch(name)
    return None if match is None else int(match[1]) - _FIRST


def ccf_answer(query: bytes, number: int) -> CcfAnswer | None:
    """How to answer who registered entry ``number`` with that query string; None: as every other client."""
    if not query:
        return None
    wishes = query.split(b"&")
    if _WAITS in wishes:
        return CcfAnswer(201, {TRANSACTION_HEADER: ccf_name(number)})
    if _REDIRECTED in wishes:
        return CcfAnswer(303, {"Location": f"/entries/{ccf_name(number)}"})
    return None
