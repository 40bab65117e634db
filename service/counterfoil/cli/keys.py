"""``counterfoil keys``: the keys of a log."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.data_directory import find_data
from counterfoil.cli.files import write_output
from counterfoil.cli.key_history import history_of_store
from counterfoil.cli.options import AsJson, Data, Database, Keys
from counterfoil.cli.output import Reply
from counterfoil.cli.remote import remote_log
from counterfoil.cose.keys import PublicKey, cose_key_map, public_key_pem
from counterfoil.cose.private_keys import default_algorithm
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.cbor import encode
from counterfoil.encoding.jcs import JsonValue
from counterfoil.encoding.printable import printable
from counterfoil.errors import ChainInvalidError
from counterfoil.policy.receipt_keys import ReceiptKey
from counterfoil.policy.rules import Rules
from counterfoil.statement.genesis import GENESIS_ENTRY, KeyPurpose
from counterfoil.verify import VerifiedHistory, verify_history


def keys(
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="Ask a service.")] = None,
    data: Data = None,
    database: Database = None,
    history: Annotated[
        bool, typer.Option("--history", help="The log's key history: every announcement from its beginning on, signed.")
    ] = False,
    trusted: Keys = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write the receipt keys as a COSE Key Set, or the history, for verify --keys."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the keys of a log.

    From a service the receipt keys it publishes, from a data directory all that the log names: of each receipt key in
    which entries it came into use and ended. With --history that is shown of a service, too, verified from the log's
    genesis statement on, which you give with --keys.

    Keys that a service gave you are as trustworthy as the way they came. Compare the thumbprint with one that you got
    from elsewhere before you rely on them.

    Examples:
      counterfoil keys --url http://127.0.0.1:8440 --out log-keys.cbor
      counterfoil keys --url http://127.0.0.1:8440 --history --keys genesis.cose --out history.cose
    """
    if url is not None and data is not None:
        raise typer.BadParameter("give --url or --data, not both", param_hint="--url")
    if trusted is not None and (url is None or not history):
        raise typer.BadParameter("keys are checked against a service's history: give --url and --history")
    if url is None:
        found = _of_data(data, database, history=history)
    else:
        found = _history_of_service(url, trusted) if history else _of_service(url)
    if out is not None:
        write_output(out, found.file)
    lines = [*map(_text, found.keys), *found.notes]
    lines += [] if out is None else [f"written to {printable(str(out))}"]
    Reply(
        "\n".join(lines),
        {
            "keys": [_json(one) for one in found.keys],
            "genesisEntryId": found.genesis_id,
            "out": None if out is None else str(out),
        },
    ).show(as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A key; ``receipt`` is what became of it where it is a receipt key whose log is at hand."""

    purpose: KeyPurpose
    kid: bytes
    key: PublicKey
    receipt: ReceiptKey | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """The keys of a log, and what goes into a file; of a history what it is pinned by, and how far it goes."""

    file: bytes
    keys: list[_Shown]
    notes: tuple[str, ...] = ()
    genesis_id: str | None = None


def _of_data(data: Path | None, database: str | None, *, history: bool) -> _Found:
    found = find_data(data, database)
    with found.store() as store:
        rules = found.rules(store)
        if history:
            file = history_of_store(store, rules)
            return _of_history(file, verify_history(file))
    return _Found(_key_set(rules.receipt_keys.trusted), _of_rules(rules))


def _history_of_service(url: str, trusted: Path | None) -> _Found:
    with remote_log(url, trusted, None) as client:
        return _of_history(*client.key_history())


def _of_history(file: bytes, history: VerifiedHistory) -> _Found:
    if history.rules is None:
        raise ChainInvalidError("that is the genesis statement alone")
    genesis_id = dict(history.entries)[GENESIS_ENTRY].hex()
    note = f"as of a tree of {history.tree_size} entries, of the log whose genesis entry id is {genesis_id}"
    return _Found(file, _of_rules(history.rules), (note,), genesis_id)


def _of_rules(rules: Rules) -> list[_Shown]:
    others = ((purpose, key) for purpose, key in rules.genesis.keys.items() if purpose is not KeyPurpose.RECEIPT)
    shown = [_Shown(purpose, key.thumbprint, key) for purpose, key in others]
    shown += [_Shown(KeyPurpose.RECEIPT, one.key.thumbprint, one.key, one) for one in rules.receipt_keys]
    return sorted(shown, key=lambda one: one.purpose)


def _key_set(keys: Sequence[PublicKey]) -> bytes:
    return encode([cose_key_map(key, kid=key.thumbprint, alg=default_algorithm(key).code) for key in keys])


def _of_service(url: str) -> _Found:
    with remote_log(url, None, None) as client:
        key_set = client.key_set()
        trusted = client.keys().keys
    return _Found(key_set, [_Shown(KeyPurpose.RECEIPT, one.kid or one.key.thumbprint, one.key) for one in trusted])


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
