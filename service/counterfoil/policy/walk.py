"""Walking through a JSON document that may be wrong anywhere: what is wrong is noted with its place, and passed by."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Final, TypeVar

from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import CounterfoilError, MalformedPolicyError
from counterfoil.policy.remark import PolicyRemark, Severity, warning

_READ = TypeVar("_READ")
_VALUE = TypeVar("_VALUE")
_MAX_SHOWN: Final = 64
"""Of the name of a member that is not known; a document may hold one of a megabyte."""


class Walk:
    """Where something is wrong, in the order in which it is come by: ``found``."""

    def __init__(self) -> None:
        self.found: list[PolicyRemark] = []
        self._places: dict[tuple[str, Hashable], str] = {}

    def object(
        self, path: str, value: JsonValue, required: frozenset[str], optional: frozenset[str] = frozenset()
    ) -> Mapping[str, JsonValue]:
        """Those members of an object that are known."""
        if not isinstance(value, Mapping):
            self.error(path, MalformedPolicyError("an object is expected"))
            return {}
        for name in sorted(required - value.keys()):
            self.error(member(path, name), MalformedPolicyError("the member is missing"))
        for name in sorted(value.keys() - required - optional):
            self.error(member(path, name), MalformedPolicyError("no member of that name is known here"))
        return {name: value[name] for name in value if name in required or name in optional}

    def items(self, name: str, members: Mapping[str, JsonValue], path: str = "") -> Iterator[tuple[str, JsonValue]]:
        """The items of a list, each with its place; none where the member is absent."""
        place, value = member(path, name), members.get(name, [])
        if not isinstance(value, (list, tuple)):
            self.error(place, MalformedPolicyError("a list is expected"))
            return
        for at, item in enumerate(value):
            yield f"{place}[{at}]", item

    def words(
        self, name: str, members: Mapping[str, JsonValue], read: Callable[[JsonValue], str], path: str = ""
    ) -> None:
        """Words in a list that is read as a set: one that stands there twice is no mistake."""
        places: dict[str, str] = {}
        for place, item in self.items(name, members, path):
            word = self.read(place, read, item)
            if word is not None and places.setdefault(word, place) != place:
                self.found.append(warning("stands-twice", place, f"{places[word]} says the same"))

    def member(
        self, name: str, members: Mapping[str, JsonValue], read: Callable[[JsonValue], _READ], path: str = ""
    ) -> _READ | None:
        """What the member of that name is; None where it is absent or wrong."""
        return self.read(member(path, name), read, members[name]) if name in members else None

    def read(self, path: str, read: Callable[[_VALUE], _READ], value: _VALUE) -> _READ | None:
        """What ``read`` makes of a value; None where it refuses, which is noted."""
        try:
            return read(value)
        except CounterfoilError as error:
            self.error(path, error)
            return None

    def note(self, what: str, value: Hashable, path: str) -> str:
        """Where the first of what is the same is."""
        return self._places.setdefault((what, value), path)

    def place(self, what: str, value: Hashable) -> str | None:
        """Where the first of them was noted; None where none was."""
        return self._places.get((what, value))

    def once(self, what: str, value: Hashable, path: str) -> bool:
        """Whether nothing before was the same."""
        first = self.note(what, value, path)
        if first != path:
            self.error(path, MalformedPolicyError(f"the same {what} as {first}"))
        return first == path

    def error(self, path: str, error: CounterfoilError) -> None:
        """Note an error."""
        self.found.append(PolicyRemark(Severity.ERROR, error.code, path, error.detail))


def member(path: str, name: str) -> str:
    """The place of a member of what is at ``path``."""
    if not (name.isascii() and name.isidentifier()):
        return f"{path}[{name[:_MAX_SHOWN]!r}]"
    shown = name[:_MAX_SHOWN]
    return f"{path}.{shown}" if path else shown
