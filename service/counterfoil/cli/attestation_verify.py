"""``counterfoil attestation verify``: evidence of attested hardware, appraised offline."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final

import typer

from counterfoil.attestation.appraisal_policy import AppraisalPolicy
from counterfoil.attestation.claims import Check, not_checked, passed
from counterfoil.attestation.conveyance.carried import Carried
from counterfoil.attestation.evidence import MAX_COMPOSITE_BYTES, Platform
from counterfoil.cli.appraisal_trial import Expected, Verdict, try_evidence
from counterfoil.cli.collateral_files import CollateralFile, gathered, read_collateral
from counterfoil.cli.evidence_files import MAX_STATEMENT_BYTES, EvidenceFile, ReadEvidence, read_evidence
from counterfoil.cli.exit_codes import ExitCode, exit_code_of
from counterfoil.cli.files import read_input
from counterfoil.cli.options import AsJson
from counterfoil.cli.trial_reply import trial_reply
from counterfoil.cli.trust import read_public_key
from counterfoil.cose.keys import PublicKey
from counterfoil.encoding.jcs import encode_json, parse_json
from counterfoil.errors import KeyIdentifierConflictError, MalformedParameterError, MalformedPolicyError
from counterfoil.policy.appraisal_members import APPRAISAL_MEMBERS, read_appraisal
from counterfoil.policy.parse import MAX_POLICY_BYTES, parse_policy
from counterfoil.statement.claims import MAX_NUMERIC_DATE
from counterfoil.statement.signed_statement import verify_statement

_KEYS_OF: Final = "keys:"
_MAX_NONCE_BYTES: Final = 512
"""As long as a Nitro document can hold it; others hold 64 bytes at most."""


@dataclass(frozen=True, slots=True)
class _Given:
    read: ReadEvidence
    policies: tuple[AppraisalPolicy, ...]
    collateral: tuple[CollateralFile, ...]
    expected: Expected
    at: int


def verify(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="Evidence: its parts in order, or one file that holds all of it."),
    ] = None,
    platform: Annotated[
        Platform | None, typer.Option("--platform", metavar="P", help=f"What made it: {', '.join(Platform)}.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="The time to judge it at: RFC 3339, or seconds since 1970."),
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option("--part", metavar="NAME=FILE", help="A part by its name, where its place does not say it."),
    ] = None,
    collateral: Annotated[
        list[str] | None,
        typer.Option(
            "--collateral",
            metavar="FILE",
            help="DCAP collateral, a revocation list, or the key set of an issuer of tokens: keys:ISSUER=FILE.",
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="A policy with appraisals, or one appraisal policy alone."),
    ] = None,
    appraisal: Annotated[
        str | None, typer.Option("--appraisal", metavar="NAME", help="Of the policy's appraisals this one.")
    ] = None,
    expect_key: Annotated[
        Path | None, typer.Option("--expect-key", metavar="PUB", help="The public key that it has to bind.")
    ] = None,
    nonce: Annotated[
        str | None,
        typer.Option(
            "--nonce", metavar="HEX", help="The nonce that it has to bear; with --expect-key as enrolments bind both."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Appraise evidence of attested hardware, offline.

    Nothing is fetched. Exit code 0 is for an affirming appraisal alone; 11 for a warning, and for evidence of which
    something was not checked while no policy says that this will do; 4 for evidence that is genuine and not admitted.

    Parts by platform, in order: report and certificates (amd-sev-snp), quote and collateral (intel-tdx, intel-sgx),
    document (aws-nitro), attest, signature, pcrs, public and certificates (tpm2), hcl-report, attest, signature and
    pcrs (azure-cvm), report and certificates (nvidia-gpu), eat (nvidia-nras), token (the others). One file may be
    evidence as an enrolment carries it, a Signed Statement with evidence, or what cmcp writes on Azure.

    Examples:
      counterfoil attestation verify report.bin vcek.der --platform amd-sev-snp --at 2026-11-22T00:00:00Z
      counterfoil attestation verify quote.bin --platform intel-tdx --at 1764288000 --collateral tdx.json
      counterfoil attestation verify t.jwt --platform ear --at 1764288000 --collateral keys:https://ear.example=k.json
    """
    if platform is None or at is None or not (files or part):
        raise typer.BadParameter("evidence, --platform and --at are needed", param_hint="FILE")
    read = read_evidence(
        platform, [*(EvidenceFile(evidence_file(path)) for path in files or ()), *named_parts(part or [])]
    )
    given = _Given(
        read,
        () if policy is None else read_appraisals(policy, appraisal),
        tuple(map(_collateral, collateral or ())),
        _expected(read.carried, expect_key, nonce),
        parse_time(at),
    )
    if policy is None and appraisal is not None:
        raise typer.BadParameter("names one of the appraisals of --policy", param_hint="--appraisal")
    _appraise(given, as_json=as_json)


def _appraise(given: _Given, *, as_json: bool) -> None:
    more = _statement_checks(given.read, given.expected.key)
    evidence, collateral = given.read.carried.evidence, gathered(given.collateral)
    trial = try_evidence(evidence, given.policies, collateral, given.expected, given.at)
    trial_reply(trial, given.at, more).show(as_json=as_json)
    if trial.refusal is not None:
        raise typer.Exit(exit_code_of(trial.refusal))
    if trial.verdict is not Verdict.AFFIRMING:
        raise typer.Exit(ExitCode.INCOMPLETE)


def _statement_checks(read: ReadEvidence, key: PublicKey | None) -> tuple[Check, ...]:
    if read.statement is None:
        return ()
    if key is None:
        return (not_checked("statement-signature", "no key is given"),)
    verify_statement(read.statement, key)
    return (passed("statement-signature", key.thumbprint.hex()),)


def read_appraisals(path: Path, name: str | None = None) -> tuple[AppraisalPolicy, ...]:
    """The appraisal policies in a file: those of a policy document, or one alone; of several the one of that name.

    Raises:
        MalformedPolicyError: The file holds none, or none of that name.
        MalformedError, UnverifiedError: It is no policy.
    """
    value = parse_json(read_input(path, max_bytes=MAX_POLICY_BYTES), max_bytes=MAX_POLICY_BYTES)
    alone = isinstance(value, dict) and value.keys() >= APPRAISAL_MEMBERS
    found = (read_appraisal(value),) if alone else parse_policy(encode_json(value)).appraisals
    chosen = tuple(one for one in found if name in {None, one.name})
    if not chosen:
        raise MalformedPolicyError("the policy has no appraisal policy" + ("" if name is None else " of that name"))
    return chosen


def parse_time(text: str) -> int:
    """A time in RFC 3339, or in whole seconds since 1970.

    Raises:
        MalformedParameterError: It is neither, or says no time zone.
    """
    try:
        if text.isascii() and text.isdigit():
            seconds = int(text)
        else:
            named = datetime.fromisoformat(text)
            if named.tzinfo is None:
                raise MalformedParameterError("a time has a time zone, for example 2026-11-28T00:00:00Z")
            seconds = int(named.timestamp())
    except (ValueError, OverflowError) as error:
        raise MalformedParameterError("a time is spelled as 2026-11-28T00:00:00Z, or in seconds since 1970") from error
    if not 0 <= seconds <= MAX_NUMERIC_DATE:
        raise MalformedParameterError("a time is after 1970, and not that far away")
    return seconds


def _expected(carried: Carried, expect_key: Path | None, nonce: str | None) -> Expected:
    key = None if expect_key is None else read_public_key(expect_key)
    if key is not None and carried.key not in {None, key}:
        raise KeyIdentifierConflictError("the evidence carries another key than the one that is expected")
    bearing = None if carried.challenge is None else sha256(carried.challenge).digest()
    return Expected(key or carried.key, bearing if nonce is None else _nonce(nonce))


def _nonce(text: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError as error:
        raise MalformedParameterError("a nonce is given in hexadecimal digits") from error
    if not 1 <= len(value) <= _MAX_NONCE_BYTES:
        raise MalformedParameterError(f"a nonce has 1 to {_MAX_NONCE_BYTES} bytes")
    return value


def evidence_file(path: Path) -> bytes:
    """The content of a file of evidence; errors as for ``read_input``."""
    return read_input(path, max_bytes=max(MAX_STATEMENT_BYTES, 2 * MAX_COMPOSITE_BYTES))


def named_parts(parts: list[str]) -> list[EvidenceFile]:
    """The parts that ``--part NAME=FILE`` names; errors as for ``read_input``."""
    named = [text.partition("=") for text in parts]
    if not all(name and path for name, _, path in named):
        raise typer.BadParameter("a part is given as NAME=FILE", param_hint="--part")
    return [EvidenceFile(evidence_file(Path(path)), name) for name, _, path in named]


def _collateral(text: str) -> CollateralFile:
    if not text.startswith(_KEYS_OF):
        return read_collateral(read_input(Path(text)))
    issuer, _, path = text.removeprefix(_KEYS_OF).rpartition("=")
    if not issuer or not path:
        raise typer.BadParameter("a key set is given as keys:ISSUER=FILE", param_hint="--collateral")
    return read_collateral(read_input(Path(path)), issuer)
