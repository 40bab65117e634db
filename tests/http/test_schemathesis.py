"""schemathesis reads the committed document and finds no answer of a live server that it does not describe."""

import copy
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis

from counterfoil.encoding.base64url import encode_base64url
from counterfoil.http import chain_events
from counterfoil.log.local_log import Store
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.links import chain_id
from tests.builders import SUBJECT, sign_statement
from tests.http import generated_bodies
from tests.http.committed import COMMITTED, document, schema
from tests.http.live import Live, new_world, running
from tests.http.test_bad_input import TOO_LARGE
from tests.http.test_registration import twin_of

ROOT = Path(__file__).resolve().parents[2]
MAX_EXAMPLES = 10
LEFT_OUT = ("positive_data_acceptance", "ignored_auth")
"""What a document cannot say, that of two sizes one is the larger; and a credential where none is configured."""
_RUN_SECONDS = 240
on_databases = pytest.mark.parametrize("store", ["sqlite", "postgres"], indirect=True, scope="module")
"""What a generated value can trip in a store, a database trips over: the one in memory takes every value."""


@pytest.fixture(scope="module")
def live(store: Store) -> Iterator[Live]:
    world = new_world(store, agent=generated_bodies.AGENT)
    with pytest.MonkeyPatch.context() as patch, running(world) as live:
        # A stream that goes on would be waited for; this one ends once it has begun.
        patch.setattr(chain_events, "STREAM_SECONDS", 0.0)
        yield live


@on_databases
def test_no_violation_is_found(live: Live, tmp_path: Path) -> None:
    size = live.size()
    done = subprocess.run(
        [
            *("env", f"PYTHONPATH={os.pathsep.join((str(ROOT), *sys.path))}"),
            "SCHEMATHESIS_HOOKS=tests.http.generated_bodies",
            *(sys.executable, "-m", "schemathesis.cli", "run", str(COMMITTED), "--url", live.url),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", str(MAX_EXAMPLES)),
            *("--generation-deterministic", "--continue-on-failure", "--warnings", "off"),
            *("--exclude-checks", ",".join(LEFT_OUT)),
        ],
        cwd=tmp_path,  # It keeps what it found in the folder it runs in, and tries that first the next time.
        capture_output=True,
        text=True,
        timeout=_RUN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "27 selected" in done.stdout
    assert live.size() > size, "not one of its statements was registered"
    assert live.client.get("/readyz").status_code == 200


@pytest.fixture(scope="module")
def values(live: Live) -> dict[str, str]:
    """What a path or a query of the cases below stands for."""
    statement = sign_statement(live.world.agent)
    location = live.register(statement)
    return {
        "ENTRY": location.removeprefix("/entries/"),
        "ABSENT": "0" * 64,
        "KID": encode_base64url(live.world.signers[KeyPurpose.RECEIPT].public_key.thumbprint),
        "CHAIN": chain_id(SUBJECT).hex(),
        "SUBJECT": SUBJECT,
        "STATEMENT": statement.hex(),
        "TWIN": twin_of(statement).hex(),
        "LARGE": bytes(TOO_LARGE).hex(),
    }


JSON = {"Accept": "application/json"}
PROXIED = {"Forwarded": "for=192.0.2.1"}
CODED = {"Content-Encoding": "gzip"}
ENTRY, STATEMENT = "/entries/{entry_id}", "/entries/{entry_id}/statement"

Fields = dict[str, str]
Known = tuple[str, Fields, Fields, Fields, int]
CASES: list[Known] = [
    ("/entries", {}, {}, {}, 200),
    ("/entries", {}, {"limit": "0"}, JSON, 400),
    ("/entries", {}, {"limit": "3"}, {"Accept": "application/cbor-seq"}, 200),
    (ENTRY, {"entry_id": "ENTRY"}, {}, {}, 200),
    (ENTRY, {"entry_id": "ENTRY"}, {"fresh": "true"}, {"Accept": "application/scitt-receipt+cose"}, 200),
    (ENTRY, {"entry_id": "1.1"}, {}, {}, 200),
    (ENTRY, {"entry_id": "x"}, {}, {}, 400),
    (ENTRY, {"entry_id": "ABSENT"}, {}, JSON, 404),
    (STATEMENT, {"entry_id": "ENTRY"}, {}, {}, 200),
    (STATEMENT, {"entry_id": "ENTRY"}, {}, PROXIED, 401),
    (STATEMENT, {"entry_id": "ABSENT"}, {}, {}, 404),
    ("/entries/{entry_id}/decision", {"entry_id": "ENTRY"}, {}, {}, 200),
    ("/entries/{entry_id}/decision", {"entry_id": "ENTRY"}, {}, PROXIED | JSON, 401),
    ("/.well-known/scitt-keys", {}, {}, {}, 200),
    ("/.well-known/scitt-keys/{kid}", {"kid": "KID"}, {}, {}, 200),
    ("/.well-known/scitt-keys/{kid}", {"kid": "x"}, {}, {}, 404),
    ("/log", {}, {}, {}, 200),
    ("/chains/{chain_id}", {"chain_id": "CHAIN"}, {"limit": "1"}, {}, 200),
    ("/chains/{chain_id}", {"chain_id": "ABSENT"}, {}, {}, 404),
    ("/chains/{chain_id}", {"chain_id": "ABSENT"}, {}, PROXIED, 401),
    ("/chains/{chain_id}/events", {"chain_id": "CHAIN"}, {}, {}, 200),
    ("/chains/{chain_id}/events", {"chain_id": "CHAIN"}, {"after": "0"}, {"Last-Event-ID": "x"}, 400),
    ("/chains/{chain_id}/events", {"chain_id": "ABSENT"}, {}, {}, 404),
    ("/chains/{chain_id}/events", {"chain_id": "CHAIN"}, {}, PROXIED, 401),
    ("/chains", {}, {"rootTraceId": "SUBJECT"}, {}, 200),
    ("/chains", {}, {"rootTraceId": "nobody's"}, {}, 404),
    ("/chains", {}, {}, {}, 400),
    ("/tile/entries/{tile}", {"tile": "000.p/2"}, {}, {}, 200),
    ("/tile/entries/{tile}", {"tile": "x001/000"}, {}, {}, 404),
    ("/tile/{level}/{tile}", {"level": "0", "tile": "000.p/2"}, {}, {}, 200),
    ("/tile/{level}/{tile}", {"level": "0", "tile": "0"}, {}, {}, 400),
    ("/consistency", {}, {"from": "2"}, {}, 200),
    ("/consistency", {}, {"from": "2"}, JSON, 200),
    ("/consistency", {}, {"from": "2", "to": "99999"}, {}, 404),
    ("/checkpoint", {}, {}, {}, 200),
    ("/livez", {}, {}, {}, 200),
    ("/metrics", {}, {}, {}, 200),
    ("/metrics", {}, {}, PROXIED, 401),
    (ENTRY, {"entry_id": "ENTRY"}, {"size": "99999"}, {}, 404),
    (ENTRY, {"entry_id": "ENTRY"}, {"size": "1"}, {}, 400),
    ("/readyz", {}, {}, {}, 200),
]
POSTS: list[tuple[str, str, Fields, Fields, int]] = [
    ("STATEMENT", "application/cose", {}, {}, 201),
    ("STATEMENT", "application/cose", {"waitForCommit": "true"}, {}, 201),
    ("STATEMENT", "application/scitt-statement+cose", {"api-version": "2026-03-26"}, {}, 303),
    ("STATEMENT", "application/cbor-seq", {}, {}, 200),
    ("", "application/cbor-seq", {}, {}, 400),
    ("", "application/cose", {}, {}, 400),
    ("TWIN", "application/cose", {}, JSON, 409),
    ("LARGE", "application/cose", {}, {}, 413),
    ("STATEMENT", "application/cose", {}, CODED, 415),
]


@on_databases
@pytest.mark.parametrize("known", CASES)
def test_what_is_known_is_answered_as_described(live: Live, values: dict[str, str], known: Known) -> None:
    path, parameters, query, headers, status = known
    case = schema()[path]["GET"].Case(
        path_parameters={name: values.get(value, value) for name, value in parameters.items()},
        query={name: values.get(value, value) for name, value in query.items()},
        headers=headers,
    )
    assert case.call_and_validate(base_url=live.url).status_code == status


@on_databases
@pytest.mark.parametrize(("body", "media_type", "query", "headers", "status"), POSTS)
def test_what_is_posted_is_answered_as_described(
    live: Live,
    values: dict[str, str],
    body: str,
    media_type: str,
    query: Fields,
    headers: Fields,
    status: int,
) -> None:
    content = bytes.fromhex(values.get(body, body))
    case = schema()["/entries"]["POST"].Case(query=query, headers=headers, body=content, media_type=media_type)
    response = case.call(base_url=live.url, allow_redirects=False)
    case.validate_response(response)
    assert response.status_code == status


@on_databases
def test_a_violation_would_be_found(live: Live) -> None:
    """The same document with one status taken out of it, and one media type."""
    narrow = copy.deepcopy(document())
    del narrow["paths"]["/log"]["get"]["responses"]["200"]
    narrow["paths"]["/livez"]["get"]["responses"]["200"]["content"] = {"text/plain": {}}
    narrower = schemathesis.openapi.from_dict(narrow)
    for path in ("/log", "/livez"):
        with pytest.raises(BaseExceptionGroup):
            narrower[path]["GET"].Case().call_and_validate(base_url=live.url)


def test_each_answer_to_each_operation_is_named_and_each_failure_has_both_forms() -> None:
    for path, operations in document()["paths"].items():
        for operation in operations.values():
            statuses = set(operation["responses"])
            assert {"400", "405", "408", "414", "429", "431", "500", "503"} <= statuses
            # An index of entries is everybody's; what comes with the credential is only more of it.
            assert ("401" in statuses) == ("security" in operation and path != "/entries"), path
            assert ({"409", "413", "415"} <= statuses) == ("requestBody" in operation)
    for name, response in document()["components"]["responses"].items():
        assert set(response["content"]) == {"application/concise-problem-details+cbor", "application/problem+json"}, (
            name
        )
    assert document()["components"]["responses"]["Problem429"]["headers"]["Retry-After"]["required"]
