"""What verifying a quote of TDX and one of SGX have in common: which collateral, which root, at which time."""

from dataclasses import dataclass
from hashlib import sha256

from counterfoil.attestation.anchors import INTEL_SGX_ROOT, Anchors
from counterfoil.attestation.claims import Check, passed
from counterfoil.attestation.collateral import Collateral
from counterfoil.attestation.evidence import Evidence
from counterfoil.attestation.intel.dcap import Judged, verify_with_dcap
from counterfoil.attestation.intel.dcap_collateral import DcapCollateral, parse_dcap_collateral
from counterfoil.attestation.intel.pck_chain import PckChain, parse_pck_chain
from counterfoil.attestation.intel.quote import IntelQuote, Tee
from counterfoil.cose.x509_path.certificate import parse_certificate
from counterfoil.errors import (
    CertificateOutOfDateError,
    CollateralMissingError,
    CollateralOutOfDateError,
    MalformedError,
    RootUnknownError,
    UnverifiedError,
)

QUOTE, COLLATERAL = "quote", "collateral"


@dataclass(frozen=True, slots=True)
class VerifiedQuote:
    """A quote that holds, with the platform that it is of and the collateral that it was judged by."""

    judged: Judged
    platform: PckChain
    collateral: DcapCollateral

    @property
    def holds_from(self) -> int:
        """The first second at which chain and collateral hold."""
        return max(self.platform.holds_from, self.collateral.holds_from)

    @property
    def holds_until(self) -> int:
        """The last second at which chain and collateral hold."""
        return min(self.platform.holds_until, self.collateral.holds_until)

    @property
    def hardware_id(self) -> bytes | None:
        """SHA-256 of the platform's provisioning id; none where the certificate names none."""
        return sha256(self.judged.ppid).digest() if any(self.judged.ppid) else None

    @property
    def checks(self) -> tuple[Check, ...]:
        """What was checked."""
        return (
            passed("certificate-path"),
            passed("collateral-signatures"),
            passed("quote-signature"),
            passed("quoting-enclave"),
            passed("revocation"),
            passed("tcb-level", self.judged.tcb_status),
        )


def verify_quote(evidence: Evidence, quote: IntelQuote, at: int, anchors: Anchors, loaded: Collateral) -> VerifiedQuote:
    """The quote in ``evidence``, which was read as ``quote``, once it holds at the time ``at``.

    It is judged by loaded collateral about its platform where some is in date, of several by the one that was issued
    last; and by the collateral that the evidence carries only where none is: what the operator loaded is never
    overruled by older lists of whoever sends the evidence.

    Raises:
        MalformedError: A chain or collateral cannot be read.
        CollateralMissingError: None about the platform is at hand.
        CollateralOutOfDateError: What is at hand is not of that time.
        CertificateOutOfDateError: A certificate of the platform is not of that time.
        RootUnknownError: The chain of the platform leads to no pinned root.
        UnverifiedError: What the library found, by its leaves.
    """
    platform = parse_pck_chain(quote.pck_chain)
    collateral = _collateral(evidence, quote.tee, platform, loaded, at)
    if not platform.holds_from <= at <= platform.holds_until:
        raise CertificateOutOfDateError("a certificate of the platform is not valid yet, or no longer")
    failure: MalformedError | UnverifiedError | None = None
    for root in _roots(platform, collateral, anchors):
        try:
            judged = verify_with_dcap(quote.exact, collateral, root, at)
            return VerifiedQuote(judged, platform, collateral)
        except (MalformedError, UnverifiedError) as error:
            failure = failure or error
    raise failure or RootUnknownError("the chain of the platform leads to no root that is pinned")


def _collateral(evidence: Evidence, tee: Tee, platform: PckChain, loaded: Collateral, at: int) -> DcapCollateral:
    ours = [one for one in map(parse_dcap_collateral, loaded.dcap) if _is_about(one, tee, platform)]
    in_date = [one for one in ours if one.is_in_date(at)]
    if in_date:
        return max(in_date, key=lambda one: (one.issued, one.digest))
    if COLLATERAL in evidence.parts:
        carried = parse_dcap_collateral(evidence.parts[COLLATERAL])
        if _is_about(carried, tee, platform):
            ours.append(carried)
            if carried.is_in_date(at):
                return carried
    if ours:
        raise CollateralOutOfDateError(f"no collateral about the platform is of the time {at}")
    raise CollateralMissingError(f"no collateral for {tee.name} on platforms of FMSPC {platform.fmspc.hex()}")


def _is_about(collateral: DcapCollateral, tee: Tee, platform: PckChain) -> bool:
    about = (collateral.tee, collateral.fmspc, collateral.pce_id, collateral.pck_issuer)
    return about == (tee, platform.fmspc, platform.pce_id, platform.issuer)


def _roots(platform: PckChain, collateral: DcapCollateral, anchors: Anchors) -> tuple[bytes | None, ...]:
    """The root that the chain carries, if it is pinned; where it carries none, the pinned ones of the name it needs."""
    if platform.root is not None:
        return (platform.root,) if anchors.is_pinned(platform.root) else ()
    known = anchors.roots_among(collateral.certificates())
    named = tuple(der for der in known if parse_certificate(der).subject == platform.above)
    return named or ((None,) if INTEL_SGX_ROOT in anchors.pins else ())
