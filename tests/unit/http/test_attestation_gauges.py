"""What attestation rests on, as an operator watches it."""

import json
from collections.abc import Iterator
from dataclasses import replace

from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector, CollectorRegistry

from counterfoil.attestation.appraisal import Appraisal
from counterfoil.attestation.binding import Binding
from counterfoil.attestation.claims import EvidenceClaims
from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.http.attestation_gauges import attestation_gauges
from counterfoil.policy.loaded_collateral import NO_LOADED, CollateralKind, CollateralNotice
from counterfoil.policy.rules import Rules
from counterfoil.policy.sessions import Session, Sessions
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.identity import parse_origin
from tests.attestation_tokens import jwk
from tests.builders import ORIGIN, issuer_of, policy_for
from tests.certificates import AT, DAY, crl, new_key, root
from tests.intel_quotes import CollateralSays, make_platform

ISSUER = 'https://tokens.example/"odd"\n'
TDX = "tdx/00906ed50000/platform"
KEYS = {purpose: generate_private_key("ES256").public_key for purpose in KeyPurpose}
POLICY = policy_for(issuer_of(generate_private_key("ES256")))
RULES = Rules(Genesis(parse_origin(ORIGIN), KEYS), POLICY, 0, 0)


def shown(rules: Rules, now: int) -> dict[tuple[str, ...], float]:
    class Once(Collector):
        def collect(self) -> Iterator[Metric]:
            return attestation_gauges(rules, now)

    registry = CollectorRegistry()
    registry.register(Once())
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        (
            sample.name.removeprefix("counterfoil_"),
            *(sample.labels[name] for name in ("kind", "about") if sample.labels),
        ): sample.value
        for family in families
        for sample in family.samples
    }


def test_nothing_loaded_has_no_age() -> None:
    assert shown(RULES, AT) == {("enrolled_keys",): 0}


def test_the_age_and_the_end_of_what_is_loaded_are_shown() -> None:
    says = CollateralSays(issued=AT - 60, next_update=AT + 900, crl_until=AT + 601)
    dcap = CollateralNotice(CollateralKind.DCAP, TDX, make_platform().collateral(says=says))
    keys = CollateralNotice(CollateralKind.KEYS, ISSUER, json.dumps({"keys": [jwk(new_key())]}).encode())
    loaded = NO_LOADED.load(dcap, AT).load(keys, AT - 10)
    rules = replace(RULES, loaded=loaded, crls=(crl(root("ca")),))
    now = AT + 700
    assert shown(rules, now) == {
        ("collateral_age_seconds", "dcap", TDX): 760,
        ("collateral_age_seconds", "keys", ISSUER): 710,
        ("collateral_age_seconds", "crl", "CN=ca"): DAY + 700,
        ("collateral_remaining_seconds", "dcap", TDX): -100,
        ("collateral_remaining_seconds", "crl", "CN=ca"): DAY - 700,
        ("enrolled_keys",): 0,
    }


def test_keys_count_while_they_are_in_force() -> None:
    claims = EvidenceClaims(platform=Platform.TPM2, product="x", signer="AK", measurements={}, bound={}, debug=False)
    appraisal = Appraisal(
        appraised_by="a",
        binding=Binding.ENROLMENT,
        claims=claims,
        evidence_digest=bytes(32),
        checks=(),
        holds_from=0,
        holds_until=AT,
        max_age_seconds=60,
    )
    sessions = Sessions(
        {
            bytes([number]): Session(
                entry=number,
                issuer="x",
                key=KEYS[KeyPurpose.SERVICE],
                only_attested=True,
                evidence=Evidence(Platform.TPM2),
                appraisal=appraisal,
                begins=begins,
                ends=ends,
            )
            for number, (begins, ends) in enumerate([(AT, AT), (AT - 5, AT + 5), (AT - 5, AT - 1), (AT + 1, AT + 5)])
        }
    )
    assert shown(replace(RULES, sessions=sessions), AT)["enrolled_keys",] == 2
