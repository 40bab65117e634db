"""Parts of a policy as people read them, each on one line."""

from collections.abc import Iterable, Mapping

from counterfoil.encoding.jcs import JsonValue


def part_text(value: JsonValue) -> str:
    """A part of a policy document, as it is spelled there: a rule, a demand, roles, an entry, or a plain value."""
    if isinstance(value, Mapping):
        return _object_text(value)
    if isinstance(value, (list, tuple)):
        return f"roles {', '.join(map(str, value))}" if value else "every issuer"
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def demand_text(demand: Mapping[str, JsonValue]) -> str:
    """Of whom a demand asks what."""
    asked = (f"{name} {_words(value)}" for name, value in demand.items() if name != "roles")
    return f"{part_text(demand['roles'])}: {', '.join(asked) or 'nothing'}"


def _object_text(members: Mapping[str, JsonValue]) -> str:
    if "visibility" in members:
        demands = (demand_text(one) for one in _list(members.get("demands", [])) if isinstance(one, Mapping))
        return "; ".join((f"{members['visibility']}, {part_text(members['roles'])}", *demands))
    return (
        demand_text(members) if "roles" in members else ", ".join(f"{name} {_words(members[name])}" for name in members)
    )


def _words(value: JsonValue) -> str:
    return " ".join(map(str, _list(value)))


def _list(value: JsonValue) -> Iterable[JsonValue]:
    return value if isinstance(value, (list, tuple)) else [value]
