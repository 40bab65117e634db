"""``attestation verify``: what an operator is told of evidence, and with which exit code."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from counterfoil.attestation import anchors
from counterfoil.attestation.binding import enrolment_binding
from counterfoil.attestation.conveyance.carried import ENROLMENT_CONTENT_TYPE, Carried
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.cli.exit_codes import ExitCode
from counterfoil.cose import labels
from counterfoil.cose.jwk import jwk_thumbprint
from counterfoil.cose.keys import public_key_pem
from counterfoil.cose.public_key import public_key_der, public_key_of
from counterfoil.signing.generate import generate_private_key
from tests import tpm_quotes
from tests.builders import issuer_of, policy_for, sign_statement
from tests.certificates import AT, DAY, crl, root
from tests.cli.commands import Outcome, Shell
from tests.intel_quotes import SGX, CollateralSays, IntelPlatform, make_platform
from tests.vectors_dir import require_shared

KEY = generate_private_key("ES256")
PUBLIC = KEY.public_key
NONCE = bytes(range(32))
MRTD = "02" * 48


@pytest.fixture(scope="module")
def intel() -> IntelPlatform:
    return make_platform()


@pytest.fixture
def bench(intel: IntelPlatform, tmp_path: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> "Bench":
    """A bench at which the test's root is Intel's."""
    monkeypatch.setitem(anchors.VENDOR_PINS, Platform.INTEL_TDX, intel.anchors.pins)
    return Bench(intel, tmp_path, shell)


class Bench:
    def __init__(self, intel: IntelPlatform, folder: Path, shell: Shell) -> None:
        self.intel, self._folder, self._shell = intel, folder, shell
        self.collateral = self.file("collateral.json", intel.collateral())
        self.key = self.file("agent.pub", public_key_pem(PUBLIC).encode())

    def file(self, name: str, data: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(data)
        return path

    def quote(self, report_data: bytes = b"") -> Path:
        return self.file("quote.bin", self.intel.tdx_quote(report_data=report_data.ljust(64, b"\0")))

    def policy(self, **members: Any) -> Path:
        said = {
            "name": "tdx",
            "platforms": ["intel-tdx"],
            "bindings": ["enrolment", "thumbprint", "trace", "none"],
            "pins": [pin.hex() for pin in self.intel.anchors.pins],
        }
        return self.file("policy.json", json.dumps(said | members).encode())

    def verify(self, *arguments: object, platform: str = "intel-tdx", at: object = AT) -> Outcome:
        collateral = ("--collateral", self.collateral) if platform == "intel-tdx" else ()
        given = (*arguments, "--platform", platform, "--at", at, *collateral)
        return self._shell("attestation", "verify", *given, "--json")

    def told(self, *arguments: object, platform: str = "intel-tdx") -> Any:
        """What is told of evidence that is affirmed."""
        outcome = self.verify(*arguments, platform=platform)
        assert (outcome.code, outcome.err) == (ExitCode.OK, "")
        assert outcome.json["status"] == "affirming"
        return outcome.json


def pin_of(key: tpm_quotes.SoftKey) -> bytes:
    return sha256(public_key_der(public_key_of(key.private.public_key()))).digest()


def submodule(told: Any) -> Any:
    (found,) = told["ear"]["submods"].values()
    return found


def test_evidence_that_is_all_checked_is_affirmed_and_what_that_does_not_show_is_said(bench: Bench) -> None:
    told = bench.told(bench.quote())
    assert (told["policy"], told["refused"], told["ear"]["iat"], told["at"]) == ("built-in", None, AT, AT)
    assert told["ear"]["counterfoil.grade"] == "platform-attested"
    assert submodule(told)["ear_status"] == "affirming"
    assert submodule(told)["counterfoil.checks"] == told["checks"]
    assert {check["outcome"] for check in told["checks"]} == {"passed"}
    assert told["claims"]["measurements"]["mrtd"] == MRTD
    assert [word for word in ("--policy", "--expect-key", "--nonce") if word in " ".join(told["notEstablished"])] == [
        "--policy",
        "--expect-key",
        "--nonce",
    ]


def test_people_read_the_same(bench: Bench, shell: Shell) -> None:
    given = ("attestation", "verify", bench.quote(), bench.collateral, "--platform", "intel-tdx", "--at")
    assert shell(*given, "2100-01-01T00:00:00Z").err.startswith("error[collateral-out-of-date]")
    text = shell(*given, AT).out
    for line in (
        "affirming: ",
        "  grade             platform-attested",
        f"  mrtd              {MRTD}",
        "this does not show",
    ):
        assert line in text
    assert "  passed       revocation\n" in text


@pytest.mark.parametrize(
    ("report_data", "binding"),
    [
        (PUBLIC.thumbprint, "thumbprint"),
        (jwk_thumbprint(PUBLIC) + b"\x07" * 32, "trace"),
        (b"\x01" * 64, None),
        (PUBLIC.thumbprint + b"\x01", None),
        (enrolment_binding(NONCE, PUBLIC.thumbprint), None),
    ],
)
def test_the_expected_key_has_to_be_bound(report_data: bytes, binding: str | None, bench: Bench) -> None:
    for policy in ((), ("--policy", bench.policy())):
        outcome = bench.verify(bench.quote(report_data), "--expect-key", bench.key, *policy)
        if binding is None:
            assert (outcome.code, outcome.err) == (ExitCode.REFUSED, "")
            assert (outcome.json["status"], outcome.json["refused"]["code"]) == ("contraindicated", "key-not-bound")
            assert (outcome.json["ear"], outcome.json["claims"]["measurements"]["mrtd"]) == (None, MRTD)
        else:
            assert (outcome.code, outcome.json["ear"]["counterfoil.grade"]) == (ExitCode.OK, "key-bound")
            assert outcome.json["ear"]["counterfoil.binding"] == binding
            assert "--expect-key" not in " ".join(outcome.json["notEstablished"])


@pytest.mark.parametrize(
    ("report_data", "holds"),
    [
        (NONCE, True),
        (b"\x01" + NONCE, False),
        (NONCE + b"\x01", False),
        (NONCE[:-1], False),
        (NONCE.hex().encode(), True),
    ],
)
def test_the_nonce_has_to_stand_in_the_evidence(report_data: bytes, *, holds: bool, bench: Bench) -> None:
    outcome = bench.verify(bench.quote(report_data), "--nonce", NONCE.hex())
    if holds:
        assert {"name": "nonce", "outcome": "passed", "detail": "report-data"} in outcome.json["checks"]
        assert outcome.json["ear"]["counterfoil.binding"] == "none"
        assert "--nonce" not in " ".join(outcome.json["notEstablished"])
    assert (outcome.code == ExitCode.OK) is holds
    assert outcome.json["refused"] == (
        None if holds else {"code": "challenge-missing", "detail": "no field of the evidence holds the nonce"}
    )


def test_key_and_nonce_together_are_bound_as_an_enrolment_binds_them(bench: Bench) -> None:
    expected = ("--expect-key", bench.key, "--nonce", NONCE.hex())
    told = bench.told(bench.quote(enrolment_binding(NONCE, PUBLIC.thumbprint)), *expected)
    assert told["ear"]["counterfoil.binding"] == "enrolment"
    for report_data in (PUBLIC.thumbprint, NONCE, enrolment_binding(bytes(32), PUBLIC.thumbprint)):
        assert bench.verify(bench.quote(report_data), *expected).json["refused"]["code"] == "key-not-bound"


def test_what_was_left_out_is_no_affirmation_unless_a_policy_says_so(bench: Bench) -> None:
    key = tpm_quotes.ecc_key()
    evidence = tpm_quotes.quote(key, pcrs=None)
    attest, signature, public = (bench.file(name, evidence.parts[name]) for name in ("attest", "signature", "public"))
    given = ("--part", f"attest={attest}", "--part", f"signature={signature}", "--part", f"public={public}")
    pin = {"platforms": ["tpm2"], "pins": [pin_of(key).hex()]}
    outcome = bench.verify(*given, "--policy", bench.policy(**pin), platform="tpm2")
    assert (outcome.code, outcome.json["refused"]["code"]) == (ExitCode.REFUSED, "unchecked-not-admitted")
    left_out = [check["name"] for check in outcome.json["checks"] if check["outcome"] == "not-checked"]
    assert left_out
    assert left_out[0] in outcome.json["notEstablished"][0]
    told = bench.told(*given, "--policy", bench.policy(**pin, unchecked=left_out), platform="tpm2")
    assert left_out[0] in told["notEstablished"][0]


def test_without_a_policy_what_was_left_out_leaves_the_verdict_open(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tpm_quotes.ecc_key()
    evidence = tpm_quotes.quote(key, pcrs=None)
    monkeypatch.setitem(anchors.VENDOR_PINS, Platform.TPM2, frozenset({pin_of(key)}))
    outcome = bench.verify(bench.file("tpm.cbor", evidence.encode()), platform="tpm2")
    assert (outcome.code, outcome.err) == (ExitCode.INCOMPLETE, "")
    assert (outcome.json["status"], submodule(outcome.json)["ear_status"]) == ("none", "none")


def test_a_warning_is_not_affirming(bench: Bench) -> None:
    bench.collateral = bench.file(
        "outdated.json", bench.intel.collateral(says=CollateralSays(levels=(("OutOfDate", 1),), advisories=("SA-1",)))
    )
    quote = bench.quote()
    assert bench.verify(quote).json["refused"]["code"] == "tcb-status-not-admitted"
    lenient = bench.policy(tcbStatuses=["OutOfDate"], advisories=["SA-1"])
    outcome = bench.verify(quote, "--policy", lenient)
    assert (outcome.code, outcome.json["status"]) == (ExitCode.INCOMPLETE, "warning")


def test_of_several_appraisals_the_first_that_is_satisfied_counts_or_the_one_that_is_named(bench: Bench) -> None:
    def named(name: str, **members: Any) -> Any:
        return json.loads(bench.policy(name=name, **members).read_bytes())

    def document_of(*appraisals: Any) -> Path:
        members = json.loads(policy_for(issuer_of(KEY)).encode())
        return bench.file("document.json", json.dumps(members | {"appraisals": appraisals}).encode())

    sgx = named("sgx", platforms=["intel-sgx"])
    strict = named("strict", measurements={"mrtd": ["00" * 48]})
    exact = named("exact", measurements={"mrtd": [MRTD]})
    foreign = named("foreign", pins=["00" * 32])
    quote, document = bench.quote(), document_of(foreign, sgx, strict, exact)
    assert bench.told(quote, "--policy", document)["policy"] == "exact"
    for name, code in (("strict", "measurement-not-admitted"), ("sgx", "platform-not-admitted")):
        outcome = bench.verify(quote, "--policy", document, "--appraisal", name)
        assert (outcome.code, outcome.json["refused"]["code"]) == (ExitCode.REFUSED, code)
    outcome = bench.verify(quote, "--policy", document, "--appraisal", "foreign")
    assert (outcome.code, outcome.error["code"]) == (ExitCode.UNVERIFIED, "certificate-root-unknown")
    outcome = bench.verify(quote, "--policy", document_of(foreign, sgx))
    assert outcome.error["code"] == "certificate-root-unknown"
    assert bench.verify(quote, "--policy", document, "--appraisal", "none").code == ExitCode.MALFORMED
    assert bench.verify(quote, "--policy", document_of()).code == ExitCode.MALFORMED
    refused = bench.verify(quote, "--policy", document_of(sgx, strict)).json["refused"]
    assert refused["code"] == "measurement-not-admitted"


def test_a_statement_is_verified_with_the_key_that_its_evidence_binds(bench: Bench) -> None:
    quote = bench.quote(PUBLIC.thumbprint).read_bytes()

    def statement(carried: Carried, signer: Any = KEY) -> Path:
        return bench.file("s.cose", sign_statement(signer, headers={labels.ATTESTATION: carried.encode()}))

    evidence = Evidence(Platform.INTEL_TDX, {"quote": quote})
    told = bench.told(statement(Carried(evidence, PUBLIC)))
    assert told["checks"][0] == {
        "name": "statement-signature",
        "outcome": "passed",
        "detail": PUBLIC.thumbprint.hex(),
    }
    assert told["ear"]["counterfoil.grade"] == "key-bound"
    other = generate_private_key("ES256")
    assert bench.verify(statement(Carried(evidence, PUBLIC), other)).error["code"] == "signature-invalid"
    told = bench.told(statement(Carried(evidence)))
    assert told["checks"][0]["outcome"] == "not-checked"
    assert told["ear"]["counterfoil.grade"] == "platform-attested"
    expected = bench.file("other.pub", public_key_pem(other.public_key).encode())
    outcome = bench.verify(statement(Carried(evidence, PUBLIC)), "--expect-key", expected)
    assert outcome.error["code"] == "key-identifier-conflict"


def test_an_enrolment_answers_the_challenge_that_it_carries(bench: Bench) -> None:
    challenge = b"a challenge"
    nonce = sha256(challenge).digest()
    quote = bench.quote(enrolment_binding(nonce, PUBLIC.thumbprint)).read_bytes()
    carried = Carried(Evidence(Platform.INTEL_TDX, {"quote": quote}), PUBLIC, challenge)
    signed = sign_statement(KEY, carried.encode(), content_type=ENROLMENT_CONTENT_TYPE)
    told = bench.told(bench.file("enrolment.cose", signed))
    assert (told["ear"]["counterfoil.binding"], "--nonce" in " ".join(told["notEstablished"])) == ("enrolment", False)


@pytest.mark.parametrize("place", [0, 48, 300, 700, -1])
def test_evidence_that_is_not_genuine_is_an_error_and_no_reply(place: int, bench: Bench) -> None:
    quote = bytearray(bench.quote().read_bytes())
    quote[place] ^= 1
    outcome = bench.verify(bench.file("bad.bin", bytes(quote)))
    assert outcome.code in {ExitCode.UNVERIFIED, ExitCode.MALFORMED}
    assert outcome.out == ""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--at", "yesterday"), ExitCode.MALFORMED),
        (("--at", "2026-11-28T00:00:00"), ExitCode.MALFORMED),
        (("--at", "-1"), ExitCode.MALFORMED),
        (("--at", "9" * 30), ExitCode.MALFORMED),
        (("--at", "0001-01-01T00:00:00+23:59"), ExitCode.MALFORMED),
        (("--nonce", "xyz"), ExitCode.MALFORMED),
        (("--nonce", ""), ExitCode.MALFORMED),
        (("--nonce", "00" * 513), ExitCode.MALFORMED),
        (("--appraisal", "x"), ExitCode.USAGE),
        (("--part", "quote"), ExitCode.USAGE),
        (("--part", "=x"), ExitCode.USAGE),
        (("--collateral", "keys:nobody"), ExitCode.USAGE),
        (("--collateral", "none.json"), ExitCode.MISCONFIGURED),
        (("--platform", "intel-sgx"), ExitCode.UNVERIFIED),
        (("--platform", "vax"), ExitCode.USAGE),
    ],
)
def test_what_is_given_has_to_be_understood(
    arguments: tuple[str, ...], code: ExitCode, bench: Bench, shell: Shell
) -> None:
    given = ("attestation", "verify", bench.quote(), bench.collateral, "--platform", "intel-tdx", "--at", AT)
    outcome = shell(*given, *arguments)
    assert (outcome.code, outcome.out) == (code, "")


@pytest.mark.parametrize("left", [("--platform", "tpm2"), ("--at", "1"), ()])
def test_platform_time_and_evidence_are_needed(left: tuple[str, ...], bench: Bench, shell: Shell) -> None:
    assert shell("attestation", "verify", bench.key, *left).code == ExitCode.USAGE
    assert shell("attestation", "verify", "--platform", "tpm2", "--at", "1").code == ExitCode.USAGE


def test_times_are_read_in_both_spellings(bench: Bench) -> None:
    quote = bench.quote()
    for at in (AT, "2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00"):
        assert isinstance(bench.verify(quote, at=at).code, int)
    later = bench.verify(quote, at=AT + 40 * DAY)
    assert (later.code, later.error["code"]) == (ExitCode.UNVERIFIED, "collateral-out-of-date")


def test_collateral_is_told_by_what_a_file_holds(bench: Bench, shell: Shell) -> None:
    own = bench.file("root.crl", crl(root()))
    keys = bench.file("keys.json", b'{"keys": []}')
    more = ("--collateral", own, "--collateral", f"keys:https://x.example/a=b={keys}", "--collateral", bench.collateral)
    given = ("attestation", "verify", bench.quote(), "--platform", "intel-tdx", "--at", AT)
    assert shell.ok(*given, *more)["status"] == "affirming"
    assert shell(*given, "--collateral", keys).code == ExitCode.MALFORMED
    assert shell(*given, "--collateral", bench.file("p.crl", b"-----BEGIN X509 CRL-----\n")).code == ExitCode.MALFORMED
    other = bench.file("sgx.json", bench.intel.collateral(SGX))
    assert shell(*given, "--collateral", other, "--json").error["code"] == "collateral-missing"
    assert shell(*given, "--json").error["code"] == "collateral-missing"


@pytest.mark.parametrize(
    ("folder", "files", "platform", "at", "code", "status"),
    [
        (
            "tdx",
            ("tdx_quote_v4.bin", "tdx_quote_v4_collateral.json"),
            "intel-tdx",
            "2025-06-20T00:00:00Z",
            0,
            "affirming",
        ),
        (
            "sgx",
            ("sgx_quote.bin", "sgx_quote_collateral.json"),
            "intel-sgx",
            "2025-06-20T00:00:00Z",
            4,
            "contraindicated",
        ),
    ],
)
def test_real_evidence_is_judged_as_it_is(
    folder: str, files: tuple[str, ...], platform: str, at: str, code: int, status: str, shell: Shell
) -> None:
    paths = [require_shared("attestation", folder, name) for name in files]
    outcome = shell("attestation", "verify", *paths, "--platform", platform, "--at", at, "--json")
    assert (outcome.code, outcome.json["status"]) == (code, status)
