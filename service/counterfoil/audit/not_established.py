"""What an audit does not show, in sentences that every result says."""

from typing import Final

_ALWAYS: Final = (
    "that what a statement says is true: its issuer's key signed it, and the policy of its time admitted it",
    "that nothing was turned away or held back: an audit sees what was registered",
    "that others are shown the same tree: compare the log's checkpoint with theirs",
    "that the clock of the service was right: every decision is repeated at the time that its record names",
    "that receipts and chain hashes already handed out agree with it: chain verify shows that of one engagement",
)


def about_every_audit() -> tuple[str, ...]:
    """What no audit shows."""
    return _ALWAYS


def about_range(start: int, stop: int, size: int) -> tuple[str, ...]:
    """What the audit of a part of a log leaves out."""
    before = (f"that nothing from entry {start} on repeats what is before it: audit from entry 0",) if start else ()
    after = (f"anything about the {size - stop} entries after entry {stop - 1}",) if stop < size else ()
    return before + after


def about_events(start: int, unsettled: int) -> tuple[str, ...]:
    """What is not asked of entries whose chain is not known from its beginning."""
    if not unsettled:
        return ()
    why = f"their chains may begin before entry {start}" if start else "an entry before them could not be read"
    return (f"that {unsettled} entries may follow in their chains: {why}",)
