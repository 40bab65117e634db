"""What JSON looks like: shapes that check a value and say the same as JSON Schema."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import MalformedEventError


class Shape(Protocol):
    """One kind of JSON value."""

    def check(self, value: object) -> None:
        """Accept a value that was parsed from JSON.

        Raises:
            MalformedEventError: It has another shape; the text names members of the profile and quotes nothing.
        """
        ...

    def schema(self) -> dict[str, JsonValue]:
        """The same as JSON Schema 2020-12, as far as a schema can say it."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """A text of so many characters."""

    least: int
    most: int

    def check(self, value: object) -> None:  # noqa: D102 - as Shape
        if not isinstance(value, str) or not self.least <= len(value) <= self.most:
            raise MalformedEventError(f"a text of {self.least} to {self.most} characters is expected")

    def schema(self) -> dict[str, JsonValue]:  # noqa: D102 - as Shape
        return {"type": "string", "minLength": self.least, "maxLength": self.most}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text that a regular expression describes from its first character to its last; ``what`` says it in words."""

    pattern: re.Pattern[str]
    what: str

    def check(self, value: object) -> None:  # noqa: D102 - as Shape
        if not isinstance(value, str) or self.pattern.fullmatch(value) is None:
            raise MalformedEventError(f"{self.what} is expected")

    def schema(self) -> dict[str, JsonValue]:  # noqa: D102 - as Shape
        return {"type": "string", "pattern": f"^(?:{self.pattern.pattern})$"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few texts."""

    choices: tuple[str, ...]

    def check(self, value: object) -> None:  # noqa: D102 - as Shape
        if not isinstance(value, str) or value not in self.choices:
            raise MalformedEventError(f"one of {', '.join(self.choices)} is expected")

    def schema(self) -> dict[str, JsonValue]:  # noqa: D102 - as Shape
        return {"enum": list[JsonValue](self.choices)}


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""

    def check(self, value: object) -> None:  # noqa: D102 - as Shape
        if not isinstance(value, bool):
            raise MalformedEventError("true or false is expected")

    def schema(self) -> dict[str, JsonValue]:  # noqa: D102 - as Shape
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number within bounds, both included."""

    least: int
    most: int

    def check(self, value: object) -> None:  # noqa: D102 - as Shape
        if isinstance(value, bool) or not isinstance(value, int) or not self.least <= value <= self.most:
            raise MalformedEventError(f"a whole number from {self.least} to {self.most} is expected")

    def schema(self) -> dict[str, JsonValue]:  # noqa: D102 - as Shape
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds, both included."""

    least: int
    most: int

    def check(self, value: object) -> None:  # noqa: D102 - as Shape
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not self.least <= value <= self.most:
            raise MalformedEventError(f"a number from {self.least} to {self.most} is expected")

    def schema(self) -> dict[str, JsonValue]:  # noqa: D102 - as Shape
        return {"type": "number", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Items:
    """A list of so many values of one shape; ``distinct`` is for short lists, since each is held against the others."""

    item: Shape
    least: int
    most: int
    distinct: bool = False

    def check(self, value: object) -> None:  # noqa: D102 - as Shape
        if not isinstance(value, list) or not self.least <= len(value) <= self.most:
            raise MalformedEventError(f"a list of {self.least} to {self.most} is expected")
        for place, item in enumerate(value):
            try:
                self.item.check(item)
            except MalformedEventError as error:
                raise MalformedEventError(f"[{place}]: {error.detail}") from error
        if self.distinct and any(item in value[:place] for place, item in enumerate(value)):
            raise MalformedEventError("the same stands there twice")

    def schema(self) -> dict[str, JsonValue]:  # noqa: D102 - as Shape
        schema: dict[str, JsonValue] = {"type": "array", "items": self.item.schema()}
        unique: dict[str, JsonValue] = {"uniqueItems": True} if self.distinct else {}
        return {**schema, "minItems": self.least, "maxItems": self.most, **unique}


@dataclass(frozen=True, slots=True)
class Members:
    """An object that has all of the required members, may have the optional ones, and no others."""

    required: Mapping[str, Shape]
    optional: Mapping[str, Shape] = field(default_factory=dict)
    _known: dict[str, Shape] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", {**self.required, **self.optional})

    def check(self, value: object) -> None:  # noqa: D102 - as Shape
        if not isinstance(value, dict):
            raise MalformedEventError("an object is expected")
        if not self.required.keys() <= value.keys():
            missing = ", ".join(sorted(self.required.keys() - value.keys()))
            raise MalformedEventError(f"missing: {missing}")
        for name, item in value.items():
            shape = self._known.get(name)
            if shape is None:
                raise MalformedEventError(f"a member is there besides {', '.join(sorted(self._known))}")
            try:
                shape.check(item)
            except MalformedEventError as error:
                raise MalformedEventError(f"{name}: {error.detail}") from error

    def schema(self) -> dict[str, JsonValue]:  # noqa: D102 - as Shape
        return {
            "type": "object",
            "properties": {name: self._known[name].schema() for name in sorted(self._known)},
            "required": list[JsonValue](sorted(self.required)),
            "additionalProperties": False,
        }
