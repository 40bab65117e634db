"""``counterfoil keys``: the keys of a log."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.data_directory import find_data
from counterfoil.cli.files import write_output
from counterfoil.cli.options import AsJson, Data, Database
from counterfoil.cli.output import Reply
from counterfoil.cli.remote import remote_log
from counterfoil.cose.keys import PublicKey, cose_key_map, public_key_pem
from counterfoil.cose.private_keys import default_algorithm
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.cbor import encode
from counterfoil.encoding.jcs import JsonValue
from counterfoil.encoding.printable import printable
from counterfoil.policy.receipt_keys import ReceiptKey
from counterfoil.statement.genesis import KeyPurpose


def keys(
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="Ask a service.")] = None,
    data: Data = None,
    database: Database = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the receipt keys as a COSE Key Set, for verify --keys."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the keys of a log.

    From a service the receipt keys it publishes, from a data directory all that the log names: of each receipt key in
    which entries it came into use and ended.

    Keys that a service gave you are as trustworthy as the way they came. Compare the thumbprint with one that you got
    from elsewhere before you rely on them.

    Example:
      counterfoil keys --url http://127.0.0.1:8440 --out log-keys.cbor
    """
    if url is not None and data is not None:
        raise typer.BadParameter("give --url or --data, not both", param_hint="--url")
    key_set, shown = _of_data(data, database) if url is None else _of_service(url)
    if out is not None:
        write_output(out, key_set)
    Reply(
        "\n".join(map(_text, shown)) + (f"\nwritten to {printable(str(out))}" if out is not None else ""),
        {"keys": [_json(one) for one in shown], "out": None if out is None else str(out)},
    ).show(as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A key; ``receipt`` is what became of it where it is a receipt key whose log is at hand."""

    purpose: KeyPurpose
    kid: bytes
    key: PublicKey
    receipt: ReceiptKey | None = None


def _of_data(data: Path | None, database: str | None) -> tuple[bytes, list[_Shown]]:
    found = find_data(data, database)
    with found.store() as store:
        rules = found.rules(store)
    keys, receipt_keys = rules.genesis.keys, rules.receipt_keys
    others = [_Shown(purpose, key.thumbprint, key) for purpose, key in sorted(keys.items())]
    shown = [one for one in others if one.purpose is not KeyPurpose.RECEIPT]
    shown += [_Shown(KeyPurpose.RECEIPT, one.key.thumbprint, one.key, one) for one in receipt_keys]
    return _key_set(receipt_keys.trusted), sorted(shown, key=lambda one: one.purpose)


def _key_set(keys: Sequence[PublicKey]) -> bytes:
    return encode([cose_key_map(key, kid=key.thumbprint, alg=default_algorithm(key).code) for key in keys])


def _of_service(url: str) -> tuple[bytes, list[_Shown]]:
    with remote_log(url, None, None) as client:
        key_set = client.key_set()
        trusted = client.keys().keys
    return key_set, [_Shown(KeyPurpose.RECEIPT, one.kid or one.key.thumbprint, one.key) for one in trusted]


def _text(one: _Shown) -> str:
    lines = [
        f"{one.purpose:<12}{default_algorithm(one.key).name:<8}kid {encode_base64url(one.kid)}",
        f"{'':<20}thumbprint {one.key.thumbprint.hex()}",
    ]
    if one.receipt is not None:
        lines.append(f"{'':<20}{_state(one.receipt)}")
    return "\n".join(lines)


def _state(key: ReceiptKey) -> str:
    if key.is_in_force:
        return f"in force since entry {key.announced}"
    ends = (("retired in entry", key.retired), ("compromised by entry", key.compromised))
    return f"announced in entry {key.announced}, " + ", ".join(f"{how} {at}" for how, at in ends if at is not None)


def _json(one: _Shown) -> JsonValue:
    members: dict[str, JsonValue] = {
        "purpose": one.purpose.value,
        "kid": encode_base64url(one.kid),
        "thumbprint": one.key.thumbprint.hex(),
        "algorithm": default_algorithm(one.key).name,
        "publicKey": public_key_pem(one.key),
    }
    if one.receipt is not None:
        key = one.receipt
        members |= {"announced": key.announced, "retired": key.retired, "compromised": key.compromised}
    return members
