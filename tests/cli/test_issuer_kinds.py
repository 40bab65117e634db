"""Issuers that are more than a key in a file, and roots, from the command line."""

import json
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from counterfoil.cli.exit_codes import ExitCode
from counterfoil.cose.keys import parse_public_key_pem, public_key_pem
from counterfoil.encoding.base64url import encode_base64url
from tests import certificates
from tests.certificates import AT, DAY, authority, root
from tests.certified import pin
from tests.cli.commands import AGENT, Shell
from tests.dids import did_key_of, multikey


def test_a_did_key_is_its_own_key(data: Path, agent: Path, tmp_path: Path, shell: Shell) -> None:
    key = parse_public_key_pem(Path(f"{agent}.pub").read_bytes())
    did = did_key_of(key)
    shell.ok("keygen", "--out", tmp_path / "other.pem")
    other = tmp_path / "other.pem.pub"
    refused = shell("issuer", "add", "--data", data, "--name", did, "--key", other, "--json")
    assert (refused.code, refused.error["code"]) == (ExitCode.MALFORMED, "malformed-policy")
    added = shell.ok("issuer", "add", "--data", data, "--name", did)
    (listed,) = shell.ok("issuer", "list", "--data", data)["issuers"]
    assert listed["keys"] == [{"kid": added["kid"], "publicKey": public_key_pem(key)}]
    assert added["kids"] == [encode_base64url(f"{did}#{did.removeprefix('did:key:')}".encode())]
    again = shell("issuer", "add", "--data", data, "--name", did, "--key", other, "--json")
    assert again.error["code"] == "malformed-policy"
    bad = shell("issuer", "add", "--data", data, "--name", f"{did}1", "--json")
    assert bad.error["code"] == "malformed-did"


def test_a_did_web_has_the_keys_of_its_document(data: Path, agent: Path, tmp_path: Path, shell: Shell) -> None:
    did, key = "did:web:agent.example", parse_public_key_pem(Path(f"{agent}.pub").read_bytes())
    document, method = tmp_path / "did.json", {"id": "#key-1", "publicKeyMultibase": multikey(key)}
    document.write_text(json.dumps({"id": did, "verificationMethod": [method], "assertionMethod": ["#key-1"]}))
    arguments = ("issuer", "add", "--data", data, "--did-document", document, "--json")
    refused = shell(*arguments, "--name", "did:web:other.example")
    assert (refused.code, refused.error["code"]) == (ExitCode.MALFORMED, "malformed-did")
    added = shell.ok(*arguments[:-1], "--name", did, "--role", "agent")
    assert added["kids"] == [encode_base64url(f"{did}#key-1".encode())]
    (listed,) = shell.ok("issuer", "list", "--data", data)["issuers"]
    assert listed["keys"] == [{"kid": added["kid"], "publicKey": public_key_pem(key)}]


def test_certificates_below_a_root_speak_for_whom_they_are_pinned(data: Path, tmp_path: Path, shell: Shell) -> None:
    top = root()
    ca = authority(top, "ca")
    (tmp_path / "root.pem").write_bytes(top.certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "ca.der").write_bytes(ca.der)
    assert "no root" in shell("root", "list", "--data", data).out
    added = shell.ok("root", "add", "--data", data, tmp_path / "root.pem")
    assert (added["subject"], added["needsCrl"], added["policyVersion"]) == ("CN=root", False, 2)
    shell.ok("root", "add", "--data", data, tmp_path / "ca.der", "--needs-crl")
    listed = shell.ok("root", "list", "--data", data)["roots"]
    assert [(one["subject"], one["needsCrl"]) for one in listed] == [("CN=root", False), ("CN=ca", True)]
    assert "needs CRL" in shell("root", "list", "--data", data).out
    again = shell("root", "add", "--data", data, tmp_path / "root.pem", "--json")
    assert again.error["code"] == "conflict"

    did = pin(ca)
    for name, pins in ((AGENT, ("--x509", did, "--x509", pin(top))), (did, ())):
        shell.ok("issuer", "add", "--data", data, "--name", name, *pins)
    issuers = shell.ok("issuer", "list", "--data", data)["issuers"]
    assert [one["x509"] for one in issuers] == [[did, pin(top)], [did]]
    assert did in shell("issuer", "list", "--data", data).out
    twice = shell("issuer", "add", "--data", data, "--name", AGENT, "--x509", did, "--json")
    assert twice.error["code"] == "conflict"


def test_what_speaks_for_nobody_and_what_is_no_root(data: Path, tmp_path: Path, shell: Shell) -> None:
    unread = "did:x509:0:sha256:x::eku:1"
    for arguments, code in (
        ((), "misconfigured"),
        (("--kid", "k", "--x509", unread), "misconfigured"),
        (("--x509", unread), "malformed-did"),
        (("--did-document", tmp_path / "absent.json"), "file-unreadable"),
    ):
        refused = shell("issuer", "add", "--data", data, "--name", AGENT, *arguments, "--json")
        assert refused.error["code"] == code
    pem, file = root().certificate.public_bytes(serialization.Encoding.PEM), tmp_path / "root"
    for content in (b"", b"x", b"-----BEGIN CERTIFICATE-----\nAA", pem * 2, pem.replace(b"M", b"!", 3)):
        file.write_bytes(content)
        refused = shell("root", "add", "--data", data, file, "--json")
        assert (refused.code, refused.error["code"]) == (ExitCode.MALFORMED, "malformed-certificate")
    assert shell.ok("policy", "show", "--data", data)["version"] == 1


def test_a_revocation_list_is_loaded_and_takes_the_place_of_an_older_one(
    data: Path, tmp_path: Path, shell: Shell
) -> None:
    top, other = root(), root("other")
    old, new, foreign = tmp_path / "old.crl", tmp_path / "new.crl", tmp_path / "foreign.crl"
    old.write_bytes(certificates.crl(top))
    new.write_bytes(x509_pem(certificates.crl(top, {7: AT - DAY}, this_update=AT)))
    foreign.write_bytes(certificates.crl(other))
    service = data / "keys" / "service.pem"
    for file in (old, foreign):
        shell.ok("crl", "add", file, "--data", data)
    added = shell.ok("crl", "add", new, "--data", data, "--key", service)
    assert (added["ca"], added["revoked"]) == ("CN=root", 1)
    listed = shell.ok("crl", "list", "--data", data)["crls"]
    assert [(one["ca"], one["revoked"]) for one in listed] == [("CN=other", 0), ("CN=root", 1)]
    for file in (old, new):
        refused = shell("crl", "add", file, "--data", data, "--json")
        # The same operator in the same second makes the same statement, which is there already.
        assert (refused.code, refused.error["code"]) in {
            (ExitCode.REFUSED, "crl-superseded"),
            (ExitCode.CONFLICT, "conflict"),
        }
    (tmp_path / "none.crl").write_bytes(b"no list")
    assert shell("crl", "add", tmp_path / "none.crl", "--data", data, "--json").error["code"] == "malformed-crl"
    receipt = shell("crl", "add", new, "--data", data, "--key", data / "keys" / "receipt.pem", "--json")
    assert receipt.error["code"] == "keys-mismatch"
    assert shell.ok("fsck", "--data", data)["clean"]


def x509_pem(der: bytes) -> bytes:
    return x509.load_der_x509_crl(der).public_bytes(serialization.Encoding.PEM)
