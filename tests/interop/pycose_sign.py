"""Signs and verifies with pycose, in the interpreter that has it. Usage: python pycose_sign.py < jobs.json.

It stands alone: nothing of this project is installed there. A job has a private key, header buckets and a payload, or a
message to verify; each gets one answer in the same order.
"""

import json
import sys
from importlib import import_module

# The interpreter that checks types does not have pycose.
algorithms = import_module("pycose.algorithms")
headers = import_module("pycose.headers")
messages = import_module("pycose.messages")
keys = import_module("pycose.keys")
curves = import_module("pycose.keys.curves")

CWT_CLAIMS = 15  # pycose knows no name for it.
Job = dict[str, str]


def key_of(job: Job) -> object:
    """The job's private key."""
    members = {name: bytes.fromhex(job[name]) for name in ("x", "y", "d") if name in job}
    if job["algorithm"] == "EdDSA":
        return keys.OKPKey(crv=curves.Ed25519, **members)
    return keys.EC2Key(crv=curves.P256, **members)


def sign(job: Job) -> bytes:
    """A statement; ``form`` says how it departs from what the log takes."""
    algorithm = {headers.Algorithm: {"ES256": algorithms.Es256, "EdDSA": algorithms.EdDSA}[job["algorithm"]]}
    protected = {
        headers.ContentType: job["contentType"],
        headers.KID: bytes.fromhex(job["kid"]),
        CWT_CLAIMS: {1: job["issuer"], 2: job["subject"], 6: int(job["issuedAt"])},
    }
    unprotected = {}
    match job["form"]:
        case "algorithm unprotected":
            unprotected = algorithm
        case "an unknown critical header":
            protected |= algorithm | {headers.Critical: [-70000], -70000: "what is this"}
        case _:
            protected |= algorithm
    message = messages.Sign1Message(phdr=protected, uhdr=unprotected, payload=bytes.fromhex(job["payload"]))
    message.key = key_of(job)
    encoded: bytes = message.encode(tag=job["form"] != "no tag")
    return encoded


def verify(job: Job) -> bool:
    """Whether pycose takes the message and its signature."""
    try:
        message = messages.CoseMessage.decode(bytes.fromhex(job["message"]))
        message.key = key_of(job)
        return bool(message.verify_signature())
    except Exception:  # noqa: BLE001 - whatever it raises, it did not take the message
        return False


def main() -> None:
    """Answer every job."""
    jobs = json.load(sys.stdin)
    json.dump([verify(job) if "message" in job else sign(job).hex() for job in jobs], sys.stdout)


if __name__ == "__main__":
    main()
