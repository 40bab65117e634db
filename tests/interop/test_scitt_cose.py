"""What we hand out, judged by scitt-cose: receipts, consistency proofs, statements and Transparent Statements."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import scitt_cose

from counterfoil.cose.keys import public_key_pem
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.receipt.parse import parse_receipt
from counterfoil.receipt.transparent import attach_receipts, parse_transparent_statement
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.signed_statement import parse_signed_statement
from tests.builders import CONTENT_TYPE, ISSUER, SUBJECT, sign_statement
from tests.interop.grown_logs import GrownLog
from tests.interop.our_verdict import statement_hash

COMMAND = str(Path(sys.executable).with_name("scitt-cose"))


def test_every_receipt_stable_or_fresh(grown: GrownLog) -> None:
    for handed in grown.handed:
        result = scitt_cose.verify_receipt(
            handed.receipt,
            leaf_entry_hex=grown.hashes[handed.number].hex(),
            log_public_key_pem=grown.key_pem,
        )
        assert result.ok, (handed.number, handed.size, result.errors)
        assert (result.leaf_index, result.tree_size) == (handed.number, handed.size)
        assert result.root == grown.roots[handed.size].hex()
        assert (result.issuer, result.subject) == (grown.source.identity.issuer, grown.source.identity.log_name)
        assert result.protected_header_ext == {4: grown.source.keys().trusted[0].thumbprint}


def test_the_receipt_of_a_batch_stays_the_same_bytes(grown: GrownLog) -> None:
    handed_first = {handed.number: handed.receipt for handed in reversed(grown.handed)}
    for number in range(len(grown.hashes)):
        assert grown.source.stable(number) == handed_first[number]


def test_every_committed_root(grown: GrownLog) -> None:
    entries = [entry.hex() for entry in grown.hashes]
    for size, root in grown.roots.items():
        assert scitt_cose.merkle_root(entries[:size]) == root.hex()


def test_every_consistency_receipt(grown: GrownLog) -> None:
    for step in grown.steps():
        first, second = grown.roots[step.first], grown.roots[step.second]
        (proof,) = parse_receipt(step.receipt).consistency
        path = [element.hex() for element in proof.path]
        assert scitt_cose.verify_consistency(first.hex(), second.hex(), step.first, step.second, path)
        scitt_cose.verify_sign1(step.receipt, public_key_pem=grown.key_pem, detached_payload=second)


def test_a_consistency_receipt_does_not_lead_to_another_root(grown: GrownLog) -> None:
    for step in grown.steps():
        first, second = grown.roots[step.first], grown.roots[step.second]
        (proof,) = parse_receipt(step.receipt).consistency
        path = [element.hex() for element in proof.path]
        assert not scitt_cose.verify_consistency(first.hex(), bytes(32).hex(), step.first, step.second, path)
        assert not scitt_cose.verify_consistency(second.hex(), second.hex(), step.first, step.second, path)
        with pytest.raises(scitt_cose.CoseError):
            scitt_cose.verify_sign1(step.receipt, public_key_pem=grown.key_pem, detached_payload=first)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "EdDSA"])
class TestStatements:
    def test_one_of_ours(self, algorithm: str) -> None:
        signer = generate_private_key(algorithm)
        parsed = _parsed(sign_statement(signer, b'{"n":1}'), signer)
        assert parsed["signature_verified"] is True
        assert (parsed["issuer"], parsed["subject"]) == (ISSUER, SUBJECT)
        assert (parsed["content_type"], parsed["alg"], parsed["payload"]) == (CONTENT_TYPE, algorithm, b'{"n":1}')

    def test_another_key(self, algorithm: str) -> None:
        statement = sign_statement(generate_private_key(algorithm))
        assert _parsed(statement, generate_private_key(algorithm))["signature_verified"] is False

    def test_as_the_log_stores_it(self, algorithm: str) -> None:
        signer = generate_private_key(algorithm)
        statement = parse_signed_statement(sign_statement(signer, unprotected={"note": "dropped"}))
        assert _parsed(statement.encoded, signer)["signature_verified"] is True

    def test_transparent(self, algorithm: str, grown_logs: dict[str, GrownLog]) -> None:
        receipts = [handed.receipt for handed in grown_logs["growing batches"].handed[:3]]
        signer = generate_private_key(algorithm)
        statement = sign_statement(signer)
        ours = attach_receipts(statement, receipts)
        assert ours == scitt_cose.attach_receipts(statement, receipts)
        assert scitt_cose.extract_receipts(ours) == receipts
        assert list(parse_transparent_statement(ours).receipts) == receipts
        assert _parsed(ours, signer)["signature_verified"] is True


class TestCommand:
    def test_a_statement_and_its_receipt(self, tmp_path: Path, grown: GrownLog) -> None:
        signer = generate_private_key("ES256")
        done = _command(tmp_path, signer, grown, grown.hashes[5])
        assert done.returncode == 0, done.stdout + done.stderr
        report = json.loads(done.stdout)
        assert report["statement"]["signature_verified"] is True
        assert (report["receipt"]["ok"], report["receipt"]["leaf_index"]) == (True, 5)

    def test_the_receipt_of_another_statement(self, tmp_path: Path, grown: GrownLog) -> None:
        done = _command(tmp_path, generate_private_key("ES256"), grown, grown.hashes[6])
        assert done.returncode == 1
        assert json.loads(done.stdout)["receipt"]["failed_at"] == "signature"


def test_the_entry_is_the_hash_of_the_statement() -> None:
    """A stranger needs nothing of ours to compute what a receipt speaks of."""
    statement = sign_statement(generate_private_key("ES256"))
    assert statement_hash(statement) == parse_signed_statement(statement).hash


def _parsed(statement: bytes, signer: LocalSigner) -> dict[str, object]:
    parsed: dict[str, object] = scitt_cose.parse_signed_statement(
        statement,
        public_key_pem=public_key_pem(signer.public_key),
    )
    return parsed


def _command(
    folder: Path,
    signer: LocalSigner,
    grown: GrownLog,
    entry: bytes,
) -> subprocess.CompletedProcess[str]:
    handed = next(handed for handed in grown.handed if handed.number == 5)
    (folder / "statement.cose").write_bytes(sign_statement(signer))
    (folder / "issuer.pem").write_text(public_key_pem(signer.public_key))
    (folder / "receipt.cose").write_bytes(handed.receipt)
    (folder / "log.pem").write_text(grown.key_pem)
    options = ["--statement", "statement.cose", "--statement-pubkey", "issuer.pem", "--receipt", "receipt.cose"]
    options += ["--receipt-log-pubkey", "log.pem", "--leaf-entry-hex", entry.hex(), "--json"]
    return subprocess.run([COMMAND, *options], cwd=folder, capture_output=True, text=True, check=False)
