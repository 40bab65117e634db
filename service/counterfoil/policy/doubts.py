"""What a policy document says that nobody may have meant."""

from collections.abc import Iterator
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from counterfoil.cose.algorithms import algorithm_named
from counterfoil.cose.fit import is_fit
from counterfoil.cose.keys import PublicKey
from counterfoil.policy.admissible import Admissible
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
    if not policy.issuers:
        yield warning("no-issuers", "issuers", "nobody is named who may register")
        yield from _of_public_events(policy)
        return
    admissible = Admissible(policy)
    for at, issuer in enumerate(policy.issuers):
        yield from _of_issuer(f"issuers[{at}]", issuer, admissible)
    for name in sorted(policy.algorithms):
        if not any(is_fit(algorithm_named(name), key) for key in policy.public_keys()):
            yield warning("algorithm-unused", "algorithms", f"no issuer has a key that {name} fits")
    for at, rule in enumerate(policy.content_types):
        yield from _of_rule(f"contentTypes[{at}]", rule, admissible)
    yield from _of_public_events(policy)


def _of_version(version: int) -> Iterator[PolicyRemark]:
    if version == 1:
        yield warning("version-first", "version", "only 'init --policy' takes version 1; the next one is 2 or later")
    elif version == MAX_VERSION:
        yield warning("version-last", "version", "no version is larger, so no policy could ever follow")


def _of_issuer(path: str, issuer: Issuer, admissible: Admissible) -> Iterator[PolicyRemark]:
    if not issuer.keys:
        yield warning("issuer-without-keys", f"{path}.keys", "nothing can be signed for an issuer without a key")
    for at, key in enumerate(issuer.keys):
        yield from _of_key(f"{path}.keys[{at}]", key.key, admissible)
    unnamed = sorted(issuer.roles - admissible.named_roles)
    if unnamed:
        yield warning("role-unused", f"{path}.roles", f"no content type asks for {', '.join(unnamed)}")
    if issuer.keys and not admissible.is_able(issuer):
        return  # Said of each of its keys already.
    if issuer.keys and not admissible.may_register(issuer):
        yield warning("issuer-shut-out", path, "there is no content type that its roles may register")
    elif issuer.keys and admissible.is_apart(issuer):
        yield warning("issuer-apart", path, "it shares no content type with any other issuer")


def _of_key(path: str, key: PublicKey, admissible: Admissible) -> Iterator[PolicyRemark]:
    if not admissible.is_usable(key):
        yield warning("key-unusable", path, "it fits none of the algorithms that the policy admits")
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


def _of_public_events(policy: PolicyDocument) -> Iterator[PolicyRemark]:
    for at, rule in enumerate(policy.content_types):
        if rule.content_type == TRACE_EVENT_CONTENT_TYPE and rule.visibility is Visibility.PUBLIC:
            detail = "anybody may read what the trace events of every engagement say"
            yield warning("trace-events-public", f"contentTypes[{at}].visibility", detail)
