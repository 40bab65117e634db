"""The shapes that several members of a trace event share."""

import re
from typing import Final

from counterfoil.statement.claims import MAX_ISSUER_CHARACTERS
from counterfoil.statement.trace_event.event import Role
from counterfoil.statement.trace_event.shape import Choice, Integer, Items, Members, Number, Pattern, Text
from counterfoil.statement.trace_event.variants import Inline

MAX_SEQUENCE: Final = 2**53 - 1
"""RFC 7493, section 2.2: beyond it receivers disagree about the number."""

MAX_PARTIES: Final = 64
"""An engagement has a handful of parties; each of them is looked at for every event of the chain."""

NAME: Final = Text(1, 255)
PROSE: Final = Text(1, 4096)
SESSION: Final = Text(1, 512)
HASH: Final = Pattern(re.compile(r"[0-9a-f]{64}"), "a SHA-256 as 64 lowercase hexadecimal digits")
EVENT_ID: Final = Pattern(
    re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"), "a UUIDv7 in lowercase"
)
COUNT: Final = Integer(0, MAX_SEQUENCE)
FRACTION: Final = Number(0, 1)
ISSUER: Final = Text(1, MAX_ISSUER_CHARACTERS)
ROLE: Final = Choice(tuple(Role))
PARTIES: Final = Items(Members({"issuer": ISSUER, "role": ROLE}), 1, MAX_PARTIES, distinct=True)
PAPER: Final = Members({"id": NAME, "hash": HASH}, {"hashChain": Items(HASH, 1, 256)})
COMPONENTS: Final = Members({"route": FRACTION, "scope": FRACTION, "output": FRACTION})
COMMITTED: Final = Inline(Members({"alg": Choice(("hmac-sha256",)), "digest": HASH}))
AMOUNT: Final = Members(
    {
        "amount": Pattern(re.compile(r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?"), "a decimal number as a text"),
        "currency": Pattern(re.compile(r"[A-Z][A-Z0-9]{2,9}"), "the code of a currency"),
    },
)
REMEDY: Final = Members({"text": PROSE}, {"amount": AMOUNT})
