"""What each finding means, for somebody who has never seen one."""

from typing import Final

from counterfoil.case.views.exhibit import Row

FINDING_MEANINGS: Final[tuple[Row, ...]] = (
    (
        "not-a-party",
        (
            "The writer takes no part in the engagement in the role it writes in. The event stays in the record and "
            "counts for nothing in it."
        ),
    ),
    (
        "other-profile",
        (
            "A statement about this engagement that is no trace event. It stays in the record and counts for nothing "
            "in it."
        ),
    ),
    ("action-while-suspended", "An ACTION was registered while the engagement was suspended."),
    ("action-after-settlement", "An ACTION was registered after a SETTLEMENT."),
    (
        "score-outside-band",
        (
            "The score is not one that goes with the event. Below 0.15 is clear, below 0.40 RUNTIME_FLAGGED, below "
            "0.70 RUNTIME_SUSPENDED, from 0.70 RUNTIME_ESCALATED."
        ),
    ),
    (
        "occurred-after-registration",
        "The event claims a time that is later than its registration. A writer's clock that runs ahead gives this too.",
    ),
    ("late", "More time lies between the claimed time and the registration than the log's policy allows for."),
    ("sequence-gap", "A writer numbers its own events, and a number before this one is missing."),
    ("sequence-repeated", "A writer gave this number to another of its events as well."),
    (
        "previous-behind",
        (
            "The entry that this event names as the last one its writer had seen was no longer the last. Writers who "
            "work at the same time get this without anything being wrong."
        ),
    ),
    ("repeated", "An event with the same eventId and the same content stands in the record too."),
    ("equivocation", "An event with the same eventId stands in the record too, and says something else."),
    (
        "key-revoked",
        (
            "The log's operator has revoked the key that signed the entry, from an earlier entry on: somebody else may "
            "have had it. The entry named says so, and why."
        ),
    ),
)
"""Names of findings and their meaning, in the order in which README.txt has them."""
