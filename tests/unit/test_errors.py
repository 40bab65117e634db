"""The error tree: complete, drawn, and with stable codes."""

from collections.abc import Iterator

import pytest

from counterfoil import errors


def _leaves(kind: type[errors.CounterfoilError] = errors.CounterfoilError) -> Iterator[type[errors.CounterfoilError]]:
    children = [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]
    if not children:
        yield kind
    for child in children:
        yield from _leaves(child)


def test_every_leaf_has_a_code_of_its_own() -> None:
    codes = [leaf.code for leaf in _leaves()]
    assert len(set(codes)) == len(codes)
    assert all("code" in vars(leaf) for leaf in _leaves())


@pytest.mark.parametrize("leaf", list(_leaves()), ids=lambda leaf: leaf.__name__)
def test_every_leaf_stands_in_the_drawing(leaf: type[errors.CounterfoilError]) -> None:
    assert errors.__doc__ is not None
    assert leaf.__name__ in errors.__doc__


def test_the_drawing_names_nothing_that_is_not_there() -> None:
    assert errors.__doc__ is not None
    drawn = {word.strip(",") for word in errors.__doc__.split() if word.strip(",").endswith("Error")}
    assert drawn == {name for name in vars(errors) if name.endswith("Error")}
