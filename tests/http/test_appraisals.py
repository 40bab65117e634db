"""What is answered of attested keys: in chains, and the appraisal of an entry made again."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from counterfoil.encoding.jcs import encode_json
from counterfoil.errors import AppraisalDiffersError, LogCorruptError
from counterfoil.log.rules_history import RulesHistory
from counterfoil.log.rules_source import read_genesis
from counterfoil.settings import Settings
from counterfoil.statement.decision_record import RecordedStatus, parse_decision_record
from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.sqlite import open_sqlite
from tests.attested_log import AFTER, CARRIES, ENROLMENT, POLICY, UNATTESTED, UNDER, machines_of, play
from tests.audit.planting import Planted, planting
from tests.builders import START, World
from tests.http.live import ADMIN, Live, problem_in, running

GUARDED = Settings(page_seconds=3600, admin_token=ADMIN)
BOUND = {"grade": "key-bound", "status": "affirming"}


def attested_world(*, public: bool) -> World:
    world = World(MemoryStore()).found()
    asyncio.run(play(world, machines_of(world), public=public))
    return world


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with running(attested_world(public=True), GUARDED) as made:
        yield made


def appraisal(live: Live, number: int, headers: dict[str, str] | None = None) -> httpx.Response:
    entry = live.world.store.entry(number)
    assert entry is not None
    return live.client.get(f"/entries/{entry.statement_hash.hex()}/appraisal", headers=headers)


def answered(live: Live, number: int) -> dict[str, Any]:
    response = appraisal(live, number)
    assert response.status_code == 200, response.content
    body: dict[str, Any] = response.json()
    assert body["number"] == number
    return body


@pytest.mark.parametrize(
    ("number", "enrolment", "at"),
    [(ENROLMENT, None, START), (UNDER, ENROLMENT, START), (CARRIES, None, START + 60), (AFTER, ENROLMENT, START)],
)
def test_the_appraisal_of_an_attested_entry_is_made_again(
    live: Live, number: int, enrolment: int | None, at: int
) -> None:
    body = answered(live, number)
    assert body["attestation"] == {**BOUND, "enrolment": enrolment}
    entry = live.world.store.entry(number)
    assert entry is not None
    record = parse_decision_record(entry.decision)
    ear = body["ear"]
    assert (ear.pop("iat"), ear["counterfoil.grade"]) == (at, "key-bound")
    assert body["policyEntry"] == (record.policy_entry if enrolment is None else POLICY)
    assert sha256(encode_json(ear)).hexdigest() == body["digest"] == (record.appraisal_digest or b"").hex()


def test_of_an_unattested_entry_there_is_none(live: Live) -> None:
    for number in (0, 1, 2, UNATTESTED):
        body = answered(live, number)
        assert (body["attestation"], body["digest"], body["ear"]) == ({"grade": "unattested"}, None, None)


def test_anybody_may_keep_it_where_it_is_public(live: Live) -> None:
    assert appraisal(live, UNDER).headers["Cache-Control"] == "no-cache"
    response = live.client.get(f"/entries/{'0' * 64}/appraisal")
    assert problem_in(response).code == "entry-not-found"


def test_entries_of_chains_say_it(live: Live) -> None:
    entry = live.world.store.entry(UNDER)
    assert entry is not None
    entries = live.client.get(f"/entries/{entry.statement_hash.hex()}/chain").json()["entries"]
    assert {one["number"]: one["attestation"] for one in entries} == {
        4: {**BOUND, "enrolment": 3},
        6: {**BOUND, "enrolment": 5},
        7: {**BOUND, "enrolment": None},
        8: {"grade": "unattested"},
        10: {**BOUND, "enrolment": 3},
    }


def test_who_may_not_read_an_entry_may_not_read_its_appraisal() -> None:
    with running(attested_world(public=False), GUARDED) as live:
        assert problem_in(appraisal(live, UNDER)).code == "credential-required"
        response = appraisal(live, UNDER, {"Authorization": f"Bearer {ADMIN}"})
        assert (response.status_code, response.headers["Cache-Control"]) == (200, "private, no-store")
        assert appraisal(live, ENROLMENT).status_code == 200


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[Planted]:
    source = tmp_path / "source.db"
    with closing(open_sqlite(source, create=True)) as store:
        world = World(store).found()
        asyncio.run(play(world, machines_of(world)))
    copy = tmp_path / "data"
    copy.mkdir()
    with planting(world, source, copy) as made:
        yield made


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        (UNDER, {"appraisal_digest": bytes(32)}),
        (UNDER, {"collateral_digest": None}),
        (UNDER, {"status": RecordedStatus.WARNING}),
        (UNDER, {"enrolment": None}),
        (UNDER, {"enrolment": 5}),
        (UNDER, {"enrolment": 8}),
        (UNDER, {"enrolment": 1000}),
        (CARRIES, {"enrolment": ENROLMENT}),
    ],
)
def test_what_does_not_come_out_as_it_was_recorded_is_told(
    planted: Planted, number: int, changes: dict[str, Any]
) -> None:
    entry = planted.store.entry(number)
    assert entry is not None
    history = RulesHistory(planted.store, read_genesis(planted.store))
    assert history.appraise_again(entry).appraisal is not None
    record = parse_decision_record(entry.decision)
    assert record.attested is not None
    named = {name: changes.pop(name) for name in tuple(changes) if name in {"grade", "status", "enrolment"}}
    changed = replace(record, attested=replace(record.attested, **named), **changes)
    with pytest.raises((AppraisalDiffersError, LogCorruptError)):
        history.appraise_again(replace(entry, decision=changed.encode()))


def test_rules_that_come_later_are_read_on(planted: Planted) -> None:
    history = RulesHistory(planted.store, read_genesis(planted.store))
    for number in (AFTER, UNDER, CARRIES, ENROLMENT, UNATTESTED):
        entry = planted.store.entry(number)
        assert entry is not None
        again = history.appraise_again(entry)
        assert (again.appraisal is None) == (number == UNATTESTED)
