"""A TPM in software enrols keys at a real server: its attestation key is pinned by its name, or certified to a root."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import pytest

from counterfoil.attestation.appraisal_policy import AppraisalPolicy
from counterfoil.attestation.binding import Binding
from counterfoil.attestation.conveyance.carried import ENROLMENT_CONTENT_TYPE
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.client import Client, Enrolled, ServiceProblemError, ToBind
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.policy.document import ContentTypeRule, Issuer, Visibility
from counterfoil.signing.generate import generate_private_key
from counterfoil.storage.memory import MemoryStore
from tests.attested import ATTESTED
from tests.builders import World, issuer_of, policy_for, sign_statement
from tests.certificates import Entity, root
from tests.http.enrolling import requiring
from tests.http.live import Live, problem_in, running
from tests.software_tpm import Ak, RealQuote, SoftwareTpm, certified_by, require_software_tpm

PINNED, CERTIFIED = "pinned", "certified"
_OPEN = 7
"""A register that no appraisal policy looks at."""


@dataclass(frozen=True)
class Way:
    """How an attestation key is trusted: by which appraisal policy, which looks at which register."""

    appraisal: str
    register: int
    ak: Ak
    certified: bool = False


BY_PIN, BY_ROOT = Way(PINNED, 16, Ak.ECC), Way(CERTIFIED, 23, Ak.RSA, certified=True)


@dataclass
class Scene:
    tpm: SoftwareTpm
    top: Entity
    live: Live

    def enrol(self, signer: LocalSigner, way: Way) -> Enrolled:
        """Enrol a key by a quote under an attestation key, with its certificate where that is how it is trusted."""

        def made(wanted: ToBind) -> Evidence:
            quote = self.tpm.quote(wanted.short, (_OPEN, way.register), ak=way.ak)
            certificates = certified_by(self.top, quote.key) if way.certified else None
            return quote.evidence(certificates, public=not way.certified)

        with Client(self.live.url) as client:
            return client.enrol(signer, ATTESTED, made)

    def refused(self, signer: LocalSigner, way: Way) -> str | None:
        """The code that such an enrolment is refused with, which leaves the log as it was."""
        size = self.live.size()
        with pytest.raises(ServiceProblemError) as refused:
            self.enrol(signer, way)
        assert self.live.size() == size
        return refused.value.problem.code


def appraisal(way: Way, pin: bytes, quoted: RealQuote) -> AppraisalPolicy:
    value = quoted.values["sha256"][way.register]
    return AppraisalPolicy(
        name=way.appraisal,
        platforms=frozenset({Platform.TPM2}),
        bindings=frozenset({Binding.ENROLMENT}),
        measurements={f"pcr{way.register}": frozenset({value})},
        unchecked=frozenset({"key-attributes", "revocation"}),
        pins=frozenset({pin}),
    )


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    require_software_tpm()
    with SoftwareTpm(tmp_path_factory.mktemp("tpm")) as tpm:
        top, quoted = root("TPM root"), tpm.quote(b"", (BY_PIN.register, BY_ROOT.register))
        known = (
            appraisal(BY_PIN, quoted.pin_of_name, quoted),
            appraisal(BY_ROOT, sha256(top.der).digest(), quoted),
        )
        world = World(MemoryStore())
        agents = Issuer(ATTESTED, (), frozenset(), attested_by=frozenset({PINNED, CERTIFIED}))
        policy = policy_for(issuer_of(world.agent), agents)
        rule = ContentTypeRule(ENROLMENT_CONTENT_TYPE, Visibility.PUBLIC, frozenset())
        policy = replace(policy, content_types=(*policy.content_types, rule), appraisals=known)
        world.policy = requiring(policy)
        with running(world.found()) as live:
            yield Scene(tpm, top, live)


def extend(scene: Scene, register: int) -> None:
    scene.tpm.extend(register, secrets.token_bytes(32))


# Each way ends with a changed register, after which that way is closed for the tests that follow.


@pytest.mark.parametrize("way", [BY_PIN, BY_ROOT], ids=[PINNED, CERTIFIED])
def test_a_quote_over_the_challenge_enrols_a_key_until_what_is_measured_changes(scene: Scene, way: Way) -> None:
    live, signer, stranger = scene.live, generate_private_key("ES256"), generate_private_key("ES256")
    enrolled = scene.enrol(signer, way)
    assert enrolled.grade == "key-bound"
    assert enrolled.result is not None
    submodule = enrolled.result["submods"]
    assert isinstance(submodule, dict)
    assert isinstance(submodule["tpm2"], dict)
    assert submodule["tpm2"]["ear_appraisal_policy_ids"] == [way.appraisal]
    live.register(sign_statement(signer, issuer=ATTESTED))
    assert problem_in(live.post(sign_statement(stranger, issuer=ATTESTED))).code == "key-unknown"
    assert problem_in(live.post(sign_statement(live.world.agent))).code == "attestation-required"
    extend(scene, _OPEN)
    scene.enrol(stranger, way)
    extend(scene, way.register)
    for key in (signer, generate_private_key("ES256")):
        assert scene.refused(key, way) == "measurement-not-admitted"
    live.register(sign_statement(signer, issuer=ATTESTED))


def test_a_key_of_the_tpm_that_is_neither_pinned_nor_certified_enrols_nothing(scene: Scene) -> None:
    assert scene.refused(generate_private_key("ES256"), replace(BY_PIN, ak=Ak.ECC_SHA384)) == "certificate-root-unknown"


def test_another_tpm_enrols_nothing(scene: Scene, tmp_path: Path) -> None:
    with SoftwareTpm(tmp_path) as other:
        stranger = replace(scene, tpm=other)
        assert stranger.refused(generate_private_key("ES256"), BY_PIN) == "certificate-root-unknown"


@pytest.mark.parametrize("said", ["another", "nonce", "long"])
def test_a_quote_over_anything_but_what_is_to_be_bound_enrols_nothing(scene: Scene, said: str) -> None:
    signer = generate_private_key("ES256")

    def made(wanted: ToBind) -> Evidence:
        qualifying = {"another": bytes(32), "nonce": wanted.nonce, "long": wanted.long[:32]}[said]
        return scene.tpm.quote(qualifying, (_OPEN,)).evidence()

    with Client(scene.live.url) as client, pytest.raises(ServiceProblemError) as refused:
        client.enrol(signer, ATTESTED, made)
    assert refused.value.problem.code in {"key-not-bound", "measurement-not-admitted"}
