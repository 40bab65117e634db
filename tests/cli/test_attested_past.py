"""Decisions about attested keys, explained and audited from a store and from a running service."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from counterfoil.cli.exit_codes import ExitCode
from counterfoil.policy.document import Visibility
from counterfoil.settings import Settings
from counterfoil.statement.decision_record import RecordedStatus, parse_decision_record
from counterfoil.statement.links import chain_id
from counterfoil.storage.opening import DATABASE
from counterfoil.storage.sqlite import open_sqlite
from tests.attested_log import (
    AFTER,
    CARRIES,
    ENROLMENT,
    NEXT_POLICY,
    OTHER_ENROLMENT,
    UNATTESTED,
    UNDER,
    UNDER_OTHER,
    machines_of,
    play,
)
from tests.audit.planting import Planted
from tests.builders import START, SUBJECT, World
from tests.cli.commands import Shell
from tests.http.live import ADMIN, Live, running

DECISION = "UPDATE entries SET decision = ? WHERE number = ?"


@dataclass(frozen=True)
class Log:
    """A log with enrolments in a data directory, served; its genesis statement and the credential in files."""

    live: Live
    data: Path

    @property
    def url(self) -> tuple[str, ...]:
        return "--url", self.live.url, "--keys", str(self.data / "genesis.cose")

    @property
    def credential(self) -> tuple[str, str]:
        return "--credential", str(self.data / "credential")

    @property
    def store(self) -> tuple[str, str]:
        return "--data", str(self.data)


def served(data: Path, *, public: bool, enrolments: Visibility = Visibility.PUBLIC) -> Iterator[Log]:
    with closing(open_sqlite(data / DATABASE, create=True)) as store:
        world = World(store).found()
        asyncio.run(play(world, machines_of(world), public=public, enrolments=enrolments))
        with running(world, Settings(page_seconds=3600, admin_token=ADMIN)) as live:
            genesis = live.client.get("/log").json()["genesisEntry"]["entryId"]
            answer = live.client.get(f"/entries/{genesis}/statement")
            (data / "genesis.cose").write_bytes(answer.content)
            (data / "credential").write_text(f"{ADMIN}\n")
            yield Log(live, data)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    yield from served(tmp_path_factory.mktemp("attested"), public=True)


@pytest.fixture(scope="module")
def parties(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    yield from served(tmp_path_factory.mktemp("parties"), public=False)


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    yield from served(tmp_path_factory.mktemp("hidden"), public=True, enrolments=Visibility.OPERATOR)


@pytest.mark.parametrize("number", range(AFTER + 1))
def test_every_decision_comes_out_the_same_on_both_sides(log: Log, shell: Shell, number: int) -> None:
    stored, asked = shell.ok("policy", "explain", number, *log.store), shell.ok("policy", "explain", number, *log.url)
    apart = {"notEstablished", "genesisPinned"}
    assert {name: stored[name] for name in stored if name not in apart} == {
        name: asked[name] for name in asked if name not in apart
    }
    assert (stored["same"], stored["refusal"], stored["differences"]) == (True, None, [])
    attested = {ENROLMENT: None, UNDER: 3, OTHER_ENROLMENT: None, UNDER_OTHER: 5, CARRIES: None, AFTER: 3}
    expected = (
        {"grade": "key-bound", "status": "affirming", "enrolment": attested[number]}
        if number in attested
        else {"grade": "unattested"}
    )
    assert stored["record"]["attestation"] == expected
    assert (stored["onlyAttested"], stored["certified"]) == (number in attested, False)
    open_points = " ".join(stored["notEstablished"])
    assert ("no other enrolment" in open_points) == (number not in {0, 1, 2, NEXT_POLICY})
    if number not in attested:
        assert stored["appraisal"] is None
        return
    ear = stored["appraisal"]
    assert ear["iat"] == (START if attested[number] == ENROLMENT or number == ENROLMENT else START + 60)
    (submodule,) = ear["submods"].values()
    assert submodule["ear_appraisal_policy_ids"] == ["machines"]
    assert submodule["counterfoil.checks"]


def test_people_read_how_a_key_is_bound_and_each_check(log: Log, shell: Shell) -> None:
    text = shell("policy", "explain", UNDER, *log.store).out
    for line in (
        "attestation  ", "key-bound, affirming, by the enrolment in entry 3", "machines, bound by enrolment",
        "measurements: passed, mrtd", "binding: passed, enrolment", "the policy does not list it",
    ):  # fmt: skip
        assert line in text
    assert "which the issuer does not have" not in text
    assert "  attestation  " in shell("policy", "explain", UNATTESTED, *log.store).out
    assert "  attestation  " not in shell("policy", "explain", 1, *log.store).out


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({"status": RecordedStatus.WARNING}, "attested: recorded key-bound, warning, by the enrolment in entry 3"),
        ({"enrolment": 5}, None),
        ({"enrolment": 8}, None),
    ],
)
def test_a_record_that_says_otherwise(
    tmp_path: Path, shell: Shell, changes: dict[str, Any], differs: str | None
) -> None:
    with closing(open_sqlite(tmp_path / DATABASE, create=True)) as store:
        world = World(store).found()
        asyncio.run(play(world, machines_of(world)))
        entry = store.entry(UNDER)
        assert entry is not None
        record = parse_decision_record(entry.decision)
        assert record.attested is not None
        changed = replace(record, attested=replace(record.attested, **changes))
        Planted(tmp_path, world).write(DECISION, changed.encode(), UNDER)
    told = shell("policy", "explain", UNDER, "--data", tmp_path, "--json")
    assert told.code == ExitCode.UNVERIFIED
    if differs is None:
        # What is there enrolled nobody, or came later.
        assert told.json["refusal"]["code"] == "chain-invalid"
    else:
        assert any(one.startswith(differs) for one in told.json["differences"])


def test_a_store_and_a_service_are_audited_alike(log: Log, shell: Shell) -> None:
    stored, asked = shell.ok("audit", *log.store), shell.ok("audit", *log.url)
    apart = {"notEstablished"}
    assert {name: stored[name] for name in stored if name not in apart} == {
        name: asked[name] for name in asked if name not in apart
    }
    assert (stored["verdict"], stored["ruleChanges"], stored["withheld"]) == ("clean", 4, 0)
    assert not any("enrolled" in one for one in asked["notEstablished"])
    assert shell.ok("audit", *log.url, "--from", UNDER)["verdict"] == "clean"


def test_of_a_log_that_shows_it_to_its_parties_the_rest_is_audited(parties: Log, shell: Shell) -> None:
    assert shell.ok("audit", *parties.url, *parties.credential)["verdict"] == "clean"
    outcome = shell("audit", *parties.url, "--json")
    assert (outcome.code, outcome.json["faults"]) == (ExitCode.INCOMPLETE, [])


def test_who_may_not_read_the_enrolments_is_told_what_that_leaves_open(hidden: Log, shell: Shell) -> None:
    assert shell.ok("audit", *hidden.url, *hidden.credential)["verdict"] == "clean"
    for more in ((), ("--from", str(UNDER)), ("--from", str(UNDER_OTHER))):
        outcome = shell("audit", *hidden.url, *more, "--json")
        assert (outcome.code, outcome.json["faults"]) == (ExitCode.INCOMPLETE, [])
        assert any("which keys were enrolled" in one for one in outcome.json["notEstablished"])
    # Both enrolments, and three entries of their keys.
    assert shell("audit", *hidden.url, "--json").json["withheld"] == 5
    assert shell("policy", "explain", UNDER, *hidden.url).code != 0


def test_a_case_is_for_who_may_read_the_enrolments_that_it_holds(hidden: Log, log: Log) -> None:
    path = f"/chains/{chain_id(SUBJECT).hex()}/bundle"
    assert hidden.live.client.get(path).status_code == 401
    assert hidden.live.client.get(path, headers={"Authorization": f"Bearer {ADMIN}"}).status_code == 200
    assert log.live.client.get(path).status_code == 200
