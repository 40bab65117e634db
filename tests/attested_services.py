"""A log that admits the statements of an attested signing service, and such services: Microsoft's form of them.

The chip that it runs on and who endorses its measurement are synthetic, and pinned in the appraisal policy.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from counterfoil.attestation.anchors import Anchors
from counterfoil.attestation.appraisal_policy import AppraisalPolicy, Endorser
from counterfoil.attestation.binding import Binding
from counterfoil.attestation.evidence import Platform
from counterfoil.cose import labels
from counterfoil.cose.cose_key import cose_key_map
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.cose.sign1 import encode_sign1
from counterfoil.encoding.cbor import CborValue, encode
from counterfoil.policy.decision import Decision
from counterfoil.policy.document import ContentTypeRule, Issuer, PolicyDocument, Visibility
from counterfoil.policy.rules import Rules
from counterfoil.register import admit
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement
from tests.builders import ORIGIN, START, sign_statement
from tests.snp_reports import UVM_FEED, Chip, make_chip, make_uvm_signer

GENESIS = Genesis(parse_origin(ORIGIN), {purpose: generate_private_key("ES256").public_key for purpose in KeyPurpose})
SERVICE = "test-service"
ISSUER = f"did:attestedsvc:{SERVICE}::tenant:account:profile"
CHIP, UVM = make_chip(), make_uvm_signer()
SIGNER = generate_private_key("ES384")
MEASUREMENT, HOST_DATA = b"\x3e" * 48, b"\x40" * 32


def header(signer: LocalSigner = SIGNER, chip: Chip = CHIP, **members: CborValue) -> dict[int | str, CborValue]:
    """The header of a genuine one; ``members`` replace what stands there, and None takes it out."""
    report_data = signer.public_key.thumbprint + bytes(32)
    said: dict[int | str, CborValue] = {
        "svc_id": SERVICE,
        "attestation_type": "SEV-SNP:ContainerPlat-AMD-UVM",
        "attestation": chip.report(report_data=report_data),
        "snp_endorsements": chip.certificates(),
        "uvm_endorsements": UVM.endorse(MEASUREMENT, 104),
        "cose_key": cose_key_map(signer.public_key),
        "ver": 0,
    }
    said.update(members)
    return {name: value for name, value in said.items() if value is not None}


def statement(
    said: Mapping[int | str, CborValue] | None = None,
    *,
    signer: LocalSigner = SIGNER,
    issuer: str = ISSUER,
    crit: CborValue = (labels.ATTESTED_SERVICE,),
    kid: bytes | None = None,
    **more: Any,
) -> SignedStatement:
    """A statement of the service, in which each thing may be another."""
    headers: dict[int | str, CborValue] = {labels.ATTESTED_SERVICE: header(signer) if said is None else said}
    if crit is not None:
        headers[labels.CRIT] = crit
    data = sign_statement(signer, b"{}", issuer=issuer, kid=kid, headers={**headers, **more.pop("headers", {})}, **more)
    return parse_signed_statement(data)


def appraisal(anchors: Anchors = CHIP.anchors, endorser: Endorser | None = None, **changes: Any) -> AppraisalPolicy:
    """An appraisal policy that admits it."""
    policy = AppraisalPolicy(
        name="signing-service",
        platforms=frozenset({Platform.AMD_SEV_SNP}),
        bindings=frozenset({Binding.THUMBPRINT}),
        endorsers=(endorser or Endorser(UVM.did, UVM_FEED, 104),),
        unchecked=frozenset({"revocation"}),
        pins=anchors.pins,
        certificates=anchors.certificates,
    )
    return replace(policy, **changes)


def rules(
    policy: AppraisalPolicy | None = None,
    *,
    issuer: str = ISSUER,
    attested_by: str = "signing-service",
    content_type: str = "application/json",
    algorithms: frozenset[str] = frozenset({"ES256", "ES384"}),
) -> Rules:
    """Rules under which the service speaks for its issuer by its evidence alone."""
    known = policy or appraisal()
    speaking = Issuer(issuer, (), frozenset({"agent"}), attested_by=frozenset({attested_by} if attested_by else ()))
    rule = ContentTypeRule(content_type, Visibility.PUBLIC, frozenset())
    document = PolicyDocument(1, (speaking,), algorithms, (rule,), appraisals=(known,))
    return Rules(GENESIS, document, 0, 0)


def decided(said: SignedStatement, under: Rules | None = None, at: int = START) -> Decision:
    """What the log decides of a statement, or the error for which it is refused."""
    return admit(said, under or rules(), at).decision


def flipped(said: SignedStatement) -> SignedStatement:
    """The same statement under another signature."""
    message = said.message
    signature = message.signature[:-1] + bytes((message.signature[-1] ^ 1,))
    return rebuilt(said, signature=signature)


def rebuilt(
    said: SignedStatement,
    protected: Mapping[int | str, CborValue] | None = None,
    /,
    *,
    signature: bytes | None = None,
) -> SignedStatement:
    """The same statement with another signature, or with other headers under the signature that it had."""
    message = said.message
    held = encode({**message.protected, **protected}) if protected else message.protected_bytes
    data = encode_sign1(held, message.unprotected, message.payload, signature or message.signature)
    return parse_signed_statement(data)
