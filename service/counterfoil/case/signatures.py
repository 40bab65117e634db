"""The signatures of a case's issuers, by the keys that the policies in the case give them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from counterfoil.case.account import Account, ReadExhibit
from counterfoil.case.build import PolicyExhibit
from counterfoil.cose.keys import PublicKey
from counterfoil.errors import CaseInvalidError, PayloadMissingError, RefusedError
from counterfoil.policy.document import POLICY_CONTENT_TYPE, PolicyDocument
from counterfoil.policy.parse import parse_policy
from counterfoil.policy.rules import Rules
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.issuer import find_issuer_key
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement, verify_statement


def require_signed(account: Account, policies: Sequence[PolicyExhibit], genesis: Genesis) -> None:
    """Check each policy's signature by the operator's key, and each statement's by the key that its decision names.

    Where a certificate speaks for the issuer, its path to a root of the policy is judged again as of the decision, but
    not whether it was revoked: no revocation list is in a case.

    Raises:
        CaseInvalidError: A policy is missing, is none of the log's own, or gives the issuer no such key or certificate.
        UnverifiedError: A signature or the path of a certificate does not hold.
    """
    documents = {policy.number: _policy(policy, genesis) for policy in policies}
    if documents.keys() != {one.record.policy_entry for one in account.exhibits}:
        raise CaseInvalidError("the policies in the case are not those that its entries were decided by")
    for one in account.exhibits:
        if one.statement is not None:
            _require_evidence(one)
            verify_statement(one.statement, _key(one, one.statement, documents, genesis))


def _policy(policy: PolicyExhibit, genesis: Genesis) -> PolicyDocument:
    statement = parse_signed_statement(policy.statement, max_bytes=len(policy.statement))
    identity = genesis.identity
    about = (statement.claims.issuer, statement.claims.subject, statement.content_type)
    if about != (identity.issuer, identity.policy_subject, POLICY_CONTENT_TYPE):
        raise CaseInvalidError(f"entry {policy.number} is no policy of this log")
    if statement.message.payload is None:
        raise PayloadMissingError(f"the payload of policy entry {policy.number} is detached")
    verify_statement(statement, genesis.keys[KeyPurpose.OPERATOR])
    return parse_policy(statement.message.payload)


def _require_evidence(one: ReadExhibit) -> None:
    evidence = one.exhibit.evidence
    if one.record.evidence_digest != (None if evidence is None else sha256(evidence).digest()):
        raise CaseInvalidError(f"the evidence of entry {one.exhibit.number} is not the one that its decision names")


def _certified(one: ReadExhibit, statement: SignedStatement, document: PolicyDocument, genesis: Genesis) -> PublicKey:
    roots = tuple(replace(root, needs_crl=False) for root in document.roots)
    rules = Rules(genesis, replace(document, roots=roots), one.record.policy_entry, one.record.policy_entry)
    try:
        return find_issuer_key(statement, rules, one.record.head_time).key
    except RefusedError as error:
        raise CaseInvalidError(f"the certificate of entry {one.exhibit.number}: {error.detail}") from error


def _key(
    one: ReadExhibit, statement: SignedStatement, documents: Mapping[int, PolicyDocument], genesis: Genesis
) -> PublicKey:
    issuer, thumbprint = statement.claims.issuer or "", one.record.key_thumbprint
    if issuer == genesis.identity.issuer:
        keys = [genesis.keys[KeyPurpose.OPERATOR], genesis.keys[KeyPurpose.SERVICE]]
    else:
        document = documents[one.record.policy_entry]
        named = document.issuer(issuer)
        keys = [] if named is None else [key.key for key in named.keys]
        if named is not None and named.pins and all(key.thumbprint != thumbprint for key in keys):
            keys = [_certified(one, statement, document, genesis)]
    for key in keys:
        if key.thumbprint == thumbprint:
            return key
    raise CaseInvalidError(f"the policy gives the issuer of entry {one.exhibit.number} no key {thumbprint.hex()}")
