"""What a policy document says that nobody may have meant."""

from collections.abc import Iterator
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from counterfoil.cose.algorithms import algorithm_named
from counterfoil.cose.fit import is_fit
from counterfoil.cose.keys import PublicKey
from counterfoil.policy.admissible import Admissible
from counterfoil.policy.demand import Demand
from counterfoil.policy.document import ContentTypeRule, Issuer, PolicyDocument, Visibility
from counterfoil.policy.members import MAX_VERSION
from counterfoil.policy.remark import PolicyRemark, warning
from counterfoil.statement.hash_envelope import MAX_CONTENT_FORMAT
from counterfoil.statement.trace_event.event import TRACE_EVENT_CONTENT_TYPE, Role

_SOUND_RSA_BITS: Final = 3072
"""Less than 128 bits of security below that (NIST SP 800-57 part 1, table 2)."""

_SOUND_RSA_EXPONENT: Final = 65537
"""FIPS 186-5, section 5.1: the exponent of a key is larger than 2^16."""


def find_doubts(policy: PolicyDocument) -> Iterator[PolicyRemark]:
    """The warnings on a policy that can be committed, in the order of the document."""
    yield from _of_version(policy.version)
    if policy.issuers:
        yield from _of_registration(policy)
    else:
        yield warning("no-issuers", "issuers", "nobody is named who may register")
    yield from _of_public_events(policy)
    yield from _of_operators(policy)


def _of_registration(policy: PolicyDocument) -> Iterator[PolicyRemark]:
    admissible = Admissible(policy)
    for at, issuer in enumerate(policy.issuers):
        yield from _of_issuer(f"issuers[{at}]", issuer, admissible)
    if not any(admissible.is_certifiable(one) or admissible.is_attestable(one) for one in policy.issuers):
        yield from _of_algorithms(policy)
    for at, rule in enumerate(policy.content_types):
        yield from _of_rule(f"contentTypes[{at}]", rule, admissible)
        yield from _of_demands(f"contentTypes[{at}].demands", rule, admissible)
    if policy.roots and not any(issuer.pins for issuer in policy.issuers):
        yield warning("roots-unused", "roots", "no issuer has a did:x509 identifier, so no path to a root is asked for")


def _of_algorithms(policy: PolicyDocument) -> Iterator[PolicyRemark]:
    for name in sorted(policy.algorithms):
        if not any(is_fit(algorithm_named(name), key) for key in policy.public_keys()):
            yield warning("algorithm-unused", "algorithms", f"no issuer has a key that {name} fits")


def _of_version(version: int) -> Iterator[PolicyRemark]:
    if version == 1:
        yield warning("version-first", "version", "only 'init --policy' takes version 1; the next one is 2 or later")
    elif version == MAX_VERSION:
        yield warning("version-last", "version", "no version is larger, so no policy could ever follow")


def _of_issuer(path: str, issuer: Issuer, admissible: Admissible) -> Iterator[PolicyRemark]:
    if not issuer.keys and not issuer.pins and not issuer.attested_by:
        yield warning("issuer-without-keys", f"{path}.keys", "nothing can be signed for an issuer without a key")
    for at, key in enumerate(issuer.keys):
        yield from _of_key(f"{path}.keys[{at}]", key.key, admissible)
    unnamed = sorted(issuer.roles - admissible.named_roles)
    if unnamed:
        yield warning("role-unused", f"{path}.roles", f"no content type asks for {', '.join(unnamed)}")
    if issuer.pins and not admissible.policy.roots:
        yield warning("pins-without-roots", f"{path}.x509", "the policy has no root that a certificate can lead to")
    if not admissible.is_able(issuer):
        return  # Said of each of its keys already, or of its not having any.
    if not admissible.may_register(issuer):
        yield warning("issuer-shut-out", path, "there is no content type that its roles may register")
    elif admissible.is_apart(issuer):
        yield warning("issuer-apart", path, "it shares no content type with any other issuer")


def _of_key(path: str, key: PublicKey, admissible: Admissible) -> Iterator[PolicyRemark]:
    if not admissible.is_usable(key):
        yield warning("key-unusable", path, "it fits none of the algorithms that the policy admits")
    yield from _of_strength(path, key)


def _of_strength(path: str, key: PublicKey) -> Iterator[PolicyRemark]:
    if not isinstance(key.material, rsa.RSAPublicKey):
        return
    if key.material.key_size < _SOUND_RSA_BITS:
        yield warning("key-weak", path, f"RSA of {key.material.key_size} bits, fewer than {_SOUND_RSA_BITS}")
    if key.material.public_numbers().e < _SOUND_RSA_EXPONENT:
        yield warning("key-weak", path, f"RSA with an exponent below {_SOUND_RSA_EXPONENT}")


def _of_rule(path: str, rule: ContentTypeRule, admissible: Admissible) -> Iterator[PolicyRemark]:
    if isinstance(rule.content_type, int) and not 0 <= rule.content_type <= MAX_CONTENT_FORMAT:
        yield warning("content-type-impossible", f"{path}.contentType", "the number is no CoAP content format")
    nobodys = sorted(rule.roles - admissible.held_roles)
    if nobodys:
        yield warning("role-unheld", f"{path}.roles", f"no issuer has {', '.join(nobodys)}")
    if not admissible.is_open(rule):
        yield warning("content-type-closed", path, "no issuer that can sign may register it")
    elif rule.content_type == TRACE_EVENT_CONTENT_TYPE and not admissible.has_writers(rule):
        yield warning("trace-events-unwritten", path, f"no issuer that may has one of the roles {', '.join(Role)}")


def _of_demands(path: str, rule: ContentTypeRule, admissible: Admissible) -> Iterator[PolicyRemark]:
    if not rule.demands:
        return
    # That nobody can register it is said of the content type.
    acted_in = admissible.roles_acted_in(rule) if admissible.is_open(rule) else admissible.held_roles
    for at, demand in enumerate(rule.demands):
        yield from _of_demand_roles(f"{path}[{at}].roles", demand, acted_in, admissible)
        yield from _of_demand(f"{path}[{at}]", demand, admissible.policy)


def _of_demand_roles(
    path: str, demand: Demand, acted_in: frozenset[str], admissible: Admissible
) -> Iterator[PolicyRemark]:
    nobodys = sorted(demand.roles - admissible.held_roles)
    if nobodys:
        yield warning("role-unheld", path, f"no issuer has {', '.join(nobodys)}")
    idle = sorted(demand.roles & admissible.held_roles - acted_in)
    if idle:
        yield warning("demand-idle", path, f"nobody who can sign registers the content type as {', '.join(idle)}")


def _of_demand(path: str, demand: Demand, policy: PolicyDocument) -> Iterator[PolicyRemark]:
    if demand == Demand(demand.roles):
        yield warning("demand-empty", path, "it asks for nothing")
    for name, asked, admitted in (
        ("clockSkewSeconds", demand.clock_skew_seconds, policy.clock_skew_seconds),
        ("maxStatementBytes", demand.max_statement_bytes, policy.max_statement_bytes),
    ):
        if asked is not None and asked > admitted:
            yield warning("demand-looser", f"{path}.{name}", f"the policy admits no more than {admitted} of anybody")
    both = sorted(demand.refused_findings & policy.refused_findings)
    if both:
        yield warning("stands-twice", f"{path}.refusedFindings", f"the policy refuses {', '.join(both)} of everybody")


def _of_operators(policy: PolicyDocument) -> Iterator[PolicyRemark]:
    keys, approvals = policy.operators.keys, policy.operators.approvals
    if len(keys) > 1 and approvals == len(keys):
        detail = "all of them have to approve: when one key is lost, no policy can follow"
        yield warning("operators-all", "operators.approvals", detail)
    for at, key in enumerate(keys):
        yield from _of_strength(f"operators.keys[{at}]", key)


def _of_public_events(policy: PolicyDocument) -> Iterator[PolicyRemark]:
    for at, rule in enumerate(policy.content_types):
        if rule.content_type == TRACE_EVENT_CONTENT_TYPE and rule.visibility is Visibility.PUBLIC:
            detail = "anybody may read what the trace events of every engagement say"
            yield warning("trace-events-public", f"contentTypes[{at}].visibility", detail)
