"""Everything that is read, over both stores and a real port, checked with our own verifiers."""

import hashlib
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from counterfoil.cose import labels
from counterfoil.cose.keys import parse_cose_key, parse_public_key_pem, public_key_from_map
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.cbor import Limits, decode
from counterfoil.merkle.consistency import verify_consistency
from counterfoil.merkle.hashing import LeafHash, NodeHash, TreeSize, leaf_hash
from counterfoil.merkle.tree import root_of
from counterfoil.receipt.checkpoint import parse_checkpoint, verifier_key, verify_checkpoint
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.verify import verify_consistency_receipt, verify_inclusion_receipt
from counterfoil.statement.decision_record import decision_digest, parse_decision_record
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.links import ChainHash, chain_hash, chain_id, empty_chain_hash
from counterfoil.statement.signed_statement import StatementHash
from tests.builders import ORIGIN, sign_statement
from tests.http.live import PUBLIC_TYPE, Live, problem_in


def get(live: Live, path: str, **params: str | int) -> httpx.Response:
    return live.client.get(path, params=params or None)


@pytest.fixture(scope="module")
def grown(live: Live) -> Live:
    """Past one full tile, with a chain of five."""
    filling = [
        sign_statement(live.world.agent, subject=f"filling-{number}", content_type=PUBLIC_TYPE) for number in range(258)
    ]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(live.register, filling))
    for _ in range(5):
        live.register(sign_statement(live.world.agent, subject="the chain"))
    return live


def all_entries(live: Live) -> list[StatementHash]:
    hashes: list[StatementHash] = []
    start: int | None = 0
    while start is not None:
        page = get(live, "/entries", **{"from": start, "limit": 100}).json()
        hashes.extend(StatementHash(bytes.fromhex(entry["entryId"])) for entry in page["entries"])
        start = page["next"]
    return hashes


def test_the_index_lists_every_entry_once_and_its_leaves_have_the_root(grown: Live) -> None:
    hashes = all_entries(grown)
    info = get(grown, "/log").json()
    assert len(hashes) == len(set(hashes)) == info["size"] > 256
    assert root_of([leaf_hash(entry) for entry in hashes]).hex() == info["root"]
    assert get(grown, "/entries", **{"from": len(hashes)}).json() == {
        "entries": [],
        "next": None,
        "size": len(hashes),
    }
    assert len(get(grown, "/entries").json()["entries"]) == 100


BAD_NUMBERS = ["-1", "1_0", "+1", " 1", "1.0", "0x1", "", "x", "\u0661", str(2**63), "9" * 400, "1e3", "\x00"]


@pytest.mark.parametrize("value", [*BAD_NUMBERS, "0", "1001"])
def test_a_bad_limit_is_a_malformed_parameter(live: Live, value: str) -> None:
    problem = problem_in(get(live, "/entries", limit=value))
    assert (problem.status, problem.code) == (400, "malformed-parameter")
    assert "limit" in problem.detail


@pytest.mark.parametrize("value", BAD_NUMBERS)
def test_a_bad_size_is_a_malformed_parameter(live: Live, value: str) -> None:
    location = live.register(sign_statement(live.world.agent))
    problem = problem_in(live.client.get(location, params={"size": value}))
    assert (problem.status, problem.code) == (400, "malformed-parameter")


@pytest.mark.parametrize("value", BAD_NUMBERS)
@pytest.mark.parametrize(("path", "name"), [("/entries", "from"), ("/consistency", "from"), ("/consistency", "to")])
def test_a_bad_number_is_a_malformed_parameter(live: Live, path: str, name: str, value: str) -> None:
    params: dict[str, str] = {"from": "1", name: value}
    problem = problem_in(live.client.get(path, params=params))
    assert (problem.status, problem.code) == (400, "malformed-parameter")


def test_the_decision_has_the_digest_in_the_index(live: Live) -> None:
    path = live.register(sign_statement(live.world.agent))
    response = get(live, path + "/decision")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/cbor")
    record = parse_decision_record(response.content)
    (entry,) = get(live, "/entries", **{"from": record.number, "limit": 1}).json()["entries"]
    assert f"/entries/{entry['entryId']}" == path
    assert entry["decisionDigest"] == decision_digest(response.content).hex()


def test_the_key_set_holds_the_receipt_key_alone(live: Live) -> None:
    response = get(live, "/.well-known/scitt-keys")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/cbor")
    assert "max-age" in response.headers["Cache-Control"]
    keys = decode(response.content, Limits(4096))
    assert isinstance(keys, tuple)
    (members,) = keys
    assert isinstance(members, dict)
    key = live.world.signers[KeyPurpose.RECEIPT].public_key
    assert public_key_from_map(members) == key
    assert members[labels.KEY_KID] == key.thumbprint
    assert members[labels.KEY_ALG] == -7


def test_one_key_is_found_by_its_kid_in_base64url(live: Live) -> None:
    key = live.world.signers[KeyPurpose.RECEIPT].public_key
    response = get(live, f"/.well-known/scitt-keys/{encode_base64url(key.thumbprint)}")
    assert response.status_code == 200
    assert parse_cose_key(response.content) == key


def test_no_other_spelling_and_no_other_key_is_found(live: Live) -> None:
    signers = live.world.signers
    kid = encode_base64url(signers[KeyPurpose.RECEIPT].public_key.thumbprint)
    others = [
        encode_base64url(signers[purpose].public_key.thumbprint) for purpose in KeyPurpose if purpose != "receipt"
    ]
    raw = signers[KeyPurpose.RECEIPT].public_key.thumbprint.hex()
    for name in [kid + "=", kid[:-1], kid.lower(), raw, "é", "x" * 3000, *others]:
        problem = problem_in(get(live, f"/.well-known/scitt-keys/{name}"))
        assert (problem.status, problem.code, problem.title) == (404, "no-such-key", "No such key")


def test_the_log_describes_itself(live: Live) -> None:
    info = get(live, "/log").json()
    assert (info["origin"], info["issuer"], info["logName"]) == (ORIGIN, f"https://{ORIGIN}", ORIGIN)
    keys = {key["purpose"]: key for key in info["keys"]}
    assert set(keys) == set(KeyPurpose)
    for purpose, key in keys.items():
        held = live.world.signers[KeyPurpose(purpose)].public_key
        assert parse_public_key_pem(key["publicKey"]) == held
        assert key["kid"] == encode_base64url(held.thumbprint)
    checkpoint_key = live.world.signers[KeyPurpose.CHECKPOINT].public_key
    assert keys["checkpoint"]["verifierKey"] == verifier_key(ORIGIN, checkpoint_key)
    assert [keys[name]["algorithm"] for name in ("receipt", "checkpoint")] == ["ES256", "EdDSA"]
    assert info["limits"]["maxStatementBytes"] == 1024 * 1024
    assert info["limits"]["maxPageEntries"] == 1000
    first, second = get(live, "/entries", limit=2).json()["entries"]
    assert info["policyEntry"] == {"number": 0, "entryId": first["entryId"]}
    assert info["genesisEntry"] == {"number": 1, "entryId": second["entryId"]}
    assert info["pagedTo"] + 1 + info["unpagedTail"] == info["size"]


def recompute(start: str, entries: list[dict[str, str | int]]) -> ChainHash:
    value = ChainHash(bytes.fromhex(start))
    for entry in entries:
        statement, digest = bytes.fromhex(str(entry["entryId"])), bytes.fromhex(str(entry["decisionDigest"]))
        value = chain_hash(value, StatementHash(statement), digest)
        assert value.hex() == entry["chainHash"]
    return value


def test_a_chain_read_in_pages_recomputes_to_its_hash(grown: Live) -> None:
    entries: list[dict[str, str | int]] = []
    params: dict[str, str | int] = {"rootTraceId": "the chain", "limit": 2}
    while True:
        page = get(grown, "/chains", **params).json()
        assert (page["rootTraceId"], page["length"]) == ("the chain", 5)
        assert page["emptyChainHash"] == empty_chain_hash(ORIGIN, "the chain").hex()
        entries.extend(page["entries"])
        if page["next"] is None:
            break
        params["after"] = page["next"]
    assert [entry["sequence"] for entry in entries] == [0, 1, 2, 3, 4]
    assert recompute(page["emptyChainHash"], entries).hex() == page["chainHash"]
    numbers = [int(entry["number"]) for entry in entries]
    assert numbers == sorted(numbers)
    by_id = get(grown, f"/chains/{chain_id('the chain').hex()}").json()
    assert by_id["entries"] == entries
    assert by_id["chainHash"] == page["chainHash"]


def test_the_end_of_a_chain_is_an_empty_page(grown: Live) -> None:
    for after in (4, 5, 2**63 - 1):
        page = get(grown, "/chains", rootTraceId="the chain", after=after).json()
        assert (page["entries"], page["next"], page["length"]) == ([], None, 5)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "rootTraceId=",
        "rootTraceId=%00",
        "rootTraceId=a%0ab",
        "rootTraceId=" + "x" * 513,
        "rootTraceId=%ff",
        "rootTraceId=%ed%a0%80",
        "rootTraceId=x&after=-1",
        "rootTraceId=x&limit=0",
        "rootTraceId=x&limit=1001",
    ],
)
def test_a_bad_chain_query_is_a_malformed_parameter(live: Live, query: str) -> None:
    problem = problem_in(live.client.get(f"/chains?{query}"))
    assert (problem.status, problem.code) == (400, "malformed-parameter")


@pytest.mark.parametrize("name", ["0" * 63, "A" * 64, "0" * 63 + "g", "%00", "%2e%2e"])
def test_a_bad_chain_id_is_a_malformed_parameter(live: Live, name: str) -> None:
    assert problem_in(live.client.get(f"/chains/{name}")).code in {"malformed-parameter", "route-not-found"}


def test_an_unknown_chain_is_not_found_by_who_may_read(live: Live) -> None:
    assert problem_in(get(live, "/chains", rootTraceId="nobody's")).code == "chain-not-found"
    assert problem_in(get(live, f"/chains/{'0' * 64}")).code == "chain-not-found"


def test_tiles_hold_the_leaves_and_stay_as_they_are(grown: Live) -> None:
    hashes = all_entries(grown)
    leaves = [leaf_hash(entry) for entry in hashes]
    full = get(grown, "/tile/0/000")
    assert full.content == b"".join(leaves[:256])
    assert full.headers["Content-Type"] == "application/octet-stream"
    assert "immutable" in full.headers["Cache-Control"]
    for width in (1, 7, 255):
        assert get(grown, f"/tile/0/000.p/{width}").content == b"".join(leaves[:width])
    rest = len(hashes) - 256
    assert get(grown, f"/tile/0/001.p/{rest}").content == b"".join(leaves[256:])
    assert get(grown, "/tile/1/000.p/1").content == root_of(leaves[:256])
    bundle = get(grown, "/tile/entries/000.p/3").content
    assert bundle == b"".join(b"\x00\x20" + entry for entry in hashes[:3])
    assert get(grown, "/tile/entries/000").content == b"".join(b"\x00\x20" + entry for entry in hashes[:256])


def test_a_tile_that_is_not_there_yet_is_not_found(grown: Live) -> None:
    rest = grown.size() - 256
    paths = [f"/tile/0/001.p/{rest + 1}", "/tile/0/001", "/tile/1/000", "/tile/1/000.p/2", "/tile/2/000.p/1"]
    for path in [*paths, "/tile/0/x999/x999/999", "/tile/entries/001", f"/tile/entries/001.p/{rest + 1}"]:
        problem = problem_in(get(grown, path))
        assert (problem.status, problem.code) == (404, "tile-not-found"), path


@pytest.mark.parametrize(
    "path",
    [
        "0/0",
        "0/00",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "00/000",
        "64/000",
        "-1/000",
        "0/x000/000",
        "x/000",
        "entries/0",
        "entries/000.p/0",
        "entries/x000/000",
        "entries/..%2f",
        "0/000.p/%D9%A1",
        "0/000/",
    ],
)
def test_a_path_that_names_no_tile_is_malformed(live: Live, path: str) -> None:
    problem = problem_in(live.client.get(f"/tile/{path}"))
    assert (problem.status, problem.code) == (400, "malformed-tile-path")


def test_consistency_as_a_receipt_and_as_json(grown: Live) -> None:
    size = grown.size()
    leaves = [leaf_hash(entry) for entry in all_entries(grown)]
    key = grown.world.signers[KeyPurpose.RECEIPT].public_key
    for first in (1, 2, 3, 255, 256, 257, size - 1):
        root = root_of(leaves[:first])
        response = get(grown, "/consistency", **{"from": first})
        assert response.headers["Content-Type"] == "application/cose"
        verified = verify_consistency_receipt(parse_receipt(response.content), NodeHash(root), key)
        assert (verified.first_size, verified.head.size) == (first, size)
        as_json = grown.client.get(
            "/consistency", params={"from": first, "to": size}, headers={"Accept": "application/json"}
        )
        assert "immutable" in as_json.headers["Cache-Control"]
        check_json(as_json.json(), leaves, first, size)


def check_json(proof: dict[str, object], leaves: list[LeafHash], first: int, second: int) -> None:
    path = proof["path"]
    assert isinstance(path, list)
    assert (proof["from"], proof["to"]) == (first, second)
    assert proof.get("fromRoot") in {None, root_of(leaves[:first]).hex()}
    root = bytes.fromhex(str(proof["toRoot"]))
    first_root = root_of(leaves[:first])
    verify_consistency(TreeSize(first), TreeSize(second), first_root, root, [bytes.fromhex(node) for node in path])


def test_a_committed_first_size_shows_its_root(live: Live) -> None:
    first, root = live.size(), get(live, "/log").json()["root"]
    live.register(sign_statement(live.world.agent))
    response = live.client.get("/consistency", params={"from": first}, headers={"Accept": "application/json"})
    assert response.json()["fromRoot"] == root


def test_a_proof_that_cannot_be_is_refused(live: Live) -> None:
    size = live.size()
    for first, second in ((0, size), (size, size), (size, 1), (size + 1, size)):
        problem = problem_in(get(live, "/consistency", **{"from": first, "to": second}))
        assert (problem.status, problem.code) == (400, "malformed-parameter")
    for second in (size + 1, 2**63 - 1):
        problem = problem_in(get(live, "/consistency", **{"from": 1, "to": second}))
        assert (problem.status, problem.code) == (404, "size-not-committed")
    # Founding commits entries 0 and 1 at once, so no head was ever committed at size 1.
    assert problem_in(get(live, "/consistency", **{"from": 1, "to": 1})).code == "malformed-parameter"
    assert problem_in(get(live, "/consistency")).code == "malformed-parameter"


def test_the_checkpoint_is_a_signed_note_of_a_committed_head(live: Live) -> None:
    live.world.clock.now += 1
    response = get(live, "/checkpoint")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    key = live.world.signers[KeyPurpose.CHECKPOINT].public_key
    checkpoint = verify_checkpoint(parse_checkpoint(response.content), ORIGIN, key)
    info = get(live, "/log").json()
    assert (checkpoint.size, checkpoint.root.hex()) == (info["size"], info["root"])


def test_a_checkpoint_is_signed_at_most_once_a_second(live: Live) -> None:
    live.world.clock.now += 1
    before = get(live, "/checkpoint").text
    live.register(sign_statement(live.world.agent))
    assert get(live, "/checkpoint").text == before
    live.world.clock.now += 1
    after = get(live, "/checkpoint").text
    assert after != before
    assert int(after.splitlines()[1]) == live.size()
    assert b64decode(after.splitlines()[2]).hex() == get(live, "/log").json()["root"]


def test_health(live: Live) -> None:
    assert get(live, "/livez").json() == {"status": "alive"}
    assert get(live, "/readyz").json() == {"status": "ready"}


def test_a_reader_of_another_log_sees_another_empty_chain_hash() -> None:
    digests = {empty_chain_hash(origin, "x") for origin in (ORIGIN, "log.example/other")}
    assert len(digests) == 2
    assert hashlib.sha256(b"x").digest() == chain_id("x")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/entries", "GET, HEAD, POST"),
        ("PUT", "/entries", "GET, HEAD, POST"),
        ("POST", f"/entries/{'0' * 64}", "GET, HEAD"),
        ("DELETE", f"/entries/{'0' * 64}/statement", "GET, HEAD"),
        ("POST", "/log", "GET, HEAD"),
        ("PATCH", "/tile/0/000", "GET, HEAD"),
        ("OPTIONS", "/chains", "GET, HEAD"),
        ("POST", "/.well-known/scitt-keys", "GET, HEAD"),
        ("BREW", "/log", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(live: Live, method: str, path: str, allowed: str) -> None:
    response = live.client.request(method, path)
    if method == "BREW":
        assert problem_in_raw_refusal(response)
        return
    assert (response.status_code, problem_in(response).code) == (405, "method-not-allowed")
    assert response.headers["Allow"] == allowed


def problem_in_raw_refusal(response: httpx.Response) -> bool:
    """A method that no RFC knows does not get past the parser."""
    return (response.status_code, problem_in(response).code) == (400, "malformed-http")


@pytest.mark.parametrize("path", ["/", "/nothing", "/entries/", "/log/", "/docs", "/openapi.json", "/ENTRIES", "//log"])
def test_an_unknown_path_is_a_problem_too(live: Live, path: str) -> None:
    response = live.client.get(live.url + path)
    assert (response.status_code, problem_in(response).code) == (404, "route-not-found")


def test_every_answer_forbids_sniffing(live: Live) -> None:
    for path in ("/log", "/nothing", "/checkpoint", "/livez"):
        assert get(live, path).headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/livez", "/log", "/checkpoint", "/entries", "/tile/0/000.p/2", "/nothing/here"])
def test_head_is_get_without_the_content(live: Live, path: str) -> None:
    head, full = live.client.head(path), live.client.get(path)
    assert head.content == b""
    assert (head.status_code, head.headers["Content-Type"]) == (full.status_code, full.headers["Content-Type"])


def test_head_shows_nothing_that_get_would_not(live: Live) -> None:
    entry = live.register(sign_statement(live.world.agent))
    assert live.client.head(f"{entry}/statement", headers={"Forwarded": "for=192.0.2.1"}).status_code == 401


def committed_sizes(live: Live) -> list[int]:
    """Sizes at which a head was committed, the first and the last among them, as the stable receipts tell."""
    entries = all_entries(live)
    found = (get(live, f"/entries/{entry.hex()}").content for entry in (*entries[:8], *entries[-8:]))
    return sorted({parse_receipt(receipt).signed_size or 0 for receipt in found})


def test_an_entry_has_a_receipt_at_every_committed_size_over_it_and_at_no_other(grown: Live) -> None:
    entries, sizes = all_entries(grown), committed_sizes(grown)
    key = grown.world.signers[KeyPurpose.RECEIPT].public_key
    assert sizes[0] == 2
    for number in (0, 1, 2, 255, 256, len(entries) - 1):
        path, leaf = f"/entries/{entries[number].hex()}", leaf_hash(entries[number])
        for size in [*sizes[:3], *sizes[-3:]]:
            response = get(grown, path, size=size)
            if size <= number:
                assert (response.status_code, problem_in(response).code) == (400, "malformed-parameter")
                continue
            assert (response.status_code, response.headers["Content-Type"]) == (200, "application/cose")
            assert response.headers["Cache-Control"] == "public, max-age=86400"
            assert (response.headers["Location"], response.headers["Vary"]) == (path, "Accept")
            verified = verify_inclusion_receipt(parse_receipt(response.content), leaf, key)
            assert (verified.leaf_index, verified.head.size) == (number, size)
        stable = get(grown, path).content
        assert get(grown, path, size=parse_receipt(stable).signed_size or 0).content == stable
        for size in (sizes[-1] + 1, 2**63 - 1):
            assert problem_in(get(grown, path, size=size)).code == "size-not-committed"


def test_no_receipt_is_at_a_size_before_the_entry_and_fresh_too(live: Live) -> None:
    path = live.register(sign_statement(live.world.agent))
    for query in ("size=0", "size=1", "size=2", f"size={live.size()}&fresh=true"):
        problem = problem_in(live.client.get(f"{path}?{query}"))
        assert (problem.status, problem.code) == (400, "malformed-parameter")
    founding = f"/entries/{all_entries(live)[0].hex()}"
    # Founding commits entries 0 and 1 at once, so no head was ever committed at size 1.
    assert problem_in(get(live, founding, size=1)).code == "size-not-committed"
