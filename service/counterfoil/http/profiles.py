"""The profiles of an installation: the built-in one, and those that other distributions bring along."""

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from counterfoil.statement.profile import Profile, Profiles, ProfileUnusableError, register_profiles
from counterfoil.statement.trace_event.profile import TRACE_EVENTS

PROFILES_GROUP: Final = "counterfoil.profiles"
"""The entry point group in which a distribution names its profiles."""


def load_profiles(found: Iterable[EntryPoint] | None = None) -> Profiles:
    """The built-in profile and those of the entry points ``found``, or of all that are installed.

    Raises:
        ProfileUnusableError: One cannot be imported, is no profile, or reads a content type that another one reads.
    """
    named = entry_points(group=PROFILES_GROUP) if found is None else found
    return register_profiles([TRACE_EVENTS, *map(_load, sorted(named, key=lambda point: (point.name, point.value)))])


def _load(point: EntryPoint) -> Profile:
    try:
        profile = point.load()
    except (ImportError, AttributeError) as error:
        raise ProfileUnusableError(f"the profile {point.name} cannot be imported from {point.value}") from error
    if isinstance(profile, type) or not isinstance(profile, Profile):
        raise ProfileUnusableError(f"{point.value} is not a profile: it lacks name, content_types or read")
    return profile
