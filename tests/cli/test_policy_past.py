"""Policies that were in force and decisions that were made, read from a store and from a running service."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from counterfoil.chain.findings import Finding
from counterfoil.cli.exit_codes import ExitCode
from counterfoil.policy.demand import Demand, RequiredClaim
from counterfoil.policy.document import ContentTypeRule, PolicyDocument, Visibility
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.opening import DATABASE
from counterfoil.storage.sqlite import open_sqlite
from tests.builders import CONTENT_TYPE, ISSUER, ORIGIN, START, World, policy_for, sign_statement
from tests.cli.commands import Shell
from tests.http.live import Live, running
from tests.log.material import certificate_of, policy_statement, with_evidence
from tests.unit.client.canned import Canned, answering

SERVICE_WORD = "whose log this is"


@dataclass(frozen=True)
class Past:
    """A running log with three policies, and an entry under each; its genesis statement in a file."""

    live: Live
    data: Path
    genesis: Path
    entries: tuple[str, ...]
    policies: tuple[PolicyDocument, ...]

    @property
    def url(self) -> tuple[str, str]:
        return "--url", self.live.url

    @property
    def store(self) -> tuple[str, str]:
        return "--data", str(self.data)

    def get(self, path: str, accept: str = "application/cose") -> bytes:
        answer = self.live.client.get(path, headers={"Accept": accept})
        assert answer.status_code == 200, answer.content
        return answer.content


def demanding(policy: PolicyDocument | None) -> ContentTypeRule:
    """The rule of a policy for the world's statements, with a demand on everybody and one on others."""
    assert policy is not None
    demands = (
        Demand(required_claims=frozenset({RequiredClaim.ISSUED_AT}), clock_skew_seconds=30),
        Demand(frozenset({"runtime"}), max_statement_bytes=1),
    )
    return replace(policy.content_types[0], demands=demands)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    data = tmp_path_factory.mktemp("past")
    store = open_sqlite(data / DATABASE, create=True)
    world = World(store).found()
    with running(world) as live:
        entries, policies = [live.register(sign_statement(world.agent))], [world.policy]
        second = {"clock_skew_seconds": 60, "content_types": (demanding(policies[0]),)}
        for changes in (second, {"issuers": (), "refused_findings": frozenset({Finding.LATE})}):
            world.clock.now += 60
            assert policies[-1] is not None
            policies.append(replace(policies[-1], version=policies[-1].version + 1, **changes))
            live.register(policy_statement(world, policies[-1]))
            if policies[-1].issuers:
                entries.append(live.register(with_evidence(world.agent, certificate_of(world.agent))))
        genesis = data / "genesis.cose"
        genesis_id = live.client.get("/log").json()["genesisEntry"]["entryId"]
        genesis.write_bytes(live.client.get(f"/entries/{genesis_id}/statement").content)
        ids = tuple(entry.rpartition("/")[2] for entry in entries)
        yield Past(live, data, genesis, ids, tuple(one for one in policies if one is not None))
    store.close()


def test_both_sides_tell_the_same_history(past: Past, shell: Shell) -> None:
    stored = shell.ok("policy", "history", *past.store)
    asked = shell.ok("policy", "history", *past.url)
    pinned = shell.ok("policy", "history", *past.url, "--keys", past.genesis)
    assert stored["policies"] == asked["policies"] == pinned["policies"]
    assert [one["version"] for one in stored["policies"]] == [1, 2, 3]
    assert [one["headTime"] for one in stored["policies"]] == [START, START + 60, START + 120]
    assert [one["changes"] for one in stored["policies"]] == [
        None,
        {"content-type-removed": 2, "demand-added": 2, "clock-skew-seconds": 1},
        {"issuer-removed": 1, "key-removed": 1, "finding-refused": 1},
    ]
    assert {one["entryId"] for one in stored["policies"]} > {
        past.live.client.get("/log").json()["policyEntry"]["entryId"]
    }
    operator = past.live.world.signers[KeyPurpose.OPERATOR].public_key.thumbprint.hex()
    assert {one["operatorKey"] for one in (stored, asked, pinned)} == {operator}
    assert (asked["genesisPinned"], pinned["genesisPinned"]) == (False, True)
    assert (stored["treeSize"], asked["treeSize"]) == (None, past.live.size())


def test_the_history_says_what_it_rests_on(past: Past, shell: Shell, tmp_path: Path) -> None:
    text = shell("policy", "history", *past.url).out
    assert SERVICE_WORD in text
    assert "version 2  entry " in text
    assert "clock-skew-seconds 1\n" in text
    assert SERVICE_WORD not in shell("policy", "history", *past.url, "--keys", past.genesis).out
    shell.ok("keys", *past.url, "--out", tmp_path / "keys.cbor")
    told = shell.ok("policy", "history", *past.url, "--keys", tmp_path / "keys.cbor", "--origin", ORIGIN)
    assert not told["genesisPinned"]
    assert any(SERVICE_WORD in sentence for sentence in told["notEstablished"])
    assert "fsck" in shell("policy", "history", *past.store).out


def test_keys_of_another_log_make_nothing_of_it(past: Past, shell: Shell, tmp_path: Path) -> None:
    other = World(MemoryStore())
    with running(other.found()) as live:
        genesis_id = live.client.get("/log").json()["genesisEntry"]["entryId"]
        (tmp_path / "other.cose").write_bytes(live.client.get(f"/entries/{genesis_id}/statement").content)
    for command in (("history",), ("explain", past.entries[0])):
        refused = shell("policy", *command, *past.url, "--keys", tmp_path / "other.cose", "--json")
        assert (refused.code, refused.error["code"]) == (ExitCode.UNVERIFIED, "log-key-unknown")
        misnamed = shell("policy", *command, *past.url, "--origin", "log.example/other", "--json")
        assert misnamed.code == ExitCode.UNVERIFIED


def answers(past: Past, chain: Mapping[str, Any]) -> dict[str, Canned]:
    """What the service answers to a history, but for the chain."""
    size = chain["treeHead"]["size"]
    receipts = {
        f"/entries/{entry['entryId']}": Canned(past.get(f"/entries/{entry['entryId']}?size={size}"))
        for entry in chain["entries"]
    }
    return {
        "/.well-known/scitt-keys": Canned(past.get("/.well-known/scitt-keys", "application/cbor")),
        "/log": Canned(past.get("/log", "application/json")),
        "/chains": Canned(json.dumps(chain).encode()),
        **receipts,
    }


def test_a_service_that_leaves_out_the_last_policy_is_caught_by_what_it_signed(past: Past, shell: Shell) -> None:
    subject = past.live.world.identity.policy_subject
    chain = past.live.client.get("/chains", params={"rootTraceId": subject}).json()
    with answering(answers(past, chain)) as honest:
        assert len(shell.ok("policy", "history", "--url", honest.url)["policies"]) == 3
    short = {**chain, "length": chain["length"] - 1, "entries": chain["entries"][:-1]}
    short["chainHash"] = short["entries"][-1]["chainHash"]
    unsigned = {name: value for name, value in short.items() if name != "signedHead"}
    for keys in ((), ("--keys", past.genesis)):
        with answering(answers(past, short)) as liar:
            caught = shell("policy", "history", "--url", liar.url, *keys, "--json")
            assert (caught.code, caught.error["code"]) == (ExitCode.UNVERIFIED, "chain-invalid")
        with answering(answers(past, unsigned)) as silent:
            told = shell.ok("policy", "history", "--url", silent.url, *keys)
            assert len(told["policies"]) == 2
            assert any("left out" in sentence for sentence in told["notEstablished"])
    gap = {**unsigned, "length": 3, "entries": [*chain["entries"][:2], chain["entries"][3]]}
    with answering(answers(past, gap)) as liar:
        assert shell("policy", "history", "--url", liar.url).code == ExitCode.UNVERIFIED
    headless = {**unsigned, "length": 1, "entries": chain["entries"][:1], "chainHash": chain["entries"][0]["chainHash"]}
    with answering(answers(past, headless)) as liar:
        assert shell("policy", "history", "--url", liar.url).code == ExitCode.UNVERIFIED


def test_a_decision_is_explained_alike_by_id_and_by_number_on_both_sides(past: Past, shell: Shell) -> None:
    stored = shell.ok("policy", "explain", past.entries[0], *past.store)
    number = stored["entry"]
    assert shell.ok("policy", "explain", number, *past.store) == stored
    asked = shell.ok("policy", "explain", past.entries[0], *past.url)
    assert shell.ok("policy", "explain", number, *past.url) == asked
    apart = {"notEstablished", "genesisPinned"}
    assert {name: asked[name] for name in asked if name not in apart} == {
        name: stored[name] for name in stored if name not in apart
    }
    assert (stored["same"], stored["refusal"], stored["differences"]) == (True, None, [])
    assert (stored["issuer"], stored["contentType"], stored["algorithm"]) == (ISSUER, CONTENT_TYPE, "ES256")
    assert (stored["policy"]["version"], stored["policy"]["entry"], stored["record"]["policyEntry"]) == (1, 0, 0)
    assert stored["rule"] == {"contentType": CONTENT_TYPE, "visibility": "parties", "roles": []}
    assert stored["record"]["key"] == past.live.world.agent.public_key.thumbprint.hex()
    assert (stored["holdsFrom"], stored["visibility"]) == (START - 300, Visibility.PARTIES)
    text = shell("policy", "explain", number, *past.store).out
    assert text.startswith(f"entry {number}: the decision comes out the same")
    assert f"  issuer            {ISSUER}\n" in text
    assert "admitted: 1048576" in text


def test_every_entry_of_the_log_comes_out_the_same_and_the_policy_follows(past: Past, shell: Shell) -> None:
    size = past.live.size()
    told = [shell.ok("policy", "explain", number, *past.store) for number in range(size)]
    assert all(one["same"] for one in told)
    assert {one["policy"]["version"] for one in told} >= {1, 2}
    assert {one["keyPurpose"] for one in told} >= {None, "operator", "service"}
    by_number = {one["entry"]: one for one in told}
    assert sorted(by_number) == list(range(size))
    second = next(one for one in told if one["entryId"] == past.entries[1])
    assert (second["policy"]["version"], second["policy"]["clockSkewSeconds"]) == (2, 60)


def test_the_demands_on_an_entry_are_told_and_what_they_come_to(past: Past, shell: Shell) -> None:
    for place in (past.store, past.url):
        told = shell.ok("policy", "explain", past.entries[1], *place)
        assert told["demands"] == [{"roles": [], "requiredClaims": ["iat"], "clockSkewSeconds": 30}]
        assert told["asked"] == {
            "requiredClaims": ["iat"], "clockSkewSeconds": 30, "maxStatementBytes": 1 << 20, "refusedFindings": [],
        }  # fmt: skip
        assert told["holdsFrom"] == START - 30
    text = shell("policy", "explain", past.entries[1], *past.store).out
    assert "  demand            every issuer: requiredClaims iat, clockSkewSeconds 30\n" in text
    assert "admitted 30 seconds before" in text
    first = shell.ok("policy", "explain", past.entries[0], *past.store)
    assert (first["demands"], first["asked"]["clockSkewSeconds"]) == ([], 300)
    assert shell.ok("policy", "explain", "0", *past.store)["asked"] is None


def test_certificates_that_the_service_keeps_are_said_to_be_missing(past: Past, shell: Shell) -> None:
    stored = shell.ok("policy", "explain", past.entries[1], *past.store)
    asked = shell.ok("policy", "explain", past.entries[1], *past.url, "--keys", past.genesis)
    assert stored["record"]["evidenceDigest"] is not None
    assert stored["bytes"] > asked["bytes"]
    assert asked["same"]
    assert any("certificates" in sentence for sentence in asked["notEstablished"])
    assert not any("certificates" in sentence for sentence in stored["notEstablished"])
    assert not any(SERVICE_WORD in sentence for sentence in asked["notEstablished"])


@pytest.mark.parametrize(
    ("name", "code", "error"),
    [
        ("999", ExitCode.ABSENT, "entry-not-found"),
        ("0" * 64, ExitCode.ABSENT, "entry-not-found"),
        ("A" * 64, ExitCode.MALFORMED, "malformed-entry-id"),
        ("007", ExitCode.MALFORMED, "malformed-entry-id"),
        ("1.5", ExitCode.MALFORMED, "malformed-entry-id"),
        ("9" * 30, ExitCode.MALFORMED, "malformed-entry-id"),
        ("", ExitCode.MALFORMED, "malformed-entry-id"),
    ],
)
def test_what_names_no_entry(name: str, code: ExitCode, error: str, past: Past, shell: Shell) -> None:
    for place in (past.store, past.url):
        outcome = shell("policy", "explain", name, *place, "--json")
        assert (outcome.code, outcome.error["code"]) == (code, error)


def altered(past: Past, tmp_path: Path, table: str, column: str, number: int, value: bytes) -> Path:
    """A copy of the store in which somebody wrote over a column of an entry."""
    with (
        closing(sqlite3.connect(past.data / DATABASE)) as source,
        closing(sqlite3.connect(tmp_path / DATABASE)) as copy,
    ):
        source.backup(copy)
        for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            copy.execute(f"DROP TRIGGER {name}")
        changed = copy.execute(f"UPDATE {table} SET {column} = ? WHERE number = ?", (value, number))  # noqa: S608 - names of the test's own
        assert changed.rowcount == 1
        copy.commit()
    return tmp_path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"head_time": START - 301}, "from-the-future"),
        ({"head_time": START + 1}, "head time: recorded"),
        ({"key_thumbprint": bytes(32)}, "key thumbprint: recorded"),
        ({"policy_entry": 1}, "policy entry: recorded 1, repeated 0"),
        ({"evidence_digest": bytes(32)}, "evidence digest: recorded"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_record_that_was_written_over_ends_with_1(
    changes: dict[str, Any], said: str, past: Past, shell: Shell, tmp_path: Path
) -> None:
    number = shell.ok("policy", "explain", past.entries[0], *past.store)["entry"]
    entry = past.live.service.log.store.entry(number)
    assert entry is not None
    record = replace(parse_decision_record(entry.decision), **changes).encode()
    copy = altered(past, tmp_path, "entries", "decision", number, record)
    outcome = shell("policy", "explain", number, "--data", copy)
    assert said in outcome.out
    assert outcome.code == ExitCode.UNVERIFIED
    assert "THE DECISION DOES NOT COME OUT THE SAME" in outcome.out
    told = shell("policy", "explain", number, "--data", copy, "--json")
    assert (told.code, told.json["same"]) == (ExitCode.UNVERIFIED, False)


def test_a_policy_that_was_written_over_is_a_corrupt_log(past: Past, shell: Shell, tmp_path: Path) -> None:
    (number,) = (one["entry"] for one in shell.ok("policy", "history", *past.store)["policies"] if one["version"] == 2)
    assert past.policies[1].version == 2
    forged = policy_statement(World(MemoryStore()).found(), policy_for(version=2))
    copy = altered(past, tmp_path, "statements", "statement", number, parse_signed_statement(forged).encoded)
    for command in (("history",), ("explain", past.entries[0])):
        outcome = shell("policy", *command, "--data", copy, "--json")
        assert (outcome.code, outcome.error["code"]) == (ExitCode.CORRUPT, "log-corrupt")


@pytest.mark.parametrize("command", [("history",), ("explain", "0")])
def test_a_log_has_to_be_there(command: tuple[str, ...], shell: Shell, tmp_path: Path) -> None:
    none = shell("policy", *command, "--data", tmp_path, "--json")
    assert (none.code, none.error["code"]) == (ExitCode.MISCONFIGURED, "not-initialised")
    unnamed = shell("policy", *command, "--json")
    assert (unnamed.code, unnamed.error["code"]) == (ExitCode.MISCONFIGURED, "misconfigured")
