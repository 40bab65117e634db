import pytest

from counterfoil.merkle.bounds import MAX_TREE_SIZE, is_hash, is_path, is_tree_number
from tests.unit.merkle.trees import NO_HASHES, NO_NUMBERS, NO_PATHS


@pytest.mark.parametrize("value", [0, 1, 2**32, MAX_TREE_SIZE])
def test_tree_numbers(value: int) -> None:
    assert is_tree_number(value)


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: type(value).__name__)
def test_what_is_no_tree_number(value: object) -> None:
    assert not is_tree_number(value)


def test_a_hash_is_32_bytes() -> None:
    assert is_hash(bytes(32))


@pytest.mark.parametrize("value", NO_HASHES, ids=lambda value: type(value).__name__)
def test_what_is_no_hash(value: object) -> None:
    assert not is_hash(value)


def test_a_path_is_so_many_hashes() -> None:
    assert is_path((), 0)
    assert is_path([bytes(32)], 1)
    assert not is_path([bytes(32)], 2)
    assert not is_path([bytes(32), bytes(31)], 2)


@pytest.mark.parametrize("value", NO_PATHS, ids=lambda value: type(value).__name__)
def test_what_is_no_path_of_one(value: object) -> None:
    assert not is_path(value, 1)
