"""Policy documents as JSON, whole ones and ones that somebody broke."""

import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import strategies as st

from counterfoil.cose.keys import parse_public_key_pem, public_key_pem
from counterfoil.cose.public_key import public_key_of
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.jcs import encode_json
from counterfoil.errors import CounterfoilError
from counterfoil.policy.parse import parse_policy
from counterfoil.policy.safety import require_safe_policy
from counterfoil.signing.generate import generate_private_key
from tests import json_mutations
from tests.certificates import root
from tests.dids import did_key_of

PEMS = [public_key_pem(generate_private_key(alg).public_key) for alg in ("ES256", "EdDSA")]
OPERATOR_KEY = ec.generate_private_key(ec.SECP256R1())
OPERATORS = [
    public_key_of(OPERATOR_KEY.public_key()),
    *(generate_private_key("ES256").public_key for _ in range(2)),
]
ROOTS = [encode_base64url(root(name).der) for name in ("one", "other")]
OPERATOR_ROOT = encode_base64url(root("operator", key=OPERATOR_KEY).der)
"""A certificate of an operator's key, which is no root for anybody."""

PINS = [f"did:x509:0:sha256:WE4P5dd8DnLHSkyHaIjhp4udlkF9LqoKwCvu9gl38jk::subject:CN:{name}" for name in ("A", "B")]
WHOLE: dict[str, Any] = {
    "format": 1,
    "version": 3,
    "issuers": [
        {
            "issuer": "https://a.example",
            "keys": [{"kid": "YQ", "publicKey": PEMS[0]}],
            "roles": ["agent"],
            "x509": PINS,
            "attestedBy": ["machines"],
        },
        {"issuer": "https://b.example", "keys": [{"publicKey": PEMS[1]}], "roles": []},
    ],
    "algorithms": ["ES256", "EdDSA"],
    "contentTypes": [
        {
            "contentType": "application/json",
            "visibility": "public",
            "roles": ["agent"],
            "demands": [
                {
                    "roles": ["agent"],
                    "requiredClaims": ["exp"],
                    "attestation": "key-bound",
                    "appraisedBy": ["desks", "machines"],
                    "clockSkewSeconds": 60,
                    "maxStatementBytes": 512,
                    "refusedFindings": ["repeated"],
                },
            ],
        },
        {"contentType": 50},
    ],
    "maxStatementBytes": 1024,
    "clockSkewSeconds": 300,
    "maxLagSeconds": 60,
    "refusedFindings": ["late"],
    "roots": [{"certificate": ROOTS[0], "needsCrl": True}],
    "operators": {
        "approvals": 2,
        "keys": [
            {"kid": encode_base64url(OPERATORS[0].thumbprint), "publicKey": public_key_pem(OPERATORS[0])},
            *({"publicKey": public_key_pem(key)} for key in OPERATORS[1:]),
        ],
    },
    "appraisals": [
        {
            "name": "machines",
            "platforms": ["amd-sev-snp", "composite", "nvidia-gpu"],
            "bindings": ["enrolment", "thumbprint"],
            "measurements": {"launch": ["5a" * 48, "c3" * 48]},
            "endorsements": [{"did": PINS[0], "feed": "agents", "minSvn": 2}],
            "minimumTcb": {"Milan": {"snp": 8}},
            "tcbStatuses": ["SWHardeningNeeded", "UpToDate"],
            "advisories": ["INTEL-SA-00615"],
            "debug": True,
            "migration": True,
            "maxVmpl": 1,
            "facts": {"host-data": ["00"]},
            "signers": ["VLEK"],
            "unchecked": ["revocation"],
            "maxAgeSeconds": 3600,
            "pins": ["5a" * 32],
            "certificates": [ROOTS[0]],
        },
        {"name": "desks", "platforms": ["tpm2"], "bindings": ["enrolment"]},
    ],
    "replaces": {"entry": 5, "entryId": "5a" * 32},
    "approved": {"proposal": "c3" * 32, "entries": [7, 9]},
}


def whole(**changes: object) -> dict[str, Any]:
    """A policy with every member there is."""
    members = json.loads(json.dumps(WHOLE))
    assert isinstance(members, dict)
    return {**members, **changes}


def is_read(members: Any) -> bool:
    """Whether the document is one."""
    try:
        parse_policy(encode_json(members))
    except CounterfoilError:
        return False
    return True


def is_sound(members: Any) -> bool:
    """Whether a document is one that could be committed, as far as that can be told without the log."""
    try:
        policy = parse_policy(encode_json(members))
        require_safe_policy(policy, frozenset(), "https://log.example")
    except CounterfoilError:
        return False
    return policy.version > 1 or not (policy.operators.keys or policy.replaces or policy.approved)


VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    st.sampled_from([0.5, 300, 86400, 86401, 1 << 24, (1 << 24) + 1, 2**53 - 1, 1e21, 10 * 366 * 86400 + 1]),
    st.sampled_from(["", "x", "agent", "public", "secret", "late", "tardy", "ES256", "HS256", "x" * 255, "x" * 256]),
    st.sampled_from(["YQ", "YR", "YWI", "YWJ", "YWJj", "Y", "YQ==", encode_base64url(bytes(512)), "A" * 684]),
    st.sampled_from(["application/json", "x" * 8192, "x" * 8193, "é" * 255, "𝄞" * 255, *PEMS, PEMS[0] * 2]),
    st.sampled_from(
        [PEMS[0].strip(), "note\n" + PEMS[1], "-----BEGIN PUBLIC KEY-----", PEMS[0].replace("PUBLIC", "X")]
    ),
    st.sampled_from(["aud", "exp", "sub", "unattested", PINS[0], "did:web:a.example", *ROOTS, ROOTS[0][:-4]]),
    st.sampled_from(["5a" * 32, "5A" * 32, "5a" * 31, "5g" * 32, 7, 9, 64, 65]),
    st.sampled_from(
        ["machines", "nobody", "tpm2", "none", "5a" * 64, "5a" * 65, "5a5", {"a": ["5a"]}, {"b": {"c": 1}}]
    ),
    st.just({}),
    st.just([]),
    st.lists(st.sampled_from(["agent", "ES256", "late", "", "exp", PINS[0]]), max_size=3),
    st.lists(st.integers(0, 9), max_size=3),
    st.fixed_dictionaries({"roles": st.just([]), "maxStatementBytes": st.sampled_from([1, 0, None])}),
    st.fixed_dictionaries({"certificate": st.sampled_from([*ROOTS, "YQ"])}),
    st.fixed_dictionaries({"entry": st.sampled_from([0, 2**53 - 1]), "entryId": st.just("5a" * 32)}),
    st.fixed_dictionaries({"contentType": st.sampled_from(["a/b", 50, -1, True, 1.5, None])}),
    st.fixed_dictionaries({"publicKey": st.sampled_from([*PEMS, public_key_pem(OPERATORS[0])])}),
    st.sampled_from([encode_base64url(OPERATORS[0].thumbprint), OPERATOR_ROOT]),
    st.sampled_from([did_key_of(parse_public_key_pem(PEMS[1])), "did:key:z", "did:x509:0", PINS[1]]),
)
NAMES = [
    "x", "kid", "visibility", "roles", "maxLagSeconds", "refusedFindings", "publicKey", "issuer", "contentType",
    "x509", "demands", "roots", "operators", "replaces", "approved", "clockSkewSeconds", "requiredClaims", "needsCrl",
]  # fmt: skip


def mutate(members: dict[str, Any], data: st.DataObject) -> None:
    """Change a policy document somewhere."""
    json_mutations.mutate(members, data, NAMES, VALUES)
