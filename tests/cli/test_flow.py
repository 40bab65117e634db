"""The main flows, with the installed program and a server in a process of its own."""

import json
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from counterfoil.cli.exit_codes import ExitCode
from counterfoil.receipt.transparent import parse_transparent_statement
from tests.cli.commands import AGENT, ORIGIN, TRACE, Shell, installed, served, served_here


def test_an_agent_registers_and_an_auditor_verifies_with_the_installed_program(tmp_path: Path, shell: Shell) -> None:
    """What needs a server, the network or a verdict is a process of its own; the files in between are made here."""
    data, agent, payload = tmp_path / "data", tmp_path / "agent.pem", tmp_path / "a.json"
    payload.write_text('{"tool":"search"}')
    statement, receipt, log_keys = tmp_path / "a.cose", tmp_path / "a.receipt", tmp_path / "keys.cbor"

    def done(*arguments: object) -> str:
        outcome = installed(*arguments)
        assert (outcome.code, outcome.err) == (0, "")
        return outcome.out

    done("init", "--data", data, "--origin", ORIGIN)
    shell.ok("keygen", "--out", agent)
    shell.ok("issuer", "add", "--data", data, "--name", AGENT, "--key", f"{agent}.pub")
    shell.ok("sign", "--key", agent, "--issuer", AGENT, "--subject", TRACE, "--in", payload, "--out", statement)
    with served(data) as url:
        shell.ok("keys", "--url", url, "--out", log_keys)
        done("submit", "--url", url, statement, "--out", receipt, "--keys", log_keys)
    told = done(
        "verify",
        statement,
        "--receipt",
        receipt,
        "--keys",
        log_keys,
        "--issuer-key",
        f"{agent}.pub",
        "--origin",
        ORIGIN,
    )
    assert "CHECKED with key" in told
    assert "NOT CHECKED" not in told
    assert shell("fsck", "--data", data).out.startswith("clean")
    flipped = statement.read_bytes().replace(b"search", b"seerch")
    (tmp_path / "flipped.cose").write_bytes(flipped)
    refused = installed("verify", tmp_path / "flipped.cose", "--receipt", receipt, "--keys", log_keys)
    assert refused.code == ExitCode.UNVERIFIED
    assert refused.err.startswith("error[signature-invalid]: ")
    assert refused.err.count("\n") == 1


def test_issuers_and_policies_change_while_a_server_runs(
    admitted: Path, agent: Path, statement: Path, shell: Shell, tmp_path: Path
) -> None:
    other, policy = tmp_path / "other.pem", tmp_path / "policy.json"
    shell.ok("keygen", "--out", other, "--alg", "EdDSA")
    with served_here(admitted) as url:
        shell.ok("submit", "--url", url, statement)
        payload, late = tmp_path / "p.json", tmp_path / "late.cose"
        payload.write_text("{}")
        shell.ok(
            *("sign", "--key", other, "--issuer", "https://other.example", "--subject", TRACE),
            *("--in", payload, "--out", late),
        )
        refused = shell("submit", "--url", url, late, "--json")
        assert (refused.code, refused.error["code"]) == (ExitCode.REFUSED, "issuer-unknown")
        shell.ok("issuer", "add", "--data", admitted, "--name", "https://other.example", "--key", f"{other}.pub")
        shell.ok("submit", "--url", url, late)
        shown = shell.ok("policy", "show", "--url", url)
        assert shown == shell.ok("policy", "show", "--data", admitted)
        policy.write_text(json.dumps({**shown, "version": shown["version"] + 1, "algorithms": ["ES384"]}))
        shell.ok("policy", "commit", "--data", admitted, policy)
        payload.write_text("[]")
        shell.ok("sign", "--key", agent, "--issuer", AGENT, "--subject", TRACE, "--in", payload, "--out", late)
        refused = shell("submit", "--url", url, late, "--json")
        assert (refused.code, refused.error["code"]) == (ExitCode.REFUSED, "algorithm-not-admitted")
    assert shell.ok("fsck", "--data", admitted)["clean"]


def test_receipts_are_fetched_by_id_and_by_statement(
    admitted: Path, statement: Path, shell: Shell, tmp_path: Path
) -> None:
    keys, out = tmp_path / "keys.cbor", tmp_path / "r.cose"
    shell.ok("keys", "--data", admitted, "--out", keys)
    with served_here(admitted) as url:
        registered = shell.ok("submit", "--url", url, statement, "--out", tmp_path / "first", "--keys", keys)
        again = shell.ok("submit", "--url", url, statement, "--out", tmp_path / "again")
        assert (registered["keysPinned"], again["keysPinned"]) == (True, False)
        assert (tmp_path / "first").read_bytes() == (tmp_path / "again").read_bytes()
        shell.ok("receipt", "--url", url, registered["entryId"], "--out", out)
        assert out.read_bytes() == (tmp_path / "first").read_bytes()
        assert "agrees with itself" in shell("receipt", "--url", url, statement, "--out", out, "--fresh").out
        shell.ok("verify", statement, "--receipt", out, "--keys", keys)
        shell.ok("receipt", "--url", url, statement, "--out", out, "--transparent")
        assert len(parse_transparent_statement(out.read_bytes()).receipts) == 1
        verified = shell.ok("verify", out, "--keys", keys)
        assert verified["issuerSignature"] == {"status": "not-checked", "key": None}
        assert verified["entryId"] == registered["entryId"]
        absent = shell("receipt", "--url", url, "0" * 64, "--out", out, "--json")
        assert (absent.code, absent.error["code"]) == (ExitCode.ABSENT, "entry-not-found")
        unknown = shell("submit", "--url", url, statement, "--keys", tmp_path / "agent.pem.pub", "--json")
        assert (unknown.code, unknown.error["code"]) == (ExitCode.UNVERIFIED, "log-key-unknown")
        other = shell("submit", "--url", url, statement, "--origin", "log.example/other", "--json")
        assert (other.code, other.error["code"]) == (ExitCode.UNVERIFIED, "issuer-mismatch")


def test_the_demonstration_does_what_it_says_and_leaves_nothing(tmp_path: Path) -> None:
    outcome = installed("demo", variables={"TMPDIR": str(tmp_path), "NO_COLOR": "1"})
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.count("refused: error[") == 2
    assert "\x1b" not in outcome.out
    assert list(tmp_path.iterdir()) == []


def test_the_demonstration_speaks_json(shell: Shell) -> None:
    told = shell.ok("demo")
    assert told["ok"] is True
    assert [step["refusedWith"] for step in told["steps"] if "refusedWith" in step] == ["signature-invalid"] * 2


def test_the_engagement_is_played_to_its_case_file(tmp_path: Path, shell: Shell) -> None:
    out = tmp_path / "case.zip"
    told = shell.ok("demo", "engagement", "--out", out)
    assert (told["verdict"], told["state"], told["timeline"]) == ("pass-with-findings", "settled", 51)
    assert [names for _, names in ((one["number"], one["findings"]) for one in told["findings"])] == [
        ["action-while-suspended: 1 stand"], ["sequence-gap: number 18 does not follow a number used before"],
    ]  # fmt: skip
    assert len(told["otherFindings"]) == 2
    again = shell.ok("verify", out)
    assert again["evidenceDigest"] == told["evidenceDigest"]
    with zipfile.ZipFile(out) as case:
        case.extract("verify.py", tmp_path)
    script = [sys.executable, "-I", str(tmp_path / "verify.py"), str(out), "--genesis", told["genesis"], "--json"]
    alone = json.loads(subprocess.run(script, capture_output=True, text=True, check=True).stdout)
    assert (alone["verdict"], alone["evidenceDigest"]) == ("PASS WITH FINDINGS", told["evidenceDigest"])
    text = shell("demo", "engagement", "--out", out).out
    assert text.count("  ACTION  ") == 40
    assert "settled as 22: DOES NOT HOLD" in text
    assert text.count("the same;") == 2
    assert text.endswith(f"case file: {out}\n")


def test_the_module_runs_as_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "counterfoil.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("counterfoil ")


def test_a_server_says_what_is_open_and_refuses_to_open_more(data: Path, shell: Shell) -> None:
    with served(data) as url:
        taken = shell("serve", "--data", data, "--port", url.rpartition(":")[2])
        assert (taken.code, taken.err.partition(":")[0]) == (ExitCode.MISCONFIGURED, "error[misconfigured]")
    open_to_all = shell("serve", "--data", data, "--host", "0.0.0.0", "--port", "0")  # noqa: S104 - it must be refused
    assert open_to_all.code == ExitCode.MISCONFIGURED
    assert "error[unsafe-configuration]" in open_to_all.err
    assert open_to_all.out == ""


def test_what_is_private_stays_so_on_disk(data: Path) -> None:
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    for file in (data / "keys").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(file.name for file in (data / "keys").iterdir()) == [
        "checkpoint.pem",
        "operator.pem",
        "receipt.pem",
        "service.pem",
    ]
    assert stat.S_IMODE((data / "log.db").stat().st_mode) & 0o077 == 0


# pydantic is not among them: typer itself needs it.
@pytest.mark.parametrize("blocked", [("httpx", "fastapi", "starlette", "sqlalchemy", "uvicorn", "alembic", "fpdf")])
def test_the_base_install_signs_and_verifies(
    blocked: tuple[str, ...], admitted: Path, statement: Path, shell: Shell, tmp_path: Path
) -> None:
    keys, receipt, out = tmp_path / "keys.cbor", tmp_path / "r.cose", tmp_path / "s.cose"
    shell.ok("keys", "--data", admitted, "--out", keys)
    with served_here(admitted) as url:
        shell.ok("submit", "--url", url, statement, "--out", receipt)
    script = f"""
import sys
for name in {blocked!r}:
    sys.modules[name] = None
from counterfoil.cli.app import run
def code(*arguments):
    return run([str(argument) for argument in arguments])
assert code("--help") == 0
assert code("verify", {str(statement)!r}, "--receipt", {str(receipt)!r}, "--keys", {str(keys)!r}) == 0
assert code("keygen", "--out", {str(tmp_path / "k.pem")!r}) == 0
assert code("sign", "--key", {str(tmp_path / "k.pem")!r}, "--issuer", "i", "--subject", "s",
            "--in", {str(statement)!r}, "--out", {str(out)!r}) == 0
assert code("submit", "--url", "http://127.0.0.1:1", {str(out)!r}) == 8
assert code("serve", "--data", {str(admitted)!r}) == 8
assert code("fsck", "--data", {str(admitted)!r}) == 8
assert code("init", "--data", {str(tmp_path / "new")!r}, "--origin", "log.example/x") == 8
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error[extra-missing]"] * 4
    assert "pip install 'counterfoil[client]'" in lines[0]
    assert "pip install 'counterfoil[server]'" in lines[1]


def test_importing_the_client_without_its_extra_says_what_to_install() -> None:
    script = "import sys; sys.modules['httpx'] = None\nimport counterfoil.verify\nimport counterfoil.client"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'counterfoil[client]'" in done.stderr.splitlines()[-1]
