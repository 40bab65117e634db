"""Our verdict on a path beside those of OpenSSL's command and of the verifier that comes with the library."""

import subprocess
from pathlib import Path
from shutil import which

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import verification

from counterfoil.cose.x509_path.purpose import PathPurpose
from counterfoil.cose.x509_path.validate import validate_path
from counterfoil.errors import MalformedError, UnverifiedError
from tests.certificates import AT, when
from tests.interop.x509_cases import PLACES, WANTED, Case, crl_cases, plain_cases
from tests.unit.cose.x509_path.test_name_constraints import BEYOND, WITHIN, Names, constrained

WITH_CRL = PathPurpose()
NO_CRL = PathPurpose(crl_may_be_missing=True, leaf_may_be_ca=True)
CLIENT = PathPurpose(
    crl_may_be_missing=True,
    leaf_may_be_ca=True,
    extended_key_usage=WANTED.dotted_string,
    extended_key_usage_may_be_absent=True,
)
openssl = pytest.mark.skipif(which("openssl") is None, reason="no openssl on the path")


def ours(case: Case, purpose: PathPurpose) -> bool:
    try:
        validate_path(case.chain, case.roots, AT, purpose=purpose, crls=case.crls)
    except (UnverifiedError, MalformedError):
        return False
    return True


def by_openssl(case: Case, folder: Path, *options: str) -> bool:
    files = {
        "leaf": [_pem("CERTIFICATE", case.chain[0])],
        "untrusted": [_pem("CERTIFICATE", der) for der in case.chain[1:]],
        "trusted": [_pem("CERTIFICATE", der) for der in case.roots],
        "crls": [_pem("X509 CRL", der) for der in case.crls],
    }
    arguments = [
        "openssl",
        "verify",
        "-attime",
        str(AT),
        "-partial_chain",
        "-auth_level",
        "2",
        "-no-CAfile",
        "-no-CApath",
    ]
    for name, blocks in files.items():
        (folder / name).write_text("".join(blocks))
    arguments += ["-trusted", str(folder / "trusted"), *options]
    if files["untrusted"]:
        arguments += ["-untrusted", str(folder / "untrusted")]
    if files["crls"]:
        arguments += ["-CRLfile", str(folder / "crls")]
    return subprocess.run([*arguments, str(folder / "leaf")], check=False, capture_output=True).returncode == 0


def by_library(case: Case) -> bool:
    any_extension = verification.ExtensionPolicy.permit_all()
    agnostic = verification.Criticality.AGNOSTIC
    ca_policy = any_extension.require_present(x509.BasicConstraints, agnostic, None)
    load = x509.load_der_x509_certificate
    builder = verification.PolicyBuilder().time(when(AT)).store(verification.Store([load(der) for der in case.roots]))
    verifier = builder.extension_policies(ca_policy=ca_policy, ee_policy=any_extension).build_client_verifier()
    try:
        verifier.verify(load(case.chain[0]), [load(der) for der in case.chain[1:]])
    except verification.VerificationError:
        return False
    return True


def _pem(label: str, der: bytes) -> str:
    if label == "CERTIFICATE":
        return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM).decode()
    return x509.load_der_x509_crl(der).public_bytes(serialization.Encoding.PEM).decode()


def differing(mine: dict[str, bool], theirs: dict[str, bool]) -> set[str]:
    assert mine.keys() == theirs.keys()
    return {name for name, verdict in mine.items() if verdict != theirs[name]}


def everywhere(change: str, *places: str) -> set[str]:
    return {f"{place}: {change}" for place in places or PLACES}


def test_the_cases_are_of_both_kinds() -> None:
    verdicts = [ours(case, NO_CRL) for case in plain_cases()]
    assert verdicts.count(True) > 40
    assert verdicts.count(False) > 40


@openssl
def test_openssl_agrees_but_where_we_refuse_more(tmp_path: Path) -> None:
    mine = {case.name: ours(case, NO_CRL) for case in plain_cases()}
    theirs = {case.name: by_openssl(case, tmp_path) for case in plain_cases()}
    # It takes a root without basic constraints for a CA's, as certificates of version 1 were.
    stricter = {"root: no basic constraints"}
    # Without a purpose it does not ask what a leaf's key may do; here the leaf signs statements.
    stricter |= {"leaf: key usage for certificates", "leaf: key usage for key agreement"}
    # It evaluates policies; here that is not supported, and refused where it is critical.
    stricter |= everywhere("critical policy constraints")
    # It knows more curves than this log has keys of.
    stricter |= {"root with secp256k1", "leaf with secp256k1"}
    assert differing(mine, theirs) == stricter
    assert not any(mine[name] for name in stricter)


@openssl
def test_openssl_agrees_on_extended_key_usages_but_on_any_of_a_ca(tmp_path: Path) -> None:
    cases = [case for case in plain_cases() if "usage" in case.name]
    mine = {case.name: ours(case, CLIENT) for case in cases}
    theirs = {case.name: by_openssl(case, tmp_path, "-purpose", "sslclient") for case in cases}
    # A CA of any usage may issue for each one (RFC 5280, section 4.2.1.12), and the other verifier says so too.
    more_lenient = everywhere("any usage", "second", "first", "root")
    # A client of TLS may agree on a key instead of signing; an issuer of statements may not.
    assert differing(mine, theirs) == {*more_lenient, "leaf: key usage for key agreement"}
    assert all(mine[name] for name in more_lenient)
    assert not mine["leaf: any usage"]


@openssl
def test_openssl_agrees_on_crls_but_on_times_and_parts(tmp_path: Path) -> None:
    mine = {case.name: ours(case, WITH_CRL) for case in crl_cases()}
    theirs = {case.name: by_openssl(case, tmp_path, "-crl_check_all") for case in crl_cases()}
    # It asks for no time of revocation; here a statement is judged as of the time at which it came.
    # It reads a delta CRL as a whole one; here that is refused.
    assert differing(mine, theirs) == {"revoked from tomorrow on", "a part"}
    assert mine["revoked from tomorrow on"]


def test_the_library_s_verifier_agrees_but_for_key_usages_and_kinds_of_keys() -> None:
    mine = {case.name: ours(case, NO_CRL) for case in plain_cases()}
    theirs = {case.name: by_library(case) for case in plain_cases()}
    # With every extension permitted it looks at no key usage, of CAs either.
    stricter = everywhere("key usage for key agreement") | {"leaf: key usage for certificates"}
    stricter |= everywhere("key usage for signatures", "second", "first", "root")
    # It takes any key for a leaf's.
    stricter |= {"leaf with RSA of 1024 bits", "leaf with secp256k1"}
    # It applies the constraints that a leaf states to that leaf, although they are for what a CA issues.
    more_lenient = {"leaf: permits another", "leaf: excludes the name"}
    # The profile of the web has no Ed25519.
    more_lenient |= {"root with Ed25519"}
    assert differing(mine, theirs) == stricter | more_lenient
    assert not any(mine[name] for name in stricter)


@openssl
@pytest.mark.parametrize("table", [WITHIN, BEYOND], ids=["within", "beyond"])
def test_openssl_agrees_on_names_that_can_be_read(tmp_path: Path, table: list[tuple[Names, Names]]) -> None:
    for base, names in table:
        for permitted, excluded in ((base, None), (None, base)):
            made = constrained([names[-1]], permitted, excluded)
            case = Case(f"{names[-1]} under {base}", tuple(made.chain), tuple(made.roots))
            assert ours(case, NO_CRL) == by_openssl(case, tmp_path), case.name
