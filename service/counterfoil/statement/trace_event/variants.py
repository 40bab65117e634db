"""Shapes that depend on what stands in the value itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import MalformedEventError
from counterfoil.statement.trace_event.shape import Members


@dataclass(frozen=True, slots=True)
class Variants:
    """An object whose member ``by`` says which of several shapes it has. Each of them names that member too."""

    by: str
    shapes: Mapping[str | bool, Members]

    def check(self, value: object) -> None:  # noqa: D102 - as Shape
        chosen = value.get(self.by) if isinstance(value, dict) else None
        # The number 1 is not true, though Python would find it under that key.
        shape = self.shapes.get(chosen) if isinstance(chosen, (str, bool)) else None
        if shape is None:
            known = ", ".join(str(known).lower() for known in self.shapes)
            raise MalformedEventError(f"an object whose {self.by} is one of {known} is expected")
        shape.check(value)

    def schema(self) -> dict[str, JsonValue]:  # noqa: D102 - as Shape
        return {
            "oneOf": [
                {"allOf": [{"properties": {self.by: {"const": name}}}, shape.schema()]}
                for name, shape in self.shapes.items()
            ],
        }


@dataclass(frozen=True, slots=True)
class Inline:
    """Any JSON; but an object of exactly these two members has to be the commitment it looks like."""

    commitment: Members

    def check(self, value: object) -> None:  # noqa: D102 - as Shape
        if isinstance(value, dict) and value.keys() == self.commitment.required.keys():
            self.commitment.check(value)

    def schema(self) -> dict[str, JsonValue]:  # noqa: D102 - as Shape
        names = list[JsonValue](sorted(self.commitment.required))
        looks: dict[str, JsonValue] = {"type": "object", "required": names, "maxProperties": len(names)}
        return {"if": looks, "then": self.commitment.schema()}
