"""What is remarkable about entries: each finding on what has it, and on nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from counterfoil.chain.findings import Finding, Told, lag, remarks_on_all
from counterfoil.chain.history import parse_entry_event
from counterfoil.chain.past import payload_digest
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.statement.trace_event.event import EventType, Role
from tests.builders import START, sign_statement
from tests.events import Cast, data_of, engagement, event_id, hash_of, members_of

KINDS = EventType
LAG = 60


@dataclass(frozen=True)
class At:
    """A statement with the second in which it was registered."""

    statement: bytes
    time: int = START


def told(entry: bytes | At) -> Told:
    at = entry if isinstance(entry, At) else At(entry)
    statement = parse_signed_statement(at.statement)
    return Told(statement.hash, parse_entry_event(statement), payload_digest(statement), at.time, LAG)


def found(*chain: bytes | At) -> list[str]:
    """The findings on each entry, joined."""
    remarks = remarks_on_all([told(entry) for entry in chain])
    return [" ".join(remark.finding for remark in entry) for entry in remarks]


def begun() -> tuple[Cast, bytes, bytes]:
    cast = Cast()
    return cast, cast.say(KINDS.FORMATION), cast.say(KINDS.ACTION)


def test_a_story_told_in_order_has_one_remark() -> None:
    """The other is that the third entry, which names its second as the last it saw, came right behind it."""
    assert [number for number, names in enumerate(found(*engagement(Cast()))) if names] == []


def test_who_is_no_party_and_other_statements() -> None:
    cast, formed, action = begun()
    agent = [{"issuer": cast.name(Role.AGENT), "role": "agent"}]
    formed = cast.say(KINDS.FORMATION, data=data_of(KINDS.FORMATION, agent), sequence=0)
    stranger = cast.say(KINDS.RUNTIME_FLAGGED, refs=[("scores", hash_of(action))], data={"score": 0.99})
    generic = sign_statement(cast.signers[Role.AGENT], issuer=cast.name(Role.AGENT), subject=cast.root)
    early = sign_statement(cast.signers[Role.AGENT], issuer=cast.name(Role.AGENT), subject=cast.root)
    assert found(early, formed, action, stranger, generic) == ["other-profile", "", "", "not-a-party", "other-profile"]
    assert found(early, generic) == ["", ""], "where no engagement is, nobody intrudes"


def test_of_a_stranger_s_event_only_the_clocks_are_looked_at_besides() -> None:
    cast = Cast()
    formed = cast.say(
        KINDS.FORMATION, data=data_of(KINDS.FORMATION, [{"issuer": cast.name(Role.BUYER), "role": "buyer"}])
    )
    late = cast.say(KINDS.ACTION, sequence=7, occurred_at=0, previous=hash_of(formed).hex())
    early = cast.say(KINDS.ACTION, sequence=7, occurred_at=START * 1000 + 5000)
    assert found(formed, late, early)[1:] == ["not-a-party late", "not-a-party occurred-after-registration"]


def test_an_action_while_suspended_and_one_after_settlement() -> None:
    cast, formed, action = begun()
    refs = [("scores", hash_of(action))]
    suspended = cast.say(KINDS.RUNTIME_SUSPENDED, refs=refs)
    during = cast.say(KINDS.ACTION)
    cleared = cast.say(KINDS.RUNTIME_CLEARED, refs=[("clears", hash_of(suspended))])
    free, settled, late = cast.say(KINDS.ACTION), cast.say(KINDS.SETTLEMENT), cast.say(KINDS.ACTION)
    escalated, both = cast.say(KINDS.RUNTIME_ESCALATED, refs=refs, data={"score": 0.9}), cast.say(KINDS.ACTION)
    asked = cast.say(KINDS.OBSERVATION)
    chain = (formed, action, suspended, during, cleared, free, settled, late, escalated, both, asked)
    assert found(*chain) == [
        "", "", "", "action-while-suspended", "", "", "", "action-after-settlement", "",
        "action-while-suspended action-after-settlement", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "inside", "outside"),
    [
        (KINDS.RUNTIME_FLAGGED, [0.15, 0.3999], [0.1499, 0.4, 1]),
        (KINDS.RUNTIME_SUSPENDED, [0.4, 0.6999], [0.3999, 0.7, 0]),
        (KINDS.RUNTIME_ESCALATED, [0.7, 1], [0.6999, 0.5]),
    ],
)
def test_scores_and_their_bands(kind: EventType, inside: list[float], outside: list[float]) -> None:
    cast, formed, action = begun()

    def scored(score: float) -> bytes:
        return cast.say(kind, refs=[("scores", hash_of(action))], data={"score": score})

    assert found(formed, action, *map(scored, inside)) == [""] * (2 + len(inside))
    cast.counts[Role.RUNTIME] = 0
    assert found(formed, action, *map(scored, outside))[2:] == ["score-outside-band"] * len(outside)


@pytest.mark.parametrize(
    ("occurred", "registered", "names", "behind"),
    [
        (START * 1000, START, "", 0),
        (START * 1000 + 999, START, "", 0),
        (START * 1000 + 1000, START, "occurred-after-registration", -1000),
        (START * 1000 + 86_400_000, START, "occurred-after-registration", -86_400_000),
        (START * 1000, START + LAG, "", LAG * 1000),
        (START * 1000 - 1, START + LAG, "late", LAG * 1000 + 1),
        (0, START, "late", START * 1000),
    ],
)
def test_the_two_clocks(occurred: int, registered: int, names: str, behind: int) -> None:
    cast, formed, _ = begun()
    cast.counts[Role.AGENT] = 0
    action = told(At(cast.say(KINDS.ACTION, occurred_at=occurred), registered))
    assert action.event is not None
    assert lag(action.event.occurred_at, registered) == behind
    assert [one.finding for one in remarks_on_all([told(formed), action])[1]] == names.split()


def numbered(cast: Cast, *numbers: int, role: Role = Role.AGENT) -> list[bytes]:
    return [cast.say(KINDS.ACTION, role=role, sequence=number) for number in numbers]


@pytest.mark.parametrize(
    ("numbers", "names"),
    [
        ((0, 1, 2), ["", "", ""]),
        ((0, 2, 3), ["", "sequence-gap", ""]),
        ((1, 0, 2), ["sequence-gap", "", ""]),
        ((0, 0, 1), ["", "sequence-repeated", ""]),
        ((5, 5), ["sequence-gap", "sequence-repeated sequence-gap"]),
        ((2**53 - 1,), ["sequence-gap"]),
    ],
)
def test_a_writers_own_numbers(numbers: tuple[int, ...], names: list[str]) -> None:
    cast, formed, _ = begun()
    assert found(formed, *numbered(cast, *numbers))[1:] == names


def test_numbers_are_each_writers_own() -> None:
    cast, formed, action = begun()
    flagged = [
        cast.say(KINDS.RUNTIME_FLAGGED, refs=[("scores", hash_of(action))], sequence=number) for number in (0, 1)
    ]
    assert found(formed, action, *flagged) == ["", "", "", ""]


def test_what_a_writer_had_seen_last() -> None:
    cast, formed, action = begun()
    right, one, many = (cast.say(KINDS.ACTION, previous=hash_of(seen).hex()) for seen in (action, action, formed))
    chain = [told(entry) for entry in (formed, action, right, one, many)]
    remarks = remarks_on_all(chain)
    assert [[(one.finding, one.detail) for one in entry] for entry in remarks[2:]] == [
        [],
        [(Finding.PREVIOUS_BEHIND, "1 behind the last entry")],
        [(Finding.PREVIOUS_BEHIND, "3 behind the last entry")],
    ]


def test_one_event_id_twice() -> None:
    cast, formed, _ = begun()
    cast.counts[Role.AGENT] = 0

    def named(role: Role = Role.AGENT, **changes: Any) -> bytes:
        members = members_of(KINDS.ACTION, root=cast.root, eventId=event_id(7), **changes)
        return cast.sign(role, members, claims={6: START - len(str(changes)) - len(role)})

    first, other = named(), named(sessionId="another session")
    again = cast.sign(Role.AGENT, members_of(KINDS.ACTION, root=cast.root, eventId=event_id(7)), claims={6: START - 60})
    assert found(formed, first, again, other, other)[1:4] == [
        "",
        "sequence-repeated repeated",
        "sequence-repeated equivocation",
    ]
    third = cast.sign(Role.AGENT, members_of(KINDS.ACTION, root=cast.root, eventId=event_id(7)), claims={6: START - 61})
    assert found(formed, first, other, third)[3] == "sequence-repeated repeated", "the first of a name is what counts"
    assert "equivocation" not in " ".join(found(formed, named(Role.PROVIDER), first)), "no agent, so no event of his"


def test_what_is_erased_says_nothing_and_takes_its_place() -> None:
    cast, formed, action = begun()
    erased = Told(hash_of(action), None, None, START, LAG)
    behind = cast.say(KINDS.ACTION, previous=hash_of(formed).hex())
    remarks: Sequence[Any] = remarks_on_all([told(formed), erased, told(behind)])
    assert remarks[1] == ()
    assert [one.finding for one in remarks[2]] == [Finding.SEQUENCE_GAP, Finding.PREVIOUS_BEHIND]
