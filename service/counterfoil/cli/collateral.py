"""``counterfoil collateral``: what evidence is judged by, which the operator loads; nothing ever fetches any."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.collateral import collateral_digest
from counterfoil.attestation.intel.dcap_about import dcap_about
from counterfoil.attestation.intel.dcap_collateral import parse_dcap_collateral
from counterfoil.attestation.intel.dcap_signatures import verify_dcap_collateral
from counterfoil.attestation.token.key_set import parse_key_set
from counterfoil.cli.collateral_files import CollateralFile, FileKind, read_collateral
from counterfoil.cli.data_directory import now
from counterfoil.cli.files import read_input
from counterfoil.cli.operator_desk import Desk, operator_desk, rules_now
from counterfoil.cli.options import AsJson, Data, Database, Keys, MaybeUrl, OperatorKey, Origin
from counterfoil.cli.output import Reply, fields, timestamp
from counterfoil.cli.root import read_certificate
from counterfoil.cli.teaching import help_of, help_when_alone
from counterfoil.cose.x509_path.revocation import parse_crl
from counterfoil.encoding.jcs import JsonValue
from counterfoil.policy.changes import CRL_CONTENT_TYPE
from counterfoil.policy.collateral_after import intel_anchors
from counterfoil.policy.loaded_collateral import (
    COLLATERAL_CONTENT_TYPE,
    CollateralKind,
    CollateralNotice,
    LoadedDocument,
)

collateral = typer.Typer(
    help="Load what evidence of attested hardware is judged by.",
    callback=help_when_alone,
    invoke_without_command=True,
)


def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Collateral as its vendor publishes it; - reads it.")],
    kind: Annotated[
        FileKind | None, typer.Option("--kind", help="What it is.  [default: what the file itself says]")
    ] = None,
    issuer: Annotated[
        str | None, typer.Option("--issuer", metavar="ISS", help="Of a key set: the iss of the tokens of its keys.")
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option(
            "--root",
            metavar="FILE",
            help="Of DCAP collateral: the root to believe.  [default: the policy's, or Intel's]",
        ),
    ] = None,
    key: OperatorKey = None,
    data: Data = None,
    database: Database = None,
    url: MaybeUrl = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """Load collateral: Intel's about a family of platforms, the keys of an issuer of tokens, or a revocation list.

    It is registered on the log's own chain, so that whoever repeats an appraisal has it, and takes the place of the one
    of its kind that is about the same. DCAP collateral has to be signed, in date, and no older than what the log holds.
    Of a key set nobody but you says whose it is: get it where its issuer publishes it, over TLS. The service key loads
    what its vendor signed; a key set takes the key of an operator.

    Keys that are enrolled are appraised again, and stay so where their evidence still holds.

    Examples:
      counterfoil collateral add --data ./data tdx-00906ed50000.json
      counterfoil collateral add --data ./data --issuer https://nras.attestation.nvidia.com nras-jwks.json
    """
    if (issuer is not None and kind not in {None, FileKind.KEYS}) or (kind is FileKind.KEYS and issuer is None):
        raise typer.BadParameter("a key set has an issuer, and nothing else has", param_hint="--issuer")
    loaded = read_collateral(read_input(file), issuer, kind)
    trusted = None if root is None else _anchors(root)
    with operator_desk(data, database, url, keys, origin, key) as desk:
        content_type, payload, told = _checked(loaded, desk, trusted)
        published = desk.publish(content_type, payload)
    rows = (*told.rows, ("entry", published.number), ("entry id", published.entry_id.hex()))
    Reply(
        f"evidence is judged by it from now on\n{fields(rows)}",
        {**told.data, "entry": published.number, "entryId": published.entry_id.hex()},
    ).show(as_json=as_json)


def list_collateral(
    data: Data = None,
    database: Database = None,
    url: MaybeUrl = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """List the collateral that evidence is judged by.

    Example:
      counterfoil collateral list --data ./data
    """
    rules = rules_now(data, database, url, keys, origin)
    held = sorted(rules.loaded.documents.items(), key=lambda item: item[0])
    told = [_told_of(kind, about, one) for (kind, about), one in held] + [_told_of_crl(der) for der in rules.crls]
    Reply(
        "\n\n".join(fields(one.rows) for one in told) or "the log holds no collateral",
        {"collateral": [one.data for one in told]},
    ).show(as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Told:
    """A piece of collateral for people and for machines."""

    rows: tuple[tuple[str, object], ...]
    data: dict[str, JsonValue]


def _checked(loaded: CollateralFile, desk: Desk, trusted: Anchors | None) -> tuple[str, bytes, _Told]:
    """What is published, once it can be read, is signed where that is how it is believed, and is in date."""
    if loaded.kind is FileKind.CRL:
        return CRL_CONTENT_TYPE, loaded.data, _told_of_crl(loaded.data)
    if loaded.kind is FileKind.DCAP:
        notice = CollateralNotice(CollateralKind.DCAP, _verified(loaded.data, desk, trusted), loaded.data)
    else:
        notice = CollateralNotice(CollateralKind.KEYS, loaded.issuer or "", loaded.data)
    told = _told_of(notice.kind, notice.about, LoadedDocument(notice.document, desk.head_time))
    return COLLATERAL_CONTENT_TYPE, notice.encode(), told


def _verified(document: bytes, desk: Desk, trusted: Anchors | None) -> str:
    anchors = intel_anchors(desk.rules.policy) if trusted is None else trusted
    return dcap_about(verify_dcap_collateral(parse_dcap_collateral(document), max(now(), desk.head_time), anchors))


def _anchors(path: Path) -> Anchors:
    der = read_certificate(path)
    return Anchors(frozenset({sha256(der).digest()}), (der,))


def _told_of(kind: CollateralKind, about: str, held: LoadedDocument) -> _Told:
    digest = collateral_digest(held.document).hex()
    rows: tuple[tuple[str, object], ...] = (("kind", kind), ("about", about), ("digest", digest))
    members: dict[str, JsonValue] = {"kind": kind.value, "about": about, "digest": digest, "since": held.since or None}
    since = ("since", timestamp(held.since or None))
    if kind is CollateralKind.KEYS:
        read = parse_key_set(held.document)
        return _Told(
            (*rows, since, ("keys", len(read.keys)), ("not known", read.others or None)),
            {**members, "keys": len(read.keys), "others": read.others},
        )
    dcap = parse_dcap_collateral(held.document)
    return _Told(
        (
            *rows,
            since,
            ("issued", timestamp(dcap.issued)),
            ("holds until", timestamp(dcap.holds_until)),
            ("evaluation", dcap.evaluation),
        ),
        {**members, "issued": dcap.issued, "holdsUntil": dcap.holds_until, "evaluation": dcap.evaluation},
    )


def _told_of_crl(der: bytes) -> _Told:
    crl = parse_crl(der)
    authority, digest = crl.loaded.issuer.rfc4514_string(), collateral_digest(der).hex()
    return _Told(
        (
            ("kind", FileKind.CRL),
            ("about", authority),
            ("digest", digest),
            ("issued", timestamp(crl.this_update)),
            ("holds until", timestamp(crl.next_update)),
            ("revoked", len(crl.loaded)),
        ),
        {
            "kind": FileKind.CRL.value,
            "about": authority,
            "digest": digest,
            "issued": crl.this_update,
            "holdsUntil": crl.next_update,
            "revoked": len(crl.loaded),
        },
    )


collateral.command("add", help=help_of(add))(add)
collateral.command("list", help=help_of(list_collateral))(list_collateral)
