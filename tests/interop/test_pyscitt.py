"""pyscitt's own program against a running server, unchanged: it signs with certificates and submits in both ways."""

import datetime as dt
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.cose.keys import public_key_of
from counterfoil.http.ccf_names import ccf_name
from counterfoil.policy.document import Issuer
from counterfoil.receipt.leaf import statement_leaf
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.transparent import parse_transparent_statement
from counterfoil.receipt.verify import verify_inclusion_receipt
from counterfoil.settings import Settings
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.issuer import IssuerKey
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from counterfoil.storage.sqlite import open_sqlite
from tests.builders import CONTENT_TYPE, World, issuer_of, policy_for, sign_statement
from tests.certificates import pki
from tests.certified import anchors, pin, pinned
from tests.http.live import ADMIN, Live, problem_in, running
from tests.interop.receipt_mutations import flip
from tests.strangers import require_pyscitt

THEIR_ISSUER = "https://builds.example"
CERTIFIED = "https://certified.example"
FEED = "trace-of-a-build"
TRANSACTION = "x-ms-ccf-transaction-id"
API = "2026-03-26"
MADE = pki()
_RUN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Author:
    """Who signs with ``scitt``: a key, its certificate chain, and the folder they lie in."""

    folder: Path
    key: ec.EllipticCurvePrivateKey

    def sign(self, chain: str = "chain", claims: str = "--uses-cwt", issuer: str = THEIR_ISSUER) -> Path:
        """A statement by ``scitt sign``, with the given one of the chains in x5chain."""
        out = self.folder / f"{chain}.cose"
        (self.folder / "p.json").write_text('{"from":"a build"}')
        key = "certified.key" if chain == "certified" else "leaf.key"
        names = ["--statement", "p.json", "--key", key, "--x5c", f"{chain}.pem", "--out", str(out)]
        says = ["--content-type", CONTENT_TYPE, "--issuer", issuer, "--feed", FEED, claims]
        done = self.scitt("sign", *names, *says)
        assert done.returncode == 0, done.stderr
        return out

    def scitt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(require_pyscitt()), *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=_RUN_SECONDS,
            check=False,
        )

    def submit(self, live: Live, statement: Path, *options: str) -> subprocess.CompletedProcess[str]:
        return self.scitt("submit", "--url", live.url, str(statement), *options)


@pytest.fixture(scope="module")
def author(tmp_path_factory: pytest.TempPathFactory) -> Author:
    require_pyscitt()
    folder = tmp_path_factory.mktemp("author")
    key, root = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    leaf_pem, root_pem = (_certificate(name, holder, root) for name, holder in (("leaf", key), ("root", root)))
    (folder / "chain.pem").write_bytes(leaf_pem + root_pem)
    (folder / "alone.pem").write_bytes(leaf_pem)
    certified = [one.certificate.public_bytes(serialization.Encoding.PEM) for one in (MADE.leaf, MADE.ca, MADE.root)]
    (folder / "certified.pem").write_bytes(b"".join(certified))
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "leaf.key").write_bytes(key.private_bytes(*form))
    (folder / "certified.key").write_bytes(MADE.leaf.key.private_bytes(*form))
    return Author(folder, key)


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def live(request: pytest.FixtureRequest, author: Author, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A log whose policy knows the author's key as a raw key, and another issuer by a root and a pin."""
    file = (
        open_sqlite(tmp_path_factory.mktemp("log") / "log.sqlite", create=True) if request.param == "sqlite" else None
    )
    world = World(MemoryStore() if file is None else file)
    key = public_key_of(author.key.public_key())
    listed = Issuer(THEIR_ISSUER, (IssuerKey(key.thumbprint, key),), frozenset())
    world.policy = replace(
        policy_for(listed, pinned(pin(MADE.ca), name=CERTIFIED), issuer_of(world.agent)), roots=anchors(MADE.root)
    )
    with running(world.found(), Settings(page_seconds=3600, admin_token=ADMIN.replace(" ", "-"))) as live:
        yield live
    if file is not None:
        file.close()


def test_submit_and_wait_for_commit_takes_the_receipt(live: Live, author: Author) -> None:
    statement, out = author.sign(), author.folder / "r.cose"
    done = author.submit(live, statement, "--wait-for-commit", "--transparent-statement", str(out))
    assert done.returncode == 0, done.stderr
    parsed = parse_signed_statement(statement.read_bytes())
    assert f"as transaction {ccf_name(_number(live, parsed.hash))}" in done.stdout
    key = live.world.signers[KeyPurpose.RECEIPT].public_key
    verify_inclusion_receipt(parse_receipt(out.read_bytes()), statement_leaf(parsed.hash), key)


def test_a_certificate_with_a_path_to_a_root_of_the_policy_registers(live: Live, author: Author) -> None:
    statement = author.sign("certified", issuer=CERTIFIED)
    done = author.submit(live, statement, "--wait-for-commit")
    assert done.returncode == 0, done.stderr
    assert _number(live, parse_signed_statement(statement.read_bytes()).hash) > 1


def test_plain_submit_takes_the_transparent_statement(live: Live, author: Author) -> None:
    statement, out = author.sign(), author.folder / "t.cose"
    token = live.service.settings.admin_token
    assert token is not None
    done = author.submit(live, statement, "--transparent-statement", str(out), "--auth-token", token)
    assert done.returncode == 0, done.stderr
    parsed, transparent = parse_signed_statement(statement.read_bytes()), parse_transparent_statement(out.read_bytes())
    assert f"as transaction {ccf_name(_number(live, parsed.hash))}" in done.stdout
    assert transparent.statement.hash == parsed.hash
    assert transparent.receipts == (live.client.get(f"/entries/{parsed.hash.hex()}").content,)


def test_submit_without_confirmation_is_told_the_name(live: Live, author: Author) -> None:
    statement = author.sign()
    done = author.submit(live, statement, "--skip-confirmation")
    assert done.returncode == 0, done.stderr
    name = ccf_name(_number(live, parse_signed_statement(statement.read_bytes()).hash))
    assert f"as operation {name}" in done.stdout


def test_plain_submit_without_the_credential_registers_and_reads_nothing(live: Live, author: Author) -> None:
    statement, out = author.sign(), author.folder / "none.cose"
    done = author.submit(live, statement, "--transparent-statement", str(out))
    assert done.returncode != 0
    assert "Unauthorized" in done.stderr
    assert not out.exists()
    assert _number(live, parse_signed_statement(statement.read_bytes()).hash) > 1


@pytest.mark.parametrize("wait", [("--wait-for-commit",), ()])
def test_a_changed_statement_is_refused_in_words_it_can_read(live: Live, author: Author, wait: tuple[str, ...]) -> None:
    statement, changed, size = author.sign().read_bytes(), author.folder / "changed.cose", live.size()
    changed.write_bytes(flip(statement, len(statement) - 1))
    done = author.submit(live, changed, *wait)
    assert done.returncode != 0
    assert "Rejected: " in done.stderr
    assert live.size() == size


def test_a_chain_of_one_is_no_chain(live: Live, author: Author) -> None:
    """RFC 9360, section 2: one certificate stands alone; pyscitt puts it into an array all the same."""
    size = live.size()
    done = author.submit(live, author.sign("alone"), "--wait-for-commit")
    assert done.returncode != 0
    assert "Malformed request: x5chain (33)" in done.stderr
    assert live.size() == size


def test_claims_that_are_no_cwt_claims_are_refused(live: Live, author: Author) -> None:
    size = live.size()
    done = author.submit(live, author.sign(claims=f"--kid={'11'}"), "--wait-for-commit")
    assert done.returncode != 0
    assert "iss (1) is absent" in done.stderr or "sub (2) is absent" in done.stderr
    assert live.size() == size


@pytest.mark.parametrize(
    "query", ["waitForCommit=True", "waitForCommit=1", "waitforcommit=true", "api-version=2025-01-01", "", "x=1"]
)
def test_without_that_query_nothing_changes(live: Live, query: str) -> None:
    response = live.client.post(f"/entries?{query}", content=sign_statement(live.world.agent), headers=_COSE)
    assert response.status_code == 201
    assert TRANSACTION not in response.headers
    assert live.client.get(response.headers["Location"]).content == response.content


def test_the_wish_to_wait_goes_before_the_redirect_and_the_location_stays(live: Live) -> None:
    statement = sign_statement(live.world.agent)
    first = live.post(statement)
    again = _post(live, statement, f"api-version={API}&waitForCommit=true")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers[TRANSACTION] == ccf_name(_number(live, parse_signed_statement(statement).hash))


def test_the_redirect_leads_to_the_same_receipt_and_its_own_location(live: Live) -> None:
    statement = sign_statement(live.world.agent)
    answer = _post(live, statement, f"api-version={API}")
    assert (answer.status_code, answer.content) == (303, b"")
    found = live.client.get(answer.headers["Location"])
    plain = live.post(statement)
    assert (found.status_code, found.content) == (200, plain.content)
    assert found.headers["Location"] == plain.headers["Location"]


@pytest.mark.parametrize("query", ["waitForCommit=true", f"api-version={API}"])
def test_what_is_refused_is_refused_the_same_way(live: Live, query: str) -> None:
    problem = problem_in(_post(live, b"\xff", query))
    assert (problem.status, problem.code) == (400, "not-cose-sign1")


@pytest.mark.parametrize(
    "name",
    ["1.0", "1.01", "2.1", "0.1", "01.1", "1.-1", "1.1.1", "1.", ".1", "1.1 ", "1.\u0661", "1." + "9" * 19, "1.1e3"],
)
def test_no_other_spelling_names_an_entry(live: Live, name: str) -> None:
    for path in (f"/entries/{name}", f"/entries/{name}/statement"):
        problem = problem_in(live.client.get(path))
        assert (problem.status, problem.code) == (400, "malformed-entry-id")


def test_a_name_that_no_entry_has_yet_is_not_found(live: Live) -> None:
    for number in (live.size(), 10**17):
        problem = problem_in(live.client.get(f"/entries/{ccf_name(number)}"))
        assert (problem.status, problem.code) == (404, "entry-not-found")


_COSE = {"Content-Type": "application/cose"}


def _post(live: Live, body: bytes, query: str) -> httpx.Response:
    return live.client.post(f"/entries?{query}", content=body, headers=_COSE)


def _number(live: Live, statement_hash: bytes) -> int:
    listed = live.client.get("/entries", params={"limit": 1000}).json()["entries"]
    return next(int(entry["number"]) for entry in listed if entry["entryId"] == statement_hash.hex())


def _certificate(name: str, key: ec.EllipticCurvePrivateKey, root: ec.EllipticCurvePrivateKey) -> bytes:
    subject, issuer = (x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)]) for text in (name, "root"))
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    number = x509.random_serial_number()
    built = x509.CertificateBuilder(issuer, subject, key.public_key(), number, start, start + dt.timedelta(days=36500))
    return built.sign(root, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
