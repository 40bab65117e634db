"""Policies committed under load from several processes: every entry is decided by one policy or the other, whole."""

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from threading import Event

import httpx
import pytest

from counterfoil.cli.data_directory import find_data
from counterfoil.cose.keys import public_key_pem
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.log.founding import sign_own_statement
from counterfoil.policy.anchors import Replaced
from counterfoil.policy.document import POLICY_CONTENT_TYPE, Issuer
from counterfoil.policy.rules import Rules
from counterfoil.signing.file_signer import read_key_file
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.issuer import IssuerKey
from counterfoil.statement.links import chain_id
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.fsck import fsck_store
from counterfoil.storage.opening import open_store
from tests.builders import sign_statement
from tests.processes.fleet import founded, serving

NAMES = ("https://one.example", "https://two.example")
SIGNERS = tuple(generate_private_key("ES256") for _ in NAMES)
COSE = {"Content-Type": "application/cose"}
COMMITS = 6
Place = tuple[Path, str | None]


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A data directory with a founded log in it or in a database; the first issuer may register."""
    database = request.getfixturevalue("database") if request.param == "postgres" else None
    key = tmp_path / "agent.pub"
    key.write_text(public_key_pem(SIGNERS[0].public_key))
    founded(tmp_path / "data", database, (NAMES[0], key))
    return tmp_path / "data", database


def rules_in(place: Place) -> Rules:
    found = find_data(*place)
    with found.store() as store:
        return found.rules(store)


def policy_for_one(rules: Rules, which: int, operator: LocalSigner, skew: int) -> bytes:
    """A policy under which only one of the two issuers may register, signed."""
    key = SIGNERS[which].public_key
    policy = replace(
        rules.policy,
        version=rules.policy.version + 1,
        issuers=(Issuer(NAMES[which], (IssuerKey(key.thumbprint, key),), frozenset()),),
        clock_skew_seconds=skew,
        replaces=Replaced(rules.policy_entry, rules.policy_id),
    )
    identity = rules.genesis.identity
    return sign_own_statement(
        operator, identity, identity.policy_subject, POLICY_CONTENT_TYPE, policy.encode(), 1_700_000_000
    )


def post(clients: Sequence[httpx.Client], which: int, done: Event) -> list[bytes]:
    """Register statements of one of the issuers until told to stop; those that were admitted."""
    admitted: list[bytes] = []
    for number in itertools.count():
        if done.wait(0.03):  # Load enough to race with, and not so much that checking it takes long.
            return admitted
        data = sign_statement(SIGNERS[which], issuer=NAMES[which], subject=f"trace-{number % 5}", claims={6: 0})
        answer = clients[number % len(clients)].post("/entries", content=data, headers=COSE)
        if answer.status_code == 201:
            admitted.append(data)
        else:
            assert answer.status_code in {400, 503}, answer.content
    raise AssertionError


def commit_all(place: Place, clients: Sequence[httpx.Client]) -> list[int]:
    """Commit policies one after another, each time two that race at two servers; how each race ended."""
    operator, ends = read_key_file(place[0] / "keys" / "operator.pem"), []
    with ThreadPoolExecutor(2) as pool:
        for turn in range(COMMITS):
            rules = rules_in(place)
            racing = [policy_for_one(rules, (turn + 1) % 2, operator, skew) for skew in (60, 61)]
            answers = list(pool.map(lambda post, data: post("/entries", content=data, headers=COSE),
                                    [one.post for one in clients], racing))  # fmt: skip
            ends.append(sum(answer.status_code == 201 for answer in answers))
            assert all(b"policy-version" in one.content for one in answers if one.status_code != 201)
    return ends


def test_no_entry_is_decided_by_a_mixture_of_policies(place: Place) -> None:
    with serving(*place, 1) as one, serving(*place, 1) as other, ExitStack() as stack:
        clients = [stack.enter_context(httpx.Client(base_url=url, timeout=60)) for url in (one.url, other.url)]
        with ThreadPoolExecutor(4) as pool:
            done = Event()
            posting = [pool.submit(post, clients, which, done) for which in (0, 1, 0, 1)]
            try:
                ends = commit_all(place, clients)
            finally:
                done.set()
            admitted = [one.result() for one in posting]
    assert ends == [1] * COMMITS, "of two policies that race one wins"
    assert all(admitted), "each issuer registered while a policy named it"
    report = fsck_store(place[1], place[0])
    assert report.findings == ()
    assert_decided_by_the_policy_in_force(place)


def assert_decided_by_the_policy_in_force(place: Place) -> None:
    identity = rules_in(place).genesis.identity
    with closing(open_store(place[1], place[0])) as store:
        chain = store.chain(chain_id(identity.policy_subject))
        assert chain is not None
        policies = {entry.number for entry in store.chain_entries(chain.number, 0, 1000)} - {1}
        assert len(policies) == 2 + COMMITS
        in_force, switches = 0, set()
        for entry in store.entries(0, 10**6):
            record, content = parse_decision_record(entry.decision), store.content(entry.number)
            assert content is not None
            assert record.policy_entry == in_force
            switches.add((in_force, parse_signed_statement(content.statement).claims.issuer))
            in_force = entry.number if entry.number in policies else in_force
    strangers = [(policy, issuer) for policy, issuer in switches if issuer in NAMES]
    assert len({policy for policy, _ in strangers}) == len(strangers), "under each policy only one issuer registered"
