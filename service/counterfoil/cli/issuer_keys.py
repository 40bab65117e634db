"""What speaks for an issuer, as ``issuer add`` is given it: keys, a DID document, certificates."""

from pathlib import Path

from counterfoil.cli.files import read_input
from counterfoil.cli.sign import parse_kid
from counterfoil.cli.trust import read_public_key
from counterfoil.errors import MisconfiguredError
from counterfoil.statement.did_document import parse_did_document
from counterfoil.statement.did_key import is_did_key, method_of_did_key, parse_did_key
from counterfoil.statement.did_x509 import is_did_x509
from counterfoil.statement.issuer import IssuerKey


def read_issuer_keys(name: str, key: Path | None, kid: str | None, document: Path | None) -> tuple[IssuerKey, ...]:
    """The keys that the options name: those of the files, or else the one that a did:key is.

    Raises:
        MisconfiguredError: They name a kid without a key, or a private key.
        MalformedError: A file or the did:key cannot be read.
    """
    found: list[IssuerKey] = []
    if key is not None:
        public = read_public_key(key)
        found.append(IssuerKey(public.thumbprint if kid is None else parse_kid(kid), public))
    elif is_did_key(name) and document is None:
        method = method_of_did_key(name).encode()
        found.append(IssuerKey(method if kid is None else parse_kid(kid), parse_did_key(name)))
    elif kid is not None:
        raise MisconfiguredError("--kid names the key of --key, and there is none")
    if document is not None:
        found.extend(parse_did_document(read_input(document), name))
    return tuple(found)


def pins_of(name: str, given: tuple[str, ...], keys: tuple[IssuerKey, ...]) -> tuple[str, ...]:
    """The pins that the options name; a did:x509 without any key and pin pins itself.

    Raises:
        MisconfiguredError: Nothing at all speaks for the issuer.
    """
    if given or keys:
        return given
    if is_did_x509(name):
        return (name,)
    raise MisconfiguredError("nothing speaks for the issuer: give --key, --did-document or --x509")
