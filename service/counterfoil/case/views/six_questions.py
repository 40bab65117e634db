"""Six questions that are asked of any record of a machine, and what is true of this one."""

from typing import Final

from counterfoil.case.views.exhibit import Row

_ALTER: Final = (
    "Before it is registered, yes: a program writes and signs its own events, and whoever holds its key can sign "
    "what he likes. As a writer it cannot do so afterwards: a changed statement no longer fits its receipt, and "
    "nobody signs for another issuer without that issuer's key. The timeline says who wrote each entry. Whoever "
    "holds the log's database and all of its keys could write the whole log anew; only somebody who kept an older "
    "receipt or checkpoint, such as those in this file, can tell."
)
_WATCHED: Final = (
    "The log watches nothing. It takes what writers send and signs when it took it. How long after the claimed time "
    "that was, the lag says. A short lag shows that the statement was there soon after the time it claims. It does not "
    "show that the claimed time is true, nor that anything happened then."
)
_FAIL_OPEN: Final = (
    "The client that comes with the log is, as far as the log is concerned: it puts an event on the disk of its own "
    "machine, does not wait for the log, and sends the event when it can. If the disk cannot take it, the client says "
    "so, and the agent's program decides whether to go on. Nothing here shows whether a writer used that client. An "
    "event that was still waiting is not in this file."
)
_VERIFIED: Final = (
    "Yes. Checking takes public keys; making a statement or a receipt takes private keys, and none is in this file. "
    "The log and its operator are not needed for it. Public keys from a source that you trust are."
)
_IDENTIFIES: Final = (
    "The run: the rootTraceId above, which every trace event names under its signature. The artifact: what the "
    "FORMATION states, such as a fingerprint of the agent and the hash of the agreement, and what a SETTLEMENT states, "
    "such as the hash of what was delivered. These are statements of those who wrote them. That the software with this "
    "fingerprint is what ran is not shown: this release of the log checks signatures, and no evidence from hardware."
)
_LEFT_OUT: Final = (
    "Out of this file: no. The log signed how many entries the engagement has at this tree head, and a hash over all "
    "of them. Out of what the log signed: whoever holds the receipt of an entry that is missing here can show that the "
    "log left it out. Out of the log: an event that nobody submitted leaves no trace but a gap in its writer's "
    "numbers, and one without a number leaves none. What was registered after the tree head is not here."
)

SIX_QUESTIONS: Final[tuple[Row, ...]] = (
    ("Could the component that was observed alter it?", _ALTER),
    ("Was it watched during execution, or rebuilt afterwards?", _WATCHED),
    ("Is the way of delivery fail-open?", _FAIL_OPEN),
    ("Can it be verified by someone who cannot also produce it?", _VERIFIED),
    ("Which artifact and which run does it identify?", _IDENTIFIES),
    ("Could something be left out?", _LEFT_OUT),
)
"""Questions and answers, in the order in which README.txt has them."""
