"""What a policy rests on: roots of certificates, the operators' keys, the policy before it, and its approvals."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from counterfoil.cose.keys import PublicKey, public_key_pem
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.jcs import JsonValue
from counterfoil.statement.signed_statement import StatementHash


@dataclass(frozen=True, slots=True)
class Root:
    """A certificate, in DER, to which paths may lead (RFC 5280, section 6.1.1).

    ``needs_crl``: a path to it holds only when the log holds a revocation list of every CA in it.
    """

    certificate: bytes
    needs_crl: bool = False

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate."""
        return sha256(self.certificate).digest()

    def as_json(self) -> JsonValue:
        """The root as the policy document spells it."""
        return {"certificate": encode_base64url(self.certificate), "needsCrl": self.needs_crl}


@dataclass(frozen=True, slots=True)
class Operators:
    """The keys of those who decide on policies, and how many of them have to approve one."""

    keys: tuple[PublicKey, ...]
    approvals: int

    def as_json(self) -> JsonValue:
        """The operators as the policy document spells them."""
        keys: list[JsonValue] = [
            {"kid": encode_base64url(key.thumbprint), "publicKey": public_key_pem(key)} for key in self.keys
        ]
        return {"approvals": self.approvals, "keys": keys}


NO_OPERATORS: Final = Operators((), 1)
"""Of a policy that names none: the operator is the key of the genesis statement."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """The policy that another replaces: its entry number and its entry id."""

    entry: int
    entry_id: StatementHash

    def as_json(self) -> JsonValue:
        """It, as the policy document spells it."""
        return {"entry": self.entry, "entryId": self.entry_id.hex()}


@dataclass(frozen=True, slots=True)
class Approved:
    """The entry id of the proposal that a policy was approved as, and the entry numbers of its approvals."""

    proposal: StatementHash
    entries: tuple[int, ...]

    def as_json(self) -> JsonValue:
        """It, as the policy document spells it."""
        return {"entries": list[JsonValue](self.entries), "proposal": self.proposal.hex()}
