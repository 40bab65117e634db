"""Many statements in one request, over every store and a real port."""

import threading
import time
from collections.abc import Callable, Sequence

import httpx
import pytest

from counterfoil.encoding.cbor import Limits, decode, encode
from counterfoil.encoding.cbor_sequence import split_sequence
from counterfoil.log.founding import sign_own_statement
from counterfoil.log.plan import Submission
from counterfoil.log.together import Steps
from counterfoil.policy.rules import Rules
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.verify import verify_inclusion_receipt
from counterfoil.register import admission
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.page import PAGE_CONTENT_TYPE, Page, page_root
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from tests.attested import attested_policy, machine_of
from tests.builders import START, World, issuer_of, sign_statement
from tests.http.live import COSE, Live, new_world, problem_in, running
from tests.http.test_registration import twin_of
from tests.intel_quotes import make_platform

SEQUENCE = "application/cbor-seq"


def post(live: Live, statements: Sequence[bytes]) -> tuple[bytes, ...]:
    response = live.post(b"".join(statements), SEQUENCE)
    assert response.status_code == 200, response.content
    assert response.headers["Content-Type"] == SEQUENCE
    assert response.headers["Cache-Control"] == "no-store"
    return split_sequence(response.content, 256)


def code_of(item: bytes) -> tuple[int, str, str | None]:
    """Status, code and location of a problem in a sequence."""
    value = decode(item, Limits(4096))
    assert isinstance(value, dict)
    assert isinstance(value[-1], str)
    assert isinstance(value[-2], str)
    tunnel = value[7807]
    assert isinstance(tunnel, dict)
    status, code, location = tunnel["status"], tunnel["code"], tunnel.get("location")
    assert isinstance(status, int)
    assert isinstance(code, str)
    assert location is None or isinstance(location, str)
    return status, code, location


def leaf_index(live: Live, statement: bytes, item: bytes) -> int:
    key = live.world.signers[KeyPurpose.RECEIPT].public_key
    leaf = statement_leaf(parse_signed_statement(statement).hash)
    return verify_inclusion_receipt(parse_receipt(item), leaf, key).leaf_index


def test_receipts_come_in_the_order_of_the_statements(live: Live) -> None:
    statements = [sign_statement(live.world.agent, subject=f"trace-{i % 5}") for i in range(256)]
    size = live.size()
    found = post(live, statements)
    indexes = [leaf_index(live, statement, item) for statement, item in zip(statements, found, strict=True)]
    assert sorted(indexes) == list(range(size, size + 256))
    assert indexes == sorted(indexes)
    assert live.size() == size + 256
    assert live.post(statements[7]).content == found[7]


def test_a_bulk_is_few_transactions(live: Live) -> None:
    found = post(live, [sign_statement(live.world.agent) for _ in range(100)])
    assert len({parse_receipt(item).signed_size for item in found}) < 20


def test_the_same_again_gets_the_same_and_twice_within_one_request_too(live: Live) -> None:
    one, other = sign_statement(live.world.agent), sign_statement(live.world.agent)
    first = post(live, [one, other, one])
    size = live.size()
    assert first[0] == first[2]
    assert post(live, [other, one, other]) == (first[1], first[0], first[1])
    assert live.size() == size


def test_255_bad_ones_harm_nobody(live: Live) -> None:
    good, size = sign_statement(live.world.agent), live.size()
    kinds: list[Callable[[int], bytes]] = [
        encode,
        lambda i: encode({i: "a map"}),
        lambda _: sign_statement(live.world.agent, content_type="image/gif"),
        lambda _: sign_statement(live.world.agent, issuer="https://nobody.example"),
        lambda _: b"\xd8\x63\x81" + good,
        lambda _: good[:-1] + bytes([good[-1] ^ 1]),
    ]
    sent = [kinds[i % len(kinds)](i) for i in range(256)]
    sent[200] = good
    found = post(live, sent)
    assert leaf_index(live, good, found[200]) == size
    codes = {code_of(item)[1] for i, item in enumerate(found) if i != 200}
    assert codes == {
        "not-cose-sign1",
        "content-type-not-admitted",
        "issuer-unknown",
        "signature-invalid",
    }
    assert live.size() == size + 1


def test_a_twin_within_is_told_where_the_other_is(live: Live) -> None:
    statement = sign_statement(live.world.agent)
    found = post(live, [statement, twin_of(statement)])
    location = f"/entries/{parse_signed_statement(statement).hash.hex()}"
    leaf_index(live, statement, found[0])
    assert code_of(found[1]) == (409, "signature-twin", location)


WHOLE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "nothing": (lambda _: b"", "malformed-cbor"),
    "cut in the middle": (lambda one: one + one[:-5], "malformed-cbor"),
    "one byte too many": (lambda one: one + b"\x58", "malformed-cbor"),
    "an endless item": (lambda one: one + b"\x9f" + one, "malformed-cbor"),
    "257": (lambda one: one + b"\x00" * 256, "cbor-limit-exceeded"),
    "a tower": (lambda one: one + b"\x81" * 6000 + b"\x00", "cbor-limit-exceeded"),
}


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("name", WHOLE)
def test_what_is_no_sequence_is_refused_whole(live: Live, name: str) -> None:
    build, code = WHOLE[name]
    response = live.post(build(sign_statement(live.world.agent)), SEQUENCE)
    assert (response.status_code, problem_in(response).code) == (400, code)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("media_type", ["application/cbor-seq; x=1", "application/cbor", "application/cbor-seq, x", ""])
def test_media_types_that_are_none(live: Live, media_type: str) -> None:
    response = live.post(sign_statement(live.world.agent), media_type)
    assert (response.status_code, problem_in(response).code) == (415, "unsupported-media-type")


@pytest.mark.usefixtures("unharmed")
def test_too_many_bytes(live: Live) -> None:
    response = live.post(bytes(16 * 2**20 + 1), SEQUENCE)
    assert (response.status_code, problem_in(response).code) == (413, "too-large")


@pytest.mark.usefixtures("unharmed")
def test_a_sequence_is_no_statement_and_one_statement_is_a_sequence(live: Live) -> None:
    two = sign_statement(live.world.agent) + sign_statement(live.world.agent)
    assert problem_in(live.post(two, COSE)).code == "trailing-bytes"


def test_the_limits_are_told(live: Live) -> None:
    limits = live.client.get("/log").json()["limits"]
    assert (limits["maxBulkStatements"], limits["maxBulkBytes"]) == (256, 16 * 2**20)


def test_single_posts_are_answered_while_a_bulk_is_under_way() -> None:
    """A single statement that comes after a bulk has begun is on the log before the bulk's last one, or beside it."""
    world = new_world(MemoryStore())
    begun = threading.Event()

    def noticing() -> int:
        begun.set()
        time.sleep(
            0.05
        )  # Each decision and each few of the bulk's ask for the time: enough for another to come between.
        return world.clock.now

    with running(world) as live, httpx.Client(base_url=live.url, timeout=60) as client:
        assert client.get("/livez").status_code == 200
        statements = [sign_statement(world.agent) for _ in range(256)]
        live.service.log._clock = noticing  # The first decision of the bulk asks for the time.
        answers: list[tuple[bytes, ...]] = []
        bulk = threading.Thread(target=lambda: answers.append(post(live, statements)))
        bulk.start()
        assert begun.wait(120)
        single = client.post("/entries", content=sign_statement(world.agent), headers={"Content-Type": COSE})
        bulk.join()
        sizes = [parse_receipt(item).signed_size or 0 for item in answers[0]]
        assert (parse_receipt(single.content).signed_size or 0) <= max(sizes)


def test_a_page_in_a_bulk_has_to_state_the_root_that_it_covers() -> None:
    with running(new_world(MemoryStore())) as live:
        identity, signer = live.world.identity, live.world.signers[KeyPurpose.SERVICE]
        size, forged = live.size(), Page(2, 2, page_root([bytes(32)])).encode()
        page = sign_own_statement(signer, identity, identity.page_subject, PAGE_CONTENT_TYPE, forged, START)
        before, refused, after = post(live, [sign_statement(live.world.agent), page, sign_statement(live.world.agent)])
        assert code_of(refused)[1] == "page-root"
        assert {parse_receipt(item).inclusion[0].position for item in (before, after)} == {size, size + 1}


def test_evidence_in_a_bulk_is_judged_beside_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    world, platform = World(MemoryStore()), make_platform()
    world.policy = attested_policy(platform, issuer_of(world.agent))
    together: list[SignedStatement] = []

    def noted(statement: SignedStatement, rules: Rules, head_time: int) -> Steps[Submission]:
        together.append(statement)
        return admission(statement, rules, head_time)

    monkeypatch.setattr("counterfoil.http.bulk.admission", noted)
    with running(world.found()) as live:
        machine = machine_of(world, platform)
        plain, quoting = sign_statement(world.agent), machine.carrying(machine.evidence(bytes(64)))
        assert code_of(post(live, [plain, quoting])[1])[1] == "key-not-bound"
        assert [one.encoded for one in together] == [plain]


def test_more_than_the_queue_holds_waits_for_room() -> None:
    with running(new_world(MemoryStore())) as live:
        live.service.log._commits._max_queue = 10
        found = post(live, [sign_statement(live.world.agent) for _ in range(100)])
        assert len({parse_receipt(item).inclusion[0].position for item in found}) == 100
