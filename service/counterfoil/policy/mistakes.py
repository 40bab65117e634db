"""Every mistake in a policy document, each with its place: the same rules as reading it, none of them the last."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import partial
from typing import Final, TypeVar

from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import CounterfoilError, MalformedPolicyError, PolicyUnsafeError
from counterfoil.policy.members import (
    ISSUER_MEMBERS,
    KEY_MEMBERS,
    LATER_MEMBERS,
    NUMBERS,
    OPTIONAL_KEY_MEMBERS,
    OPTIONAL_RULE_MEMBERS,
    POLICY_MEMBERS,
    RULE_MEMBERS,
    read_algorithm,
    read_content_type,
    read_finding,
    read_format,
    read_issuer_name,
    read_kid,
    read_number,
    read_public_key,
    read_text,
    read_visibility,
)
from counterfoil.policy.remark import PolicyRemark, Severity, warning
from counterfoil.policy.safety import OWN_CONTENT_TYPES

_READ = TypeVar("_READ")
_MAX_SHOWN: Final = 64
"""Of the name of a member that is not known; a document may hold one of a megabyte."""


def find_mistakes(value: JsonValue) -> tuple[PolicyRemark, ...]:
    """Everything that keeps a JSON value from being a policy document, and what stands in a list twice to no effect."""
    walk = _Walk()
    walk.document(value)
    return tuple(walk.found)


class _Walk:
    def __init__(self) -> None:
        self.found: list[PolicyRemark] = []
        self._places: dict[tuple[str, Hashable], str] = {}

    def document(self, value: JsonValue) -> None:
        members = self._object("", value, POLICY_MEMBERS, LATER_MEMBERS)
        if "format" in members:
            self._read("format", read_format, members["format"])
        for name in NUMBERS:
            if name in members:
                self._read(name, partial(read_number, name), members[name])
        for path, item in self._items("issuers", members):
            self._issuer(path, item)
        self._words("algorithms", members, read_algorithm)
        for path, item in self._items("contentTypes", members):
            self._content_type(path, item)
        for path, item in self._items("refusedFindings", members):
            finding = self._read(path, read_finding, item)
            if finding is not None:
                self._once("finding", finding, path)

    def _issuer(self, path: str, value: JsonValue) -> None:
        members = self._object(path, value, ISSUER_MEMBERS)
        if "issuer" in members:
            name = self._read(f"{path}.issuer", read_issuer_name, members["issuer"])
            if name is not None:
                self._once("issuer", name, f"{path}.issuer")
        for place, item in self._items("keys", members, path):
            self._key(place, item)
        self._words("roles", members, read_text, path)

    def _key(self, path: str, value: JsonValue) -> None:
        members = self._object(path, value, KEY_MEMBERS, OPTIONAL_KEY_MEMBERS)
        kid = self._read(f"{path}.kid", read_kid, members["kid"]) if "kid" in members else None
        key = self._read(f"{path}.publicKey", read_public_key, members["publicKey"]) if "publicKey" in members else None
        if key is None or self._once("public key", key.thumbprint, path):
            names = {kid, None if key is None else key.thumbprint}
            for name in sorted(name for name in names if name is not None):
                self._once("kid", name, path)

    def _content_type(self, path: str, value: JsonValue) -> None:
        members = self._object(path, value, RULE_MEMBERS, OPTIONAL_RULE_MEMBERS)
        place = f"{path}.contentType"
        if "contentType" in members:
            content_type = self._read(place, read_content_type, members["contentType"])
            if content_type is not None:
                self._once("content type", content_type, place)
            if content_type in OWN_CONTENT_TYPES:
                self._error(place, PolicyUnsafeError("the policy opens a content type that is the log's own"))
        if "visibility" in members:
            self._read(f"{path}.visibility", read_visibility, members["visibility"])
        self._words("roles", members, read_text, path)

    def _words(
        self, name: str, members: Mapping[str, JsonValue], read: Callable[[JsonValue], str], path: str = ""
    ) -> None:
        """Words in a list that is read as a set."""
        places: dict[str, str] = {}
        for place, item in self._items(name, members, path):
            word = self._read(place, read, item)
            if word is not None and places.setdefault(word, place) != place:
                self.found.append(warning("stands-twice", place, f"{places[word]} says the same"))

    def _object(
        self, path: str, value: JsonValue, required: frozenset[str], optional: frozenset[str] = frozenset()
    ) -> Mapping[str, JsonValue]:
        """Those members of an object that are known."""
        if not isinstance(value, Mapping):
            self._error(path, MalformedPolicyError("an object is expected"))
            return {}
        for name in sorted(required - value.keys()):
            self._error(_member(path, name), MalformedPolicyError("the member is missing"))
        for name in sorted(value.keys() - required - optional):
            self._error(_member(path, name), MalformedPolicyError("no member of that name is known here"))
        return {name: value[name] for name in value if name in required or name in optional}

    def _items(self, name: str, members: Mapping[str, JsonValue], path: str = "") -> Iterator[tuple[str, JsonValue]]:
        place, value = _member(path, name), members.get(name, [])
        if not isinstance(value, (list, tuple)):
            self._error(place, MalformedPolicyError("a list is expected"))
            return
        for at, item in enumerate(value):
            yield f"{place}[{at}]", item

    def _read(self, path: str, read: Callable[[JsonValue], _READ], value: JsonValue) -> _READ | None:
        try:
            return read(value)
        except CounterfoilError as error:
            self._error(path, error)
            return None

    def _once(self, what: str, value: Hashable, path: str) -> bool:
        """Whether nothing before was the same."""
        first = self._places.setdefault((what, value), path)
        if first != path:
            self._error(path, MalformedPolicyError(f"the same {what} as {first}"))
        return first == path

    def _error(self, path: str, error: CounterfoilError) -> None:
        self.found.append(PolicyRemark(Severity.ERROR, error.code, path, error.detail))


def _member(path: str, name: str) -> str:
    if not (name.isascii() and name.isidentifier()):
        return f"{path}[{name[:_MAX_SHOWN]!r}]"
    shown = name[:_MAX_SHOWN]
    return f"{path}.{shown}" if path else shown
