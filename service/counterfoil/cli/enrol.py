"""``counterfoil attestation challenge`` and ``enrol``: a key that is bound to attested hardware, in two steps.

Between the two the hardware is asked for evidence, by whatever tool its platform has.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from counterfoil.attestation.conveyance.challenge import MAX_CHALLENGE_BYTES, Challenge, parse_challenge
from counterfoil.attestation.conveyance.sign_enrolment import sign_enrolment
from counterfoil.attestation.evidence import Platform
from counterfoil.cli.attestation_verify import evidence_file, named_parts
from counterfoil.cli.evidence_files import EvidenceFile, read_evidence
from counterfoil.cli.files import read_input, write_output
from counterfoil.cli.options import AsJson, Keys, Origin, Url
from counterfoil.cli.output import Reply, fields, timestamp
from counterfoil.cli.remote import key_note, remote_log
from counterfoil.signing.file_signer import read_key_file

if TYPE_CHECKING:
    from counterfoil.client import Enrolled, ToBind

_Key = Annotated[
    Path, typer.Option("--key", metavar="FILE", help="The private key that is to be enrolled, as keygen wrote it.")
]


def challenge(
    url: Url,
    key: _Key,
    out: Annotated[Path, typer.Option("--out", metavar="CHALLENGE", help="Where the challenge goes.")],
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """Ask the log for a challenge, and say what evidence has to hold.

    It is answered with "attestation enrol" within five minutes, once. Ask the hardware for evidence whose field of 64
    bytes (the report data of SNP, TDX and SGX, the user data of Nitro) holds binding 64, or whose field of 32 bytes
    (the qualifying data of a TPM, the nonce of a GPU) holds binding 32. Both are made of the nonce and of the key.

    Examples:
      counterfoil attestation challenge --url http://127.0.0.1:8440 --key agent.pem --out challenge.cose
      tpm2_quote -c ak.ctx -l sha256:0,7 -q BINDING32 -g sha256 -m quote.msg -s quote.sig -o quote.pcrs -F values
    """
    public_key = read_key_file(key).public_key
    with remote_log(url, keys, origin) as client:
        from counterfoil.client import to_bind  # noqa: PLC0415 - the base install has no client

        given = client.challenge()
    write_output(out, given.encoded)
    _challenge_reply(given, to_bind(given, public_key), out).show(as_json=as_json)


def enrol(
    url: Url,
    key: _Key,
    issuer: Annotated[str, typer.Option("--issuer", metavar="ISS", help="Whose key it is to be: CWT iss.")],
    answered: Annotated[Path, typer.Option("--challenge", metavar="CHALLENGE", help="The challenge, as it was given.")],
    platform: Annotated[
        Platform, typer.Option("--platform", metavar="P", help=f"What made the evidence: {', '.join(Platform)}.")
    ],
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="Evidence: its parts in order, or one file that holds all of it."),
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option("--part", metavar="NAME=FILE", help="A part by its name, where its place does not say it."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="RECEIPT", help="Where the receipt of the enrolment goes.")
    ] = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    r"""Enrol a key that is bound to attested hardware.

    The enrolment is a Signed Statement by the key itself, and an entry of the log. From then on the key signs as any
    other does, until the enrolment ends; its statements carry no evidence. The parts of evidence are those of
    "attestation verify", which tries the same offline.

    Example:
      counterfoil attestation enrol --url http://127.0.0.1:8440 --key agent.pem --issuer https://agent.example \
        --challenge challenge.cose --platform tpm2 --part attest=quote.msg --part signature=quote.sig \
        --part pcrs=quote.pcrs --part public=ak.pub
    """
    if not (files or part):
        raise typer.BadParameter("evidence is needed, as FILE or as --part NAME=FILE", param_hint="FILE")
    signer = read_key_file(key)
    given = parse_challenge(read_input(answered, max_bytes=MAX_CHALLENGE_BYTES))
    read = [*(EvidenceFile(evidence_file(path)) for path in files or ()), *named_parts(part or [])]
    evidence = read_evidence(platform, read).carried.evidence
    statement = sign_enrolment(signer, issuer, given, evidence, issued_at=int(time.time()))
    with remote_log(url, keys, origin) as client:
        enrolled, note = client.answer_challenge(given, statement), key_note(client)
    if out is not None:
        write_output(out, enrolled.registered.receipt)
    _enrolled_reply(enrolled, out, note).show(as_json=as_json)


def _challenge_reply(given: Challenge, wanted: "ToBind", out: Path) -> Reply:
    rows = (
        ("challenge", out),
        ("nonce", wanted.nonce.hex()),
        ("binding 64", wanted.long.hex()),
        ("binding 32", wanted.short.hex()),
    )
    return Reply(
        f"a challenge of {given.origin}, to be answered by {timestamp(given.ends)}\n{fields(rows)}",
        {
            "challenge": str(out),
            "log": given.origin,
            "answerBy": given.ends,
            "nonce": wanted.nonce.hex(),
            "binding64": wanted.long.hex(),
            "binding32": wanted.short.hex(),
        },
    )


def _enrolled_reply(enrolled: "Enrolled", out: Path | None, note: str) -> Reply:
    entry_id = enrolled.registered.verified.entry_id.hex()
    rows = (
        ("entry id", entry_id),
        ("entry", enrolled.number),
        ("grade", enrolled.grade),
        ("enrolled until", timestamp(enrolled.until)),
        ("receipt", out),
        ("log key", note),
    )
    return Reply(
        f"enrolled\n{fields(rows)}",
        {
            "entryId": entry_id,
            "entry": enrolled.number,
            "grade": enrolled.grade,
            "enrolledUntil": enrolled.until,
            "receipt": None if out is None else str(out),
            "result": None if enrolled.result is None else dict(enrolled.result),
        },
    )
