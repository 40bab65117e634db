"""``make bench-attestation``: what verifying evidence costs, in units of one ES256 verification in the same run."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench.bad_evidence import refuse
from bench.evidence import Sample, samples
from bench.ratios import Subject, measured, signatures, table
from bench.sessions import session_subjects
from counterfoil.attestation.evidence import Platform

ROOT: Final = Path(__file__).parents[1]

_COLD: Final = {Platform.AMD_SEV_SNP: 15.0, Platform.INTEL_TDX: 15.0, Platform.AWS_NITRO: 35.0}
_REMEMBERED: Final = {Platform.AMD_SEV_SNP: 6.0}
"""What evidence may cost at most when none like it was seen before, and once its chain is known."""

_LOADED: Final = frozenset({"parse_dcap_collateral", "parse_crl", "_authority"})
"""What reads the collateral that a log holds, and the certificates of CAs that it brings, and remembers them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write build/bench-attestation.json; 1 when asked to fail and a target is missed."""
    asked = _parse(arguments)
    found = samples()
    for platform in sorted(set(Platform) - set(found) - {Platform.COMPOSITE}):
        print(f"left out: {platform}, of which there is no evidence or no verifier here")
    ratios = measured([*signatures(), *_subjects(found), *session_subjects()], asked.rounds, asked.times)
    bad = refuse(found, asked.bad)
    print("\n".join(table(ratios)))
    print(bad.told())
    members = {"refused": bad.refused, "accepted": bad.accepted, "seconds": round(bad.seconds, 3), "growth": bad.growth}
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps({"ratios": [one.as_json() for one in ratios], "bad": members}, indent=1) + "\n")
    missed = not bad.is_flat or not all(one.is_met for one in ratios)
    return int(asked.fail and missed)


def _subjects(found: Mapping[Platform, Sample]) -> Iterator[Subject]:
    for platform, sample in found.items():
        known = _LOADED if sample.collateral.dcap else frozenset[str]()
        target = _COLD.get(platform)
        cold = Subject(f"{platform}, cold", sample.verify, cold=True, known=known, target=target, source=sample.source)
        yield cold
        yield replace(cold, name=f"{platform}, seen before", cold=False, target=_REMEMBERED.get(platform))
        if sample.collateral.dcap:
            yield replace(cold, name=f"{platform}, collateral not read yet", known=frozenset(), target=None)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="how often each is measured, in turns")
    parser.add_argument("--times", type=int, default=5, help="how often each runs in a round")
    parser.add_argument("--bad", type=int, default=10_000, help="how many pieces of bad evidence are refused")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench-attestation.json")
    parser.add_argument("--fail", action="store_true", help="end with 1 when a target is missed")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
