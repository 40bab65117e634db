"""Policy documents as JSON, whole ones and ones that somebody broke."""

import json
from typing import Any

from hypothesis import strategies as st

from counterfoil.cose.keys import public_key_pem
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.jcs import encode_json
from counterfoil.errors import CounterfoilError
from counterfoil.policy.parse import parse_policy
from counterfoil.signing.generate import generate_private_key
from tests import json_mutations

PEMS = [public_key_pem(generate_private_key(alg).public_key) for alg in ("ES256", "EdDSA")]
WHOLE: dict[str, Any] = {
    "format": 1,
    "version": 3,
    "issuers": [
        {"issuer": "https://a.example", "keys": [{"kid": "YQ", "publicKey": PEMS[0]}], "roles": ["agent"]},
        {"issuer": "https://b.example", "keys": [{"publicKey": PEMS[1]}], "roles": []},
    ],
    "algorithms": ["ES256", "EdDSA"],
    "contentTypes": [
        {"contentType": "application/json", "visibility": "public", "roles": ["agent"]},
        {"contentType": 50},
    ],
    "maxStatementBytes": 1024,
    "clockSkewSeconds": 300,
    "maxLagSeconds": 60,
    "refusedFindings": ["late"],
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
    st.just({}),
    st.just([]),
    st.lists(st.sampled_from(["agent", "ES256", "late", ""]), max_size=3),
    st.fixed_dictionaries({"contentType": st.sampled_from(["a/b", 50, -1, True, 1.5, None])}),
    st.fixed_dictionaries({"publicKey": st.sampled_from(PEMS)}),
)
NAMES = ["x", "kid", "visibility", "roles", "maxLagSeconds", "refusedFindings", "publicKey", "issuer", "contentType"]


def mutate(members: dict[str, Any], data: st.DataObject) -> None:
    """Change a policy document somewhere."""
    json_mutations.mutate(members, data, NAMES, VALUES)
