"""``counterfoil attestation challenge`` and ``enrol`` at a real server, with evidence in files."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from counterfoil.attestation.binding import enrolment_binding
from counterfoil.attestation.conveyance.challenge import issue_challenge
from counterfoil.attestation.evidence import Evidence
from counterfoil.cli.exit_codes import ExitCode
from counterfoil.signing.file_signer import read_key_file
from counterfoil.statement.genesis import KeyPurpose
from tests.attested import ATTESTED
from tests.builders import sign_statement
from tests.cli.commands import Shell
from tests.http.enrolling import enrolling, machine
from tests.http.live import Live

TDX = ("--platform", "intel-tdx")


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with enrolling() as live:
        yield live


class Agent:
    """An agent's key in a file, and its files beside it."""

    def __init__(self, live: Live, shell: Shell, folder: Path) -> None:
        self.live, self.shell, self.folder = live, shell, folder
        self.key, self.challenge = folder / "agent.pem", folder / "challenge.cose"
        shell.ok("keygen", "--out", self.key)
        self.signer = read_key_file(self.key)

    @property
    def asking(self) -> tuple[object, ...]:
        return ("attestation", "challenge", "--url", self.live.url, "--key", self.key, "--out", self.challenge)

    @property
    def answering(self) -> tuple[object, ...]:
        named = ("--key", self.key, "--issuer", ATTESTED, "--challenge", self.challenge)
        return ("attestation", "enrol", "--url", self.live.url, *named)

    def evidence(self, report_data: bytes) -> Evidence:
        return machine(self.live).evidence(report_data)

    def files(self, evidence: Evidence) -> list[Path]:
        paths = [self.folder / name for name in ("quote", "collateral")]
        for path in paths:
            path.write_bytes(evidence.part(path.name))
        return paths


@pytest.fixture
def agent(live: Live, shell: Shell, tmp_path: Path) -> Agent:
    return Agent(live, shell, tmp_path)


def test_a_key_is_enrolled_in_two_steps(agent: Agent, tmp_path: Path) -> None:
    asked = agent.shell.ok(*agent.asking)
    nonce = sha256(agent.challenge.read_bytes()).digest()
    thumbprint = agent.signer.public_key.thumbprint
    assert asked == {
        "challenge": str(agent.challenge),
        "log": agent.live.world.identity.origin,
        "answerBy": asked["answerBy"],
        "nonce": nonce.hex(),
        "binding64": enrolment_binding(nonce, thumbprint).hex(),
        "binding32": enrolment_binding(nonce, thumbprint, size=32).hex(),
    }
    files, receipt = agent.files(agent.evidence(bytes.fromhex(asked["binding64"]))), tmp_path / "receipt"
    enrolled = agent.shell.ok(*agent.answering, *TDX, *files, "--out", receipt)
    assert (enrolled["grade"], enrolled["receipt"]) == ("key-bound", str(receipt))
    assert enrolled["result"]["counterfoil.grade"] == "key-bound"
    assert agent.live.client.get(f"/entries/{enrolled['entryId']}").content == receipt.read_bytes()
    agent.live.register(sign_statement(agent.signer, issuer=ATTESTED))


def test_people_are_told_the_same(agent: Agent) -> None:
    asked = agent.shell(*agent.asking)
    assert asked.out.startswith(f"a challenge of {agent.live.world.identity.origin}, to be answered by 20")
    values = dict(line.strip().rsplit(maxsplit=1) for line in asked.out.splitlines()[1:])
    nonce, thumbprint = bytes.fromhex(values["nonce"]), agent.signer.public_key.thumbprint
    bound = enrolment_binding(nonce, thumbprint)
    assert (values["binding 64"], values["binding 32"]) == (
        bound.hex(),
        enrolment_binding(nonce, thumbprint, size=32).hex(),
    )
    quote, collateral = agent.files(agent.evidence(bound))
    done = agent.shell(*agent.answering, *TDX, "--part", f"collateral={collateral}", "--part", f"quote={quote}")
    assert done.code == ExitCode.OK
    assert done.out.startswith("enrolled\n")
    assert "grade             key-bound" in done.out


def test_an_enrolment_is_one_file_too(agent: Agent, tmp_path: Path) -> None:
    asked = agent.shell.ok(*agent.asking)
    whole = tmp_path / "evidence.cbor"
    whole.write_bytes(agent.evidence(bytes.fromhex(asked["binding64"])).encode())
    assert agent.shell.ok(*agent.answering, *TDX, whole)["grade"] == "key-bound"


def test_evidence_of_something_else_is_refused(agent: Agent) -> None:
    agent.shell.ok(*agent.asking)
    outcome = agent.shell(*agent.answering, *TDX, *agent.files(agent.evidence(bytes(64))), "--json")
    assert (outcome.code, outcome.error["code"]) == (ExitCode.REFUSED, "key-not-bound")


def test_a_challenge_of_yesterday_is_gone(agent: Agent) -> None:
    world = agent.live.world
    old = issue_challenge(world.signers[KeyPurpose.SERVICE], world.identity.origin, world.clock() - 86400, bytes(16))
    agent.challenge.write_bytes(old.encoded)
    bound = enrolment_binding(old.nonce, agent.signer.public_key.thumbprint)
    outcome = agent.shell(*agent.answering, *TDX, *agent.files(agent.evidence(bound)), "--json")
    assert (outcome.code, outcome.error["code"]) == (ExitCode.ABSENT, "challenge-session-expired")


def test_what_is_no_challenge_is_not_answered(agent: Agent) -> None:
    agent.challenge.write_bytes(sign_statement(agent.signer))
    outcome = agent.shell(*agent.answering, *TDX, *agent.files(agent.evidence(bytes(64))), "--json")
    assert (outcome.code, outcome.error["code"]) == (ExitCode.MALFORMED, "malformed-evidence")


def test_a_challenge_of_another_log_is_not_kept(agent: Agent) -> None:
    outcome = agent.shell(*agent.asking, "--origin", "log.example/other", "--json")
    assert (outcome.code, outcome.error["code"]) == (ExitCode.UNVERIFIED, "issuer-mismatch")
    assert not agent.challenge.exists()


@pytest.mark.parametrize(
    "more",
    [(*TDX,), ("FILE",), ("--platform", "abacus", "FILE"), (*TDX, "--part", "quote"), (*TDX, "--part", "=FILE")],
    ids=["no evidence", "no platform", "no such platform", "no file", "no name"],
)
def test_a_command_line_that_lacks_something_ends_with_2(agent: Agent, tmp_path: Path, more: tuple[str, ...]) -> None:
    agent.shell.ok(*agent.asking)
    file = tmp_path / "file"
    file.write_bytes(b"x")
    assert agent.shell(*agent.answering, *(one.replace("FILE", str(file)) for one in more)).code == ExitCode.USAGE
