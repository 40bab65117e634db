"""Every error this project raises on purpose, by whose fault it is.

::

    CounterfoilError
    ├── MalformedError           the sender's bytes cannot be read
    │   ├── MalformedCborError, CborLimitError, DuplicateKeyError, TrailingBytesError
    │   ├── ForbiddenTagError, MalformedJsonError, MalformedBase64Error
    │   ├── NotSign1Error, MalformedHeaderError, CriticalHeaderError, AlgorithmMissingError
    │   ├── ReceiptAsStatementError, MalformedClaimsError, PayloadMissingError
    │   ├── MalformedKeyError, MalformedCertificateError, MalformedCrlError, MalformedDidError
    │   ├── MalformedReceiptError, MalformedProofError, MalformedCheckpointError, MalformedTilePathError
    │   ├── MalformedChainHeadError
    │   ├── MalformedPolicyError, MalformedGenesisError, MalformedPageError, MalformedDecisionError, MalformedCaseError
    │   ├── MalformedNoticeError
    │   ├── MalformedEventError, RootTraceMismatchError
    │   ├── MalformedEvidenceError, EvidencePartError, EvidenceTooLargeError, MalformedCollateralError
    │   └── MalformedEntryIdError, MalformedEntryError, MalformedParameterError, TooLargeError
    ├── UnverifiedError          a signature or proof does not hold, or cannot be checked
    │   ├── SignatureInvalidError, AlgorithmUnsupportedError, AlgorithmKeyMismatchError
    │   ├── InclusionInvalidError, ConsistencyInvalidError, RootMismatchError, SizeMismatchError
    │   ├── ChainInvalidError, CaseInvalidError
    │   ├── PathInvalidError, RootUnknownError, CertificateOutOfDateError
    │   ├── CertificateRevokedError, RevocationUnknownError
    │   ├── ReceiptKeyCompromisedError, ReceiptKeyNotInForceError
    │   ├── EntryRevokedError
    │   ├── AppraisalDiffersError
    │   ├── EvidenceSignatureError, EvidenceVersionError, EvidenceMismatchError, EvidenceCertificateError
    │   ├── EvidenceOutOfDateError, CollateralMissingError, CollateralOutOfDateError, CollateralInvalidError
    │   ├── EvidenceDebugError, EvidenceAttributesError, EvidenceTcbError
    │   ├── EvidenceKeyError
    │   ├── TokenIssuerError, TokenNotAffirmingError
    │   └── StructureUnsupportedError, LogKeyUnknownError, IssuerMismatchError, ReceiptMissingError
    ├── RefusedError             the registration policy says no
    │   ├── ClaimMissingError, KeyIdentifierMissingError, KeyIdentifierConflictError, CertificateMissingError
    │   ├── IssuerUnknownError, KeyUnknownError, KeyOfAnotherIssuerError, SignedByLogKeyError
    │   ├── CertificateUnlikeIssuerError, AudienceMismatchError, SubjectReservedError
    │   ├── AlgorithmNotAdmittedError, ContentTypeNotAdmittedError, RoleNotAdmittedError, StatementTooLargeError
    │   ├── RequiredClaimMissingError, FromTheFutureError, NotYetValidError, ExpiredError
    │   ├── PolicyVersionError, PolicyUnsafeError, PageRootError
    │   ├── PolicySupersededError, PolicyUnapprovedError, ProposalUnknownError
    │   ├── KeyRevokedError, RevocationRefusedError, ReceiptKeyRefusedError, CrlSupersededError
    │   ├── PlatformNotAdmittedError, SignerNotAdmittedError, DebugNotAdmittedError, MigrationNotAdmittedError
    │   ├── PrivilegeNotAdmittedError, MeasurementNotAdmittedError, EndorsementNotAdmittedError, FactNotAdmittedError
    │   ├── TcbTooOldError, TcbStatusNotAdmittedError, AdvisoryNotAdmittedError, EvidenceTooOldError
    │   ├── UncheckedNotAdmittedError, KeyNotBoundError, AttestationRequiredError, AttestationNotAskedError
    │   ├── ChallengeMissingError, ChallengeForeignError, ChallengeExpiredError, ChallengeUsedError
    │   ├── ChallengeMismatchError, TooManySessionsError, CollateralSupersededError
    │   └── ActorRoleError, FormationRepeatedError, NothingToClearError, PreviousUnknownError, FindingRefusedError
    ├── ConflictError            already there in another form
    │   ├── SignatureTwinError, PageSupersededError, NameAmbiguousError
    │   └── OvertakenError           it came before what it rests on; the same bytes later are welcome
    │       └── NoFormationError, ReferenceUnknownError
    ├── AbsentError              nothing there by that name
    │   ├── EntryAbsentError, ChainAbsentError, TileAbsentError, KeyAbsentError
    │   ├── ChallengeSessionAbsentError, ChallengeSessionExpiredError
    │   └── SizeNotCommittedError, ContentAbsentError
    ├── UnavailableError         come back later; nothing was changed
    │   ├── CommitTimeoutError, QueueFullError, StoreUnavailableError, RulesUnsettledError
    │   └── ReceiptKeyEndedError, RateLimitedError
    ├── CorruptError             ours: the process stops
    │   └── LogCorruptError, KeysMismatchError, SchemaMismatchError
    └── MisconfiguredError       the operator's command or environment cannot be carried out
        └── AlreadyInitialisedError, NotInitialisedError, UnsafeConfigurationError, SignerUnavailableError

Each leaf has a ``code`` that never changes once released: programs branch on it. An error's text names hashes and
identifiers only, never key material and never payload bytes. Which HTTP status or exit code an error becomes is not
decided here (``http/problems.py``, ``cli/exit_codes.py``).
"""

from typing import ClassVar


class CounterfoilError(Exception):
    """The root of the tree; never raised itself."""

    code: ClassVar[str] = "error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class MalformedError(CounterfoilError):
    """The sender's bytes cannot be read."""

    code = "malformed"


class UnverifiedError(CounterfoilError):
    """A signature or a proof does not hold, or cannot be checked with what is at hand."""

    code = "unverified"


class RefusedError(CounterfoilError):
    """The registration policy does not admit the statement (RFC 9943, section 5.1.1)."""

    code = "refused"


class ConflictError(CounterfoilError):
    """What was sent is on the log already in another form, or was overtaken."""

    code = "conflict"


class AbsentError(CounterfoilError):
    """Nothing is there by that name."""

    code = "absent"


class UnavailableError(CounterfoilError):
    """The service cannot answer now; nothing was changed and sending again is harmless."""

    code = "unavailable"


class CorruptError(CounterfoilError):
    """What the log stored disagrees with itself. The process stops and repairs nothing."""

    code = "corrupt"


class MisconfiguredError(CounterfoilError):
    """The operator asked for something that cannot be carried out as configured."""

    code = "misconfigured"


class MalformedCborError(MalformedError):
    """The bytes are not well-formed CBOR, or hold what this log never reads (RFC 8949)."""

    code = "malformed-cbor"


class CborLimitError(MalformedError):
    """The CBOR is deeper, wider or longer than any message of this log needs to be."""

    code = "cbor-limit-exceeded"


class DuplicateKeyError(MalformedError):
    """A map holds the same key twice (RFC 8949, section 5.6; RFC 8259, section 4)."""

    code = "duplicate-key"


class TrailingBytesError(MalformedError):
    """Bytes follow the one item that was expected."""

    code = "trailing-bytes"


class ForbiddenTagError(MalformedError):
    """A CBOR tag other than 18, or 1 on a NumericDate, is present."""

    code = "forbidden-tag"


class MalformedJsonError(MalformedError):
    """The bytes are not I-JSON (RFC 7493), or not in RFC 8785 form where that is required."""

    code = "malformed-json"


class MalformedBase64Error(MalformedError):
    """The text is not unpadded base64url in its one canonical spelling (RFC 4648, section 5)."""

    code = "malformed-base64url"


class NotSign1Error(MalformedError):
    """The item is not a COSE_Sign1 message tagged 18 (RFC 9052, section 4.2)."""

    code = "not-cose-sign1"


class MalformedHeaderError(MalformedError):
    """A COSE header parameter has the wrong type or shape, or stands in both buckets (RFC 9052, section 3)."""

    code = "malformed-header"


class CriticalHeaderError(MalformedError):
    """A header parameter listed as critical is not understood (RFC 9052, section 3.1)."""

    code = "critical-header-unknown"


class AlgorithmMissingError(MalformedError):
    """The protected header names no algorithm (RFC 9052, section 3.1)."""

    code = "algorithm-missing"


class MalformedClaimsError(MalformedError):
    """The CWT claims in header 15 are of the wrong type or out of bounds (RFC 9597, RFC 8392)."""

    code = "malformed-claims"


class PayloadMissingError(MalformedError):
    """The payload is detached and none was supplied."""

    code = "payload-missing"


class MalformedKeyError(MalformedError):
    """The bytes are not a public key of a supported kind, or the point is not on its curve (RFC 9053, section 7)."""

    code = "malformed-key"


class MalformedCertificateError(MalformedError):
    """A certificate in x5chain cannot be read (RFC 9360)."""

    code = "malformed-certificate"


class MalformedCrlError(MalformedError):
    """The bytes are not a certificate revocation list (RFC 5280, section 5)."""

    code = "malformed-crl"


class MalformedDidError(MalformedError):
    """The text is no identifier of its DID method (did:x509, did:key), or a DID document is none."""

    code = "malformed-did"


class MalformedReceiptError(MalformedError):
    """The bytes are not a COSE receipt (RFC 9942)."""

    code = "malformed-receipt"


class MalformedProofError(MalformedError):
    """A proof is not of the shape RFC 9942 gives it."""

    code = "malformed-proof"


class MalformedCheckpointError(MalformedError):
    """The text is not a checkpoint or not a signed note (C2SP tlog-checkpoint, signed-note)."""

    code = "malformed-checkpoint"


class MalformedChainHeadError(MalformedError):
    """The bytes are no signed note of a chain head."""

    code = "malformed-chain-head"


class MalformedTilePathError(MalformedError):
    """The path names no tile (C2SP tlog-tiles)."""

    code = "malformed-tile-path"


class MalformedPolicyError(MalformedError):
    """The payload is not a registration policy document."""

    code = "malformed-policy"


class MalformedGenesisError(MalformedError):
    """The payload is not a genesis document."""

    code = "malformed-genesis"


class MalformedNoticeError(MalformedError):
    """The payload is not a notice about a key."""

    code = "malformed-notice"


class MalformedPageError(MalformedError):
    """The payload is not a page of decisions."""

    code = "malformed-page"


class MalformedCaseError(MalformedError):
    """The bytes are no case file: no ZIP, or one without the files that a case has."""

    code = "malformed-case"


class MalformedDecisionError(MalformedError):
    """The bytes are not a decision record."""

    code = "malformed-decision"


class MalformedEventError(MalformedError):
    """The payload is not a trace event of this profile: another shape, or not in RFC 8785 form."""

    code = "malformed-event"


class RootTraceMismatchError(MalformedError):
    """The rootTraceId in a trace event is not the subject of its statement."""

    code = "root-trace-mismatch"


class MalformedEvidenceError(MalformedError):
    """The bytes are not evidence of the platform that they are said to be of."""

    code = "malformed-evidence"


class EvidencePartError(MalformedError):
    """A part of the evidence is missing, or there is one that the platform does not have."""

    code = "evidence-part"


class EvidenceTooLargeError(MalformedError):
    """The evidence, or a part of it, is larger than any of its kind."""

    code = "evidence-too-large"


class MalformedCollateralError(MalformedError):
    """The bytes are not collateral of the kind that they are said to be."""

    code = "malformed-collateral"


class MalformedEntryIdError(MalformedError):
    """The text is not an entry id: 64 lowercase hexadecimal digits."""

    code = "malformed-entry-id"


class MalformedEntryError(MalformedError):
    """An entry that a log gives out for an audit is not in the form of one."""

    code = "malformed-entry"


class MalformedParameterError(MalformedError):
    """A request parameter is missing, of the wrong type or out of bounds."""

    code = "malformed-parameter"


class TooLargeError(MalformedError):
    """The message is larger than this log reads."""

    code = "too-large"


class SignatureInvalidError(UnverifiedError):
    """The signature does not verify with the key (RFC 9052, section 4.4)."""

    code = "signature-invalid"


class AlgorithmUnsupportedError(UnverifiedError):
    """The algorithm is unknown here, or this installation cannot compute it."""

    code = "algorithm-unsupported"


class AlgorithmKeyMismatchError(UnverifiedError):
    """The algorithm does not fit the key's type or curve (RFC 9053, section 2)."""

    code = "algorithm-key-mismatch"


class InclusionInvalidError(UnverifiedError):
    """The inclusion proof does not lead to a root (RFC 9162, section 2.1.3.2)."""

    code = "inclusion-proof-invalid"


class ConsistencyInvalidError(UnverifiedError):
    """The consistency proof does not join the two roots (RFC 9162, section 2.1.4.2)."""

    code = "consistency-proof-invalid"


class SizeMismatchError(UnverifiedError):
    """The proof states another tree size than the one that was signed."""

    code = "size-mismatch"


class RootMismatchError(UnverifiedError):
    """The proof leads to a root other than the one given."""

    code = "root-mismatch"


class CaseInvalidError(UnverifiedError):
    """The files of a case do not belong together, or one is not what the others lead to."""

    code = "case-invalid"


class PathInvalidError(UnverifiedError):
    """The path from a certificate to its root breaks a rule, which the text names (RFC 5280, section 6)."""

    code = "certificate-path-invalid"


class RootUnknownError(UnverifiedError):
    """No path leads from the certificate to a root that is trusted here (RFC 5280, section 6.1)."""

    code = "certificate-root-unknown"


class CertificateOutOfDateError(UnverifiedError):
    """A certificate of the path is not valid yet, or no longer (RFC 5280, section 4.1.2.5)."""

    code = "certificate-out-of-date"


class CertificateRevokedError(UnverifiedError):
    """A certificate of the path is revoked by its CA (RFC 5280, section 5.3)."""

    code = "certificate-revoked"


class RevocationUnknownError(UnverifiedError):
    """Whether a certificate of the path is revoked cannot be told from the CRLs at hand (RFC 5280, section 6.3)."""

    code = "certificate-revocation-unknown"


class ChainInvalidError(UnverifiedError):
    """The entries given are not those that the chain's hash commits to, or contradict one another."""

    code = "chain-invalid"


class StructureUnsupportedError(UnverifiedError):
    """The receipt's verifiable data structure is not RFC9162_SHA256; nothing was verified (RFC 9942)."""

    code = "vds-unsupported"


class LogKeyUnknownError(UnverifiedError):
    """No trusted log key answers to the identifier in the receipt or checkpoint."""

    code = "log-key-unknown"


class ReceiptKeyCompromisedError(UnverifiedError):
    """The receipt is by a compromised key, and nothing shows that it was made before that (RFC 9943, section 9.4)."""

    code = "receipt-key-compromised"


class ReceiptKeyNotInForceError(UnverifiedError):
    """The receipt is of a tree that the log signed before the key came into use, or after it was retired."""

    code = "receipt-key-not-in-force"


class EntryRevokedError(UnverifiedError):
    """The log has revoked the key of the entry from before it on: what it says is not to be believed."""

    code = "entry-revoked"


class AppraisalDiffersError(UnverifiedError):
    """Evidence on the log does not come to what the decision record says."""

    code = "appraisal-differs"


class EvidenceSignatureError(UnverifiedError):
    """A signature in the evidence does not verify."""

    code = "evidence-signature-invalid"


class EvidenceVersionError(UnverifiedError):
    """The evidence has a version, type or algorithm that is not verified here."""

    code = "evidence-version-unsupported"


class EvidenceMismatchError(UnverifiedError):
    """Two parts of the evidence do not belong together."""

    code = "evidence-mismatch"


class EvidenceCertificateError(UnverifiedError):
    """The certificates of the evidence are not those that its vendor issues for the purpose."""

    code = "evidence-certificate"


class EvidenceOutOfDateError(UnverifiedError):
    """The evidence itself says that it is not of this time."""

    code = "evidence-out-of-date"


class EvidenceKeyError(UnverifiedError):
    """The key that signed may sign other things than evidence, or need not have been made where it is used."""

    code = "evidence-key-unfit"


class CollateralMissingError(UnverifiedError):
    """Nobody loaded the collateral by which this evidence is judged."""

    code = "collateral-missing"


class CollateralOutOfDateError(UnverifiedError):
    """The collateral is not of the time at which the evidence is judged."""

    code = "collateral-out-of-date"


class CollateralInvalidError(UnverifiedError):
    """A signature of the collateral does not verify, or leads to no pinned root."""

    code = "collateral-invalid"


class EvidenceDebugError(UnverifiedError):
    """The host may read the memory of the environment, and evidence of such ones is not verified any further."""

    code = "evidence-debug"


class EvidenceAttributesError(UnverifiedError):
    """The environment was started with attributes of which the verification of its evidence admits none."""

    code = "evidence-attributes"


class EvidenceTcbError(UnverifiedError):
    """The vendor knows no TCB level that the platform reaches, or has revoked the one that it is at."""

    code = "evidence-tcb"


class TokenIssuerError(UnverifiedError):
    """An attestation result is of no issuer that is known for its platform (RFC 7519, section 4.1.1)."""

    code = "token-issuer-unknown"


class TokenNotAffirmingError(UnverifiedError):
    """A genuine attestation result says itself that the environment, or a part of it, did not pass appraisal."""

    code = "token-not-affirming"


class IssuerMismatchError(UnverifiedError):
    """The receipt or checkpoint was issued by another log than the one expected."""

    code = "issuer-mismatch"


class ReceiptMissingError(UnverifiedError):
    """The statement carries no receipt, so nothing shows that it is on a log."""

    code = "receipt-missing"


class ClaimMissingError(RefusedError):
    """A CWT claim that RFC 9943 requires for registration, iss or sub, is absent."""

    code = "claim-missing"


class KeyIdentifierMissingError(RefusedError):
    """The protected header holds none of kid, x5t and x5chain (RFC 9943, section 6)."""

    code = "key-identifier-missing"


class KeyIdentifierConflictError(RefusedError):
    """kid, x5t and x5chain do not all name the same key (RFC 9943, section 5.1.1.1)."""

    code = "key-identifier-conflict"


class CertificateMissingError(RefusedError):
    """x5t names a certificate that the message does not carry."""

    code = "certificate-missing"


class CertificateUnlikeIssuerError(RefusedError):
    """The certificate is none of the issuer's: not what the policy pins of it, or not what iss itself says."""

    code = "certificate-unlike-issuer"


class IssuerUnknownError(RefusedError):
    """The registration policy names no such issuer."""

    code = "issuer-unknown"


class KeyUnknownError(RefusedError):
    """The registration policy holds no such key."""

    code = "key-unknown"


class KeyOfAnotherIssuerError(RefusedError):
    """The key identifier names a key that the registration policy gives to another issuer."""

    code = "key-of-another-issuer"


class SignedByLogKeyError(RefusedError):
    """The statement names a receipt or checkpoint key of this log as its signer."""

    code = "signed-by-log-key"


class ReceiptAsStatementError(MalformedError):
    """The message carries header 395 or 396: it is a receipt, not a statement."""

    code = "receipt-as-statement"


class AudienceMismatchError(RefusedError):
    """The CWT claim aud is present and is not this log."""

    code = "audience-mismatch"


class SubjectReservedError(RefusedError):
    """The subject is kept for this log's own statements."""

    code = "subject-reserved"


class AlgorithmNotAdmittedError(RefusedError):
    """The registration policy does not admit the algorithm."""

    code = "algorithm-not-admitted"


class ContentTypeNotAdmittedError(RefusedError):
    """The registration policy does not admit the content type."""

    code = "content-type-not-admitted"


class RoleNotAdmittedError(RefusedError):
    """The issuer holds none of the roles that the registration policy asks for this content type."""

    code = "role-not-admitted"


class StatementTooLargeError(RefusedError):
    """The statement is larger than the registration policy admits."""

    code = "statement-too-large"


class RequiredClaimMissingError(RefusedError):
    """A CWT claim that the registration policy requires of such statements is absent."""

    code = "required-claim-missing"


class FromTheFutureError(RefusedError):
    """The statement says it was issued later than now, by more than the admitted clock skew."""

    code = "from-the-future"


class NotYetValidError(RefusedError):
    """The statement's nbf claim has not come yet."""

    code = "not-yet-valid"


class ExpiredError(RefusedError):
    """The statement's exp claim has passed."""

    code = "expired"


class PolicyVersionError(RefusedError):
    """The policy document's version is not the one that follows the policy in force."""

    code = "policy-version"


class PolicyUnsafeError(RefusedError):
    """The policy document would admit a key or a content type that is the log's own."""

    code = "policy-unsafe"


class PolicySupersededError(RefusedError):
    """The policy, or the proposal of one, does not name the policy in force as the one that it replaces."""

    code = "policy-superseded"


class PolicyUnapprovedError(RefusedError):
    """Too few of the operators in force, or of those of the new policy, approved of it."""

    code = "policy-unapproved"


class ProposalUnknownError(RefusedError):
    """What is approved is no proposal to replace the policy in force."""

    code = "proposal-unknown"


class KeyRevokedError(RefusedError):
    """The key that verifies the statement is revoked."""

    code = "key-revoked"


class RevocationRefusedError(RefusedError):
    """The revocation says nothing new, or is of a key of this log or of entries to come."""

    code = "revocation-refused"


class ReceiptKeyRefusedError(RefusedError):
    """The receipt key cannot come into use, or go out of it."""

    code = "receipt-key-refused"


class CrlSupersededError(RefusedError):
    """The revocation list is not newer than the one of its CA that the log holds, or is of a part of what it issued."""

    code = "crl-superseded"


class PlatformNotAdmittedError(RefusedError):
    """No appraisal policy that counts here admits evidence of that platform."""

    code = "platform-not-admitted"


class SignerNotAdmittedError(RefusedError):
    """The evidence was signed by a kind of key that the appraisal policy does not admit."""

    code = "evidence-signer-not-admitted"


class DebugNotAdmittedError(RefusedError):
    """The attested environment can be debugged by its host."""

    code = "debug-not-admitted"


class MigrationNotAdmittedError(RefusedError):
    """The attested environment can be moved to another machine by a migration agent."""

    code = "migration-not-admitted"


class PrivilegeNotAdmittedError(RefusedError):
    """The evidence was asked for from a privilege level that the appraisal policy does not admit."""

    code = "vmpl-not-admitted"


class MeasurementNotAdmittedError(RefusedError):
    """A measurement is none of those that the appraisal policy names."""

    code = "measurement-not-admitted"


class EndorsementNotAdmittedError(RefusedError):
    """Nobody whom the appraisal policy names endorses the measurement, or not in that version."""

    code = "endorsement-not-admitted"


class FactNotAdmittedError(RefusedError):
    """A value in the evidence is none of those that the appraisal policy names for it."""

    code = "evidence-value-not-admitted"


class TcbTooOldError(RefusedError):
    """The firmware of the platform is older than the appraisal policy asks for."""

    code = "tcb-too-old"


class TcbStatusNotAdmittedError(RefusedError):
    """The vendor's status of the platform's firmware is none that the appraisal policy admits."""

    code = "tcb-status-not-admitted"


class AdvisoryNotAdmittedError(RefusedError):
    """A security advisory concerns the platform, and the appraisal policy does not admit it."""

    code = "advisory-not-admitted"


class EvidenceTooOldError(RefusedError):
    """The evidence was made longer ago than the appraisal policy admits."""

    code = "evidence-too-old"


class UncheckedNotAdmittedError(RefusedError):
    """Something could not be checked with what is at hand, and the appraisal policy does not admit that."""

    code = "unchecked-not-admitted"


class KeyNotBoundError(RefusedError):
    """The evidence does not bind the key in any way that the appraisal policy admits."""

    code = "key-not-bound"


class AttestationRequiredError(RefusedError):
    """The policy asks for attested hardware, and the key that signed is not bound to any that it admits."""

    code = "attestation-required"


class AttestationNotAskedError(RefusedError):
    """Evidence was sent where no appraisal policy of the log is there to judge it."""

    code = "attestation-not-asked"


class ChallengeMissingError(RefusedError):
    """An enrolment answers no challenge of this log."""

    code = "challenge-missing"


class ChallengeForeignError(RefusedError):
    """The challenge was not given by this log."""

    code = "challenge-foreign"


class ChallengeExpiredError(RefusedError):
    """The challenge was given too long ago, or not yet."""

    code = "challenge-expired"


class ChallengeUsedError(RefusedError):
    """An enrolment has answered the challenge already."""

    code = "challenge-used"


class ChallengeMismatchError(RefusedError):
    """What was posted to the session of a challenge is no enrolment that answers that challenge."""

    code = "challenge-mismatch"


class TooManySessionsError(RefusedError):
    """As many keys are enrolled as a log keeps in force at a time."""

    code = "too-many-sessions"


class CollateralSupersededError(RefusedError):
    """The log holds collateral of that kind and name that is not older, or as many pieces of it as it takes."""

    code = "collateral-superseded"


class PageRootError(RefusedError):
    """The page does not state the root of the decisions it covers."""

    code = "page-root"


class ActorRoleError(RefusedError):
    """The role that an event names is not its type's, or not its issuer's in the registration policy."""

    code = "actor-role"


class FormationRepeatedError(RefusedError):
    """A party of an engagement forms it a second time."""

    code = "formation-repeated"


class FindingRefusedError(RefusedError):
    """A statement would have a finding that the policy of this log does not admit."""

    code = "finding-refused"


class NothingToClearError(RefusedError):
    """What an event clears is on the log, and is no suspension or escalation that stands."""

    code = "nothing-to-clear"


class PreviousUnknownError(RefusedError):
    """``previous`` names no earlier entry of the statement's chain."""

    code = "previous-unknown"


class SignatureTwinError(ConflictError):
    """The same content is registered with the other ECDSA signature of the pair (r, s) and (r, n-s).

    ``entry_id`` is the registered entry's id; the bytes that came are not registered.
    """

    code = "signature-twin"

    def __init__(self, detail: str, entry_id: bytes) -> None:
        super().__init__(detail)
        self.entry_id = entry_id


class NameAmbiguousError(ConflictError):
    """Events of one name are in several engagements."""

    code = "name-ambiguous"


class PageSupersededError(ConflictError):
    """Another page has covered these decisions already."""

    code = "page-superseded"


class OvertakenError(ConflictError):
    """It came before what it rests on; nothing was changed, and the same bytes sent later are welcome."""

    code = "overtaken"


class NoFormationError(OvertakenError):
    """The engagement has no FORMATION yet."""

    code = "no-formation"


class ReferenceUnknownError(OvertakenError):
    """A reference names an entry that this chain does not hold yet."""

    code = "reference-unknown"


class EntryAbsentError(AbsentError):
    """No entry has that id."""

    code = "entry-not-found"


class ChainAbsentError(AbsentError):
    """No entry has that root trace id."""

    code = "chain-not-found"


class TileAbsentError(AbsentError):
    """The tree has no such tile yet."""

    code = "tile-not-found"


class KeyAbsentError(AbsentError):
    """No key of this log has that identifier."""

    code = "no-such-key"


class ChallengeSessionAbsentError(AbsentError):
    """No challenge of this log has a session of that name."""

    code = "challenge-session-not-found"


class ChallengeSessionExpiredError(AbsentError):
    """The challenge of the session can be answered no more; what answered it in time is an entry of the log."""

    code = "challenge-session-expired"


class SizeNotCommittedError(AbsentError):
    """No tree head was committed at that size."""

    code = "size-not-committed"


class ContentAbsentError(AbsentError):
    """The entry's content is not stored here."""

    code = "content-not-found"


class CommitTimeoutError(UnavailableError):
    """The commit did not come in time; the statement may or may not be registered, and posting it again tells."""

    code = "commit-timeout"


class QueueFullError(UnavailableError):
    """More statements wait for the next commit than this process holds."""

    code = "queue-full"


class StoreUnavailableError(UnavailableError):
    """The store did not answer or refused the transaction."""

    code = "store-unavailable"


class RulesUnsettledError(UnavailableError):
    """The rules changed again and again while the statement was decided."""

    code = "rules-unsettled"


class ReceiptKeyEndedError(UnavailableError):
    """This process signs with a receipt key that is not in force any more; one with another key may take it."""

    code = "receipt-key-ended"


class RateLimitedError(UnavailableError):
    """Somebody sends more than is taken from one sender; ``retry_after`` is in whole seconds, at least one."""

    code = "rate-limited"

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class LogCorruptError(CorruptError):
    """Entries, tree, heads or chains disagree."""

    code = "log-corrupt"


class KeysMismatchError(CorruptError):
    """The signing keys at hand are not the ones the log's genesis statement names."""

    code = "keys-mismatch"


class SchemaMismatchError(CorruptError):
    """The database is not at the schema revision this release works with."""

    code = "schema-mismatch"


class AlreadyInitialisedError(MisconfiguredError):
    """There is a log in that place already."""

    code = "already-initialised"


class NotInitialisedError(MisconfiguredError):
    """There is no log in that place."""

    code = "not-initialised"


class UnsafeConfigurationError(MisconfiguredError):
    """The configuration would open what must stay closed."""

    code = "unsafe-configuration"


class SignerUnavailableError(MisconfiguredError):
    """No signer can be made from the URI."""

    code = "signer-unavailable"
