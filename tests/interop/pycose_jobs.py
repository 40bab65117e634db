"""Jobs for pycose, which lives in an interpreter of its own."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from counterfoil.cose.keys import PublicKey, public_key_of
from tests.builders import CONTENT_TYPE, ISSUER, START, SUBJECT

Job = Mapping[str, str]

PAYLOAD = b'{"from":"elsewhere"}'
_PROGRAM = Path(__file__).with_name("pycose_sign.py")
_COORDINATE_BYTES = 32


@dataclass(frozen=True, slots=True)
class PycoseKey:
    """A key that pycose signs with."""

    algorithm: str
    material: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

    @classmethod
    def generate(cls, algorithm: str) -> "PycoseKey":
        """A new one, for ES256 or EdDSA."""
        if algorithm == "EdDSA":
            return cls(algorithm, ed25519.Ed25519PrivateKey.generate())
        return cls(algorithm, ec.generate_private_key(ec.SECP256R1()))

    @property
    def public(self) -> PublicKey:
        """Its public half as we hold keys."""
        return public_key_of(self.material.public_key())

    def signing(self, form: str, kid: bytes) -> Job:
        """The job of signing a statement in that form."""
        claims = {"issuer": ISSUER, "subject": SUBJECT, "issuedAt": str(START)}
        header = {"form": form, "kid": kid.hex(), "contentType": CONTENT_TYPE, "payload": PAYLOAD.hex()}
        return {**self._members(), **claims, **header}

    def verifying(self, message: bytes) -> Job:
        """The job of verifying a message with this key."""
        return {**self._members(), "message": message.hex()}

    def _members(self) -> Job:
        if isinstance(self.material, ed25519.Ed25519PrivateKey):
            x, d = self.material.public_key().public_bytes_raw(), self.material.private_bytes_raw()
            return {"algorithm": self.algorithm, "x": x.hex(), "d": d.hex()}
        secret = self.material.private_numbers()
        point = secret.public_numbers
        named = {"x": point.x, "y": point.y, "d": secret.private_value}
        members = {name: number.to_bytes(_COORDINATE_BYTES, "big").hex() for name, number in named.items()}
        return {"algorithm": self.algorithm, **members}


def run_jobs(python: Path, jobs: Sequence[Job]) -> list[str | bool]:
    """The answers of pycose in that interpreter: a statement in hexadecimal, or whether it took the message."""
    command = [str(python), "-I", str(_PROGRAM)]
    done = subprocess.run(command, input=json.dumps(jobs), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers: list[str | bool] = json.loads(done.stdout)
    return answers
