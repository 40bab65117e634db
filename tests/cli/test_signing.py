"""Keys and statements from the command line."""

import stat
from pathlib import Path

import pytest

from counterfoil.cli.exit_codes import ExitCode
from counterfoil.cose.keys import parse_public_key_pem
from counterfoil.encoding.base64url import decode_base64url
from counterfoil.statement.signed_statement import parse_signed_statement, verify_statement
from tests.cli.commands import AGENT, TRACE, Shell


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "EdDSA"])
def test_a_key_pair_signs_statements_that_its_public_key_verifies(algorithm: str, tmp_path: Path, shell: Shell) -> None:
    key, payload, out = tmp_path / "k.pem", tmp_path / "p", tmp_path / "s.cose"
    payload.write_bytes(b"{}")
    made = shell.ok("keygen", "--out", key, "--alg", algorithm)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    public = parse_public_key_pem((tmp_path / "k.pem.pub").read_bytes())
    assert decode_base64url(made["kid"]) == public.thumbprint == bytes.fromhex(made["thumbprint"])
    signed = shell.ok("sign", "--key", key, "--issuer", AGENT, "--subject", TRACE, "--in", payload, "--out", out)
    statement = parse_signed_statement(out.read_bytes())
    verify_statement(statement, public)
    assert (statement.claims.issuer, statement.claims.subject) == (AGENT, TRACE)
    assert (statement.kid, statement.content_type) == (public.thumbprint, "application/json")
    assert statement.claims.issued_at == signed["issuedAt"]
    assert statement.hash.hex() == signed["entryId"]


def test_a_key_is_never_overwritten(agent: Path, shell: Shell) -> None:
    before = agent.read_bytes()
    refused = shell("keygen", "--out", agent, "--json")
    assert (refused.code, refused.error["code"]) == (ExitCode.MISCONFIGURED, "signer-unavailable")
    assert agent.read_bytes() == before


def test_an_unknown_algorithm_makes_no_file(tmp_path: Path, shell: Shell) -> None:
    refused = shell("keygen", "--out", tmp_path / "k", "--alg", "RS256", "--json")
    assert (refused.code, refused.error["code"]) == (ExitCode.UNVERIFIED, "algorithm-unsupported")
    assert list(tmp_path.iterdir()) == []


def _sign(shell: Shell, agent: Path, out: Path, *more: object) -> bytes:
    payload = out.with_name("payload")
    payload.write_bytes(b'{"n":1}')
    shell.ok("sign", "--key", agent, "--issuer", AGENT, "--subject", TRACE, "--in", payload, "--out", out, *more)
    return out.read_bytes()


def test_without_a_time_signing_again_gives_the_same_bytes(agent: Path, tmp_path: Path, shell: Shell) -> None:
    one, other = (_sign(shell, agent, tmp_path / name, "--no-iat") for name in ("one", "other"))
    assert one == other
    assert parse_signed_statement(one).claims.issued_at is None


def test_the_payload_can_stay_outside(agent: Path, tmp_path: Path, shell: Shell) -> None:
    assert parse_signed_statement(_sign(shell, agent, tmp_path / "s", "--detached")).message.payload is None


@pytest.mark.parametrize(("given", "kid"), [("agent-key-1", b"agent-key-1"), ("hex:00ff", b"\x00\xff")])
def test_the_kid_is_text_or_bytes(given: str, kid: bytes, agent: Path, tmp_path: Path, shell: Shell) -> None:
    assert parse_signed_statement(_sign(shell, agent, tmp_path / "s", "--kid", given)).kid == kid


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"--key": "absent.pem"}, "signer-unavailable"),
        ({"--in": "absent.json"}, "file-unreadable"),
        ({"--out": "absent/out.cose"}, "file-unwritable"),
        ({"--subject": ""}, "malformed-claims"),
        ({"--subject": "a\nb"}, "malformed-claims"),
        ({"--subject": "x" * 513}, "malformed-claims"),
        ({"--issuer": ""}, "malformed-claims"),
        ({"--kid": "hex:0"}, "malformed-parameter"),
        ({"--kid": "hex:"}, "malformed-parameter"),
    ],
)
def test_what_cannot_be_signed_writes_nothing(
    change: dict[str, str], code: str, agent: Path, tmp_path: Path, shell: Shell
) -> None:
    (tmp_path / "payload").write_bytes(b"{}")
    options = {"--key": agent, "--issuer": AGENT, "--subject": TRACE, "--in": tmp_path / "payload"}
    arguments = {**options, "--out": tmp_path / "s.cose", **change}
    refused = shell("sign", *(part for option in arguments.items() for part in option), "--json")
    assert refused.error["code"] == code
    assert not (tmp_path / "s.cose").exists()


def test_a_key_that_others_can_read_signs_nothing(agent: Path, tmp_path: Path, shell: Shell) -> None:
    agent.chmod(0o644)
    (tmp_path / "payload").write_bytes(b"{}")
    refused = shell(
        *("sign", "--key", agent, "--issuer", AGENT, "--subject", TRACE),
        *("--in", tmp_path / "payload", "--out", tmp_path / "s", "--json"),
    )
    assert refused.error["code"] == "signer-unavailable"
    assert "chmod 600" in refused.error["detail"]
