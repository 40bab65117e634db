"""``collateral``: what an operator loads, and what is refused before it is published."""

import json
import time
from pathlib import Path

import pytest

from counterfoil.attestation import anchors
from counterfoil.attestation.evidence import Platform
from counterfoil.cli.exit_codes import ExitCode
from tests.attestation_tokens import jwk
from tests.certificates import CA_USAGE, DAY, Says, crl, new_key, root
from tests.cli.commands import Shell
from tests.intel_quotes import SGX, CollateralSays, IntelPlatform, make_platform, pem

NOW = int(time.time())
CA = Says(ca=True, usage=CA_USAGE, not_before=NOW - DAY, not_after=NOW + 9 * DAY)
LEAF = Says(not_before=NOW - DAY, not_after=NOW + 9 * DAY)
ISSUER = "https://tokens.example"


def says(issued: int = NOW - 3600, next_update: int = NOW + DAY) -> CollateralSays:
    return CollateralSays(issued=issued, next_update=next_update, crl_from=NOW - 7200, crl_until=NOW + 2 * DAY)


@pytest.fixture(scope="module")
def intel() -> IntelPlatform:
    return make_platform(pck=LEAF, pck_ca=CA, tcb_signer=LEAF, above=root("Test SGX Root CA", CA))


@pytest.fixture
def file(tmp_path: Path, intel: IntelPlatform) -> Path:
    path = tmp_path / "tdx.json"
    path.write_bytes(intel.collateral(says=says()))
    return path


def test_intels_collateral_is_checked_and_takes_the_place_of_what_is_older(
    data: Path, file: Path, intel: IntelPlatform, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = shell("collateral", "add", file, "--data", data, "--json")
    assert (refused.code, refused.error["code"]) == (ExitCode.UNVERIFIED, "collateral-invalid")
    monkeypatch.setitem(anchors.VENDOR_PINS, Platform.INTEL_TDX, intel.anchors.pins)
    added = shell.ok("collateral", "add", file, "--data", data, "--key", data / "keys" / "service.pem")
    assert (added["kind"], added["about"], added["entry"]) == ("dcap", "tdx/00906ed50000/platform", 2)
    assert (added["issued"], added["holdsUntil"], added["evaluation"]) == (NOW - 3600, NOW + DAY, 17)
    (listed,) = shell.ok("collateral", "list", "--data", data)["collateral"]
    assert listed["since"] >= NOW
    assert {**added, "since": None} == {**listed, "since": None, "entry": 2, "entryId": added["entryId"]}
    again = shell("collateral", "add", file, "--data", data, "--json")
    assert again.error["code"] in {"conflict", "collateral-superseded"}
    file.write_bytes(intel.collateral(says=says(NOW - 3601, NOW + 2 * DAY)))
    assert shell("collateral", "add", file, "--data", data, "--json").error["code"] == "collateral-superseded"
    file.write_bytes(intel.collateral(says=says(NOW - 7200, NOW - 3600)))
    assert shell("collateral", "add", file, "--data", data, "--json").error["code"] == "collateral-out-of-date"
    file.write_bytes(intel.collateral(SGX, says()))
    assert "about             sgx/" in shell("collateral", "add", file, "--data", data).out
    text = shell("collateral", "list", "--data", data).out
    assert [word for word in ("dcap", "tdx/", "sgx/", "holds until", "since") if word not in text] == []


def test_a_root_may_be_given(data: Path, file: Path, intel: IntelPlatform, tmp_path: Path, shell: Shell) -> None:
    top, other = tmp_path / "root.pem", tmp_path / "other.der"
    top.write_bytes(pem(intel.root.der))
    other.write_bytes(root("other").der)
    for given in (("--root", other), ("--kind", "crl"), ("--kind", "keys", "--issuer", ISSUER)):
        assert shell("collateral", "add", file, "--data", data, *given).code != ExitCode.OK
    assert shell.ok("collateral", "add", file, "--data", data, "--root", top, "--kind", "dcap")["entry"] == 2


def test_key_sets_are_loaded_by_operators_and_bear_the_name_of_their_issuer(
    data: Path, tmp_path: Path, shell: Shell
) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [jwk(new_key()), {"kty": "strange"}]}))
    arguments = ("collateral", "add", file, "--data", data)
    assert shell(*arguments, "--json").error["code"] == "malformed-collateral"
    assert shell(*arguments, "--kind", "keys").code == ExitCode.USAGE
    assert shell(*arguments, "--kind", "dcap", "--issuer", ISSUER).code == ExitCode.USAGE
    given = (*arguments, "--issuer", ISSUER)
    service = shell(*given, "--key", data / "keys" / "service.pem", "--json")
    assert (service.code, service.error["code"]) == (ExitCode.REFUSED, "content-type-not-admitted")
    added = shell.ok(*given)
    assert (added["kind"], added["about"], added["keys"], added["others"]) == ("keys", ISSUER, 1, 1)
    assert shell(*given, "--json").error["code"] in {"conflict", "collateral-superseded"}  # In the same second, or not.
    file.write_text(json.dumps({"keys": [jwk(new_key(), d="AA")]}))
    assert shell(*given, "--json").error["code"] == "malformed-collateral"
    (listed,) = shell.ok("collateral", "list", "--data", data)["collateral"]
    assert (listed["about"], listed["digest"]) == (ISSUER, added["digest"])


def test_revocation_lists_are_collateral_too(data: Path, tmp_path: Path, shell: Shell) -> None:
    assert "no collateral" in shell("collateral", "list", "--data", data).out
    file = tmp_path / "ca.crl"
    file.write_bytes(crl(root("ca"), {7: NOW}))
    added = shell.ok("collateral", "add", file, "--data", data)
    assert (added["kind"], added["about"], added["revoked"]) == ("crl", "CN=ca", 1)
    assert shell.ok("crl", "list", "--data", data)["crls"][0]["ca"] == "CN=ca"
    (listed,) = shell.ok("collateral", "list", "--data", data)["collateral"]
    assert listed["digest"] == added["digest"]
    file.write_bytes(b"no list")
    assert shell("collateral", "add", file, "--data", data, "--json").error["code"] == "malformed-crl"


def test_what_reads_the_logs_own_chain_reads_over_collateral(
    data: Path, file: Path, intel: IntelPlatform, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(anchors.VENDOR_PINS, Platform.INTEL_TDX, intel.anchors.pins)
    shell.ok("collateral", "add", file, "--data", data)
    history = shell.ok("policy", "history", "--data", data)
    assert [one["version"] for one in history["policies"]] == [1]
    explained = shell.ok("policy", "explain", 2, "--data", data)
    assert explained
    assert shell.ok("fsck", "--data", data)
    assert shell("audit", "--data", data, "--json").code in {ExitCode.OK, ExitCode.INCOMPLETE}
