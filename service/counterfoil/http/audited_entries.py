"""A run of entries with everything that their decisions were made by, for audits."""

from fastapi import Request

from counterfoil.audit.entry import audited, withheld
from counterfoil.audit.stored import MAX_RUN_BYTES, kept_bytes, stored_runs
from counterfoil.http.visibility import is_reader
from counterfoil.http.wiring import Service
from counterfoil.log.records import Content
from counterfoil.policy.document import Visibility


def audited_sequence(request: Request, service: Service, start: int, stop: int) -> bytes:
    """The entries from ``start`` up to ``stop`` one behind the other, at least one if there is one, or about 4 MiB.

    Who may not read an entry gets its number, its statement hash and its decision digest, which are public. There is no
    receipt in it, so that nothing of it has to wait where receipts are withheld.

    Raises:
        LogCorruptError: The store holds what no log can.
    """
    privileged = is_reader(request, Visibility.OPERATOR, service.settings)
    items: list[bytes] = []
    total = 0
    for run in stored_runs(service.log.store, start, stop):
        for kept in run:
            readable = privileged or _is_public(kept.content)
            items.append((audited(kept) if readable else withheld(kept)).encode())
            total += kept_bytes(kept)
            if total >= MAX_RUN_BYTES:
                return b"".join(items)
    return b"".join(items)


def _is_public(content: Content | None) -> bool:
    # Of what was erased nobody can tell any more who might read it.
    return content is not None and content.visibility is Visibility.PUBLIC
