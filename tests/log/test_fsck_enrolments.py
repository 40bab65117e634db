"""A check of a log whose keys are attested: what it repeats of them, and what it finds."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from counterfoil.log.fsck import check_log
from counterfoil.policy.document import Visibility
from counterfoil.policy.own_statements import Effect
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.decision_record import RecordedGrade, RecordedStatus, parse_decision_record
from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.sqlite import open_sqlite
from tests.attested import Machine
from tests.attested_log import CARRIES, ENROLMENT, OTHER_ENROLMENT, UNATTESTED, UNDER, machines_of, play
from tests.audit.planting import Planted, planting
from tests.builders import World

DECISION = "UPDATE entries SET decision = ? WHERE number = ?"
UNLINKED = "chain hash"
"""A record that was changed is no longer the one that its chain commits to: those findings come with each."""


def test_a_log_with_enrolments_agrees_with_itself_in_memory() -> None:
    world = World(MemoryStore()).found()
    asyncio.run(play(world, machines_of(world)))
    assert isinstance(world.store, MemoryStore)
    assert check_log(world.store) == ()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path, tuple[Machine, Machine]]:
    path = tmp_path_factory.mktemp("attested") / "log.db"
    with closing(open_sqlite(path, create=True)) as store:
        world = World(store).found()
        machines = machines_of(world)
        asyncio.run(play(world, machines))
    return world, path, machines


@pytest.fixture
def planted(built: tuple[World, Path, tuple[Machine, Machine]], tmp_path: Path) -> Iterator[Planted]:
    with planting(*built[:2], tmp_path) as made:
        yield made


def found(planted: Planted) -> list[str]:
    with closing(open_sqlite(planted.data / "log.db")) as store:
        return [str(finding) for finding in check_log(store) if UNLINKED not in str(finding)]


def test_it_does_in_a_file(planted: Planted) -> None:
    assert found(planted) == []


@pytest.mark.parametrize(
    ("number", "changes", "what"),
    [
        (UNDER, {"appraisal_digest": bytes(32)}, "appraisal digest in the decision record is stored as 0000"),
        (UNDER, {"collateral_digest": None}, "collateral digest in the decision record is stored as None"),
        (UNDER, {"grade": RecordedGrade.PLATFORM_ATTESTED}, "is stored as platform-attested, affirming, by the enrol"),
        (UNDER, {"status": RecordedStatus.WARNING}, "is stored as key-bound, warning, by the enrolment in entry 3"),
        (UNDER, {"enrolment": OTHER_ENROLMENT}, "recomputed it is key-bound, affirming, by the enrolment in entry 3"),
        (ENROLMENT, {"enrolment": 1}, "recomputed it is key-bound, affirming, by its own evidence"),
        (CARRIES, {"enrolment": ENROLMENT}, "recomputed it is key-bound, affirming, by its own evidence"),
    ],
)
def test_a_record_that_says_otherwise(planted: Planted, number: int, changes: dict[str, Any], what: str) -> None:
    entry = planted.store.entry(number)
    assert entry is not None
    record = parse_decision_record(entry.decision)
    assert record.attested is not None
    named = {name: changes.pop(name) for name in tuple(changes) if name in {"grade", "status", "enrolment"}}
    changed = replace(record, attested=replace(record.attested, **named), **changes)
    planted.write(DECISION, changed.encode(), number)
    (finding,) = found(planted)
    assert finding.startswith(f"entry {number}: ")
    assert what in finding


def test_a_record_that_calls_an_unattested_key_attested(planted: Planted) -> None:
    under, plain = planted.store.entry(UNDER), planted.store.entry(UNATTESTED)
    assert under is not None
    assert plain is not None
    changed = replace(parse_decision_record(plain.decision), attested=parse_decision_record(under.decision).attested)
    planted.write(DECISION, changed.encode(), UNATTESTED)
    (finding,) = found(planted)
    assert "recomputed it is unattested" in finding


def test_an_enrolment_that_would_not_be_admitted(planted: Planted, built: Any) -> None:
    machine = replace(built[2][0], signer=generate_private_key("ES256"))
    data = machine.enrolment(machine.challenge(planted.world.clock()), evidence=built[2][0].evidence(bytes(64)))
    decided = planted.decided(data, key=machine.kid, visibility=Visibility.PUBLIC, effect=Effect.RULES)
    number = planted.append(decided)
    findings = found(planted)
    assert any(one.startswith(f"entry {number}: ") and "(key-not-bound)" in one for one in findings)


def test_an_enrolment_that_is_lost_is_told_once_and_named_by_what_it_let_sign(planted: Planted) -> None:
    planted.write("DELETE FROM statements WHERE number = ?", ENROLMENT)
    findings = found(planted)
    assert f"entry {UNDER}: the enrolment of its key, entry {ENROLMENT}, is lost; it is not repeated" in findings
    assert not any("not admitted" in one for one in findings)
