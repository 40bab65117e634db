"""Trace events over a real port: an engagement from its formation to its dispute, and everything that is refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from counterfoil.encoding.base64url import decode_base64url
from counterfoil.encoding.jcs import encode_json
from counterfoil.log.fsck import check_log
from counterfoil.log.local_log import Store
from counterfoil.receipt.chain_head import verify_chain_head
from counterfoil.statement.decision_record import decision_digest
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.links import chain_hash, empty_chain_hash
from counterfoil.statement.trace_event.event import EventType, Relation, Role
from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.postgres import PostgresStore
from counterfoil.storage.sqlite import SqliteStore
from tests.builders import START, World, issuer_of, sign_statement
from tests.events import Cast, data_of, engagement, hash_of, members_of
from tests.http.live import Live, problem_in, running

KINDS = EventType


@dataclass
class Played:
    """A log over which an engagement was posted event by event; ``answers`` are what came back."""

    live: Live
    cast: Cast
    story: list[bytes]

    def chain(self, **query: Any) -> Any:
        answer = self.live.client.get("/chains", params={"rootTraceId": self.cast.root, **query})
        assert answer.status_code == 200, answer.content
        return answer.json()


@pytest.fixture(scope="module")
def played(store: Store) -> Iterator[Played]:
    cast = Cast()
    world = World(store)
    world.policy = cast.policy(issuer_of(world.agent))
    with running(world.found()) as live:
        story = engagement(cast)
        for event in story:
            live.register(event)
        yield Played(live, cast, story)
    assert isinstance(store, (MemoryStore, SqliteStore, PostgresStore))
    assert check_log(store) == ()


def refused(played: Played, statement: bytes, status: int, code: str) -> str:
    """Post it; the problem is the one expected, and nothing was changed."""
    before = played.live.size()
    answer = played.live.post(statement)
    problem = problem_in(answer)
    assert (problem.status, problem.code) == (status, code), problem
    assert ("Retry-After" in answer.headers) is (code in {"no-formation", "reference-unknown"})
    assert played.live.size() == before
    return problem.detail


def test_the_whole_engagement_is_in_its_chain_in_order(played: Played) -> None:
    chain = played.chain()
    assert [entry["entryId"] for entry in chain["entries"]][:12] == [hash_of(event).hex() for event in played.story]
    shown = chain["engagement"]
    assert shown["state"] == "settled"
    assert shown["formation"] == hash_of(played.story[0]).hex()
    assert shown["formedBy"] == played.cast.name(Role.PLATFORM)
    assert shown["standing"] == []
    assert {(party["issuer"], party["role"]) for party in shown["parties"]} == {
        (played.cast.name(role), role.value) for role in Role
    }


@pytest.mark.parametrize("place", [0, 4, 11])
def test_from_any_event_the_chain_is_one_look_up_away(played: Played, place: int) -> None:
    entry = hash_of(played.story[place]).hex()
    found = played.live.client.get(f"/entries/{entry}/chain").json()
    asked = played.chain()
    assert found == {name: asked[name] for name in found}
    paged = played.live.client.get(f"/entries/{entry}/chain", params={"after": 3, "limit": 2}).json()
    assert [each["sequence"] for each in paged["entries"]] == [4, 5]


def test_each_entry_shows_its_record_both_clocks_and_what_is_said_of_it(played: Played) -> None:
    chain = played.chain(limit=12)
    origin, head = (
        played.live.world.identity.origin,
        empty_chain_hash(played.live.world.identity.origin, played.cast.root),
    )
    assert chain["emptyChainHash"] == head.hex() == empty_chain_hash(origin, played.cast.root).hex()
    for entry, data in zip(chain["entries"], played.story, strict=True):
        statement, decision = decode_base64url(entry["statement"]), decode_base64url(entry["decision"])
        assert statement == data
        head = chain_hash(head, hash_of(statement), decision_digest(decision))
        assert (entry["chainHash"], entry["entryId"]) == (head.hex(), hash_of(statement).hex())
        assert (entry["occurredAt"], entry["registeredAt"]) == ("2027-01-15T08:00:00.000Z",) * 2
        assert (entry["lagMilliseconds"], entry["findings"]) == (0, [])
        assert entry["event"]["type"] == entry["type"]
        assert entry["event"]["eventId"]
        assert entry["issuer"].endswith(".parties.example")
    numbers = {entry["entryId"]: entry["number"] for entry in chain["entries"]}
    action, suspended = chain["entries"][1], chain["entries"][4]
    assert action["annotations"] == [
        {"number": numbers[hash_of(played.story[at]).hex()], "relation": relation}
        for at, relation in ((2, "parent"), (3, "scores"), (4, "scores"))
    ]
    assert [one["relation"] for one in suspended["annotations"]] == ["clears", "evidence"]
    assert chain["allAnnotations"] is True
    assert [entry["panel"] for entry in chain["entries"][:11]] == [None] * 11
    assert chain["entries"][11]["panel"] == {
        "recomputedPosterior": 0.7,
        "posteriorMatches": True,
        "expectedOutcomes": ["refund"],
        "outcomeMatches": True,
    }


def test_an_answer_is_as_of_one_tree(played: Played) -> None:
    """Every page of it, its state and its annotations, whatever was registered since."""
    size = played.chain()["entries"][5]["number"]
    then = played.chain(size=size, limit=2)
    assert then["length"] == 5
    assert then["chainHash"] == played.chain()["entries"][4]["chainHash"]
    assert then["engagement"]["state"] == "suspended"
    assert then["treeHead"]["size"] == size
    world = played.live.world
    signed = verify_chain_head(
        then["signedHead"].encode(), world.identity.origin, world.signers[KeyPurpose.CHECKPOINT].public_key
    )
    assert (signed.size, signed.length, signed.chain_hash.hex()) == (size, 5, then["chainHash"])
    assert (signed.chain_id.hex(), signed.root.hex()) == (then["chainId"], then["treeHead"]["rootHash"])
    rest = played.chain(size=size, limit=500, after=then["next"])
    shown = [*then["entries"], *rest["entries"]]
    assert [entry["sequence"] for entry in shown] == list(range(5))
    assert rest["next"] is None
    assert [one["relation"] for one in shown[4]["annotations"]] == []
    report = played.live.client.get(f"/chains/{then['chainId']}/completeness", params={"size": size}).json()
    assert (report["entries"], report["chainHash"], report["settled"]) == (5, then["chainHash"], False)


@pytest.mark.parametrize(("size", "status"), [(2, 404), (10**6, 404), (2**63, 400), ("x", 400), (-1, 400)])
def test_trees_that_show_nothing_of_the_chain(played: Played, size: int | str, status: int) -> None:
    answer = played.live.client.get("/chains", params={"rootTraceId": played.cast.root, "size": size})
    assert answer.status_code == status


def test_findings_stand_beside_their_entries(played: Played) -> None:
    other = Cast(root="0192f0c1-7e1a-4a3b-9c5d-0000000000f1", signers=played.cast.signers)
    formed = other.say(KINDS.FORMATION, occurred_at=1000)
    early = other.say(KINDS.ACTION, sequence=4, occurred_at=START * 1000 + 5000, previous=hash_of(formed).hex())
    generic = sign_statement(played.live.world.agent, subject=other.root)
    for statement in (formed, early, generic):
        played.live.register(statement)
    answer = played.live.client.get("/chains", params={"rootTraceId": other.root}).json()
    assert [[one["finding"] for one in entry["findings"]] for entry in answer["entries"]] == [
        ["late"], ["occurred-after-registration", "sequence-gap"], ["other-profile"],
    ]  # fmt: skip
    assert [entry["lagMilliseconds"] for entry in answer["entries"]] == [START * 1000 - 1000, -5000, None]


def test_a_chain_without_an_engagement_has_none(played: Played) -> None:
    location = played.live.register(sign_statement(played.live.world.agent, subject="no engagement"))
    assert played.live.client.get(f"{location}/chain").json()["engagement"] is None


def test_events_are_found_by_event_and_by_session(played: Played) -> None:
    one = members_of(KINDS.ACTION, root=played.cast.root, sequence=90)
    again = {**one, "sequence": 91}
    first, second = (played.cast.sign(Role.AGENT, members) for members in (one, again))
    for event in (first, second):
        played.live.register(event)
    found = played.live.client.get("/events", params={"eventId": one["eventId"]}).json()
    assert [each["entryId"] for each in found["events"]] == [hash_of(first).hex(), hash_of(second).hex()]
    assert [each["type"] for each in found["events"]] == ["ACTION", "ACTION"]
    assert found["more"] is False
    one_only = played.live.client.get("/events", params={"eventId": one["eventId"], "limit": 1}).json()
    assert (len(one_only["events"]), one_only["more"]) == (1, True)
    of_session = played.live.client.get("/events", params={"sessionId": played.cast.root, "limit": 1000}).json()
    assert [each["entryId"] for each in of_session["events"]][:12] == [hash_of(event).hex() for event in played.story]
    assert played.live.client.get("/events", params={"eventId": "nobody's"}).json() == {"events": [], "more": False}


def test_an_engagement_is_found_by_the_names_of_its_events(played: Played) -> None:
    whole = played.chain()
    one = whole["entries"][4]["event"]
    for query in ({"eventId": one["eventId"]}, {"sessionId": one["sessionId"]}):
        found = played.live.client.get("/chains", params=query)
        assert found.status_code == 200, found.content
        assert found.json() == whole
    assert played.live.client.get("/chains", params={"eventId": "nobody's"}).status_code == 404
    hidden = played.live.client.get(
        "/chains", params={"eventId": one["eventId"]}, headers={"X-Forwarded-For": "192.0.2.1"}
    )
    assert problem_in(hidden).status == 401


def test_a_name_in_several_engagements_leads_to_none_of_them(played: Played) -> None:
    other = Cast(root="0192f0c1-7e1a-4a3b-9c5d-0000000000e2", signers=played.cast.signers)
    name = played.chain()["entries"][1]["event"]["eventId"]
    for event in (other.say(KINDS.FORMATION), other.say(KINDS.ACTION, eventId=name)):
        played.live.register(event)
    problem = problem_in(played.live.client.get("/chains", params={"eventId": name}))
    assert (problem.status, problem.code) == (409, "name-ambiguous")
    assert len(played.live.client.get("/events", params={"eventId": name}).json()["events"]) == 2


@pytest.mark.parametrize("path", ["/events", "/chains"])
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"eventId": b"\xff"},
        {"sessionId": b"a\xed\xa0\x80"},
        {"eventId": "a", "sessionId": "b"},
        {"eventId": ""},
        {"sessionId": "x" * 513},
        {"eventId": "x" * 513},
    ],
)
def test_questions_that_name_nothing(played: Played, query: dict[str, str | bytes], path: str) -> None:
    asked = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    answer = played.live.client.get(f"{path}?{asked}", headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed-parameter"


def test_who_may_not_read_learns_nothing_of_events(played: Played) -> None:
    entry = hash_of(played.story[0]).hex()
    for path in (f"/entries/{entry}/chain", "/events?eventId=x", f"/chains?rootTraceId={played.cast.root}"):
        answer = played.live.client.get(path, headers={"X-Forwarded-For": "192.0.2.1"})
        assert problem_in(answer).status == 401


def said(played: Played, kind: EventType, role: Role | None = None, **members: Any) -> bytes:
    """An event that costs nobody a number: it is not admitted."""
    return played.cast.say(kind, role=role, sequence=99, **members)


def test_a_second_formation_by_a_party(played: Played) -> None:
    refused(played, said(played, KINDS.FORMATION), 400, "formation-repeated")


def test_events_that_overtake_their_formation_are_welcome_later(played: Played) -> None:
    late = Cast(root="0192f0c1-7e1a-4a3b-9c5d-0000000000aa", signers=played.cast.signers)
    story = engagement(late)
    for event in (story[1], story[3], story[7], story[9]):
        refused(played, event, 409, "no-formation")
    played.live.register(story[0])
    refused(played, story[2], 409, "reference-unknown")
    for event in story[1:]:
        played.live.register(event)


def test_clearing_twice(played: Played) -> None:
    twice = said(played, KINDS.RUNTIME_CLEARED, refs=[("clears", hash_of(played.story[4]))])
    refused(played, twice, 400, "nothing-to-clear")


@pytest.mark.parametrize("place", [0, 1, 3, 5])
def test_clearing_what_suspends_nothing(played: Played, place: int) -> None:
    wrong = said(played, KINDS.RUNTIME_CLEARED, refs=[("clears", hash_of(played.story[place]))])
    refused(played, wrong, 400, "nothing-to-clear")


def test_references_across_chains(played: Played) -> None:
    elsewhere = sign_statement(played.live.world.agent, subject="another chain")
    played.live.register(elsewhere)
    across = said(played, KINDS.ACTION, refs=[("parent", hash_of(elsewhere))])
    refused(played, across, 409, "reference-unknown")
    refused(played, said(played, KINDS.ACTION, previous=hash_of(elsewhere).hex()), 400, "previous-unknown")
    refused(played, said(played, KINDS.ACTION, previous="00" * 32), 400, "previous-unknown")


def test_a_role_that_the_policy_does_not_give(played: Played) -> None:
    suspended = members_of(KINDS.RUNTIME_SUSPENDED, root=played.cast.root, refs=[("scores", hash_of(played.story[1]))])
    refused(played, played.cast.sign(Role.AGENT, suspended), 400, "actor-role")
    formed = members_of(KINDS.FORMATION, root=played.cast.root)
    refused(played, played.cast.sign(Role.BUYER, formed), 400, "actor-role")
    not_his = members_of(KINDS.ACTION, root=played.cast.root, actor={"id": "x", "role": "platform"})
    refused(played, played.cast.sign(Role.PLATFORM, not_his), 400, "actor-role")


def test_a_root_trace_id_unlike_the_subject(played: Played) -> None:
    members = members_of(KINDS.ACTION, root="0192f0c1-7e1a-4a3b-9c5d-0000000000bb")
    refused(played, played.cast.sign(Role.AGENT, members), 400, "root-trace-mismatch")


BAD_MEMBERS: list[dict[str, Any]] = [
    {"occurredAt": "2026-01-31T23:59:59Z"},
    {"occurredAt": "2026-02-30T00:00:00.000Z"},
    {"occurredAt": "2026-01-31T23:59:59." + "0" * 40 + "Z"},
    {"occurredAt": 1_800_000_000_000},
    {"type": "SETTLED"},
    {"type": None},
    {"eventId": "17"},
    {"sequence": -1},
    {"sequence": 1.5},
    {"sequence": "0"},
    {"score": 1.01},
    {"actor": {"id": "x"}},
    {"actor": {"id": "x", "role": "king"}},
    {"data": {}},
    {"data": {**data_of(KINDS.ACTION), "more": 1}},
    {"more": 1},
    {"previous": "AB" * 32},
    {"references": [{"rel": "clears", "entry": "ab" * 32}]},
    {"references": [{"rel": "parent", "entry": "ab" * 32}] * 2},
    {"references": [{"rel": "parent", "entry": f"{number:064x}"} for number in range(257)]},
    {"input": {"alg": "sha256", "digest": "ab" * 32}},
]


@pytest.mark.parametrize("change", BAD_MEMBERS, ids=lambda change: next(iter(change)))
def test_payloads_of_another_shape(played: Played, change: dict[str, Any]) -> None:
    members = members_of(KINDS.ACTION, root=played.cast.root, **change)
    refused(played, played.cast.sign(Role.AGENT, members), 400, "malformed-event")


def test_a_hundred_thousand_references(played: Played) -> None:
    references = [{"rel": Relation.PARENT.value, "entry": f"{number:064x}"} for number in range(100_000)]
    members = members_of(KINDS.ACTION, root=played.cast.root, references=references)
    answer = played.live.post(played.cast.sign(Role.AGENT, members))
    assert problem_in(answer).status in {400, 413}


def test_bytes_that_are_not_canonical_json(played: Played) -> None:
    members = members_of(KINDS.ACTION, root=played.cast.root)
    canonical = encode_json(members)
    detail = refused(played, played.cast.sign(Role.AGENT, canonical + b" "), 400, "malformed-event")
    assert str(len(canonical)) in detail
    twice = canonical.replace(b'{"actor"', b'{"sequence":0,"actor"', 1)
    refused(played, played.cast.sign(Role.AGENT, twice), 400, "duplicate-key")
    surrogate = canonical.replace(b'"id":"somebody"', b'"id":"\\ud800"', 1)
    refused(played, played.cast.sign(Role.AGENT, surrogate), 400, "malformed-json")
    refused(played, played.cast.sign(Role.AGENT, b"[]"), 400, "malformed-event")
    refused(played, played.cast.sign(Role.AGENT, b"not JSON"), 400, "malformed-json")


def test_a_generic_statement_stays_in_the_chain_and_changes_nothing(played: Played) -> None:
    before = played.chain(limit=1)
    played.live.register(sign_statement(played.live.world.agent, subject=played.cast.root))
    after = played.chain(limit=1)
    assert after["length"] == before["length"] + 1
    assert after["engagement"] == before["engagement"]


def test_who_is_no_party_changes_nothing(played: Played) -> None:
    """Each role's issuer is a party of the cast's engagement; this one names the agent alone."""
    own = Cast(root="0192f0c1-7e1a-4a3b-9c5d-0000000000cc", signers=played.cast.signers)
    agent = {"issuer": own.name(Role.AGENT), "role": "agent"}
    formed, action = own.say(KINDS.FORMATION, data=data_of(KINDS.FORMATION, [agent])), own.say(KINDS.ACTION)
    scores = [("scores", hash_of(action))]
    played.live.register(formed)
    played.live.register(action)
    played.live.register(own.say(KINDS.RUNTIME_SUSPENDED, refs=scores))
    played.live.register(own.say(KINDS.SETTLEMENT, data={"finalCounts": []}))
    chain = played.live.client.get("/chains", params={"rootTraceId": own.root}).json()
    # The platform is a party because it formed the engagement, the runtime is none.
    assert (chain["engagement"]["state"], chain["engagement"]["standing"]) == ("settled", [])


def test_in_bulk_each_event_meets_the_chain_that_those_before_it_left(played: Played) -> None:
    own = Cast(root="0192f0c1-7e1a-4a3b-9c5d-0000000000dd", signers=played.cast.signers)
    story = engagement(own)
    second, nonsense = own.say(KINDS.FORMATION, sequence=99), own.sign(Role.AGENT, {"type": "ACTION"})
    answer = played.live.post(b"".join([story[0], second, nonsense, *story[1:]]), "application/cbor-seq")
    assert answer.status_code == 200
    assert answer.content.count(b"formation-repeated") == answer.content.count(b"malformed-event") == 1
    chain = played.live.client.get("/chains", params={"rootTraceId": own.root}).json()
    assert [entry["entryId"] for entry in chain["entries"]] == [hash_of(event).hex() for event in story]
    assert chain["engagement"]["state"] == "settled"


def test_the_numbers_of_writers_show_what_is_missing(played: Played) -> None:
    own = Cast(root="0192f0c1-7e1a-4a3b-9c5d-0000000000ee", signers=played.cast.signers)
    counts = [{"issuer": own.name(Role.AGENT), "count": 4}, {"issuer": own.name(Role.REVIEWER), "count": 2}]
    stranger = Cast(root=own.root, signers=own.signers)
    parties = [party for party in own.parties if party["role"] != "buyer"]
    told = [own.say(KINDS.FORMATION, data=data_of(KINDS.FORMATION, parties))]
    told += [own.say(KINDS.ACTION, sequence=number) for number in (0, 1, 1, 5)]
    told += [stranger.say(KINDS.DISPUTE), own.say(KINDS.SETTLEMENT, data={"finalCounts": counts})]
    for event in told:
        played.live.register(event)
    chain = played.live.client.get("/chains", params={"rootTraceId": own.root}).json()
    report = played.live.client.get(f"/chains/{chain['chainId']}/completeness").json()
    assert (report["entries"], report["chainHash"]) == (chain["length"], chain["chainHash"])
    assert report["settled"] is True
    assert "never submitted" in report["caveat"]
    by_issuer = {writer["issuer"]: writer for writer in report["writers"]}
    agent = by_issuer.pop(own.name(Role.AGENT))
    assert (agent["events"], agent["first"], agent["last"]) == (4, 0, 5)
    assert (agent["gaps"], agent["missing"]) == ([{"first": 2, "last": 4}], 3)
    assert (agent["repeated"], agent["repeats"]) == ([1], 1)
    assert (agent["claimed"], agent["claimHolds"]) == (4, False)
    silent = by_issuer.pop(own.name(Role.REVIEWER))
    assert (silent["events"], silent["first"], silent["claimHolds"]) == (0, None, False)
    platform = by_issuer.pop(own.name(Role.PLATFORM))
    assert (platform["events"], platform["missing"], platform["claimHolds"]) == (2, 0, None)
    assert by_issuer == {}, "who is no party is not in it"


def test_the_numbers_of_a_chain_that_is_not_there(played: Played) -> None:
    answer = played.live.client.get(f"/chains/{'00' * 32}/completeness")
    assert problem_in(answer).code == "chain-not-found"
    assert problem_in(played.live.client.get("/chains/xyz/completeness")).code == "malformed-parameter"
