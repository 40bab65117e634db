import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from counterfoil.cose.ed25519_points import require_signer_point
from counterfoil.cose.public_key import public_key_of
from counterfoil.errors import MalformedKeyError

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def add(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2 % P
    return (
        (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P,
        (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P,
    )


def encode(point: tuple[int, int]) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def root(square: int) -> int | None:
    candidate = pow(square, (P + 3) // 8, P)
    for found in (candidate, candidate * ROOT_OF_MINUS_ONE % P):
        if found * found % P == square % P:
            return found
    return None


def point_at(y: int) -> tuple[int, int] | None:
    x = root((y * y - 1) * pow(D * y * y + 1, -1, P) % P)
    return None if x is None else (x, y)


def torsion() -> set[tuple[int, int]]:
    """The eight points of small order: points of the curve times the group's odd order."""
    odd_order = 2**252 + 27742317777372353535851937790883648493
    found: set[tuple[int, int]] = set()
    for y in range(2, 32):
        point = point_at(y)
        for start in (point, point and (P - point[0], point[1])):
            if start is not None:
                found.add(times(odd_order, start))
    return found


def times(factor: int, point: tuple[int, int]) -> tuple[int, int]:
    total = (0, 1)
    while factor:
        total = add(total, point) if factor & 1 else total
        point, factor = add(point, point), factor >> 1
    return total


def test_refuses_all_eight_points_of_small_order() -> None:
    points = torsion()
    assert len(points) == 8
    for point in points:
        with pytest.raises(MalformedKeyError):
            require_signer_point(encode(point))
        sign_flipped = bytearray(encode(point))
        sign_flipped[31] ^= 0x80
        with pytest.raises(MalformedKeyError):
            require_signer_point(bytes(sign_flipped))


@pytest.mark.parametrize("above", range(19))
def test_refuses_a_y_that_is_not_reduced(above: int) -> None:
    for sign in (0, 1 << 255):
        with pytest.raises(MalformedKeyError):
            require_signer_point((P + above | sign).to_bytes(32, "little"))


def test_a_point_is_taken_exactly_where_the_curve_has_one() -> None:
    taken = 0
    for y in range(2, 60):
        encoded = y.to_bytes(32, "little")
        if point_at(y) is None:
            with pytest.raises(MalformedKeyError):
                require_signer_point(encoded)
        else:
            require_signer_point(encoded)
            taken += 1
    assert 15 < taken < 45


@pytest.mark.parametrize("size", [0, 1, 31, 33, 64])
def test_refuses_another_size(size: int) -> None:
    with pytest.raises(MalformedKeyError):
        require_signer_point(b"\x02" * size)


def test_takes_what_key_generation_yields() -> None:
    for n in range(50):
        require_signer_point(
            ed25519.Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32).public_key().public_bytes_raw()
        )


def test_the_library_lets_the_neutral_point_sign_everything_and_this_log_does_not() -> None:
    neutral = (1).to_bytes(32, "little")
    material = ed25519.Ed25519PublicKey.from_public_bytes(neutral)
    forged = neutral + bytes(32)
    material.verify(forged, b"one message")
    material.verify(forged, b"and another")
    with pytest.raises(MalformedKeyError):
        public_key_of(material)
