"""Profiles: what statements of a content type say of their chain, whoever defined that type."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Protocol, runtime_checkable

from counterfoil.errors import MisconfiguredError
from counterfoil.statement.signed_statement import SignedStatement, StatementHash


class ProfileUnusableError(MisconfiguredError):
    """A profile cannot be loaded, is none, or reads a content type that another one reads."""

    code: ClassVar[str] = "profile-unusable"


@dataclass(frozen=True, slots=True)
class ProfiledEvent:
    """What a chain asks of an event of any profile; None where the profile has no such thing.

    ``type`` is the profile's own word. ``occurred_at`` is in milliseconds since 1970. ``references`` are pairs of a
    relation, which is the profile's own word too, and an entry. ``event`` is the profile's own object.
    """

    type: str
    event_id: str | None
    session_id: str | None
    sequence: int | None
    occurred_at: int | None
    previous: StatementHash | None
    references: tuple[tuple[str, StatementHash], ...]
    event: object


@runtime_checkable
class Profile(Protocol):
    """Reads the statements of some content types. It is pure: the same statement is read alike for ever."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def content_types(self) -> frozenset[str]:
        """The content types it reads, each exactly as it stands in a header."""
        ...

    def read(self, statement: SignedStatement) -> ProfiledEvent:
        """Read a statement of one of its content types.

        Raises:
            MalformedError, RefusedError: It is none of this profile; nothing else is raised, whatever the payload.
        """
        ...


@dataclass(frozen=True, slots=True)
class Profiles:
    """Which profile reads which content type."""

    by_content_type: Mapping[str, Profile]

    def read(self, statement: SignedStatement) -> ProfiledEvent | None:
        """What the statement says by the profile of its content type; None where nobody reads that.

        Raises:
            MalformedError, RefusedError: The profile does not take it for one of its own.
        """
        content_type = statement.content_type
        profile = self.by_content_type.get(content_type) if isinstance(content_type, str) else None
        return None if profile is None else profile.read(statement)


def register_profiles(profiles: Iterable[Profile]) -> Profiles:
    """The profiles by what they read.

    Raises:
        ProfileUnusableError: Two of them read the same content type.
    """
    found: dict[str, Profile] = {}
    for profile in profiles:
        for content_type in sorted(profile.content_types):
            if content_type in found:
                both = f"{found[content_type].name} and {profile.name}"
                raise ProfileUnusableError(f"two profiles read {content_type}: {both}")
            found[content_type] = profile
    return Profiles(MappingProxyType(found))
