"""Values beside those that a log holds."""

Value = int | str | bytes


def altered(value: object) -> list[Value]:
    """Values that differ from ``value`` in one place, to be tried until a unique index takes one."""
    match value:
        case int():
            return [value + 1, value - 1, value + 1_000_000]
        case bytes():
            return [value[:-1] + bytes([value[-1] ^ 1]), bytes([value[0] ^ 0x80]) + value[1:]]
        case str():
            legal = {"public": "parties", "parties": "operator"}
            return [legal.get(value, value[:-1] + chr(ord(value[-1]) ^ 1))]
    raise AssertionError(value)
