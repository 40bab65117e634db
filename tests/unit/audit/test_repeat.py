"""What is repeated together comes out as registration decides it alone."""

import random

import pytest

from counterfoil.audit.entry import AuditedEntry
from counterfoil.audit.repeat import Repeated, repeat_together
from counterfoil.cose import labels
from counterfoil.encoding.cbor import CborValue
from counterfoil.errors import CounterfoilError
from counterfoil.log.plan import Submission
from counterfoil.log.rules_source import read_genesis, read_rules
from counterfoil.log.together import Steps
from counterfoil.policy.rules import Rules
from counterfoil.register import admit
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.decision_record import DecisionRecord
from counterfoil.statement.signed_statement import StatementHash, parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from tests.builders import START, World, sign_statement
from tests.log.material import store_of


@pytest.fixture(scope="module")
def world() -> World:
    made = World(MemoryStore())
    made.found()
    return made


@pytest.fixture(scope="module")
def rules(world: World) -> Rules:
    store = store_of(world)
    head = store.head()
    assert head is not None
    return read_rules(store, read_genesis(store), head)


def statements(world: World) -> list[bytes]:
    """Of each kind of refusal one, in the order of the steps; and such as are admitted."""
    agent, stranger = world.agent, generate_private_key("ES256")
    expired: dict[int | str, CborValue] = {labels.CWT_EXP: START - 1}
    broken = bytearray(sign_statement(agent))
    broken[-1] ^= 1
    return [
        sign_statement(agent),
        b"no statement",
        sign_statement(agent, b"x" * 3_000_000),
        sign_statement(agent, b"x" * 3_000_000, issuer="https://nobody.example"),
        sign_statement(agent, subject=None),
        sign_statement(agent, issuer="https://nobody.example"),
        sign_statement(agent, kid=b"another"),
        sign_statement(stranger, kid=agent.public_key.thumbprint),
        bytes(broken),
        sign_statement(agent, claims=expired),
        sign_statement(stranger, kid=agent.public_key.thumbprint, claims=expired),
        sign_statement(agent, content_type="text/unknown"),
        sign_statement(agent, issuer=world.identity.issuer),
        sign_statement(agent, claims={labels.CWT_AUD: "elsewhere.example/log"}),
        sign_statement(agent, headers={labels.CRIT: ("unheard",), "unheard": 1}),
        sign_statement(agent),
    ]


def entry_of(number: int, data: bytes, world: World, rules: Rules, head_time: int = START) -> AuditedEntry:
    try:
        name = parse_signed_statement(data, max_bytes=len(data)).hash
    except CounterfoilError:
        name = StatementHash(bytes(32))
    record = DecisionRecord(number, rules.policy_entry, world.agent.public_key.thumbprint, head_time)
    return AuditedEntry(number, name, record.encode(), data)


def alone(data: bytes, rules: Rules) -> str | None:
    """The code of the refusal when a statement is registered; None when it is admitted."""
    try:
        admit(parse_signed_statement(data, max_bytes=len(data)), rules, START)
    except CounterfoilError as error:
        return error.code
    return None


def code_of(repeated: Repeated) -> str | None:
    return repeated.faults[0].code if repeated.faults else None


def test_each_is_refused_as_registration_refuses_it(world: World, rules: Rules) -> None:
    data = statements(world)
    entries = [entry_of(number, one, world, rules) for number, one in enumerate(data, 10)]
    found = [code_of(one) for one in repeat_together((entry, rules) for entry in entries)]
    assert found == [alone(one, rules) for one in data]
    assert found.count(None) == 2
    assert len(set(found)) >= 11


def test_what_one_comes_to_changes_nothing_for_another(world: World, rules: Rules) -> None:
    entries = [entry_of(number, one, world, rules) for number, one in enumerate(statements(world), 10)]
    expected = [repeat_together([(entry, rules)])[0] for entry in entries]
    chance = random.Random(5)  # noqa: S311 - the same orders in each run
    for _ in range(5):
        order = chance.sample(range(len(entries)), len(entries))
        found = repeat_together((entries[at], rules) for at in order)
        assert found == [expected[at] for at in order]


def test_each_is_decided_at_its_recorded_head_time(world: World, rules: Rules) -> None:
    data = sign_statement(world.agent, claims={labels.CWT_EXP: START + 60})
    until = admit(parse_signed_statement(data, max_bytes=len(data)), rules, START).decision.holds_until
    times = (START, until, until + 1)
    found = repeat_together((entry_of(10 + place, data, world, rules, at), rules) for place, at in enumerate(times))
    assert [code_of(one) for one in found] == [None, None, "expired"]


def test_what_nobody_foresaw_of_one_ends_the_audit_and_passes_for_nothing(
    world: World, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Steps[Submission]:
        yield
        raise ZeroDivisionError

    monkeypatch.setattr("counterfoil.audit.repeat.admission", broken)
    with pytest.raises(ZeroDivisionError):
        repeat_together([(entry_of(10, sign_statement(world.agent), world, rules), rules)])


def test_none_is_repeated_where_there_are_none() -> None:
    assert repeat_together([]) == []
