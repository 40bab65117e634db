"""The names a log bears for life."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from counterfoil.errors import UnsafeConfigurationError
from counterfoil.statement.claims import RootTraceId

_ORIGIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)+")

MAX_ORIGIN_CHARACTERS: Final = 255
"""An origin stands in every checkpoint and receipt; a DNS name and a short path fit."""


@dataclass(frozen=True)
class LogIdentity:
    """A log's origin and what follows from it (C2SP tlog-checkpoint; RFC 9943, section 6)."""

    origin: str

    @cached_property
    def issuer(self) -> str:
        """The CWT claim ``iss`` of everything the log signs."""
        return f"https://{self.origin}"

    @property
    def log_name(self) -> str:
        """The CWT claim ``sub`` of every receipt."""
        return self.origin

    @property
    def policy_subject(self) -> RootTraceId:
        """The chain of the registration policies and of the genesis statement."""
        return RootTraceId(f"{self.issuer}#policy")

    @property
    def page_subject(self) -> RootTraceId:
        """The chain of the pages of decisions."""
        return RootTraceId(f"{self.issuer}#pages")

    @property
    def enrolment_subject(self) -> RootTraceId:
        """The chain of the enrolments of keys that are bound to attested hardware; issuers of all kinds write it."""
        return RootTraceId(f"{self.issuer}#enrolments")

    def is_reserved(self, subject: str) -> bool:
        """Whether only this log may make statements about ``subject``."""
        return subject == self.issuer or subject.startswith(f"{self.issuer}#")

    def is_addressed_by(self, audience: tuple[str, ...]) -> bool:
        """Whether a statement's ``aud`` names this log."""
        return self.origin in audience or self.issuer in audience


def parse_origin(text: str) -> LogIdentity:
    """Read an origin, ``host/path`` without a scheme.

    Raises:
        UnsafeConfigurationError: It is not that.

    Spec: C2SP tlog-checkpoint, "origin".
    """
    if len(text) > MAX_ORIGIN_CHARACTERS or _ORIGIN.fullmatch(text) is None:
        raise UnsafeConfigurationError(
            "an origin is host/path in lower-case ASCII, without a scheme, for example log.example/agents",
        )
    return LogIdentity(text)
