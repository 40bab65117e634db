"""What schemathesis posts: it cannot sign, so this module, which it loads, signs statements for it and spoils some."""

import schemathesis
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import strategies as st

from counterfoil.cose.algorithms import algorithm_named
from counterfoil.cose.private_keys import LocalSigner
from tests.builders import CONTENT_TYPE, sign_statement
from tests.http.live import PUBLIC_TYPE

AGENT = LocalSigner(ec.derive_private_key(20_260_326, ec.SECP256R1()), algorithm_named("ES256"))
"""Both processes know this key: the one that serves, and the one that posts."""

_GOOD = st.builds(
    lambda number, content_type: sign_statement(AGENT, b'{"n":%d}' % number, content_type=content_type),
    st.integers(0, 10**6),
    st.sampled_from([CONTENT_TYPE, PUBLIC_TYPE, "text/unknown"]),
)
_CUT = st.builds(lambda good, at: good[: at % len(good)], _GOOD, st.integers(0, 2000))
_TURNED = st.builds(
    lambda good, at: good[: at % len(good)] + bytes([good[at % len(good)] ^ 1]) + good[at % len(good) + 1 :],
    _GOOD,
    st.integers(0, 2000),
)

for name in ("application/cose", "application/scitt-statement+cose"):
    schemathesis.openapi.media_type(name, st.one_of(_GOOD, _CUT, _TURNED, st.binary(max_size=300)))

_SEQUENCE = st.lists(_GOOD | _CUT, max_size=5).map(b"".join)

schemathesis.openapi.media_type("application/cbor-seq", st.one_of(_SEQUENCE, st.binary(max_size=60)))
