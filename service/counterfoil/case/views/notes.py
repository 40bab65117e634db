"""The sentences that stand in every timeline, whatever the engagement is."""

from typing import Final

VIEW: Final = (
    "This document is a view, made for reading. The evidence is the folder evidence/ beside it, and the SHA-256 of its "
    "manifest covers that folder and not this document. README.txt says how to check it."
)
_LABELS: Final = (
    "E-12 stands for entry 12 of the log. A log may hold other engagements too, so that numbers are left out here; the "
    "place in the chain counts the entries of this engagement alone."
)
_CLOCKS: Final = (
    "Two clocks are shown. When something occurred is what its writer claims. When it was registered is the time that "
    "the log signed. The lag is what lies between the two."
)
_SAID: Final = "What was said is what the writer said. That the log took it does not make it true."
_FINDINGS: Final = (
    "A finding is computed from the log alone. It marks an entry for a second look and decides nothing; README.txt "
    "says what each one means."
)
_SPELLED: Final = (
    "Signs that print nothing, or turn a line around, are spelled out, such as \\n, \\u200b or \\u202e. A text can "
    "hold such a spelling itself; the statements in evidence/ decide."
)
READING: Final = (_LABELS, _CLOCKS, _SAID, _FINDINGS, _SPELLED)
LATIN_ONLY: Final = (
    "The fonts of this document have the letters of Western Europe. Every other sign is spelled out by its number, "
    "such as \\u4e2d; timeline.html shows it as it is."
)
NO_WRITERS: Final = "No writer's numbers are there to report on."
NO_DISPUTES: Final = "No panel's result is recorded here."
DISPUTES: Final = (
    "A panel's posterior is computed again here from the estimates and weights recorded with it. That compares "
    "figures, and says nothing of whether the estimates were right."
)
NOT_ESTABLISHED: Final = "What this does not establish"
