"""What is frozen here is what the library's own frozen dataclass is."""

import copy
import pickle
from dataclasses import FrozenInstanceError, astuple, dataclass, field, fields, replace

import pytest

from counterfoil.frozen import frozen


@frozen
class Quick:
    """With a default and without one."""

    first: int
    second: str
    third: tuple[int, ...] = ()

    @property
    def both(self) -> str:
        """Of two members."""
        return f"{self.first}{self.second}"


@dataclass(frozen=True, slots=True)
class Slow:
    """The same as the library makes it."""

    first: int
    second: str
    third: tuple[int, ...] = ()


def test_members_and_defaults_are_those_of_the_library() -> None:
    assert Quick(1, second="a") == Quick(first=1, second="a", third=())
    assert astuple(Quick(1, "a", (2,))) == astuple(Slow(1, "a", (2,)))
    assert [(one.name, one.type, one.default) for one in fields(Quick)] == [
        (one.name, one.type, one.default) for one in fields(Slow)
    ]
    assert Quick(1, "a").both == "1a"


def test_text_and_hash_are_those_of_the_library() -> None:
    assert repr(Quick(1, "a")) == repr(Slow(1, "a")).replace("Slow", "Quick")
    assert hash(Quick(1, "a")) == hash(Slow(1, "a"))


def test_two_are_equal_when_all_of_them_is_and_of_one_class() -> None:
    assert Quick(1, "a") != Quick(1, "b")
    other: object = Slow(1, "a")
    assert Quick(1, "a") != other
    assert {Quick(1, "a"), Quick(1, "a")} == {Quick(1, "a")}


@pytest.mark.parametrize("name", ["first", "third", "other"])
def test_no_change_is_taken(name: str) -> None:
    one = Quick(1, "a")
    # Of a name that is no member's the library says so in another way, and by mistake.
    refusal = FrozenInstanceError if name in {"first", "third"} else (FrozenInstanceError, TypeError)
    with pytest.raises(refusal):
        setattr(one, name, 2)
    with pytest.raises(refusal):
        delattr(one, name)
    assert one == Quick(1, "a")
    assert not hasattr(one, "__dict__")
    assert not hasattr(one, "other")


def test_a_copy_is_the_same() -> None:
    one = Quick(1, "a", (3,))
    assert type(one) is Quick
    assert replace(one, second="b") == Quick(1, "b", (3,))
    for made in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):  # noqa: S301 - our own
        assert made == one
        assert type(made) is Quick


def test_it_is_matched_by_its_members() -> None:
    match Quick(1, "a"):
        case Quick(first, second):
            assert (first, second) == (1, "a")


@pytest.mark.parametrize("arguments", [(), (1,), (1, "a", (), 4)])
def test_other_arguments_make_none(arguments: tuple[object, ...]) -> None:
    make: type[object] = Quick
    with pytest.raises(TypeError):
        make(*arguments)


def test_a_class_that_asks_for_more_is_refused() -> None:
    class Anew:
        made: list[int] = field(default_factory=list)

    class Looked:
        first: int

        def __post_init__(self) -> None:
            raise NotImplementedError

    class Apart:
        first: int = field(init=False)

    for one in (Anew, Looked, Apart):
        with pytest.raises(TypeError, match="asks for more"):
            frozen(one)
