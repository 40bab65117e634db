"""Cases for @transmute/cose, and its answers: node runs once for all of them."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.cose.keys import PublicKey, public_key_of
from counterfoil.encoding.base64url import encode_base64url

Json = Mapping[str, object]

_PROGRAM = Path(__file__).with_name("transmute_verify.mjs")
_COORDINATE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call resolved to, or the message it was rejected with."""

    value: object
    error: str | None

    def of(self, name: str) -> bytes:
        """A member of the value, which is in hexadecimal."""
        assert isinstance(self.value, Mapping), self.error
        return bytes.fromhex(self.value[name])


def ask(project: Path, cases: Sequence[Json]) -> dict[str, Answer]:
    """The answers of the library in that npm project to all cases, by their names."""
    command = ["node", str(_PROGRAM), str(project)]
    done = subprocess.run(command, input=json.dumps(cases), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers = {name: Answer(one.get("value"), one.get("error")) for name, one in json.loads(done.stdout).items()}
    assert len(answers) == len(cases), "two cases share a name"
    return answers


@dataclass(frozen=True, slots=True)
class Es256Key:
    """A key that their side signs with."""

    material: ec.EllipticCurvePrivateKey

    @classmethod
    def generate(cls) -> "Es256Key":
        """A new one."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @property
    def public(self) -> PublicKey:
        """Its public half as we hold keys."""
        return public_key_of(self.material.public_key())

    def jwk(self) -> Json:
        """Both halves as the library takes them."""
        return {**public_jwk(self.public), "d": _member(self.material.private_numbers().private_value)}


def public_jwk(key: PublicKey) -> Json:
    """An ES256 key as the library takes it."""
    assert isinstance(key.material, ec.EllipticCurvePublicKey)
    numbers = key.material.public_numbers()
    return {"kty": "EC", "crv": "P-256", "alg": "ES256", "x": _member(numbers.x), "y": _member(numbers.y)}


def inclusion_case(name: str, receipt: bytes, leaf: bytes, key: PublicKey) -> Json:
    """Whether the receipt verifies for a leaf hash; the answer is the root."""
    jwk = public_jwk(key)
    return {"name": name, "kind": "inclusion", "receipt": receipt.hex(), "leaf": leaf.hex(), "jwk": jwk}


def consistency_case(name: str, receipt: bytes, old_root: bytes, new_root: bytes, key: PublicKey) -> Json:
    """Whether the receipt leads from one root to the other; the answer is true or false."""
    case = {"name": name, "kind": "consistency", "receipt": receipt.hex(), "jwk": public_jwk(key)}
    return {**case, "oldRoot": old_root.hex(), "newRoot": new_root.hex()}


def _member(number: int) -> str:
    return encode_base64url(number.to_bytes(_COORDINATE_BYTES, "big"))
