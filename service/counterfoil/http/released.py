"""At which committed head a fresh receipt may leave."""

from bisect import bisect_left

from counterfoil.http.wiring import Service


def released_size(service: Service, number: int) -> int | None:
    """The size of the latest head that covers an entry and at which receipts may leave; None when there is none yet.

    While heads are committed faster than others see them, the latest one of all never may.
    """
    latest = service.log.receipts.latest().size
    if service.released(latest - 1):
        return latest
    entries = range(number, latest)
    first_withheld = number + bisect_left(entries, x=True, key=lambda entry: not service.released(entry))
    if first_withheld == number:
        return None
    head = service.log.store.tree_head_over(first_withheld - 1)
    return head.size if head is not None and service.released(head.size - 1) else None
