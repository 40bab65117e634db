"""Check a Counterfoil case file with this one file, Python 3.11 or later, and two libraries.

    pip install cryptography "cbor2>=6.2.1"
    python3 verify.py case.zip [--genesis HEX] [--json]

It shares no code with the log's own software. The sections below stand in the order of what is checked: the ZIP; the
log's genesis statement, which names its keys, and what the log said of itself later; the checkpoint, the
log's signature over one tree; the receipts, which put each entry into that tree; the policies, which say whose key is
whose, and the enrolments of keys that attested hardware speaks for, whose evidence is not judged here; the entries,
each with its signature and the log's decision; that these are all that the log counts; and the documents that repeat it
for people.

The first thing that does not hold ends it: FAIL with the reason, exit code 1. A pass has exit code 0, and what it
leaves open is printed with it. RFC 9052 is COSE, 9162 the tree, 9942 receipts, 9679 thumbprints, 8949 CBOR.
"""

import argparse
import hashlib
import io
import json
import re
import sys
import zipfile
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple, NoReturn

try:
    import cbor2
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
    from cryptography.x509 import load_der_x509_certificate
except ImportError as missing:
    sys.exit(f"FAIL: this program needs the packages cryptography and cbor2 ({missing})")

FORMAT = "counterfoil-case/1"
MAX_FILE = 512 * 1024 * 1024  # Twice what a case file holds at most.
MAX_PEM = 8192  # A public key in PEM is far shorter.
RSA_BITS = range(2048, 8192 + 1)  # RFC 8230, section 6.1, and an end to what is computed with.
HASH_SIZE = 32
MEDIA_TYPE = "application/vnd.counterfoil.{}+json"
FIXED = ("case.json", "engagement.json", "completeness.json", "findings.json", "disputes.json", "checkpoint.txt",
         "chain-head.txt", "genesis.cose", "keys.cbor")  # fmt: skip

# Labels of COSE headers (RFC 9052, 9597, 9942) and of the claims in them (RFC 8392).
ALG, CRIT, CONTENT_TYPE, KID, CLAIMS, RECEIPTS, VDS, PROOFS, INCLUSION = 1, 2, 3, 4, 15, 394, 395, 396, -1
X5CHAIN, X5T = 33, 34  # RFC 9360.
ISS, SUB, EXP, NBF, IAT, TREE_SIZE = 1, 2, 4, 5, 6, "tree-size"
ATTESTATION, SERVICE = "counterfoil-attestation", "attestedsvc"  # Evidence of hardware that a statement carries.
UNDERSTOOD = {ALG, CRIT, CONTENT_TYPE, KID, CLAIMS, 16, 33, 34, VDS, 258, 259, 260, ATTESTATION, SERVICE}  # In crit.

# Algorithms by their number in COSE: name, kind of key, hash. Those of ML-DSA (-48 to -50) are not checked here.
ALGORITHMS = {
    -7: ("ES256", "secp256r1", hashes.SHA256()), -9: ("ESP256", "secp256r1", hashes.SHA256()),
    -35: ("ES384", "secp384r1", hashes.SHA384()), -51: ("ESP384", "secp384r1", hashes.SHA384()),
    -36: ("ES512", "secp521r1", hashes.SHA512()), -52: ("ESP512", "secp521r1", hashes.SHA512()),
    -8: ("EdDSA", "Ed25519", hashes.SHA512()), -19: ("Ed25519", "Ed25519", hashes.SHA512()),
    -37: ("PS256", "RSA", hashes.SHA256()), -38: ("PS384", "RSA", hashes.SHA384()),
    -39: ("PS512", "RSA", hashes.SHA512()),
}  # fmt: skip
USUAL = {"secp256r1": -7, "secp384r1": -35, "secp521r1": -36, "Ed25519": -8, "RSA": -37}
CURVES = {"secp256r1": (1, 32), "secp384r1": (2, 48), "secp521r1": (3, 66)}  # Number in COSE, bytes of a coordinate.

NOT_SHOWN = [
    "That what the statements say is so: the log shows that it was said, not that it happened.",
    (
        "That the log counts every entry about the engagement: it signed how many there are and their hash, and "
        "answers for that. Who has the receipt of an entry that is missing, or another chain head of the same tree, "
        "has caught it."
    ),
    "That a key which a policy gives to an issuer is that issuer's: the log's operator says so in the policy.",
    "That the log shows everybody the same entries: compare a checkpoint that somebody else obtained.",
    (
        "That findings, completeness, lags, disputes and the state of the engagement are right: they are shown as "
        "they stand in the file, and `counterfoil verify case.zip` makes them again."
    ),
    "That README, timeline and certificate say what the evidence says: the evidence alone is checked.",
]
PATHS = (
    "That a certificate speaks for the issuer whose statement it came with: its key made the signature, but whether it "
    "is one that the policy means, with a path to a root of it, is checked by `counterfoil verify case.zip`; that it "
    "was not revoked is shown by neither."
)
HARDWARE = (
    "That evidence of attested hardware is genuine, binds the key that it came with, or satisfies the policy: it is "
    "not judged here, and what the decisions say of it stands as it is in the file. The signatures by such keys were "
    "checked, with the key that came with the evidence; `counterfoil verify case.zip` appraises it again."
)
KEYS_FROM_FILE = (
    "That this is the log it says it is: its keys were taken from the file itself, and anybody can make such a file "
    "with keys of their own. Obtain the entry id of the log's genesis statement elsewhere and give it as --genesis."
)
KEYS_PINNED = "That the genesis statement whose entry id was given is the log's: that rests on where the id came from."

APPROVAL = "application/vnd.counterfoil.policy-approval"
COLLATERAL = MEDIA_TYPE.format("collateral")
ENROLMENT = "application/vnd.counterfoil.enrolment+cbor"
GRADES, STATUSES = {1: "platform-attested", 2: "key-bound"}, {2: "affirming", 32: "warning"}
BY_OTHERS = "it is not by that key: only an operator says so"
LOG_KEY = r"log-keys/[0-9]{12}\.statement\.cose"


class Failed(Exception):  # noqa: N818 - it is the verdict
    """Something does not hold; the text says what."""


class KindUnknown(Failed):
    """A key is of a kind that this program cannot use."""


def need(condition: object, otherwise: str) -> None:
    """Go on if the condition holds."""
    if not condition:
        raise Failed(otherwise)


@contextmanager
def about(what: str) -> Iterator[None]:
    """Whatever goes wrong in here is a failure of ``what``, whichever library notices it."""
    try:
        yield
    except Failed as error:
        raise Failed(f"{what}: {error}") from error
    except InvalidSignature as error:
        raise Failed(f"{what}: the signature is not by that key over these bytes") from error
    except Exception as error:
        raise Failed(f"{what}: it cannot be read ({type(error).__name__}: {error})") from error


def sha256(data: bytes) -> bytes:
    """The one hash of it all."""
    return hashlib.sha256(data).digest()


# Reading CBOR and JSON so that nothing has two meanings.


def refuse_tag(*_: object) -> NoReturn:
    """No tag is read but 1; tag 18 in front of a message is taken off before."""
    raise Failed("a CBOR tag stands where none is read")


TAGS: dict[int, Any] = dict.fromkeys(range(1 << 16), refuse_tag)
TAGS[1] = lambda value, _: value if type(value) in (int, float) else refuse_tag()  # Some tools write dates with it.


def read_cbor(data: bytes) -> Any:
    """The one item that these bytes are: no indefinite length, no key twice, nothing after it."""
    stream = io.BytesIO(data)
    options: dict[str, Any] = {"allow_indefinite": False, "allow_duplicate_keys": False, "max_depth": 16}
    try:
        decoder = cbor2.CBORDecoder(stream, semantic_decoders=TAGS, tag_hook=refuse_tag, **options)
    except TypeError as error:
        raise Failed("this program needs cbor2 6.2.1 or later") from error
    value = decoder.decode()
    need(stream.tell() == len(data), "bytes follow the CBOR item")
    need(is_plain(value), "a CBOR value is of a kind that is not read here")
    return value


def is_plain(value: object) -> bool:
    """Whether it is made of numbers, texts, bytes, lists and maps; keys are integers or texts, and True is neither."""
    if isinstance(value, dict):
        return all(type(key) in (int, str) and is_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(is_plain, value))
    return value is None or type(value) in (int, float, bool, str, bytes)


def read_json(data: bytes | str, *, floats: bool = False) -> Any:
    """The JSON value that these bytes are, with no name twice in an object; integers as floats if wanted."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        need(len(dict(pairs)) == len(pairs), "a JSON object holds a name twice")
        return dict(pairs)

    def constant(name: str) -> NoReturn:
        raise Failed(f"{name} is no JSON")

    def number(text: str) -> float:
        return float(text) + 0.0  # Of minus zero this makes zero.

    text = data if isinstance(data, str) else data.decode()
    whole = number if floats else int
    return json.loads(text, object_pairs_hook=members, parse_constant=constant, parse_float=number, parse_int=whole)


def canonical(value: object) -> bytes:
    """The spelling of JSON that the log writes (RFC 8785), for names of ASCII and numbers without fractions."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def same_json(one: object, other: object) -> bool:
    """Whether two JSON values are the same: 1 is 1.0, and True is neither."""
    first, second = (json.dumps(read_json(json.dumps(value), floats=True), sort_keys=True) for value in (one, other))
    return first == second


def base64url(data: bytes) -> str:
    """Base64 for URLs without padding."""
    return urlsafe_b64encode(data).decode().rstrip("=")


def timestamp(seconds: int) -> str:
    """Seconds since 1970 as the documents spell them."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


# Keys and signed messages (RFC 9052, RFC 9679).


class Key(NamedTuple):
    """A public key, the members of a COSE_Key that its thumbprint is over, and the thumbprint."""

    material: Any
    kind: str
    members: dict[int, Any]
    thumbprint: bytes


def load_key(pem: object) -> Key:
    """The key in a PEM text."""
    if not isinstance(pem, str) or len(pem) > MAX_PEM or not pem.startswith("-----BEGIN PUBLIC KEY-----\n"):
        raise Failed("a public key is not in PEM")
    need(pem.count("-----BEGIN") == 1, "two keys stand for one")
    try:
        return key_of(load_pem_public_key(pem.encode()))
    except UnsupportedAlgorithm as error:
        raise KindUnknown("a key of a kind that this program cannot use") from error


def read_cose_key(data: bytes) -> Key:
    """The public key that a COSE_Key is, in the spelling of the log."""
    key = named_key(read_cbor(data))
    need(cbor2.dumps(key.members) == data, "its key is misspelled, or says more than a key")
    return key


def named_key(members: object) -> Key:
    """The public key that the members of a COSE_Key name (RFC 9052, section 7; RFC 8230)."""
    match members:
        case {1: 2, -1: int(number), -2: bytes(x), -3: bytes(y)} if number in [one for one, _ in CURVES.values()]:
            curve = {1: ec.SECP256R1(), 2: ec.SECP384R1(), 3: ec.SECP521R1()}[number]
            key = key_of(ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\x04" + x + y))
        case {1: 1, -1: 6, -2: bytes(x)}:
            key = key_of(ed25519.Ed25519PublicKey.from_public_bytes(x))
        case {1: 3, -1: bytes(n), -2: bytes(e)}:
            key = key_of(rsa.RSAPublicNumbers(int.from_bytes(e, "big"), int.from_bytes(n, "big")).public_key())
        case _:
            raise KindUnknown("a key of a kind that this program cannot use")
    return key


def key_of(key: object) -> Key:
    """The key that the library has read."""
    members: dict[int, Any]  # In the order of deterministic CBOR.
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in CURVES:
        kind, (number, size) = key.curve.name, CURVES[key.curve.name]
        point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
        members = {1: 2, -1: number, -2: point[:size], -3: point[size:]}
    elif isinstance(key, ed25519.Ed25519PublicKey):
        kind, members = "Ed25519", {1: 1, -1: 6, -2: key.public_bytes(Encoding.Raw, PublicFormat.Raw)}
    elif isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        n, e = (number.to_bytes((number.bit_length() + 7) // 8, "big") for number in (numbers.n, numbers.e))
        kind, members = "RSA", {1: 3, -1: n, -2: e}
    else:
        raise KindUnknown("a key of a kind that this program cannot use")
    return Key(key, kind, members, sha256(cbor2.dumps(members)))


class Message(NamedTuple):
    """A COSE_Sign1. ``protected`` are the bytes that ``header`` was read from; ``stored`` is it as a log stores it."""

    protected: bytes
    header: dict[Any, Any]
    claims: dict[Any, Any]
    unprotected: dict[Any, Any]
    payload: bytes | None
    signature: bytes
    stored: bytes


def read_message(data: bytes) -> Message:
    """The COSE_Sign1 that these bytes are, in the one spelling that the log gives its envelope."""
    need(data[:1] == b"\xd2", "it is no COSE_Sign1 with tag 18")
    match read_cbor(data[1:]):
        case [bytes(protected), dict(unprotected), bytes() | None as payload, bytes(signature)] if signature:
            need(b"\xd2" + cbor2.dumps([protected, unprotected, payload, signature]) == data, "its CBOR is misspelled")
        case _:
            raise Failed("it is no COSE_Sign1")
    header = read_cbor(protected)
    need(isinstance(header, dict) and isinstance(header.get(CLAIMS), dict), "its protected header holds no claims")
    stored = b"\xd2" + cbor2.dumps([protected, {}, payload, signature])
    return Message(protected, header, header[CLAIMS], unprotected, payload, signature, stored)


def algorithm_of(message: Message) -> tuple[str, str, Any]:
    """The algorithm that the header names."""
    number = message.header.get(ALG)
    if type(number) is not int or number not in ALGORITHMS:
        raise Failed(f"algorithm {number!r:.40} is not one that this program can check (ML-DSA, -48 to -50, is not)")
    return ALGORITHMS[number]


def verify(message: Message, key: Key, payload: bytes | None) -> None:
    """Check the signature over header and payload (RFC 9052, section 4.4), or raise."""
    critical = message.header.get(CRIT, [ALG])
    need(isinstance(critical, list) and critical, "crit is no list")
    known = all(type(one) in (int, str) and one in UNDERSTOOD and one in message.header for one in critical)
    need(known, "crit names what is not known here")
    need(payload is not None, "it carries no payload")
    signed = cbor2.dumps(["Signature1", message.protected, b"", payload])
    verify_bytes(algorithm_of(message), key, message.signature, signed)


def verify_bytes(way: tuple[str, str, Any], key: Key, signature: bytes, signed: bytes) -> None:
    """Check a signature of one of the algorithms over bytes, or raise."""
    name, kind, algorithm = way
    need(key.kind == kind, f"{name} does not go with the key, which is {key.kind}")
    bits = key.material.key_size if kind == "RSA" else 0
    length = (bits + 7) // 8 or 2 * CURVES.get(kind, (0, 32))[1]
    need(len(signature) == length, f"{len(signature)} bytes are no {name} signature")
    if kind == "RSA":
        need(bits in RSA_BITS, f"an RSA key of {bits} bits")
        key.material.verify(signature, signed, padding.PSS(padding.MGF1(algorithm), algorithm.digest_size), algorithm)
    elif kind == "Ed25519":
        key.material.verify(signature, signed)
    else:
        r, s = (int.from_bytes(half, "big") for half in (signature[: length // 2], signature[length // 2 :]))
        key.material.verify(encode_dss_signature(r, s), signed, ec.ECDSA(algorithm))


# 1. The ZIP and its manifest.


def read_zip(data: bytes) -> dict[str, bytes]:
    """The files of the ZIP by name. None is packed, and beside evidence/ there are plain names only."""
    files: dict[str, bytes] = {}
    with about("the ZIP"), zipfile.ZipFile(io.BytesIO(data)) as archive:
        need(sum(info.file_size for info in archive.infolist()) <= MAX_FILE, "it is larger than a case file can be")
        for info in archive.infolist():
            need(info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1, "a file is packed or encrypted")
            need(info.filename not in files, "two files have one name")
            need(re.fullmatch(r"(?s)evidence/.*|[A-Za-z0-9._-]+", info.filename), "a file lies outside of evidence/")
            files[info.filename] = archive.read(info)
    return files


def get(files: Mapping[str, bytes], name: str) -> bytes:
    """A file of the evidence, which has to be there."""
    need(f"evidence/{name}" in files, f"{name} is missing")
    return files[f"evidence/{name}"]


def check_manifest(files: Mapping[str, bytes]) -> list[str]:
    """The manifest lists what lies under evidence/, each file as it is, and nothing else; the names it lists."""
    data, names, listed = get(files, "manifest.json"), list[str](), list[dict[str, Any]]()
    for one in read_json(data)["files"]:
        names.append(one["name"].removeprefix("evidence/"))
        content = get(files, names[-1])
        listed.append({"name": one["name"], "bytes": len(content), "sha256": sha256(content).hex()})
        need(one == listed[-1], f"{names[-1]} is not what it lists")
    need(canonical({"format": FORMAT, "files": listed}) == data, "it lists something else")
    there = sorted(name for name in files if name.startswith("evidence/") and name != "evidence/manifest.json")
    need(sorted(one["name"] for one in listed) == there, "it lists a file twice, or not every file under evidence/")
    return names


# 2. The genesis statement: the log and its keys.


class Log(NamedTuple):
    """A log as its genesis statement describes it."""

    origin: str
    issuer: str
    keys: dict[str, Key]
    genesis_id: bytes
    genesis_receipt: bytes


def check_genesis(data: bytes, pinned: bytes | None) -> Log:
    """It names a log and its keys, one of which signed it, and is the pinned one; its receipt comes later."""
    message = read_message(data)
    genesis_id = sha256(message.stored)
    need(pinned in (None, genesis_id), f"the genesis statement is {genesis_id.hex()}, not the one given by --genesis")
    need(message.header.get(CONTENT_TYPE) == MEDIA_TYPE.format("genesis"), "it is no genesis statement")
    receipts = message.unprotected.get(RECEIPTS)
    if not isinstance(receipts, list) or len(receipts) != 1 or len(message.unprotected) != 1:
        raise Failed("it has not one receipt")
    document = read_json(message.payload or b"")
    origin = document["origin"]
    need(re.fullmatch(r"[a-z0-9][a-z0-9.:-]*(/[A-Za-z0-9._~-]+)+", origin), "the log has no name of a log")
    issuer, keys = f"https://{origin}", {one["purpose"]: load_key(one["publicKey"]) for one in document["keys"]}
    spki = PublicFormat.SubjectPublicKeyInfo
    listed = [
        {"purpose": purpose, "kid": base64url(key.thumbprint),
         "publicKey": key.material.public_bytes(Encoding.PEM, spki).decode()}
        for purpose, key in sorted(keys.items())
    ]  # fmt: skip
    right = {"format": 1, "origin": origin, "issuer": issuer, "logName": origin, "hash": "RFC9162_SHA256"}
    need(canonical({**right, "keys": listed}) == message.payload, "it is not what that name and those keys lead to")
    need(sorted(keys) == ["checkpoint", "operator", "receipt", "service"], "it does not name one key for each purpose")
    need(len({key.thumbprint for key in keys.values()}) == len(keys), "two purposes share a key")
    about_itself = (message.claims.get(ISS), message.claims.get(SUB)) == (issuer, f"{issuer}#policy")
    need(about_itself, "it is not by the log that it names")
    verify(message, keys["operator"], message.payload)
    return Log(origin, issuer, keys, genesis_id, receipts[0])


# 2b. What the log said of itself, in a chain of its own: who decides for it, its later keys, whose keys are revoked.


class Proposal(NamedTuple):
    """A policy that waits for approval: its spelling, who would be its operators, and how many of them decide."""

    document: bytes
    operators: dict[bytes, Key]
    quorum: int


class OwnChain:
    """The log's own chain as far as it was read. Each entry is by whom the entries before it let speak."""

    def __init__(self, log: Log) -> None:
        """At the beginning it has the keys of the genesis statement."""
        self.log, self.version = log, 0
        receipt, operator, service = (log.keys[name] for name in ("receipt", "operator", "service"))
        self.receipt_keys, self.in_force = {receipt.thumbprint: receipt}, [receipt.thumbprint]
        self.service, self.speakers = service.thumbprint, {one.thumbprint: one for one in (operator, service)}
        self.operators, self.quorum = {operator.thumbprint: operator}, 1
        self.proposals, self.approvals = dict[str, Proposal](), dict[int, tuple[str, bytes]]()
        self.policies, self.revoked = dict[int, bytes](), list[tuple[int, str, int]]()

    def take(self, number: int, message: Message) -> None:
        """The next entry, once it holds."""
        named = (message.claims.get(ISS), message.claims.get(SUB)) == (self.log.issuer, f"{self.log.issuer}#policy")
        need(named, "it is not of the log's own chain")
        kind, payload, kid = message.header.get(CONTENT_TYPE), message.payload or b"", message.header.get(KID, b"")
        if kind == MEDIA_TYPE.format("genesis"):
            need(number == 1, "it is a genesis statement in another place than that of one")
            return  # It is the one in genesis.cose, which was checked.
        candidates = {one: key for each in self.proposals.values() for one, key in each.operators.items()}
        able = {self.service: self.speakers[self.service], **candidates, **self.operators}
        need(kid in able, "it is not by that key, or one that speaks for the log there")
        verify(message, able[kid], payload)
        self.speakers[kid] = able[kid]
        if kind == "application/pkix-crl" or (kind == COLLATERAL and read_json(payload)["kind"] != "keys"):
            need(kid in self.operators or kid == self.service, "it is not by that key which may load a list")
        elif kind == COLLATERAL:
            need(kid in self.operators, BY_OTHERS)
        elif kind == APPROVAL:
            self.approve(number, payload.hex(), kid)
        else:
            need(kid in self.operators or (kind == MEDIA_TYPE.format("policy") and kid in candidates), BY_OTHERS)
            self.say(number, kind, message, kid)
        need(self.in_force, "no receipt key would be in force any more")

    def say(self, number: int, kind: object, message: Message, kid: bytes) -> None:
        """What only operators say."""
        said = read_json(message.payload or b"")
        need(canonical(said) == message.payload and said["format"] == 1, "it is misspelled, or of another format")
        if kind == MEDIA_TYPE.format("policy"):
            self.take_policy(number, message, said, kid)
        elif kind == MEDIA_TYPE.format("policy-proposal"):
            self.follows(said)
            need("approved" not in said, "it is a proposal that says that it is approved")
            self.proposals[sha256(message.stored).hex()] = Proposal(message.payload or b"", *self.operators_of(said))
        elif kind == MEDIA_TYPE.format("receipt-key"):
            self.take_receipt_key(said)
        else:
            need(kind == MEDIA_TYPE.format("key-revocation"), "it is of a kind that is not known here")
            need(-1 <= said["lastValidEntry"] < number, "it calls entries valid that are still to come")
            self.revoked.append((number, said["kid"], said["lastValidEntry"]))

    def take_policy(self, number: int, message: Message, said: Mapping[str, Any], kid: bytes) -> None:
        """A policy comes into force when enough of the operators in force, and enough of its own, approve of it."""
        operators, quorum = self.operators_of(said)
        if number == 0:
            need(said["version"] == 1 and not {"operators", "replaces", "approved"} & said.keys(), "it is no first one")
        else:
            self.follows(said)
            approved, who = said.get("approved"), {kid}
            if approved is not None:
                proposal = self.proposals.get(approved["proposal"])
                rest = canonical({name: value for name, value in said.items() if name != "approved"})
                need(proposal is not None and proposal.document == rest, "it is another policy than was approved")
                given = [self.approvals.get(one, ("", b"")) for one in approved["entries"]]
                need(all(one[0] == approved["proposal"] for one in given), "an approval that it names is none of it")
                who = {one[1] for one in given}
            enough = len(who & self.operators.keys()) >= self.quorum and len(who & operators.keys()) >= quorum
            need(enough, "too few operators approved of it")
        self.operators, self.quorum, self.version = operators, quorum, said["version"]
        self.proposals, self.approvals, self.policies[number] = {}, {}, message.stored

    def follows(self, said: Mapping[str, Any]) -> None:
        """A policy, or a proposal of one, names the policy in force as the one that it replaces."""
        last = max(self.policies)
        right = {"entry": last, "entryId": sha256(self.policies[last]).hex()}
        after = said.get("replaces") == right and said["version"] == self.version + 1
        need(after, "it does not follow the policy in force")

    def operators_of(self, said: Mapping[str, Any]) -> tuple[dict[bytes, Key], int]:
        """Who decides under a policy, and how many of them have to."""
        named = said.get("operators")
        if named is None:
            return {self.log.keys["operator"].thumbprint: self.log.keys["operator"]}, 1
        keys = [load_key(one["publicKey"]) for one in named["keys"]]
        need(type(named["approvals"]) is int and 1 <= named["approvals"] <= len(keys), "it has too few operators")
        return {key.thumbprint: key for key in keys}, named["approvals"]

    def approve(self, number: int, proposal: str, kid: bytes) -> None:
        """An operator, in force or under the proposal, approves of it."""
        need(proposal in self.proposals, "it approves of what was not proposed")
        need(kid in self.operators or kid in self.proposals[proposal].operators, BY_OTHERS)
        self.approvals[number] = proposal, kid

    def take_receipt_key(self, notice: Mapping[str, Any]) -> None:
        """A receipt key comes into use, with its own signature that somebody holds it, or goes out of it."""
        kid = notice["kid"]
        if notice["act"] == "announce":
            key = load_key(notice["publicKey"])
            need(base64url(key.thumbprint) == kid, "its kid is not that of its key")
            others = [*self.receipt_keys, *self.operators, *(one.thumbprint for one in self.log.keys.values())]
            need(key.thumbprint not in others, "the key has a use already")
            signed = b"\x00".join((b"counterfoil/receipt-key/v1", self.log.origin.encode(), key.thumbprint))
            possession = notice["possession"]
            signature = urlsafe_b64decode(possession + "=" * (-len(possession) % 4))
            need(base64url(signature) == possession, "its proof of possession is misspelled")
            verify_bytes(ALGORITHMS[USUAL[key.kind]], key, signature, signed)
            self.receipt_keys[key.thumbprint] = key
            self.in_force.append(key.thumbprint)
            return
        need(notice["act"] in ("retire", "compromise"), "it says what is not known here")
        ended = [thumbprint for thumbprint in self.receipt_keys if base64url(thumbprint) == kid]
        need(ended, "it ends a key that is not the log's")
        self.in_force[:] = [thumbprint for thumbprint in self.in_force if thumbprint not in ended]

    def receipt_key(self, kid: object) -> Key:
        """The receipt key of that kid, which the log announced and did not end."""
        need(kid in self.in_force, "the receipts are by a key that the log did not announce, or that has ended")
        return next(key for thumbprint, key in self.receipt_keys.items() if thumbprint == kid)

    def revocation(self, number: int, thumbprint: bytes) -> str | None:
        """What the log says of the key of an entry that it has revoked from before that on; None where it has not."""
        for entry, kid, last in self.revoked:
            if kid == base64url(thumbprint) and last < number:
                return f"entry {number}: key-revoked: entry {entry} says so of entries after {last}"
        return None


# 3. The checkpoint: one tree, signed by the log.


class Tree(NamedTuple):
    """A tree by its size and root."""

    size: int
    root: bytes


def check_checkpoint(data: bytes, log: Log) -> Tree:
    """It is a signed note under the log's name, by its checkpoint key."""
    origin, size, encoded = check_note(data, log).split("\n")
    need(origin == log.origin, "it is another log's")
    tree = Tree(int(size), b64decode(encoded, validate=True))
    need(f"{tree.size}\n{b64encode(tree.root).decode()}" == f"{size}\n{encoded}", "its numbers are misspelled")
    need(len(tree.root) == HASH_SIZE and 0 < tree.size < 1 << 63, "it is no checkpoint")
    return tree


def check_chain_head(data: bytes, log: Log, tree: Tree, root_trace_id: str, length: int, chain_hash: bytes) -> None:
    """A signed note too: in that tree the engagement has so many entries, and all of them together that hash."""
    texts = (b64encode(one).decode() for one in (tree.root, sha256(root_trace_id.encode()), chain_hash))
    root, chain, whole = texts
    right = f"counterfoil/chain-head/v1\n{log.origin}\n{tree.size}\n{root}\n{chain}\n{length}\n{whole}"
    need(check_note(data, log) == right, "it is about another log, tree or engagement, or counts other entries")


def check_note(data: bytes, log: Log) -> str:
    """The text of a signed note (C2SP), which the log's checkpoint key signed under the log's name."""
    body, _, tail = data.decode().rpartition("\n\n")
    need(tail.endswith("\n"), "it is no signed note")
    key = log.keys["checkpoint"]
    need(key.kind == "Ed25519", "the checkpoint key is not of Ed25519")
    key_id = sha256(log.origin.encode() + b"\n\x01" + key.members[-2])[:4]
    signed = False
    for line in tail[:-1].split("\n"):
        dash, name, blob = line.split(" ")
        need(dash == "\u2014", "a signature line has no dash")
        signature = b64decode(blob, validate=True)
        if name == log.origin and signature[:4] == key_id:
            key.material.verify(signature[4:], f"{body}\n".encode())
            signed = True
    need(signed, "it has no signature by the log's checkpoint key")
    return body


# 4. Receipts: an entry is in that tree, at that place.


def check_receipt(data: bytes, entry_id: bytes, number: int, log: Log, tree: Tree) -> int:
    """It leads from the entry to the tree's root, which the log signed in it (RFC 9942); the time that it names."""
    receipt = read_message(data)
    header, claims, key = receipt.header, receipt.claims, log.keys["receipt"]
    need(type(header.get(VDS)) is int and header[VDS] == 1, "it is of another structure than RFC9162_SHA256")
    need(header.get(KID) == key.thumbprint, "it names another key than the log's receipt key")
    need((claims.get(ISS), claims.get(SUB)) == (log.issuer, log.origin), "it is another log's")
    match receipt.unprotected:
        case {396: {-1: [bytes(proof)]}} if receipt.unprotected == {PROOFS: {INCLUSION: [proof]}}:
            size, index, path = read_cbor(proof)
        case _:
            raise Failed("it has not one proof of inclusion")
    need(cbor2.dumps([size, index, path]) == proof, "the CBOR of its proof is misspelled")
    need([type(one) for one in (size, index, path)] == [int, int, list], "its proof is not two numbers and a path")
    need(type(claims.get(TREE_SIZE)) is int and claims[TREE_SIZE] == size, "it was signed for another tree size")
    need(size == tree.size, "it is of another tree than the checkpoint")
    need(index == number, f"it puts the entry at {index}")
    need(root_of(sha256(b"\x00" + entry_id), index, size, path) == tree.root, "it leads to another root")
    need(receipt.payload is None, "it carries a payload")
    verify(receipt, key, tree.root)
    need(type(claims.get(IAT)) is int and claims[IAT] >= 0, "it names no time")
    return int(claims[IAT])


def root_of(leaf: bytes, index: int, size: int, path: Sequence[object]) -> bytes:
    """The root that a path leads to, by the letter of RFC 9162, section 2.1.3.2."""
    need(0 <= index < size, "a tree of that size has no such entry")
    fn, sn, root = index, size - 1, leaf
    for node in path:
        if not isinstance(node, bytes) or len(node) != HASH_SIZE or sn == 0:
            raise Failed("its path is too long, or holds what is no hash")
        if fn & 1 or fn == sn:
            root = sha256(b"\x01" + node + root)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = sha256(b"\x01" + root + node)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0, "its path is too short")
    return root


# 5. Policies: which key is whose.


class Policy(NamedTuple):
    """The keys of each issuer by their thumbprints, and for whom certificates, or attested hardware, speak."""

    keys: dict[str, dict[bytes, Key]]
    pinned: set[str]
    attested: set[str]


def read_statement(data: bytes) -> tuple[Message, bytes]:
    """A statement as the log stores it, and its entry id."""
    message = read_message(data)
    need(message.stored == data, "its unprotected header is not empty")
    need(message.header.keys().isdisjoint({VDS, PROOFS}), "it is a receipt")
    return message, sha256(data)


def check_policy(message: Message) -> Policy:
    """Each issuer and each key stands in it once."""
    policy = Policy({}, set(), set())
    for issuer in read_json(message.payload or b"")["issuers"]:
        name = issuer["issuer"]
        need(isinstance(name, str) and name not in policy.keys, "an issuer stands in it twice")
        keys = policy.keys[name] = {}
        if issuer.get("x509"):
            policy.pinned.add(name)
        if issuer.get("attestedBy"):
            policy.attested.add(name)
        for one in issuer["keys"]:
            try:
                key = load_key(one["publicKey"])
            except KindUnknown:
                continue  # What it signed fails, for want of the key.
            need(all(key.thumbprint not in others for others in policy.keys.values()), "a key stands in it twice")
            keys[key.thumbprint] = key
    return policy


# 6. Entries: who said it, and what the log decided.


class Decision(NamedTuple):
    """What the log decided on an entry: the members 1 to 7 of the record, and of an attested key 8 to 10 as well."""

    number: int
    policy: int
    thumbprint: bytes
    time: int
    appraisal: bytes | None
    evidence: bytes | None
    collateral: bytes | None
    enrolment: int | None = None
    grade: int | None = None
    status: int | None = None


def read_decision(data: bytes) -> Decision:
    """A decision record in deterministic CBOR: the members 0 to 7 in version 1, and 0 to 10 in version 2."""
    record = read_cbor(data)
    members = list(record) if isinstance(record, dict) else []
    listed = members in (list(range(8)), list(range(11)))
    need(listed, "its record is not a map of the members 0 to 7, or 0 to 10")
    need(cbor2.dumps(record) == data, "its record is not in deterministic CBOR")
    version, number, policy, thumbprint, time, *digests = list(record.values())[:8]
    attested = list(record.values())[8:]
    numbers = (version, number, policy, time, *(one for one in attested if one is not None))
    whole = all(type(one) is int and 0 <= one < 1 << 63 for one in numbers)
    need(whole and version == {8: 1, 11: 2}[len(members)], "its record is not of version 1 or 2, or a number is none")
    if attested:
        need(attested[1] in GRADES and attested[2] in STATUSES, "its grade or its status is none that is known")
    hashed = all(type(one) is bytes and len(one) == HASH_SIZE for one in (thumbprint, *digests) if one is not None)
    need(hashed and thumbprint, "a digest in its record is not of 32 bytes")
    return Decision(number, policy, thumbprint, time, *digests, *attested)


def carried_key(data: object) -> Key | None:
    """The key that comes with evidence of hardware; None where there is none, and the policy has to name it."""
    carried: Any = read_cbor(data) if isinstance(data, bytes) else None
    formed = isinstance(carried, dict) and {"evidence"} <= carried.keys() <= {"evidence", "key", "challenge"}
    if not formed or not all(type(one) is bytes for one in carried.values()):
        raise Failed("it holds no evidence in the form of the log")
    return read_cose_key(carried["key"]) if "key" in carried else None


def carried_chain(evidence: bytes | None, decision: Decision) -> list[bytes]:
    """The certificates that came beside the statement: those whose digest the decision names."""
    digest = None if evidence is None else sha256(evidence)
    need(digest == decision.evidence, "its evidence is not what the decision names")
    if evidence is None:
        return []
    match read_cbor(evidence):
        case ["x5chain", bytes(content)] if cbor2.dumps(["x5chain", content]) == evidence:
            chain = read_cbor(content)
        case _:
            raise Failed("its evidence is no chain of certificates")
    listed = isinstance(chain, list) and chain and all(type(one) is bytes for one in chain)
    need(listed and cbor2.dumps(chain) == content, "its evidence is no list of certificates")
    return list(chain)


def certified_key(message: Message, carried: list[bytes]) -> Key:
    """The key of the certificate that the protected header binds: by x5chain, by x5t, or its key by kid."""
    header = message.header
    stated = header.get(X5CHAIN, carried)
    chain = [stated] if isinstance(stated, bytes) else stated
    need(isinstance(chain, list) and chain and isinstance(chain[0], bytes), "it comes with no certificate")
    key = key_of(load_der_x509_certificate(chain[0]).public_key())
    need(X5CHAIN in header or X5T in header or KID in header, "nothing in its protected header names the certificate")
    need(header.get(KID, key.thumbprint) == key.thumbprint, "its kid names another key than the certificate has")
    hashed = {-16: "sha256", -43: "sha384", -44: "sha512"}
    number, digest = header.get(X5T, (-16, sha256(chain[0])))
    need(number in hashed and hashlib.new(hashed[number], chain[0]).digest() == digest, "its x5t names another one")
    return key


def check_signer(
    message: Message, decision: Decision, policy: Policy, own: OwnChain, carried: list[bytes], shown: Key | None
) -> bool:
    """The statement is signed by the key that the decision names, and the policy gives that key to its issuer.

    ``shown`` is the key that evidence of hardware came with, for an issuer of whom the policy lets that speak. True if
    it is the key of a certificate, which the policy leaves to certificates alone.
    """
    algorithm_of(message)
    issuer = message.claims.get(ISS)
    itself = issuer == own.log.issuer
    keys = own.speakers if itself else policy.keys.get(issuer, {}) if isinstance(issuer, str) else {}
    if not itself and issuer in policy.attested and shown is not None and decision.thumbprint not in keys:
        need(message.header.get(KID) == shown.thumbprint, "its kid is not the thumbprint of the key with the evidence")
        keys = {**keys, shown.thumbprint: shown}
    certified = not itself and issuer in policy.pinned and decision.thumbprint not in keys
    if certified:
        key = certified_key(message, carried)
        keys = {key.thumbprint: key}
    need(decision.thumbprint in keys, f"the policy gives its issuer no usable key {decision.thumbprint.hex()}")
    verify(message, keys[decision.thumbprint], message.payload)
    return certified


def check_references(message: Message, before: Mapping[bytes, int]) -> None:
    """What an event refers to is in the case, before it."""
    if message.header.get(CONTENT_TYPE) == MEDIA_TYPE.format("trace-event"):
        event = read_json(message.payload or b"")
        named = [reference["entry"] for reference in event.get("references", [])]
        for entry in named + [event[name] for name in ("previous",) if name in event]:
            need(bytes.fromhex(entry) in before, f"it refers to {entry!s:.80}, which is not before it in the case")


# 7. The documents that repeat it for people.


def described_statement(message: Message, shown: Mapping[str, Any]) -> dict[str, Any]:
    """What the document about a statement has to say; a payload that is no JSON stands there in base64url."""
    header, claims, payload = message.header, message.claims, message.payload or b""
    encoded = "payloadBase64url" in shown
    return {
        "entryId": sha256(message.stored).hex(), "algorithm": algorithm_of(message)[0],
        "kid": base64url(header[KID]) if KID in header else None, "contentType": header.get(CONTENT_TYPE),
        "issuer": claims.get(ISS), "subject": claims.get(SUB),
        "issuedAt": claims.get(IAT), "expires": claims.get(EXP), "notBefore": claims.get(NBF),
        **({"payloadBase64url": base64url(payload)} if encoded else {"payload": read_json(payload, floats=True)}),
    }  # fmt: skip


def described_decision(decision: Decision) -> dict[str, Any]:
    """What the document about an entry has to say of the decision."""
    names = ("appraisalDigest", "evidenceDigest", "collateralDigest")
    digests = zip(names, decision[4:7], strict=True)
    attestation: dict[str, Any] = {"grade": "unattested"}
    if decision.grade is not None and decision.status is not None:
        words = {"grade": GRADES[decision.grade], "status": STATUSES[decision.status]}
        attestation = {**words, "enrolment": decision.enrolment}
    return {
        "number": decision.number, "policyEntry": decision.policy, "keyThumbprint": decision.thumbprint.hex(),
        "registeredAt": timestamp(decision.time),
        **{name: None if digest is None else digest.hex() for name, digest in digests},
        "attestation": attestation,
    }  # fmt: skip


def reported(files: Mapping[str, bytes]) -> dict[str, Any]:
    """What the reports in the file say; they are read and shown, not made again."""
    names = ("findings", "completeness", "disputes", "engagement")
    reports = {name: read_json(get(files, f"{name}.json")) for name in names}
    found = [
        f"entry {one['number']}: {finding['finding']}: {finding['detail']}"
        for one in reports["findings"]["entries"]
        for finding in one["findings"]
    ]
    found += [
        f"{one['issuer']}: {one['missing']} numbers missing, {one['events']} events, {one['claimed']} stated"
        for one in reports["completeness"]["writers"]
        if one["missing"] or one["claimHolds"] is False
    ]
    return {**reports, "findings": found}


# All of it, in order.


class Enrolment(NamedTuple):
    """A key that attested hardware is said to speak for, whose it is, and since when."""

    key: Key
    issuer: object
    time: int


class Case:
    """A case file on its way through the checks."""

    def __init__(self, files: Mapping[str, bytes], pinned: bytes | None) -> None:
        """Check what all else rests on: the manifest, the genesis statement, the checkpoint, and what is listed."""
        self.files, self.policies, self.certified = files, dict[int, Policy](), False
        self.with_evidence, self.revoked = set[int](), list[str]()
        self.enrolments, self.attested = dict[int, Enrolment](), False
        with about("the manifest"):
            self.manifest = check_manifest(files)
        with about("genesis.cose"):
            self.log = check_genesis(get(files, "genesis.cose"), pinned)
        with about("checkpoint.txt"):
            self.tree = check_checkpoint(get(files, "checkpoint.txt"), self.log)
        self.notices = [int(name[9:21]) for name in self.manifest if re.fullmatch(LOG_KEY, name)]
        self.own = OwnChain(self.log)
        self.read_own_chain()
        with about("the receipt of genesis.cose"):
            self.time = check_receipt(self.log.genesis_receipt, self.log.genesis_id, 1, self.log, self.tree)
        for number in self.notices:
            with about(f"what the log says in entry {number}"):
                self.statement(f"log-keys/{number:012d}", number)
        with about("case.json"):
            case = read_json(get(files, "case.json"))
            self.root_trace_id, self.listed = case["rootTraceId"], case["entries"]
            need(isinstance(self.root_trace_id, str) and self.listed, "it names no engagement or no entry")
            need(all(type(one["number"]) is int and one["number"] >= 0 for one in self.listed), "a number is none")
            need(not case["erased"], "entries of it are erased, which this program cannot check")
            names = b"\x00".join((b"counterfoil/chain/v1", self.log.origin.encode(), self.root_trace_id.encode()))
        self.chain_hash = self.empty = sha256(names)

    def read_own_chain(self) -> None:
        """What the log said of itself leads to the key that its receipts are by, and to all that decided on entries."""
        with about("log-keys"):
            need(self.notices == sorted(set(self.notices)), "its entries are not in order")
            read = {
                one: read_statement(get(self.files, f"log-keys/{one:012d}.statement.cose"))[0] for one in self.notices
            }
            genesis = 1 in read and sha256(read[1].stored)
            need(0 in read and genesis == self.log.genesis_id, "its entry 1 is another genesis statement, or not there")
        for number, message in read.items():
            with about(f"what the log says in entry {number}"):
                self.own.take(number, message)
        with about("log-keys"):
            key = self.own.receipt_key(read_message(self.log.genesis_receipt).header.get(KID))
            self.check_all_announced(read)
        self.log = self.log._replace(keys={**self.log.keys, "receipt": key})

    def check_all_announced(self, read: Mapping[int, Message]) -> None:
        """The log signed that its own chain has these entries in that tree, and no other."""
        subject = f"{self.log.issuer}#policy"
        chain_hash = sha256(b"\x00".join((b"counterfoil/chain/v1", self.log.origin.encode(), subject.encode())))
        for number, message in read.items():
            decision = get(self.files, f"log-keys/{number:012d}.decision.cbor")
            need(read_decision(decision).number == number, f"the decision on entry {number} is on another one")
            chain_hash = sha256(b"\x02" + chain_hash + sha256(message.stored) + sha256(decision))
        note = get(self.files, "log-keys/chain-head.txt")
        check_chain_head(note, self.log, self.tree, subject, len(read), chain_hash)

    def statement(self, about_it: str, number: int) -> tuple[Message, bytes]:
        """A statement and its entry id, once its receipt puts it at that number of the tree."""
        message, entry_id = read_statement(get(self.files, f"{about_it}.statement.cose"))
        with about("its receipt"):
            time = check_receipt(get(self.files, f"{about_it}.receipt.cose"), entry_id, number, self.log, self.tree)
            need(time == self.time, "it names another time of the tree head than the others")
        return message, entry_id

    def check_policy(self, number: int) -> None:
        """A policy that a decision names is there, in the tree, and in the log's own chain."""
        with about(f"policy {number}"):
            message, _ = self.statement(f"policies/{number:012d}", number)
            need(self.own.policies.get(number) == message.stored, "it is no policy of this log")
            self.policies[number] = check_policy(message)
            shown = read_json(get(self.files, f"policies/{number:012d}.json"), floats=True)
            need(same_json(described_statement(message, shown), shown), "its JSON says something else")

    def check_entries(self) -> None:
        """Each entry comes after the one before it, and by the log's clock not before it."""
        before: dict[bytes, int] = {}
        last = (-1, 0, 0)
        for one in self.listed:
            number = one["number"]
            with about(f"entry {number}"):
                decision = read_decision(get(self.files, f"entries/{number:012d}.decision.cbor"))
                need(decision.number == number, f"it was decided on as entry {decision.number}")
                need(number > last[0], "it does not come after the one before it")
                in_force = max(one for one in self.own.policies if one < max(number, 1))
                need(decision.policy == in_force, "its policy was not in force then")
                need(last[2] <= decision.time <= self.time, "it was registered before the one before it, or too late")
                last = (number, decision.policy, decision.time)
                if decision.policy not in self.policies:
                    self.check_policy(decision.policy)
                before[self.check_entry(decision, one["entryId"], before)] = number

    def check_enrolment(self, number: int) -> Enrolment:
        """An enrolment that a decision names: in the tree, and signed by the key that it is about."""
        with about(f"enrolment {number}"):
            message, _ = self.statement(f"enrolments/{number:012d}", number)
            decision = read_decision(get(self.files, f"enrolments/{number:012d}.decision.cbor"))
            need(decision.number == number, f"it was decided on as entry {decision.number}")
            need(decision.grade is not None and decision.enrolment is None, "its decision is not that on an enrolment")
            need(decision.time <= self.time, "it was registered too late")
            need(
                decision.policy == max(one for one in self.own.policies if one < number), "its policy was not in force"
            )
            named = (message.header.get(CONTENT_TYPE), message.claims.get(SUB))
            need(named == (ENROLMENT, f"{self.log.issuer}#enrolments"), "it is no enrolment of this log")
            policy = check_policy(read_message(self.own.policies[decision.policy]))
            shown = carried_key(message.payload)
            check_signer(message, decision, policy, self.own, [], shown)
            issuer = message.claims.get(ISS)
            listed = policy.keys.get(issuer, {}) if isinstance(issuer, str) else {}
            key = listed.get(decision.thumbprint, shown)
            if key is None:
                raise Failed("it names no key that this program can find")
            return Enrolment(key, issuer, decision.time)

    def shown_key(self, message: Message, decision: Decision) -> Key | None:
        """The key that evidence of hardware came with, in the statement or in its enrolment."""
        if decision.grade is None:
            return None
        self.attested = True
        number = decision.enrolment
        if number is None:
            service = message.header.get(SERVICE)
            if isinstance(service, dict):
                return named_key(service.get("cose_key"))
            return carried_key(message.header[ATTESTATION]) if ATTESTATION in message.header else None
        need(number < decision.number, "the enrolment that its decision names is not before it")
        if number not in self.enrolments:
            self.enrolments[number] = self.check_enrolment(number)
        enrolment = self.enrolments[number]
        need(enrolment.time <= decision.time, "the enrolment that its decision names was registered after it")
        same = (enrolment.key.thumbprint, enrolment.issuer) == (decision.thumbprint, message.claims.get(ISS))
        need(same, "the enrolment that its decision names is of another key or issuer")
        return enrolment.key

    def check_entry(self, decision: Decision, listed_id: str, before: Mapping[bytes, int]) -> bytes:
        """One entry: in the tree, about the engagement, signed; the chain hash goes on by it."""
        where = f"entries/{decision.number:012d}"
        message, entry_id = self.statement(where, decision.number)
        need(entry_id.hex() == listed_id, "its statement has another entry id than case.json names")
        need(message.claims.get(SUB) == self.root_trace_id, "it is about another engagement")
        evidence = None
        if decision.evidence is not None:
            self.with_evidence.add(decision.number)
            evidence = get(self.files, f"{where}.evidence.cbor")
        carried = carried_chain(evidence, decision)
        revocation = self.own.revocation(decision.number, decision.thumbprint)
        self.revoked += [] if revocation is None else [revocation]
        shown_key = self.shown_key(message, decision)
        policy = self.policies[decision.policy]
        self.certified |= check_signer(message, decision, policy, self.own, carried, shown_key)
        check_references(message, before)
        digest = sha256(get(self.files, f"{where}.decision.cbor"))
        self.chain_hash = sha256(b"\x02" + self.chain_hash + entry_id + digest)
        shown = read_json(get(self.files, f"{where}.json"), floats=True)
        right = {
            "number": decision.number, "sequence": len(before), "entryId": listed_id,
            "chainHash": self.chain_hash.hex(), "decision": described_decision(decision),
            "statement": described_statement(message, shown["statement"]), "lagMilliseconds": shown["lagMilliseconds"],
        }  # fmt: skip
        need(same_json(right, shown), "its JSON says something else")
        return entry_id

    def check_whole(self) -> None:
        """The entries are all that the log counts in that tree."""
        with about("chain-head.txt"):
            note = get(self.files, "chain-head.txt")
            check_chain_head(note, self.log, self.tree, self.root_trace_id, len(self.listed), self.chain_hash)

    def check_documents(self) -> None:
        """case.json, keys.cbor and the manifest are, to the byte, what the rest leads to."""
        head = {"size": self.tree.size, "rootHash": self.tree.root.hex(), "time": timestamp(self.time)}
        entries = [{"number": one["number"], "entryId": one["entryId"]} for one in self.listed]
        right = {
            "format": FORMAT, "origin": self.log.origin, "logIssuer": self.log.issuer, "treeHead": head,
            "rootTraceId": self.root_trace_id, "chainId": sha256(self.root_trace_id.encode()).hex(),
            "emptyChainHash": self.empty.hex(), "chainHash": self.chain_hash.hex(), "entries": entries, "erased": [],
        }  # fmt: skip
        need(canonical(right) == get(self.files, "case.json"), f"case.json: the evidence leads to {right}")
        pair = (self.log.keys["receipt"], self.log.keys["checkpoint"])
        keys = [{1: key.members[1], 2: key.thumbprint, 3: USUAL[key.kind], **key.members} for key in pair]
        need(cbor2.dumps(keys) == get(self.files, "keys.cbor"), "keys.cbor holds other keys than genesis.cose")
        names, kinds = [*FIXED], ("statement.cose", "evidence.cbor", "decision.cbor", "receipt.cose", "json")
        for number in [one["number"] for one in self.listed]:
            there = [kind for kind in kinds if kind != "evidence.cbor" or number in self.with_evidence]
            names += [f"entries/{number:012d}.{kind}" for kind in there]
        of_policy = ("statement.cose", "receipt.cose", "json")
        names += [f"policies/{one:012d}.{kind}" for one in sorted(self.policies) for kind in of_policy]
        of_own = ("statement.cose", "decision.cbor", "receipt.cose")
        names += [f"enrolments/{one:012d}.{kind}" for one in sorted(self.enrolments) for kind in of_own]
        names += [f"log-keys/{one:012d}.{kind}" for one in self.notices for kind in of_own]
        names.append("log-keys/chain-head.txt")
        need(self.manifest == names, "the manifest lists other files than the case has, or in another order")


def verify_case(data: bytes, genesis: str | None = None) -> dict[str, Any]:
    """Everything; what it came to, or Failed."""
    need(genesis is None or re.fullmatch(r"[0-9a-fA-F]{64}", genesis), "--genesis takes 64 hexadecimal digits")
    need(len(data) <= MAX_FILE, "the file is larger than a case file can be")
    files = read_zip(data)
    case = Case(files, None if genesis is None else bytes.fromhex(genesis))
    case.check_entries()
    case.check_whole()
    case.check_documents()
    with about("the reports"):
        reports = reported(files)
        told = [one for one in reports["findings"] if ": key-revoked: " in one]
        need(told == case.revoked, "what they say of revoked keys is not what the log says")
    return {
        "verdict": "PASS WITH FINDINGS" if reports["findings"] else "PASS",
        "log": case.log.origin, "genesisEntryId": case.log.genesis_id.hex(),
        "keys": "from the file itself" if genesis is None else "of the genesis statement given by --genesis",
        "rootTraceId": case.root_trace_id, "entries": len(case.listed), "treeSize": case.tree.size,
        "root": case.tree.root.hex(), "time": timestamp(case.time), "chainHash": case.chain_hash.hex(),
        "evidenceDigest": sha256(get(files, "manifest.json")).hex(), "reported": reports,
        "notShown": [
            KEYS_FROM_FILE if genesis is None else KEYS_PINNED, *[PATHS] * case.certified, *[HARDWARE] * case.attested,
            *NOT_SHOWN,
        ],
    }  # fmt: skip


def printable(text: object) -> str:
    """Text out of the case, with everything that a terminal might obey or hide as an escape."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in str(text))


def as_json(value: object) -> str:
    """JSON in ASCII without control characters."""
    return json.dumps(value, sort_keys=True).replace("\x7f", "\\u007f")


def lines_of(result: Mapping[str, Any]) -> Iterator[str]:
    """The result for people."""
    yield result["verdict"]
    for name in [name for name in result if name not in ("verdict", "reported", "notShown")]:
        yield f"  {name}: {printable(result[name])}"
    yield "Reported in the file, and made again not here but by `counterfoil verify case.zip`:"
    yield from (f"  finding: {printable(one)}" for one in result["reported"]["findings"] or ["none"])
    for name in ("engagement", "completeness", "disputes"):
        yield f"  {name}: {as_json(result['reported'][name])}"
    yield "This does not show:"
    yield from (f"  - {one}" for one in result["notShown"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the verdict; 0 if it is a pass."""
    parser = argparse.ArgumentParser(description="Check a Counterfoil case file.")
    parser.add_argument("case", help="the case file, a ZIP")
    parser.add_argument("--genesis", metavar="HEX", help="the entry id of the log's genesis statement, from elsewhere")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(arguments)
    try:
        with open(options.case, "rb") as file:
            result = verify_case(file.read(MAX_FILE + 1), options.genesis)
        text, code = as_json(result) if options.json else "\n".join(lines_of(result)), 0
    except BaseException as error:  # noqa: BLE001 - whatever happens, it is no pass
        reason = printable(error if isinstance(error, Failed) else f"{type(error).__name__}: {error}")[:1000]
        text, code = as_json({"verdict": "FAIL", "reason": reason}) if options.json else f"FAIL: {reason}", 1
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    print(text)
    return code


if __name__ == "__main__":
    sys.exit(main())
