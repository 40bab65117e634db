"""What a statement says, as JSON that people can read; the bytes beside it are what counts."""

from counterfoil.cose import labels
from counterfoil.cose.algorithms import ALGORITHMS
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.encoding.jcs import JsonValue, encode_json, parse_json
from counterfoil.errors import MalformedError
from counterfoil.statement.attested_words import attested_json
from counterfoil.statement.decision_record import DecisionRecord
from counterfoil.statement.signed_statement import SignedStatement
from counterfoil.statement.trace_event.occurred_at import format_occurred_at


def decoded_statement(statement: SignedStatement) -> dict[str, JsonValue]:
    """The protected header and the payload of a statement.

    The payload is shown as JSON where it is JSON, else in base64url; a header that this release does not know is in the
    statement alone.
    """
    claims = statement.claims
    code = statement.message.protected.get(labels.ALG)
    algorithm = ALGORITHMS.get(code) if isinstance(code, int) else None
    return {
        "entryId": statement.hash.hex(),
        "algorithm": None if algorithm is None else algorithm.name,
        "kid": None if statement.kid is None else encode_base64url(statement.kid),
        "issuer": claims.issuer,
        "subject": claims.subject,
        "issuedAt": _date(claims.issued_at),
        "expires": _date(claims.expires),
        "notBefore": _date(claims.not_before),
        "contentType": statement.content_type,
        **_payload(statement),
    }


def decoded_decision(record: DecisionRecord) -> dict[str, JsonValue]:
    """A decision record, its digests in hexadecimal."""
    return {
        "number": record.number,
        "policyEntry": record.policy_entry,
        "keyThumbprint": record.key_thumbprint.hex(),
        "registeredAt": format_occurred_at(record.head_time * 1000),
        "appraisalDigest": _hex(record.appraisal_digest),
        "evidenceDigest": _hex(record.evidence_digest),
        "collateralDigest": _hex(record.collateral_digest),
        "attestation": attested_json(record.attested),
    }


def _payload(statement: SignedStatement) -> dict[str, JsonValue]:
    payload = statement.message.payload
    if payload is None:
        return {"payload": None}
    try:
        value = parse_json(payload, max_bytes=len(payload))
        encode_json(value)
    except MalformedError:
        return {"payloadBase64url": encode_base64url(payload)}
    return {"payload": value}


def _date(value: float | None) -> JsonValue:
    return int(value) if value is not None and value == int(value) else value


def _hex(digest: bytes | None) -> str | None:
    return None if digest is None else digest.hex()
