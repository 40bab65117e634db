"""Receipts that may not leave yet: 202, then 204 until they may (SCRAPI, sections 2.1.3 and 2.1.4)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import httpx
import pytest

from counterfoil.http.server import running_server, wire_service
from counterfoil.receipt.parse import parse_receipt
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from tests.builders import sign_statement
from tests.http.live import QUIET, Live, new_world, problem_in
from tests.http.test_bulk import code_of, post


@dataclass
class Gate:
    """Entries below this number are released."""

    below: int = 0

    def __call__(self, number: int) -> bool:
        return number < self.below


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def live(gate: Gate) -> Iterator[Live]:
    world = new_world(MemoryStore())
    service = replace(wire_service(world.store, dict(world.signers), QUIET, world.clock), released=gate)
    with running_server(service) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield Live(world, service, client, url)


def test_a_statement_is_registered_and_its_receipt_comes_later(live: Live, gate: Gate) -> None:
    statement = sign_statement(live.world.agent, content_type="text/plain")
    location = f"/entries/{parse_signed_statement(statement).hash.hex()}"
    for _ in range(2):
        response = live.post(statement)
        assert (response.status_code, response.content) == (202, b"")
        assert response.headers["Location"] == location
        assert int(response.headers["Retry-After"]) >= 1
        assert response.headers["Cache-Control"] == "no-store"
    size = live.size()
    for path in (location, f"{location}?fresh=true", f"{location}?size={size}", f"{location}/statement"):
        response = live.client.get(path)
        assert (response.status_code, response.content) == (204, b"")
        assert int(response.headers["Retry-After"]) >= 1
        assert response.headers["Cache-Control"] == "no-store"
    gate.below = size
    released = live.client.get(location)
    assert released.status_code == 200
    assert live.client.get(f"{location}?fresh=true").status_code == 200
    assert live.client.get(f"{location}/statement").status_code == 200
    again = live.post(statement)
    assert (again.status_code, again.content, again.headers["Location"]) == (201, released.content, location)
    assert live.size() == size


def test_a_fresh_receipt_is_at_the_latest_head_that_is_released(live: Live, gate: Gate) -> None:
    gate.below = live.size() + 1
    location = live.register(sign_statement(live.world.agent))
    sizes = [live.size()]
    for _ in range(5):
        assert live.post(sign_statement(live.world.agent)).status_code == 202
        sizes.append(live.size())
    for size in sizes:
        gate.below = size
        fresh = live.client.get(f"{location}?fresh=true")
        assert (fresh.status_code, fresh.headers["Cache-Control"]) == (200, "no-cache")
        assert parse_receipt(fresh.content).inclusion[0].size == size
    gate.below = sizes[0] - 1
    assert live.client.get(f"{location}?fresh=true").status_code == 204
    gate.below = sizes[0]
    assert live.client.get(location).status_code == 200
    assert live.client.get(f"{location}?size={sizes[0]}").status_code == 200
    assert live.client.get(f"{location}?size={sizes[1]}").status_code == 204


def test_a_size_that_cannot_be_is_not_waited_for(live: Live) -> None:
    statement = sign_statement(live.world.agent)
    location = live.post(statement).headers["Location"]
    size = live.size()
    for asked, status, code in ((size + 1, 404, "size-not-committed"), (size - 1, 400, "malformed-parameter")):
        assert problem_in(live.client.get(f"{location}?size={asked}")).code == code
        assert live.client.get(f"{location}?size={asked}").status_code == status


def test_in_a_sequence_each_is_told_for_itself(live: Live, gate: Gate) -> None:
    gate.below = live.size() + 1
    statements = [sign_statement(live.world.agent) for _ in range(2)]
    found = post(live, statements)
    location = f"/entries/{parse_signed_statement(statements[1]).hash.hex()}"
    assert found[0].startswith(b"\xd2")
    assert code_of(found[1]) == (202, "receipt-withheld", location)
    assert "receipt-withheld" not in live.client.get("/metrics").text


def test_what_was_never_registered_is_still_absent(live: Live) -> None:
    response = live.client.get(f"/entries/{'0' * 64}")
    assert (response.status_code, problem_in(response).code) == (404, "entry-not-found")


def test_a_refused_statement_is_refused_all_the_same(live: Live) -> None:
    response = live.post(sign_statement(live.world.agent, issuer="https://nobody.example"))
    assert (response.status_code, problem_in(response).code) == (400, "issuer-unknown")


def test_no_signature_of_a_withheld_head_leaves_with_a_consistency_receipt(live: Live, gate: Gate) -> None:
    first = live.size()
    gate.below = first + 1
    live.register(sign_statement(live.world.agent))
    assert live.post(sign_statement(live.world.agent)).status_code == 202
    size = live.size()
    withheld = live.client.get("/consistency", params={"from": first, "to": size})
    assert (withheld.status_code, withheld.content) == (204, b"")
    assert withheld.headers["Cache-Control"] == "no-store"
    latest = live.client.get("/consistency", params={"from": first})
    assert parse_receipt(latest.content).signed_size == first + 1
    assert live.client.get("/consistency", params={"from": first + 1}).status_code == 204
    unsigned = live.client.get("/consistency", params={"from": first}, headers={"Accept": "application/json"})
    assert unsigned.json()["to"] == size
    for later, code in ((first, "malformed-parameter"), (size + 1, "size-not-committed")):
        assert problem_in(live.client.get("/consistency", params={"from": first, "to": later})).code == code
    assert problem_in(live.client.get("/consistency", params={"from": size})).code == "malformed-parameter"
    gate.below = size
    released = live.client.get("/consistency", params={"from": first, "to": size})
    assert (released.status_code, parse_receipt(released.content).signed_size) == (200, size)
