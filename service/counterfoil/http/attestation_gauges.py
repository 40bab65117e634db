"""What attestation rests on, as gauges: how old collateral is, how long it holds, and how many keys are enrolled."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from counterfoil.attestation.intel.dcap_collateral import parse_dcap_collateral
from counterfoil.cose.x509_path.revocation import parse_crl
from counterfoil.policy.loaded_collateral import CollateralKind
from counterfoil.policy.rules import Rules

_CRL: Final = "crl"
_LABELS: Final = ("kind", "about")
_AGE_TEXT: Final = "Since collateral was issued; of a key set, which bears no date, since it was loaded."
_REMAINING_TEXT: Final = "Until collateral is out of date, below zero once it is. Key sets have no end."


@dataclass(frozen=True, slots=True)
class _Dated:
    labels: tuple[str, str]
    issued: int
    ends: int | None


def attestation_gauges(rules: Rules, now: int) -> Iterator[Metric]:
    """The gauges at a time, in whole seconds since 1970; there are as many labels as a log loads pieces at most."""
    age = GaugeMetricFamily("counterfoil_collateral_age_seconds", _AGE_TEXT, labels=_LABELS)
    remaining = GaugeMetricFamily("counterfoil_collateral_remaining_seconds", _REMAINING_TEXT, labels=_LABELS)
    for one in _dated(rules):
        age.add_metric(one.labels, now - one.issued)
        if one.ends is not None:
            remaining.add_metric(one.labels, one.ends - now)
    yield age
    yield remaining
    enrolled = sum(session.begins <= now <= session.ends for session in rules.sessions.by_key.values())
    yield GaugeMetricFamily("counterfoil_enrolled_keys", "Keys that are enrolled and in force.", enrolled)


def _dated(rules: Rules) -> Iterator[_Dated]:
    for (kind, about), held in rules.loaded.documents.items():
        if kind is CollateralKind.DCAP:
            dcap = parse_dcap_collateral(held.document)
            yield _Dated((kind, about), dcap.issued, dcap.holds_until)
        else:
            yield _Dated((kind, about), held.since, None)
    for crl in map(parse_crl, rules.crls):
        yield _Dated((_CRL, crl.loaded.issuer.rfc4514_string()), crl.this_update, crl.next_update)
