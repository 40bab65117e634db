"""``counterfoil verify``: everything the log gives out, offline."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from counterfoil.case.verify import MAX_CASE_FILE_BYTES, is_case_file, verify_case
from counterfoil.cli import results
from counterfoil.cli.case_result import case_reply
from counterfoil.cli.files import read_input
from counterfoil.cli.options import AsJson, Origin
from counterfoil.cli.output import Reply
from counterfoil.cli.trust import Trust, read_public_key, read_trust
from counterfoil.cose import labels
from counterfoil.cose.sign1 import parse_sign1
from counterfoil.errors import (
    IssuerMismatchError,
    LogKeyUnknownError,
    MalformedEntryIdError,
    MalformedParameterError,
    NotSign1Error,
)
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.transparent import MAX_TRANSPARENT_BYTES
from counterfoil.verify import (
    Inclusion,
    VerifiedCheckpoint,
    require_unrevoked,
    verify_checkpoint,
    verify_checkpoint_consistency,
    verify_consistency,
    verify_receipt,
    verify_receipt_for_entry,
    verify_transparent_statement,
)

_COSE_TAG: Final = b"\xd2"
_SIGNATURE_LINE: Final = "\n\n\u2014 ".encode()


@dataclass(frozen=True, slots=True)
class _Given:
    """What the command line gives beside the file itself."""

    given_trust: Trust | None
    receipt: Path | None
    issuer_key: Path | None
    payload: Path | None
    entry_id: str | None
    old_root: str | None
    old: Path | None
    proof: Path | None
    consistency: Path | None

    @property
    def trust(self) -> Trust:
        if self.given_trust is None:
            raise typer.BadParameter("the log's keys are needed", param_hint="--keys")
        return self.given_trust


def verify(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A statement, Transparent Statement, receipt, checkpoint or case file."),
    ],
    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys",
            metavar="FILE",
            help="Trusted log keys: the log's genesis Transparent Statement or its key history, a COSE Key Set, a "
            "COSE_Key or PEM. A case file, *.zip, can go without, and is then verified by the keys it names.",
        ),
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option("--receipt", metavar="R.cose", help="The statement's receipt.")
    ] = None,
    issuer_key: Annotated[
        Path | None,
        typer.Option("--issuer-key", metavar="PUB", help="Check the issuer's own signature too, with this key."),
    ] = None,
    origin: Origin = None,
    payload: Annotated[Path | None, typer.Option("--payload", metavar="FILE", help="A detached payload.")] = None,
    entry_id: Annotated[
        str | None,
        typer.Option("--entry-id", metavar="HEX", help="FILE is a receipt, and only the entry id is known."),
    ] = None,
    old_root: Annotated[
        str | None,
        typer.Option("--old-root", metavar="HEX", help="FILE is a consistency receipt; this root was known before."),
    ] = None,
    old: Annotated[
        Path | None,
        typer.Option("--old", metavar="CHECKPOINT", help="FILE is a checkpoint; it must continue this one."),
    ] = None,
    proof: Annotated[
        Path | None,
        typer.Option("--proof", metavar="R.cose", help="With --old: the consistency receipt between the two."),
    ] = None,
    consistency: Annotated[
        Path | None,
        typer.Option(
            "--consistency",
            metavar="R.cose",
            help="The receipt is by a compromised key: the consistency receipt from its tree to a later one.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify what a log gave out, offline.

    Nothing is asked of the service, and nothing it says is believed.

    What FILE is, it says itself. The result says what was established and, as plainly, what was not. Exit code 0 means
    that everything that was asked for holds; an issuer's signature that nobody asked for is reported as NOT CHECKED.

    Examples:
      counterfoil verify action.cose --receipt action.receipt --keys log-keys.cbor
      counterfoil verify transparent.cose --keys genesis.cose --issuer-key agent.pem.pub
      counterfoil verify new.checkpoint --old old.checkpoint --proof c.cose --keys genesis.cose
      counterfoil verify action.cose --receipt action.receipt --keys history.cose --consistency c.cose
      counterfoil verify case.zip --keys genesis.cose
    """
    _require_keys_unless_case(file, keys)
    data = read_input(file, max_bytes=MAX_CASE_FILE_BYTES)
    given = _Given(
        None if keys is None else read_trust(keys, origin),
        receipt,
        issuer_key,
        payload,
        entry_id,
        old_root,
        old,
        proof,
        consistency,
    )
    (_case(data, given, origin) if is_case_file(data) else _verify(data, given)).show(as_json=as_json)


def _require_keys_unless_case(file: Path, keys: Path | None) -> None:
    if keys is None and file.suffix != ".zip":
        raise typer.BadParameter("the log's keys are needed", param_hint="--keys")


def parse_hex(text: str, what: str) -> bytes:
    """Read a hash in hexadecimal.

    Raises:
        MalformedParameterError: It is not 64 hexadecimal digits.
    """
    try:
        value = bytes.fromhex(text)
    except ValueError as error:
        raise MalformedParameterError(f"{what} is 64 hexadecimal digits") from error
    if len(text) != 64:  # noqa: PLR2004 - 32 bytes in hexadecimal
        raise MalformedParameterError(f"{what} is 64 hexadecimal digits")
    return value


def _verify(data: bytes, given: _Given) -> Reply:
    if _SIGNATURE_LINE in data and not data.startswith(_COSE_TAG):
        _refuse_others(given, "a checkpoint", ("old", "proof"))
        return _checkpoint(data, given)
    if not data.startswith(_COSE_TAG):
        raise NotSign1Error("the file is neither a statement nor a receipt nor a checkpoint")
    message = parse_sign1(data, max_bytes=MAX_TRANSPARENT_BYTES)
    if labels.VDS in message.protected or labels.VDP in message.unprotected:
        return _receipt_alone(data, given)
    _refuse_others(given, "a statement", ("receipt", "issuer_key", "payload", "consistency"))
    return _statement(data, given)


def _case(data: bytes, given: _Given, origin: str | None) -> Reply:
    _refuse_others(given, "a case file", ())
    trust = given.given_trust
    case = verify_case(data) if trust is None else verify_case(data, trust.log_keys, trust.genesis)
    expected = origin if trust is None else trust.origin
    if expected not in {None, case.origin}:
        raise IssuerMismatchError(f"the case is of the log {case.origin}")
    return case_reply(case, "its own, from the case file" if trust is None else "given with --keys")


def _statement(data: bytes, given: _Given) -> Reply:
    key = None if given.issuer_key is None else read_public_key(given.issuer_key)
    payload = None if given.payload is None else read_input(given.payload)
    trust, more = given.trust, _consistency(given)
    if given.receipt is None:
        result = verify_transparent_statement(
            data, trust.log_keys, issuer_key=key, expected_issuer=trust.issuer, payload=payload, consistency=more
        )
    else:
        result = verify_receipt(
            data,
            read_input(given.receipt),
            trust.log_keys,
            issuer_key=key,
            expected_issuer=trust.issuer,
            payload=payload,
            consistency=more,
        )
    _require_used(given, result.inclusions)
    return results.statement_reply(result if trust.history is None else require_unrevoked(result, trust.history))


def _consistency(given: _Given) -> bytes | None:
    return None if given.consistency is None else read_input(given.consistency)


def _require_used(given: _Given, inclusions: tuple[Inclusion, ...]) -> None:
    if given.consistency is not None and all(inclusion.vouched_by is None for inclusion in inclusions):
        raise typer.BadParameter(
            "no receipt here is by a compromised key, as far as --keys says, so that it was not looked at",
            param_hint="--consistency",
        )


def _receipt_alone(data: bytes, given: _Given) -> Reply:
    trust = given.trust
    if given.old_root is not None:
        _refuse_others(given, "a consistency receipt", ("old_root",))
        root = parse_hex(given.old_root, "a root")
        return results.consistency_reply(
            verify_consistency(data, root, trust.log_keys, expected_issuer=trust.issuer),
        )
    if given.entry_id is not None:
        _refuse_others(given, "a receipt", ("entry_id", "consistency"))
        try:
            entry_id = parse_hex(given.entry_id, "an entry id")
        except MalformedParameterError as error:
            raise MalformedEntryIdError(error.detail) from error
        more = _consistency(given)
        result = verify_receipt_for_entry(
            entry_id, data, trust.log_keys, expected_issuer=trust.issuer, consistency=more
        )
        _require_used(given, (result.inclusion,))
        return results.entry_reply(result)
    raise typer.BadParameter(
        "this is a receipt: verify its statement with --receipt, or give --entry-id, "
        "or --old-root where it is a consistency receipt",
        param_hint="FILE",
    )


def _checkpoint(data: bytes, given: _Given) -> Reply:
    new = _verified_checkpoint(data, given.trust)
    if given.old is None:
        if given.proof is not None:
            raise typer.BadParameter("a proof joins two checkpoints: give --old", param_hint="--proof")
        return results.checkpoint_reply(new)
    old = _verified_checkpoint(read_input(given.old), given.trust)
    return results.consistency_reply(verify_checkpoint_consistency(old, new, _path(given.proof)))


def _verified_checkpoint(data: bytes, trust: Trust) -> VerifiedCheckpoint:
    if trust.origin is None:
        raise typer.BadParameter("a checkpoint is verified under the log's name: give --origin", param_hint="FILE")
    if trust.checkpoint_key is None:
        raise LogKeyUnknownError("the trusted keys hold no checkpoint key, or several; the genesis statement names it")
    return verify_checkpoint(data, trust.origin, trust.checkpoint_key)


def _path(proof: Path | None) -> tuple[bytes, ...]:
    if proof is None:
        return ()
    proofs = parse_receipt(read_input(proof)).consistency
    if len(proofs) != 1:
        raise MalformedParameterError("the proof is no consistency receipt")
    return proofs[0].path


def _refuse_others(given: _Given, what: str, meant: tuple[str, ...]) -> None:
    """An option that does nothing is a misunderstanding, and in a verifier a dangerous one."""
    options = ("receipt", "issuer_key", "payload", "entry_id", "old_root", "old", "proof", "consistency")
    for name in options:
        if name not in meant and getattr(given, name) is not None:
            option = "--" + name.replace("_", "-")
            raise typer.BadParameter(f"FILE is {what}, and this option is not about one", param_hint=option)
