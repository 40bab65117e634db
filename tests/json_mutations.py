"""JSON documents changed at random, for tests of those who read them."""

from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every object and list inside of ``value``, with each of its keys."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(inner):
        yield value, key
        yield from places(item)


def mutate(members: dict[str, Any], data: st.DataObject, names: Sequence[str], values: st.SearchStrategy[Any]) -> None:
    """Replace, remove, add or repeat something somewhere in the document."""
    container, key = data.draw(st.sampled_from(list(places(members))))
    match data.draw(st.sampled_from(["replace", "remove", "add", "repeat"])):
        case "remove":
            del container[key]
        case "repeat" if isinstance(container, list):
            container.append(container[key])
        case "add" if isinstance(container, dict):
            container[data.draw(st.sampled_from(names))] = data.draw(values)
        case _:
            container[key] = data.draw(values)
