"""The signatures of a case's issuers, by the keys that the policies in the case give them."""

from collections.abc import Mapping, Sequence

from counterfoil.case.account import Account, ReadExhibit
from counterfoil.case.build import PolicyExhibit
from counterfoil.cose.keys import PublicKey
from counterfoil.errors import CaseInvalidError, PayloadMissingError
from counterfoil.policy.document import POLICY_CONTENT_TYPE, PolicyDocument
from counterfoil.policy.parse import parse_policy
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement, verify_statement


def require_signed(account: Account, policies: Sequence[PolicyExhibit], genesis: Genesis) -> None:
    """Check each policy's signature by the operator's key, and each statement's by the key that its decision names.

    Raises:
        CaseInvalidError: A policy is missing, is none of the log's own, or gives the issuer no such key.
        UnverifiedError: A signature does not hold.
    """
    documents = {policy.number: _policy(policy, genesis) for policy in policies}
    if documents.keys() != {one.record.policy_entry for one in account.exhibits}:
        raise CaseInvalidError("the policies in the case are not those that its entries were decided by")
    for one in account.exhibits:
        if one.statement is not None:
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


def _key(
    one: ReadExhibit, statement: SignedStatement, documents: Mapping[int, PolicyDocument], genesis: Genesis
) -> PublicKey:
    issuer, thumbprint = statement.claims.issuer or "", one.record.key_thumbprint
    if issuer == genesis.identity.issuer:
        keys = [genesis.keys[KeyPurpose.OPERATOR], genesis.keys[KeyPurpose.SERVICE]]
    else:
        named = documents[one.record.policy_entry].issuer(issuer)
        keys = [] if named is None else [key.key for key in named.keys]
    for key in keys:
        if key.thumbprint == thumbprint:
            return key
    raise CaseInvalidError(f"the policy gives the issuer of entry {one.exhibit.number} no key {thumbprint.hex()}")
