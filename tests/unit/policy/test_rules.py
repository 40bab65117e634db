"""What the rules look up is what a search through the policy, first to last, finds."""

from hypothesis import given
from hypothesis import strategies as st

from counterfoil.policy.document import ContentTypeRule, Issuer, PolicyDocument, Visibility
from counterfoil.policy.rules import Rules
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.issuer import IssuerKey
from tests.builders import ORIGIN

KEYS = [generate_private_key("EdDSA").public_key for _ in range(3)]
LOG = {purpose: generate_private_key("ES256").public_key for purpose in KeyPurpose}
GENESIS = Genesis(parse_origin(ORIGIN), LOG)
OWN = GENESIS.identity.issuer
THUMBPRINTS = [key.thumbprint for key in (*KEYS, *LOG.values())]

names = st.sampled_from(["a", "b", "c", OWN])
kids = st.sampled_from([b"k", b"l", *THUMBPRINTS])
issuer_keys = st.builds(IssuerKey, kids, st.sampled_from(KEYS))
issuers = st.builds(Issuer, names, st.lists(issuer_keys, max_size=3).map(tuple), st.just(frozenset[str]()))
content_types = st.sampled_from(["x/y", "x/z", 0, 1, 50])
rules_of_types = st.builds(
    ContentTypeRule, content_types, st.sampled_from(Visibility), st.sets(names, max_size=1).map(frozenset)
)
# A document that was read names nothing twice; one that was made by hand may.
policies = st.builds(
    PolicyDocument,
    st.just(1),
    issuers=st.lists(issuers, max_size=5).map(tuple),
    content_types=st.lists(rules_of_types, max_size=5).map(tuple),
)


def search_by_kid(policy: PolicyDocument, kid: bytes) -> str | None:
    if kid in {LOG[KeyPurpose.OPERATOR].thumbprint, LOG[KeyPurpose.SERVICE].thumbprint}:
        return OWN
    return next((issuer.name for issuer in policy.issuers if any(key.answers_to(kid) for key in issuer.keys)), None)


@given(policies, kids)
def test_issuers_by_kid(policy: PolicyDocument, kid: bytes) -> None:
    rules = Rules(GENESIS, policy, 0, 0)
    assert rules.issuer_of(kid) == search_by_kid(policy, kid)
    assert rules.issuer_of(kid + b"x") is None


@given(policies, names)
def test_keys_by_issuer(policy: PolicyDocument, name: str) -> None:
    named = next((issuer for issuer in policy.issuers if issuer.name == name), None)
    assert policy.issuer(name) is named
    found = Rules(GENESIS, policy, 0, 0).issuer_keys(name)
    if name == OWN:
        assert found is not None
        assert [key.key for key in found] == [LOG[KeyPurpose.OPERATOR], LOG[KeyPurpose.SERVICE]]
    else:
        assert found == (None if named is None else named.keys)


@given(policies, content_types | st.none())
def test_rules_by_content_type(policy: PolicyDocument, content_type: str | int | None) -> None:
    expected = next((rule for rule in policy.content_types if rule.content_type == content_type), None)
    assert policy.content_type(content_type) is expected


def test_the_keys_of_receipts_and_checkpoints_are_the_logs() -> None:
    rules = Rules(GENESIS, PolicyDocument(1), 0, 0)
    named = {purpose for purpose, key in LOG.items() if rules.is_log_key(key.thumbprint)}
    assert named == {KeyPurpose.RECEIPT, KeyPurpose.CHECKPOINT}
    assert not rules.is_log_key(KEYS[0].thumbprint)
