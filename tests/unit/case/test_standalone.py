"""The verifier that travels in case files: it passes what holds, fails what does not, and needs none of our code."""

import base64
import importlib.util
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from counterfoil.case.archive import write_case
from counterfoil.case.build import case_files
from counterfoil.case.verify import verify_case
from counterfoil.cose import labels
from counterfoil.cose.keys import public_key_pem
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.cose.sign1 import encode_sign1, parse_sign1, sign_sign1, signature_input
from counterfoil.encoding.cbor import encode
from counterfoil.encoding.jcs import encode_json, parse_json
from counterfoil.errors import CounterfoilError
from counterfoil.log.founding import sign_own_statement
from counterfoil.merkle.hashing import NodeHash
from counterfoil.policy.document import POLICY_CONTENT_TYPE
from counterfoil.receipt.chain_head import SignedChainHead, sign_chain_head
from counterfoil.receipt.checkpoint import Checkpoint, sign_checkpoint
from counterfoil.receipt.note import sign_note
from counterfoil.receipt.transparent import attach_receipts, parse_transparent_statement
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import GENESIS_CONTENT_TYPE, KeyPurpose
from counterfoil.statement.links import chain_id
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.statement.trace_event.event import TRACE_EVENT_CONTENT_TYPE, EventType, Role
from tests.builders import sign_statement
from tests.case_scenes import (
    MANIFEST,
    Files,
    Forgery,
    Scene,
    build_scene,
    cast_of_all_algorithms,
    path_by_letter,
    root_by_letter,
    with_manifest,
)
from tests.events import members_of
from tests.log.material import twin_of

SCRIPT = Path(__file__).parents[3] / "service" / "counterfoil" / "case" / "standalone" / "verify.py"
REPORTS = {f"evidence/{name}.json" for name in ("findings", "completeness", "disputes", "engagement")}
"""What the package makes again and the script only shows."""


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("standalone_verify", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


script = load_script()


@pytest.fixture(scope="module")
def scene() -> Scene:
    return build_scene(cast_of_all_algorithms())


@pytest.fixture(scope="module")
def other() -> Scene:
    """Another log of the same name, with the same engagement on it."""
    return build_scene(cast_of_all_algorithms(), findings=False)


@pytest.fixture
def files(scene: Scene) -> Files:
    return scene.files


def sampled(files: Files) -> list[tuple[str, bytes]]:
    """Every file but those about some of the entries, which are like the others."""
    return [
        (name, content)
        for name, content in files.items()
        if not re.search(r"entries/0+([35789]|11)\.|policies/0+\.", name)
    ]


def zipped(files: Mapping[str, bytes]) -> bytes:
    return write_case(files.items())


def verdict_here(data: bytes, genesis: str | None = None) -> str:
    """The script's verdict: PASS, PASS WITH FINDINGS, or the reason why not."""
    try:
        return str(script.verify_case(data, genesis)["verdict"])
    except script.Failed as error:
        return str(error)


def verdict_there(data: bytes) -> str | None:
    """The package's verdict in the same words; None where it fails."""
    try:
        return verify_case(data).verdict.value.replace("-", " ").upper()
    except CounterfoilError:
        return None


def both_fail(files: Mapping[str, bytes], reason: str) -> None:
    data = zipped(files)
    here = verdict_here(data)
    assert not here.startswith("PASS")
    assert re.search(reason, here), here
    assert verdict_there(data) is None


def both_pass(files: Mapping[str, bytes], verdict: str) -> None:
    data = zipped(files)
    assert (verdict_here(data), verdict_there(data)) == (verdict, verdict)


def run(*arguments: str | Path, python: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-I", *python, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


# What holds.


def test_it_passes_what_the_log_exports_with_two_libraries_alone(other: Scene, tmp_path: Path) -> None:
    copy, case = tmp_path / "verify.py", tmp_path / "case.zip"
    shutil.copy(SCRIPT, copy)
    case.write_bytes(zipped({**other.files, "README.txt": b"A view.", "verify.py": SCRIPT.read_bytes()}))
    ran = run(copy, case, python=("-X", "importtime"))
    assert ran.returncode == 0
    assert ran.stdout.startswith("PASS\n")
    assert "This does not show:" in ran.stdout
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in ran.stderr.splitlines() if "|" in line}
    assert {"cbor2", "cryptography", "zipfile"} <= imported
    ours = {"counterfoil", "rfc8785", "pycose", "tests", "rich", "typer"}
    assert imported & ours == set()


def test_a_failure_is_one_line_and_exit_code_1(files: Files, tmp_path: Path) -> None:
    case = tmp_path / "case.zip"
    case.write_bytes(zipped({**files, "evidence/case.json": b"[]"}))
    ran = run(SCRIPT, case)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert ran.stdout == "FAIL: the manifest: case.json is not what it lists\n"


def test_findings_in_the_file_are_told(files: Files, scene: Scene) -> None:
    both_pass(files, "PASS WITH FINDINGS")
    found = script.verify_case(zipped(files))
    assert "other-profile" in found["reported"]["findings"][0]
    assert found["entries"] == len(scene.evidence.exhibits)
    assert (found["treeSize"], found["log"]) == (scene.evidence.frame.tree.size, "log.example/agents")


def test_it_agrees_with_the_package_on_every_fact(files: Files) -> None:
    data = zipped(files)
    here, there = script.verify_case(data), verify_case(data)
    assert here["log"] == there.origin
    assert here["rootTraceId"] == there.root_trace_id
    assert here["chainHash"] == there.chain_hash.hex()
    assert here["root"] == there.root.hex()
    assert here["treeSize"] == there.tree_size
    assert here["genesisEntryId"] == there.genesis_id.hex()
    assert here["evidenceDigest"] == there.evidence_digest.hex()


def test_the_issuers_of_the_case_sign_with_every_kind_of_key(scene: Scene) -> None:
    found = {parse_signed_statement(one.statement or b"").message.algorithm_code for one in scene.evidence.exhibits}
    assert found == {-7, -8, -35, -36, -37}


def test_the_evidence_of_an_earlier_tree_head_passes(scene: Scene) -> None:
    both_pass(dict(case_files(scene.evidence_at(9), (), "test")), "PASS")


def test_the_log_s_own_policies_and_genesis_pass_as_a_case(scene: Scene) -> None:
    evidence = scene.evidence_at(len(scene.leaves), scene.world.identity.policy_subject)
    assert [one.number for one in evidence.exhibits] == [0, 1, 6]
    both_pass(dict(case_files(evidence, (), "test")), "PASS")


def test_a_pinned_genesis_statement_is_asked_for(files: Files, scene: Scene) -> None:
    data, pinned = zipped(files), scene.leaves[1].hex()
    assert verdict_here(data, pinned) == verdict_here(data, pinned.upper()) == "PASS WITH FINDINGS"
    assert script.verify_case(data, pinned)["notShown"][0] == script.KEYS_PINNED
    assert script.verify_case(data)["notShown"][0] == script.KEYS_FROM_FILE
    for wrong in (scene.leaves[0].hex(), "00" * 32):
        assert "not the one given by --genesis" in verdict_here(data, wrong)
    for none in ("", "00", pinned + "00", pinned[:-1] + "g", pinned + "\n"):
        assert "64 hexadecimal digits" in verdict_here(data, none)


def test_another_log_of_the_same_name_passes_unless_pinned(other: Scene, scene: Scene) -> None:
    assert verdict_here(zipped(other.files)) == "PASS"
    assert "not the one given" in verdict_here(zipped(other.files), scene.leaves[1].hex())


def test_what_is_left_out_without_a_trace_is_left_out_by_the_log_alone_and_both_say_so(scene: Scene) -> None:
    """Whoever hands the file on cannot: the log signed how many entries there are. The log can, and can be caught."""
    forgery = Forgery(scene, numbers=[2, 3, 5, 7, 8, 9, 10])
    cut = replace(forgery.evidence(), chain_head=scene.evidence.chain_head)
    both_fail(dict(case_files(cut, (), "test")), "counts other entries")
    both_pass(forgery.files(), "PASS WITH FINDINGS")
    found = script.verify_case(zipped(forgery.files()))
    assert found["entries"] == len(scene.evidence.exhibits) - 1
    assert any("counts every entry" in one for one in found["notShown"])


def test_an_entry_that_others_refer_to_cannot_be_left_out(scene: Scene) -> None:
    both_fail(Forgery(scene, numbers=[2, 5, 7, 8, 9, 10, 11]).files(), "entry 5: it refers to")


def test_gaps_in_a_writer_s_numbers_are_findings_in_both(scene: Scene) -> None:
    said = scene.cast.sign(Role.REVIEWER, encode_json(members_of(EventType.OBSERVATION, sequence=7)))
    both_pass(Forgery(scene, {7: said}).files(), "PASS WITH FINDINGS")


# The archive.


def test_one_changed_byte_in_any_file_fails(files: Files) -> None:
    """With a manifest that fits the change, it is what the files say to each other that fails."""
    for name, content in sampled(files):
        for place in (len(content) * 3 // 5,):
            changed = {**files, name: content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]}
            data = zipped(changed if name == MANIFEST else with_manifest(changed))
            assert verdict_there(data) is None, (name, place)
            if name not in REPORTS and not _is_lag(name, content, place):
                assert not verdict_here(data).startswith("PASS"), (name, place)
            if name != MANIFEST:
                assert "is not what it lists" in verdict_here(zipped(changed)), (name, place)


def _is_lag(name: str, content: bytes, place: int) -> bool:
    return name.endswith(".json") and re.search(rb'"lagMilliseconds":[^,]*$', content[:place]) is not None


def test_a_missing_file_fails(files: Files) -> None:
    for name, _ in sampled(files):
        rest = {one: content for one, content in files.items() if one != name}
        missing = name.removeprefix("evidence/")
        both_fail(
            rest if name == MANIFEST else with_manifest(rest),
            f"{missing} is missing|lists other files|not there|counts other",
        )


def test_an_emptied_or_halved_file_fails(files: Files) -> None:
    for name, content in sampled(files):
        changed = {**files, name: content[: len(content) // 2] if len(name) % 2 else b""}
        both_fail(changed if name == MANIFEST else with_manifest(changed), r"")


@pytest.mark.parametrize(
    "name", ["evidence/notes.txt", "evidence/entries/000000000004.json", "evidence/", "evidence/a/b"]
)
def test_a_file_too_many_fails(files: Files, name: str) -> None:
    both_fail({**files, name: b"{}"}, "or not every file under evidence/")
    both_fail(with_manifest({**files, name: b"{}"}), "lists other files")


def test_the_manifest_is_of_one_spelling(files: Files) -> None:
    listed = json.loads(files[MANIFEST])
    twice = {**listed, "files": [*listed["files"], listed["files"][0]]}
    for changed, reason in (
        (files[MANIFEST] + b"\n", "lists something else"),
        (encode_json({**listed, "files": listed["files"][::-1]}), "another order|not in order"),
        (encode_json({**listed, "format": "counterfoil-case/2"}), "lists something else"),
        (encode_json(twice), "twice"),
        (files[MANIFEST].replace(b'"files"', b'"format":"counterfoil-case/1","files"'), "a name twice"),
        (files[MANIFEST].replace(b'{"bytes":', b'{"bytes":0,"bytes":', 1), "a name twice"),
        (b"\xef\xbb\xbf" + files[MANIFEST], "BOM"),
        (b"null", "cannot be read"),
    ):
        both_fail({**files, MANIFEST: changed}, reason)


def test_a_packed_or_doubled_file_fails(files: Files) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    assert "packed" in verdict_here(packed.getvalue())
    assert verdict_there(packed.getvalue()) is None
    doubled = io.BytesIO(zipped(files))
    with zipfile.ZipFile(doubled, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("evidence/case.json", files["evidence/case.json"])
    assert "two files have one name" in verdict_here(doubled.getvalue())
    assert verdict_there(doubled.getvalue()) is None


def test_an_encrypted_file_fails(files: Files) -> None:
    data = bytearray(zipped(files))
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1
    assert "packed or encrypted" in verdict_here(bytes(data))
    assert verdict_there(bytes(data)) is None


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/x", "a/../evidence/case.json", "./evidence/case.json", "Evidence/case.json", "a\\b", "x/", "\n"],
)
def test_a_name_that_unpacks_elsewhere_fails(files: Files, name: str) -> None:
    """Nothing is unpacked here, but people unpack: beside evidence/ there are plain names."""
    both_fail({**files, name: b"other"}, "outside of evidence/")


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), bytes(1000), b"{}", b"\xd2\x84"]
)
def test_garbage_fails(data: bytes) -> None:
    assert not verdict_here(data).startswith("PASS")
    assert verdict_there(data) is None


def test_a_truncated_file_fails(files: Files) -> None:
    data = zipped(files)
    for end in range(1, len(data), len(data) // 40):
        assert not verdict_here(data[:end]).startswith("PASS")


def test_sizes_are_bounded(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped(files)
    monkeypatch.setattr(script, "MAX_FILE", len(data) - 1)
    assert "larger" in verdict_here(data)
    monkeypatch.setattr(script, "MAX_FILE", sum(map(len, files.values())) - 1)
    with pytest.raises(script.Failed, match="larger than a case file can be"):
        script.read_zip(data)


# The genesis statement and the checkpoint.


def genesis_by(scene: Scene, payload: bytes, **changes: Any) -> bytes:
    """The log's genesis statement, were it another."""
    arguments = {"purpose": KeyPurpose.OPERATOR, "content_type": GENESIS_CONTENT_TYPE, **changes}
    identity, signer = arguments.get("identity", scene.world.identity), scene.world.signers[arguments["purpose"]]
    subject = scene.world.identity.policy_subject
    return sign_own_statement(signer, identity, subject, arguments["content_type"], payload, 1)


def genesis_payload(scene: Scene) -> bytes:
    return parse_transparent_statement(scene.evidence.genesis).statement.message.payload or b""


def test_a_genesis_statement_of_another_log_fails(files: Files, other: Scene) -> None:
    changed = {**files, "evidence/genesis.cose": other.evidence.genesis}
    both_fail(with_manifest(changed), "checkpoint.txt: it has no signature by the log's checkpoint key")
    keys = {**changed, "evidence/keys.cbor": other.evidence.keys, "evidence/checkpoint.txt": other.evidence.checkpoint}
    both_fail(with_manifest(keys), "its entry 1 is another genesis statement")


def test_a_genesis_statement_is_what_its_name_and_keys_lead_to(scene: Scene) -> None:
    payload = genesis_payload(scene)
    document = json.loads(payload)
    first, second = document["keys"][:2]
    for changed, reason in (
        ({**document, "issuer": "https://other.example/agents"}, "what that name and those keys lead to"),
        ({**document, "hash": "SHA-1"}, "lead to"),
        ({**document, "format": True}, "lead to"),
        ({**document, "more": 1}, "lead to"),
        ({**document, "keys": document["keys"][:3]}, "one key for each purpose"),
        ({**document, "keys": [{**first, "kid": second["kid"]}, *document["keys"][1:]]}, "lead to"),
        (
            {**document, "keys": [{**first, **{n: second[n] for n in ("kid", "publicKey")}}, *document["keys"][1:]]},
            "share",
        ),
        ({**document, "origin": "no origin"}, "no name"),
    ):
        both_fail(Forgery(scene, {1: genesis_by(scene, encode_json(changed))}).files(), f"genesis.cose: .*{reason}")
    both_fail(Forgery(scene, {1: genesis_by(scene, payload + b" ")}).files(), "lead to")
    exchange = {"checkpoint": "operator", "operator": "checkpoint"}
    keys: Any = [{**one, "purpose": exchange.get(one["purpose"], one["purpose"])} for one in document["keys"]]
    keys.sort(key=lambda one: str(one["purpose"]))
    swapped = genesis_by(scene, encode_json({**document, "keys": keys}), purpose=KeyPurpose.CHECKPOINT)
    both_fail(Forgery(scene, {1: swapped}).files(), "checkpoint.txt: the checkpoint key is not of Ed25519")


def test_a_genesis_statement_is_signed_by_its_operator_key(scene: Scene) -> None:
    payload = genesis_payload(scene)
    service = genesis_by(scene, payload, purpose=KeyPurpose.SERVICE)
    both_fail(Forgery(scene, {1: service}).files(), "genesis.cose: the signature is not by that key")
    typed = genesis_by(scene, payload, content_type="application/json")
    both_fail(Forgery(scene, {1: typed}).files(), "it is no genesis statement")
    other = replace(scene.world.identity, origin="other.example/agents")
    both_fail(Forgery(scene, {1: genesis_by(scene, payload, identity=other)}).files(), "not by the log that it names")
    both_pass(Forgery(scene, {1: genesis_by(scene, payload)}).files(), "PASS WITH FINDINGS")


def test_a_genesis_statement_has_the_receipt_of_entry_1(files: Files, scene: Scene, other: Scene) -> None:
    bare = parse_transparent_statement(scene.evidence.genesis).statement.encoded
    receipts = {
        "policy": scene.evidence.policies[0].receipt,
        "earlier": scene.log.receipts.at(1, 9),
        "other log": parse_transparent_statement(other.evidence.genesis).receipts[0],
    }
    both_fail(with_manifest({**files, "evidence/genesis.cose": bare}), "it has not one receipt")
    for receipt in receipts.values():
        changed = with_manifest({**files, "evidence/genesis.cose": attach_receipts(bare, [receipt])})
        both_fail(changed, "the receipt of genesis.cose: it|did not announce")


def test_a_checkpoint_of_another_tree_log_or_key_fails(files: Files, scene: Scene, other: Scene) -> None:
    signers, tree = scene.world.signers, scene.evidence.frame.tree
    key, origin = signers[KeyPurpose.CHECKPOINT], scene.world.identity.origin
    note, signed = scene.evidence.checkpoint, Checkpoint(origin, tree.size, tree.root).body()
    signature = base64.b64decode(note.rpartition(b" ")[2])
    wrong_line = f"\u2014 {origin} {base64.b64encode(signature[:-1] + bytes([signature[-1] ^ 1])).decode()}\n"
    for changed, reason in (
        (sign_checkpoint(key, Checkpoint("other.example/agents", tree.size, tree.root)).encode(), "no signature"),
        (sign_note(key, origin, "other.example/agents\n13\nAAAA\n").encode(), "another log's"),
        (scene.evidence.chain_head, "cannot be read"),
        (scene.evidence_at(9).checkpoint, "about another log, tree or engagement"),
        (sign_checkpoint(key, Checkpoint(origin, tree.size, NodeHash(bytes(32)))).encode(), "about another log, tree"),
        (
            sign_checkpoint(generate_private_key("EdDSA"), Checkpoint(origin, tree.size, tree.root)).encode(),
            "no signature",
        ),
        (other.evidence.checkpoint, "no signature"),
        (sign_note(key, origin, signed.replace("\n13\n", "\n013\n")).encode(), "misspelled"),
        (sign_note(key, origin, signed.replace("\n13\n", "\n1_3\n")).encode(), "misspelled"),
        (sign_note(key, origin, signed.replace("\n13\n", "\n-13\n")).encode(), "no checkpoint"),
        (note.replace(b"\n13\n", b"\n14\n"), "not by that key"),
        (sign_note(key, origin, f"{signed}extension\n").encode(), "cannot be read"),
        (note.removesuffix(b"\n"), "no signed note|cannot be read"),
        (note.rpartition(b"\n\n")[0] + b"\n\n", "no signed note|cannot be read"),
        (note.replace("\u2014".encode(), b"-"), "no dash"),
        (note + wrong_line.encode(), "not by that key"),
    ):
        both_fail(with_manifest({**files, "evidence/checkpoint.txt": changed}), f"{reason}")


def test_a_chain_head_of_another_tree_log_engagement_or_key_fails(files: Files, scene: Scene, other: Scene) -> None:
    tree, exhibits = scene.evidence.frame.tree, scene.evidence.exhibits
    key, origin = scene.world.signers[KeyPurpose.CHECKPOINT], scene.world.identity.origin
    root = scene.evidence.frame.root_trace_id
    right = SignedChainHead(origin, tree.size, tree.root, chain_id(root), len(exhibits), exhibits[-1].chain_hash)
    assert sign_chain_head(key, right).encode() == scene.evidence.chain_head
    for changed, reason in (
        (sign_chain_head(key, replace(right, length=right.length + 1)).encode(), "counts other entries"),
        (sign_chain_head(key, replace(right, chain_hash=exhibits[-2].chain_hash)).encode(), "counts other entries"),
        (sign_chain_head(key, replace(right, chain_id=chain_id("another"))).encode(), "counts other entries"),
        (sign_chain_head(key, replace(right, root=NodeHash(bytes(32)))).encode(), "counts other entries"),
        (sign_chain_head(generate_private_key("EdDSA"), right).encode(), "no signature"),
        (scene.evidence_at(9).chain_head, "counts other entries"),
        (other.evidence.chain_head, "no signature"),
        (scene.evidence.checkpoint, "counts other entries"),
        (scene.evidence.chain_head + b"\n", "no signed note|cannot be read"),
        (b"", "cannot be read|no signed note|counts"),
    ):
        both_fail(with_manifest({**files, "evidence/chain-head.txt": changed}), f"chain-head.txt: .*({reason})")


def test_a_witness_may_sign_beside_the_log(files: Files) -> None:
    """What others sign is not looked at, here as in the package."""
    line = "\u2014 witness.example " + "AAAAAAAA" * 9 + "\n"
    changed = {**files, "evidence/checkpoint.txt": files["evidence/checkpoint.txt"] + line.encode()}
    both_pass(with_manifest(changed), "PASS WITH FINDINGS")


def test_the_key_set_is_that_of_the_genesis_statement(files: Files, other: Scene) -> None:
    both_fail(with_manifest({**files, "evidence/keys.cbor": other.evidence.keys}), "keys.cbor holds other keys")


# Receipts.


def receipt_name(number: int) -> str:
    return f"evidence/entries/{number:012d}.receipt.cose"


def test_receipts_of_other_entries_trees_and_logs_fail(files: Files, scene: Scene, other: Scene) -> None:
    first, second = (one.receipt for one in scene.evidence.exhibits[:2])
    name = receipt_name(2)
    both_fail(with_manifest({**files, name: second}), "entry 2: its receipt: it puts the entry at 3")
    both_fail(with_manifest({**files, name: second, receipt_name(3): first}), "entry 2: its receipt: it puts")
    both_fail(with_manifest({**files, name: scene.log.receipts.at(2, 9)}), "of another tree than the checkpoint")
    both_fail(with_manifest({**files, name: other.evidence.exhibits[0].receipt}), "another key")
    both_fail(with_manifest({**files, name: scene.evidence.exhibits[0].statement or b""}), "entry 2: its receipt")
    earlier = dict(case_files(scene.evidence_at(9), (), "test"))
    both_fail(
        with_manifest({**earlier, "evidence/checkpoint.txt": scene.evidence.checkpoint}), "about another log, tree"
    )


def receipt_by(scene: Scene, proof: Any, protected: Mapping[Any, Any], **changes: Any) -> bytes:
    """A receipt by the log's receipt key, of whatever."""
    root = scene.evidence.frame.tree.root
    signer = changes.get("signer", scene.world.signers[KeyPurpose.RECEIPT])
    unprotected = changes.get("unprotected", {labels.VDP: {labels.INCLUSION: [encode(proof)]}})
    return sign_sign1(signer, protected, root, unprotected=unprotected, detached=changes.get("detached", True))


def test_a_receipt_says_what_it_is_of(files: Files, scene: Scene, other: Scene) -> None:
    message = script.read_message(scene.evidence.exhibits[0].receipt)
    header, claims = message.header, message.claims
    inclusion = message.unprotected[labels.VDP][labels.INCLUSION][0]
    proof = [scene.evidence.frame.tree.size, 2, script.read_cbor(inclusion)[2]]
    assert encode(proof) == inclusion
    mallory = other.world.signers[KeyPurpose.RECEIPT]

    def fails(reason: str, proof: Any = proof, header: Mapping[Any, Any] = header, **changes: Any) -> None:
        made = receipt_by(scene, proof, header, **changes)
        both_fail(with_manifest({**files, receipt_name(2): made}), f"entry 2: its receipt: .*{reason}")

    def with_claims(**changes: Any) -> dict[Any, Any]:
        names = {"iss": 1, "sub": 2, "iat": 6, "size": "tree-size"}
        return {**header, labels.CWT_CLAIMS: {**claims, **{names[name]: value for name, value in changes.items()}}}

    # The log signs a head once. The other ECDSA signature of the pair holds as well; the package asks for the one.
    twin = script.read_message(twin_of(scene.evidence.exhibits[0].receipt)).signature
    made = encode_sign1(message.protected, message.unprotected, None, twin)
    again = zipped(with_manifest({**files, receipt_name(2): made}))
    assert (verdict_here(again), verdict_there(again)) == ("PASS WITH FINDINGS", None)
    size, index, path = proof
    fails("not by that key", signer=mallory)
    fails("another key", header={**header, labels.KID: mallory.public_key.thumbprint}, signer=mallory)
    fails("another structure", header={**header, labels.VDS: 2})
    fails("another structure", header={one: value for one, value in header.items() if one != labels.VDS})
    fails("another log's", header=with_claims(iss="https://other.example/agents"))
    fails("another log's", header=with_claims(sub="other.example/agents"))
    fails("another tree size", header=with_claims(size=size + 1))
    fails("another tree", proof=[size + 1, index, path], header=with_claims(size=size + 1))
    fails("another time", header=with_claims(iat=claims[6] + 1))
    fails("puts the entry at 3", proof=[size, 3, path])
    fails("another root", proof=[size, index, path[::-1]])
    fails("another root", proof=[size, index, [bytes(32), *path[1:]]])
    fails("too short", proof=[size, index, path[:-1]])
    fails("too long", proof=[size, index, [*path, bytes(32)]])
    fails("no hash", proof=[size, index, [path[0][:31], *path[1:]]])
    fails("no hash", proof=[size, index, [1, *path[1:]]])
    fails("two numbers", proof=[size, index, {}])
    fails("cannot be read", proof=[size, index])
    fails("two numbers", proof=[size, True, path])
    fails("names no time", header=with_claims(iat="now"))
    fails("one proof", unprotected={labels.VDP: {labels.CONSISTENCY: [encode(proof)]}})
    fails("one proof", unprotected={labels.VDP: {labels.INCLUSION: []}})


def test_receipts_are_read_as_this_log_issues_them_alone(files: Files, scene: Scene) -> None:
    """What no signature covers in a receipt has one spelling all the same, or evidence could be changed unnoticed."""
    message = script.read_message(scene.evidence.exhibits[0].receipt)
    proof = message.unprotected[labels.VDP][labels.INCLUSION][0]
    twice = {labels.VDP: {labels.INCLUSION: [proof, proof]}}
    more = {**message.unprotected, 99: 1}
    root = scene.evidence.frame.tree.root
    for unprotected, payload, reason in (
        (twice, None, "not one proof"),
        (more, None, "one proof"),
        (None, root, "a payload"),
        ({labels.VDP: {labels.INCLUSION: [b"\x83\x18" + proof[1:]]}}, None, "misspelled"),
    ):
        header: Any = message.unprotected if unprotected is None else unprotected
        made = encode_sign1(message.protected, header, payload, message.signature)
        both_fail(with_manifest({**files, receipt_name(2): made}), reason)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17])
def test_the_path_leads_to_the_root_from_its_own_place_only(size: int) -> None:
    leaves = [bytes([number]) * 32 for number in range(size)]
    root = root_by_letter(leaves)
    for index in range(size):
        path = path_by_letter(leaves, index)
        leaf = sha256(b"\x00" + leaves[index]).digest()
        assert script.root_of(leaf, index, size, path) == root
        for wrong in (index - 1, index + 1, size):
            try:
                assert script.root_of(leaf, wrong, size, path) != root
            except script.Failed:
                continue
        for none in (-1, size):
            with pytest.raises(script.Failed, match="no such entry"):
                script.root_of(leaf, none, size, path)
        with pytest.raises(script.Failed, match="too long"):
            script.root_of(leaf, index, size, [*path, bytes(32)])


# Entries.


def test_swapped_entries_fail(files: Files, scene: Scene) -> None:
    case = json.loads(files["evidence/case.json"])
    listed = case["entries"]
    swapped = encode_json({**case, "entries": [listed[1], listed[0], *listed[2:]]})
    both_fail(with_manifest({**files, "evidence/case.json": swapped}), "entry 3: its JSON says something else")
    both_fail(Forgery(scene, numbers=[2, 3, 5, 8, 7, 9, 10, 11]).files(), "entry 7: it does not come after")
    both_fail(Forgery(scene, numbers=[2, 3, 5, 7, 7, 8, 9]).files(), "two files have one name|entries/000000000007")
    names = [[f"evidence/entries/{number:012d}.{kind}" for kind in KINDS] for number in (2, 3)]
    exchanged = {
        **files,
        **{one: files[two] for one, two in zip(names[0] + names[1], names[1] + names[0], strict=True)},
    }
    both_fail(with_manifest(exchanged), "entry 2: it was decided on as entry 3")
    for kind in KINDS:
        one, two = (f"evidence/entries/{number:012d}.{kind}" for number in (2, 3))
        both_fail(with_manifest({**files, one: files[two], two: files[one]}), "entry 2: ")


KINDS = ("statement.cose", "decision.cbor", "receipt.cose", "json")


@pytest.mark.parametrize("number", [2, 5, 9, 11])
def test_an_entry_left_out_fails(files: Files, number: int) -> None:
    case = json.loads(files["evidence/case.json"])
    rest = {name: content for name, content in files.items() if f"entries/{number:012d}" not in name}
    both_fail(with_manifest(rest), f"entry {number}: .* is missing")
    listed = [one for one in case["entries"] if one["number"] != number]
    unlisted = encode_json({**case, "entries": listed})
    for changed in (rest, files):
        reason = r"refers to|says something else|counts other entries"
        both_fail(with_manifest({**changed, "evidence/case.json": unlisted}), reason)


def test_a_statement_of_another_signer_fails(scene: Scene, files: Files) -> None:
    cast = scene.cast
    mallory = replace_signer(scene, Role.REVIEWER)
    said = members_of(EventType.OBSERVATION)
    forged = mallory.sign(Role.REVIEWER, encode_json(said))
    both_fail(with_manifest({**files, "evidence/entries/000000000007.statement.cose": forged}), "entry 7: its receipt")
    both_fail(Forgery(scene, {7: forged}).files(), "entry 7: .*(not by that key|are no|not go with)")
    thumbprint = mallory.signers[Role.REVIEWER].public_key.thumbprint
    named = Forgery(scene, {7: forged}).decide(7, key_thumbprint=thumbprint)
    both_fail(named.files(), "entry 7: the policy gives its issuer no usable key")
    platform = cast.signers[Role.PLATFORM]
    by_other = sign_statement(
        platform,
        encode_json(said),
        issuer=cast.name(Role.REVIEWER),
        subject=cast.root,
        content_type=TRACE_EVENT_CONTENT_TYPE,
    )
    another = Forgery(scene, {7: by_other}).decide(7, key_thumbprint=platform.public_key.thumbprint)
    both_fail(another.files(), "entry 7: the policy gives its issuer no usable key")


def replace_signer(scene: Scene, role: Role) -> Any:
    signer = generate_private_key("ES256" if role is Role.REVIEWER else "ES384")
    return replace(scene.cast, signers={**scene.cast.signers, role: signer}, counts={})


@pytest.mark.parametrize("role", [Role.AGENT, Role.BUYER, Role.REVIEWER, Role.ARBITRATOR, Role.PLATFORM])
def test_a_signature_of_each_kind_is_checked(scene: Scene, role: Role) -> None:
    body = members_of(EventType.OBSERVATION, actor={"id": "x", "role": role.value})
    good = scene.cast.sign(role, encode_json(body), content_type="application/json")
    message = parse_sign1(good, max_bytes=10_000)
    thumbprint = scene.cast.signers[role].public_key.thumbprint
    size = len(message.signature)
    flipped = bytes([*message.signature[:-1], message.signature[-1] ^ 1])

    def forged(signature: bytes) -> Files:
        made = encode_sign1(message.protected_bytes, {}, message.payload, signature)
        return Forgery(scene, {7: made}).decide(7, key_thumbprint=thumbprint).files()

    both_pass(forged(message.signature), "PASS WITH FINDINGS")
    both_fail(forged(flipped), "entry 7: the signature is not by that key")
    both_fail(forged(message.signature + b"\0"), "bytes are no")
    both_fail(forged(b"\xff" * size), "entry 7: ")
    other = encode_sign1(message.protected_bytes, {}, (message.payload or b"") + b" ", message.signature)
    both_fail(Forgery(scene, {7: other}).decide(7, key_thumbprint=thumbprint).files(), "not by that key")


def test_a_statement_stands_as_the_log_stores_it(scene: Scene) -> None:
    good = scene.evidence.exhibits[3].statement or b""
    message = parse_sign1(good, max_bytes=10_000)
    assert scene.evidence.exhibits[3].number == 7
    agent = scene.world.agent
    about = scene.cast.root
    long_length = b"\xd2\x84\x59" + len(message.protected_bytes).to_bytes(2, "big") + good[4:]
    assert good[2] == 0x58
    cases = (
        (good[1:], "tag 18"),
        (b"\xd8\x12" + good[1:], "tag 18"),
        (good + b"\0", "bytes follow"),
        (long_length, "misspelled"),
        (b"\xd2\x9f" + good[2:] + b"\xff", "cannot be read"),
        (encode_sign1(message.protected_bytes, {99: 1}, message.payload, message.signature), "not empty"),
        (encode_sign1(message.protected_bytes, {}, None, message.signature), "no payload"),
        (encode_sign1(message.protected_bytes + b"\0", {}, message.payload, message.signature), "bytes follow"),
        (encode_sign1(b"\xa2\x01\x26\x01\x26", {}, message.payload, message.signature), "cannot be read"),
        (encode_sign1(b"\xa0", {}, message.payload, message.signature), "no claims"),
        (encode_sign1(b"\x80", {}, message.payload, message.signature), "no claims"),
        (b"\xd2\x83" + good[2:], ""),
    )
    for statement, reason in cases:
        both_fail(Forgery(scene, {7: statement}).files(), f"entry 7: .*{reason}")
    for statement, reason in (
        (sign_statement(agent, b"{}", subject="another"), "about another engagement"),
        (sign_statement(agent, b"{}", subject=None), "about another engagement"),
        (sign_statement(agent, b"{}", subject=about, issuer=None), "no usable key"),
        (sign_statement(agent, b"{}", subject=about, headers={2: [99], 99: 1}), "crit"),
        (sign_statement(agent, b"{}", subject=about, headers={395: 1}), "it is a receipt"),
        (with_header(agent, {2: []}, about), "crit is no list"),
        (with_header(agent, {2: 3}, about), "crit is no list"),
        (with_header(agent, {2: [True]}, about), "crit names"),
        (with_header(agent, {2: [33]}, about), "crit names"),
    ):
        thumbprint = agent.public_key.thumbprint
        both_fail(Forgery(scene, {7: statement}).decide(7, key_thumbprint=thumbprint).files(), f"entry 7: .*{reason}")
    fine = sign_statement(agent, b"{}", subject=about, headers={2: [3]})
    decided = Forgery(scene, {7: fine}).decide(7, key_thumbprint=agent.public_key.thumbprint)
    both_pass(decided.files(), "PASS WITH FINDINGS")


def with_header(signer: LocalSigner, more: Mapping[Any, Any], subject: str) -> bytes:
    """A statement whose header no code of ours would sign."""
    claims = {labels.CWT_ISS: "https://agent.example", labels.CWT_SUB: subject}
    members: dict[Any, Any] = {labels.ALG: -7, labels.CWT_CLAIMS: claims, **more}
    header = encode(members)
    return encode_sign1(header, {}, b"{}", signer.sign(signature_input(header, b"{}")))


@pytest.mark.parametrize("algorithm", [-48, -49, -50, -65535, -257, 5, 0, True, "ES256", None, 1 << 70])
def test_an_algorithm_it_does_not_know_is_a_failure(scene: Scene, algorithm: Any) -> None:
    named = b"\xc2\x49\x40" + bytes(8) if algorithm == 1 << 70 else encode(algorithm)
    claims = encode({1: "https://agent.example", 2: scene.cast.root})
    header = b"\xa2\x01" + named + b"\x0f" + claims
    made = encode_sign1(header, {}, b"{}", bytes(64))
    thumbprint = scene.world.agent.public_key.thumbprint
    reason = "not one that this program can check|cannot be read"
    both_fail(Forgery(scene, {7: made}).decide(7, key_thumbprint=thumbprint).files(), f"entry 7: .*({reason})")


def test_a_statement_by_ml_dsa_fails_here_and_says_so() -> None:
    scene = build_scene(cast_of_all_algorithms(reviewer="ML-DSA-44"), findings=False)
    data = zipped(scene.files)
    assert verdict_there(data) == "PASS"
    assert re.search(r"entry 7: algorithm -48 is not one that .*ML-DSA", verdict_here(data))


def test_an_algorithm_of_another_key_fails(scene: Scene) -> None:
    """A key of the right thumbprint, and a header that names the algorithm of another kind."""
    said = encode_json(members_of(EventType.OBSERVATION))
    good = parse_sign1(scene.cast.sign(Role.REVIEWER, said), max_bytes=10_000)
    for algorithm in (-7, -8, -35, -38, -39):
        header = encode({**good.protected, labels.ALG: algorithm})
        made = encode_sign1(header, {}, good.payload, good.signature)
        both_fail(Forgery(scene, {7: made}).files(), "entry 7: .*(does not go with|not by that key)")


def test_a_short_rsa_key_verifies_nothing() -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - that it is too short is the point
    header, digest = encode({labels.ALG: -37}), hashes.SHA256()
    signature = private.sign(signature_input(header, b"{}"), padding.PSS(padding.MGF1(digest), 32), digest)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    message = script.Message(header, {labels.ALG: -37}, {}, {}, b"{}", signature, b"")
    with pytest.raises(script.Failed, match="an RSA key of 1024 bits"):
        script.verify(message, script.load_key(pem), b"{}")


# Decisions.


def test_decisions_are_of_this_entry_and_of_one_spelling(scene: Scene) -> None:
    decision = scene.evidence.exhibits[3].decision
    record = script.read_cbor(decision)
    cases: list[tuple[bytes, str]] = [
        (decision + b"\0", "bytes follow"),
        (b"\xbf" + decision[1:] + b"\xff", "cannot be read"),
        (encode({**record, 0: 2}), "version 1"),
        (encode({**record, 0: True}), "version 1"),
        (encode({**record, 8: None}), "members 0 to 7"),
        (encode({key: value for key, value in record.items() if key != 7}), "members 0 to 7"),
        (encode({**record, 1: 8}), "decided on as entry 8"),
        (encode({**record, 1: -1}), "version 1"),
        (encode({**record, 4: "now"}), "version 1"),
        (encode({**record, 3: record[3][:31]}), "32 bytes"),
        (encode({**record, 3: None}), "32 bytes"),
        (encode({**record, 5: b""}), "32 bytes"),
        (decision.replace(b"\x00\x01\x01\x07", b"\x00\x01\x01\x18\x07"), "deterministic"),
        (decision.replace(b"\x00\x01\x01\x07", b"\x01\x07\x00\x01"), "members 0 to 7"),
        (decision.replace(b"\x00\x01\x01\x07", b"\x00\x01\x00\x07"), "cannot be read"),
        (encode([*record.values()]), "members 0 to 7"),
        (b"", "cannot be read"),
    ]
    for changed, reason in cases:
        assert changed != decision
        both_fail(Forgery(scene, decisions={7: changed}).files(), f"entry 7: .*{reason}")


def test_a_changed_decision_fails_unless_all_that_hangs_on_it_is_changed_too(files: Files, scene: Scene) -> None:
    forged = Forgery(scene).decide(7, appraisal_digest=bytes(32))
    name = "evidence/entries/000000000007.decision.cbor"
    both_fail(with_manifest({**files, name: forged.decisions[7]}), "entry 7: its JSON says something else")
    honest = forged.evidence()
    rest = replace(honest, chain_head=scene.evidence.chain_head, checkpoint=scene.evidence.checkpoint)
    both_fail(dict(case_files(rest, (), "test")), "chain-head.txt")
    both_pass(forged.files(), "PASS WITH FINDINGS")


def test_decisions_that_no_log_makes_fail(scene: Scene) -> None:
    """The log's clock never runs backwards, and its policies come before what they decide."""
    time = scene.evidence.frame.tree.time
    for changes, reason in (
        ({"head_time": time + 1}, "or too late"),
        ({"head_time": 0}, "registered before the one before it"),
        ({"policy_entry": 0}, "its policy was not in force then"),
    ):
        both_fail(Forgery(scene).decide(8, **changes).files(), reason)
    both_fail(Forgery(scene).decide(5, policy_entry=6).files(), "its policy was not in force then")
    both_fail(Forgery(scene).decide(7, policy_entry=0).files(), "its policy was not in force then")


# Policies.


def policy_of(scene: Scene) -> tuple[dict[str, Any], bytes]:
    payload = parse_signed_statement(scene.evidence.policies[1].statement).message.payload or b""
    return json.loads(payload), payload


def policy_by(scene: Scene, payload: bytes, purpose: KeyPurpose = KeyPurpose.OPERATOR, **changes: Any) -> bytes:
    identity = scene.world.identity
    arguments = {"subject": identity.policy_subject, "content_type": POLICY_CONTENT_TYPE, **changes}
    signer = scene.world.signers[purpose]
    return sign_own_statement(signer, identity, arguments["subject"], arguments["content_type"], payload, 1)


def test_a_policy_is_signed_by_the_operator(scene: Scene, files: Files, other: Scene) -> None:
    _, payload = policy_of(scene)
    both_pass(Forgery(scene, {6: policy_by(scene, payload)}).files(), "PASS WITH FINDINGS")
    for statement, reason in (
        (policy_by(scene, payload, KeyPurpose.SERVICE), "only an operator"),
        (policy_by(scene, payload, KeyPurpose.RECEIPT), "not by that key"),
        (policy_by(scene, payload, subject=scene.world.identity.page_subject), "not of the log's own chain"),
        (policy_by(scene, payload, content_type="application/json"), "of a kind that is not known"),
        (scene.cast.sign(Role.AGENT, payload, content_type=POLICY_CONTENT_TYPE), "not of the log's own chain"),
        (other.evidence.policies[1].statement, "not by that key"),
    ):
        both_fail(Forgery(scene, {6: statement}).files(), f"what the log says in entry 6: .*{reason}")
    for kind in ("statement.cose", "receipt.cose", "json"):
        one, two = (f"evidence/policies/{number:012d}.{kind}" for number in (0, 6))
        both_fail(with_manifest({**files, one: files[two]}), "policy 0: ")
        both_fail(with_manifest({**files, two: files[one]}), "policy 6: ")


def test_the_policy_names_whose_key_is_whose(scene: Scene) -> None:
    document, _ = policy_of(scene)
    issuers = {one["issuer"]: one for one in document["issuers"]}
    reviewer, buyer = issuers[scene.cast.name(Role.REVIEWER)], issuers[scene.cast.name(Role.BUYER)]
    rest = [one for one in document["issuers"] if one not in (reviewer, buyer)]
    mine = public_key_pem(generate_private_key("ES256").public_key)
    for changed, reason in (
        ([*rest, buyer], "no usable key"),
        ([*rest, buyer, {**reviewer, "keys": []}], "no usable key"),
        ([*rest, buyer, {**reviewer, "keys": [{"publicKey": mine}]}], "no usable key"),
        ([*rest, {**buyer, "keys": reviewer["keys"]}, {**reviewer, "keys": buyer["keys"]}], "no usable key"),
        ([*rest, buyer, reviewer, {**reviewer, "keys": []}], "an issuer stands in it twice"),
        ([*rest, {**buyer, "keys": reviewer["keys"]}, reviewer], "a key stands in it twice"),
        ([*rest, buyer, {**reviewer, "keys": [{"publicKey": "none"}]}], "not in PEM"),
        ([*rest, buyer, {**reviewer, "keys": [{"publicKey": mine + mine}]}], "two keys"),
        ([*rest, buyer, {**reviewer, "keys": [{"publicKey": 1}]}], "not in PEM"),
        ([*rest, buyer, {**reviewer, "issuer": 1}], "issuer"),
        ("none", "cannot be read"),
    ):
        statement = policy_by(scene, encode_json({**document, "issuers": changed}))
        both_fail(Forgery(scene, {6: statement}).files(), f"entry 7: .*{reason}")
    text = json.dumps(document).replace('"issuers"', '"issuers": [], "issuers"', 1).encode()
    both_fail(Forgery(scene, {6: policy_by(scene, text)}).files(), "a name twice")


def test_a_missing_policy_fails_and_one_too_many(files: Files, scene: Scene) -> None:
    without = {name: content for name, content in files.items() if "policies/000000000006" not in name}
    both_fail(with_manifest(without), "entry 7: policy 6: policies/000000000006.statement.cose is missing")
    extra = {name.replace("policies/000000000006", "policies/000000000004"): content for name, content in files.items()}
    both_fail(with_manifest({**files, **extra}), "other files than the case has")


# Documents.


def test_the_documents_say_what_the_evidence_says(files: Files) -> None:
    name = "evidence/entries/000000000007.json"
    document = json.loads(files[name])
    decision, statement = document["decision"], document["statement"]
    payload = statement["payload"]
    for changed in (
        {**document, "chainHash": "00" * 32},
        {**document, "more": 1},
        {**document, "decision": {**decision, "registeredAt": "2027-01-15T08:01:01.000Z"}},
        {**document, "decision": {**decision, "evidenceDigest": "00" * 32}},
        {**document, "statement": None},
        {**document, "statement": {**statement, "issuer": "https://buyer.parties.example"}},
        {**document, "statement": {**statement, "issuedAt": 1}},
        {**document, "statement": {**statement, "algorithm": "PS384"}},
        {**document, "statement": {**statement, "contentType": "text/plain"}},
        {**document, "statement": {**statement, "payload": {**payload, "sequence": 1}}},
        {**document, "statement": {**statement, "payload": {**payload, "sequence": False}}},
        {**document, "statement": {**statement, "payloadBase64url": "e30"}},
    ):
        both_fail(with_manifest({**files, name: encode_json(changed)}), "entry 7: (its JSON says|it cannot be read)")
    twice = files[name].replace(b'"number":7', b'"number":7,"number":7')
    both_fail(with_manifest({**files, name: twice}), "entry 7: a JSON object holds a name twice")
    not_a_number = files[name].replace(b'"sequence":3', b'"sequence":NaN')
    both_fail(with_manifest({**files, name: not_a_number}), "NaN is no JSON")


def test_case_json_is_what_the_evidence_leads_to_to_the_byte(files: Files) -> None:
    case = json.loads(files["evidence/case.json"])
    first = case["entries"][0]
    for changed, reason in (
        ({**case, "chainHash": "00" * 32}, "the evidence leads to"),
        ({**case, "origin": "other.example/agents"}, "the evidence leads to"),
        ({**case, "format": "counterfoil-case/2"}, "the evidence leads to"),
        ({**case, "treeHead": {**case["treeHead"], "time": "2027-01-15T08:00:00.000Z"}}, "the evidence leads to"),
        ({**case, "more": 1}, "the evidence leads to"),
        ({**case, "rootTraceId": "another"}, "about another engagement"),
        ({**case, "rootTraceId": 1}, "no engagement"),
        ({**case, "entries": []}, "no engagement or no entry"),
        ({**case, "entries": case["entries"][:-1]}, "counts other entries"),
        ({**case, "entries": [*case["entries"], case["entries"][-1]]}, "entry 11: it does not come after"),
        ({**case, "entries": [{**first, "number": True}, *case["entries"][1:]]}, "a number is none"),
        ({**case, "entries": [{**first, "number": 2.0}, *case["entries"][1:]]}, "a number is none|evidence leads"),
        (
            {**case, "entries": [{**first, "entryId": first["entryId"].upper()}, *case["entries"][1:]]},
            "another entry id",
        ),
        ({**case, "erased": [3]}, "erased"),
    ):
        text = json.dumps(changed, sort_keys=True, separators=(",", ":")).encode()
        both_fail(with_manifest({**files, "evidence/case.json": text}), reason)
    for text in (json.dumps(case).encode(), files["evidence/case.json"] + b" "):
        both_fail(with_manifest({**files, "evidence/case.json": text}), "the evidence leads to")


def test_reports_are_shown_and_only_the_package_makes_them_again(files: Files) -> None:
    """The one place where the script passes what the package fails; each pass says so."""
    entry = "evidence/entries/000000000007.json"
    reports = {name: json.loads(files[name]) for name in REPORTS}
    findings, engagement = reports["evidence/findings.json"], reports["evidence/engagement.json"]
    for name, content in (
        ("evidence/findings.json", encode_json({**findings, "entries": []})),
        ("evidence/completeness.json", encode_json({**reports["evidence/completeness.json"], "entries": 1})),
        ("evidence/disputes.json", b"[]"),
        ("evidence/engagement.json", encode_json({**engagement, "state": "settled"})),
        (entry, encode_json({**json.loads(files[entry]), "lagMilliseconds": 1})),
    ):
        data = zipped(with_manifest({**files, name: content}))
        assert verdict_here(data).startswith("PASS")
        assert verdict_there(data) is None
        assert any(
            "`counterfoil verify case.zip` makes them again" in one for one in script.verify_case(data)["notShown"]
        )
    for name in REPORTS:
        both_fail(with_manifest({**files, name: b"\xff"}), "the reports: it cannot be read")


# CBOR and JSON.


NOT_READ = (
    ", 01 01, a1 f5 01, a1 80 01, a1 40 01, a1 f6 01, a2 01 01 01 02, "
    "a2 01 01 1801 02, a2 01 01 f5 02, 9f 01 ff, bf 01 01 ff, 7f 61 61 ff, 5f 41 61 ff, f7, "
    "f0, a1 01 f7, 81 f7, 18, 62 c3 28, c2 41 01, c0 60, "
    "d8 1c 80, d8 1e 82 01 02, d9 01 02 81 01, d9 d9f7 01, da 00 01 00 00 01, d2 80, c1 60, "
    "c1 80, 1c, ff, 9b ff ff ff ff ff ff ff ff, 5b 7f ff ff ff ff ff ff ff"
)


@pytest.mark.parametrize("data", ["81" * 40 + "01", *NOT_READ.split(", ")])
def test_cbor_that_is_not_read(data: str) -> None:
    with pytest.raises(script.Failed, match=r"^x: "), script.about("x"):
        script.read_cbor(bytes.fromhex(data))


def test_cbor_that_is_read() -> None:
    assert script.read_cbor(bytes.fromhex("a3 01 02 20 61 61 61 62 83 f4 f6 41 00")) == {
        1: 2,
        -1: "a",
        "b": [False, None, b"\0"],
    }
    assert script.read_cbor(bytes.fromhex("c1 1a 6b49d200")) == 1_800_000_000


# The command.


def main_says(data: bytes, *arguments: str) -> str:
    """What the command prints about such a file; it raises nothing, whatever that is."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", printed)
        patch.setattr(script, "open", lambda *_: io.BytesIO(data), raising=False)
        code = script.main(["case.zip", *arguments])
    text = printed.getvalue()
    assert code == (0 if text.startswith(("PASS", '{"chainHash"')) else 1)
    return text


def test_what_it_prints_of_a_case_is_printable(files: Files) -> None:
    name = "evidence/findings.json"
    document = json.loads(files[name])
    document["entries"][0]["findings"][0]["detail"] = "\x1b[2J\u202e\x7f\x9b \u00e9"
    data = zipped(with_manifest({**files, name: encode_json(document)}))
    text = main_says(data)
    assert "\\x1b[2J\\u202e\\x7f\\x9b \u00e9" in text
    assert all(line.isprintable() for line in text.splitlines())
    as_json = main_says(data, "--json")
    assert as_json.removesuffix("\n").isprintable()
    assert as_json.isascii()
    assert json.loads(as_json)["verdict"] == "PASS WITH FINDINGS"


def test_a_reason_is_printable_too(files: Files) -> None:
    text = main_says(zipped(with_manifest({**files, "evidence/\x1b[2J": b""})))
    assert text == "FAIL: the manifest lists other files than the case has, or in another order\n"
    unlisted = main_says(zipped({**files, MANIFEST: files[MANIFEST].replace(b"disputes", b"d\\u001b[2J")}))
    assert unlisted == "FAIL: the manifest: d\\x1b[2J.json is missing\n"
    assert json.loads(main_says(b"", "--json")) == {
        "verdict": "FAIL",
        "reason": "the ZIP: it cannot be read (BadZipFile: File is not a zip file)",
    }


def test_whatever_a_library_raises_is_a_failure(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (MemoryError(), RecursionError("deep"), KeyboardInterrupt(), OSError("gone"), BaseException("panic")):

        def fails(*_: object, error: BaseException = error) -> None:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(script, "check_genesis", fails)
            assert main_says(zipped(files)).startswith("FAIL: ")
    assert script.main(["/does/not/exist.zip"]) == 1


def deep(opening: bytes, closing: bytes) -> bytes:
    return opening * 100_000 + closing * 100_000


@pytest.mark.parametrize("content", [deep(b"[", b"]"), b"9" * 10_000, b"1e999", b'"\\ud800"', b"\x9b" + b"\xff" * 8])
def test_values_of_no_reasonable_size_fail(files: Files, content: bytes) -> None:
    for name in (
        "evidence/case.json",
        MANIFEST,
        "evidence/genesis.cose",
        "evidence/entries/000000000007.decision.cbor",
    ):
        changed = {**files, name: content}
        assert main_says(zipped(changed if name == MANIFEST else with_manifest(changed))).startswith("FAIL: ")


def test_json_is_compared_by_value(files: Files) -> None:
    same: Any = ((1, 1.0), (0, -0.0), (10**20, 1e20), ({"a": 1, "b": 2}, {"b": 2, "a": 1}), ([], []), (None, None))
    other: Any = ((1, True), (0, False), (None, False), ([1, 2], [2, 1]), ({}, []), ("1", 1), ({"a": None}, {}))
    assert all(script.same_json(one, two) for one, two in same)
    assert not any(script.same_json(one, two) for one, two in other)
    assert parse_json(files["evidence/case.json"], max_bytes=10_000) == script.read_json(files["evidence/case.json"])
