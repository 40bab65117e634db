"""Many files through the command line, against a real server: interrupted, repeated, and with bad ones among them."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from counterfoil.cli.exit_codes import ExitCode, worst
from counterfoil.cose.keys import public_key_pem
from counterfoil.http.problems import Problem
from counterfoil.signing.generate import generate_private_key
from tests.builders import sign_statement
from tests.cli.commands import AGENT, TRACE, Outcome, Shell, served_here
from tests.unit.client.canned import Canned, Service, answering
from tests.unit.verify.paper_log import PaperLog


@pytest.fixture
def files(admitted: Path, shell: Shell, tmp_path: Path) -> list[Path]:
    """Five signed statements."""
    made = []
    for number in range(5):
        (tmp_path / "in.json").write_text(f'{{"number": {number}}}')
        out = tmp_path / f"{number}.cose"
        named = ("--issuer", AGENT, "--subject", TRACE, "--content-type", "application/json")
        shell.ok("sign", "--key", tmp_path / "agent.pem", *named, "--in", tmp_path / "in.json", "--out", out)
        made.append(out)
    return made


def test_many_files_are_registered_and_go_on_where_they_were(
    admitted: Path, files: list[Path], shell: Shell, tmp_path: Path
) -> None:
    kept = tmp_path / "receipts"
    with served_here(admitted) as url:
        first = shell.ok("submit", "--url", url, "--receipts", kept, *files[:3])
        assert first["counts"] == {"registered": 3, "already": 0, "failed": 0}
        assert sorted(path.name for path in kept.iterdir()) == sorted(
            f"{one['entryId']}.receipt" for one in first["statements"]
        )
        again = shell.ok("submit", "--url", url, "--receipts", kept, *files)
        assert again["counts"] == {"registered": 2, "already": 3, "failed": 0}
        assert [one["file"] for one in again["statements"]] == [str(file) for file in files]
        assert [one["entryId"] for one in again["statements"][:3]] == [one["entryId"] for one in first["statements"]]
        one = again["statements"][4]
        keys = tmp_path / "keys.cbor"
        shell.ok("keys", "--url", url, "--out", keys)
    assert shell("verify", files[4], "--receipt", one["receipt"], "--keys", keys).code == ExitCode.OK


def test_bad_files_are_named_and_the_others_registered(
    admitted: Path, files: list[Path], shell: Shell, tmp_path: Path
) -> None:
    files[1].write_bytes(files[1].read_bytes()[:-1] + b"\x00")
    files[2].write_bytes(b"no statement")
    absent = tmp_path / "absent.cose"
    with served_here(admitted) as url:
        outcome = shell("submit", "--url", url, *files, absent)
        assert outcome.code != ExitCode.OK
        assert "6 statements: 3 registered, 3 failed" in outcome.out
        for file in (files[1], files[2], absent):
            assert f"{file}: " in outcome.out
        as_json = shell("submit", "--url", url, *files, absent, "--json").json
    assert [one["status"] for one in as_json["statements"]] == [
        "registered", "failed", "failed", "registered", "registered", "failed",
    ]  # fmt: skip
    assert [one["code"] for one in as_json["statements"]] == [
        None, "signature-invalid", "malformed-cbor", None, None, "file-unreadable",
    ]  # fmt: skip
    assert {"file", "status", "entryId", "receipt", "code"} <= set.intersection(*map(set, as_json["statements"]))
    assert outcome.code == ExitCode.MISCONFIGURED
    assert outcome.err == ""


def test_one_receipt_file_is_for_one_statement(files: list[Path], shell: Shell, tmp_path: Path) -> None:
    refused = shell("submit", "--url", "http://127.0.0.1:1", *files, "--out", tmp_path / "r")
    assert (refused.code, refused.err.partition(":")[0]) == (ExitCode.USAGE, "error[usage]")


def test_nobody_there(files: list[Path], shell: Shell) -> None:
    for some in (files[:1], files):
        outcome = shell("submit", "--url", "http://127.0.0.1:1", *some, "--retry-for", "0")
        assert outcome.code == ExitCode.UNAVAILABLE


@dataclass(frozen=True)
class OnPaper:
    """Nine statements of a megabyte, of which eight share a request; their receipts, and the key of the log."""

    files: list[Path]
    receipts: list[bytes]
    keys: Path

    def together(self) -> Canned:
        return Canned(b"".join(self.receipts[:8]))

    def last(self) -> Canned:
        return Canned(self.receipts[8], 201)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> OnPaper:
    folder, log, agent = tmp_path_factory.mktemp("large"), PaperLog().found(), generate_private_key("ES256")
    log.statements.extend(sign_statement(agent, bytes([number]) * 1_000_000) for number in range(9))
    files = [folder / f"{number}.cose" for number in range(9)]
    for file, statement in zip(files, log.statements[2:], strict=True):
        file.write_bytes(statement)
    (folder / "log.pem").write_text(public_key_pem(log.receipt_key.public_key))
    return OnPaper(files, [log.receipt(number) for number in range(2, 11)], folder / "log.pem")


def _submit(shell: Shell, service: Service, large: OnPaper, *more: object) -> Outcome:
    return shell("submit", "--url", service.url, "--keys", large.keys, *more, *large.files, "--json")


def test_what_was_kept_before_an_interruption_stays(large: OnPaper, shell: Shell, tmp_path: Path) -> None:
    interrupting = Canned(b"", 503, before=lambda: os.kill(os.getpid(), signal.SIGINT))
    with answering({"/entries": [large.together(), interrupting]}) as service:
        stopped = _submit(shell, service, large, "--receipts", tmp_path)
    assert (stopped.code, stopped.out) == (ExitCode.INTERRUPTED, "")
    assert {path.read_bytes() for path in tmp_path.iterdir()} == set(large.receipts[:8])
    with answering({"/entries": large.last()}) as service:
        done = _submit(shell, service, large, "--receipts", tmp_path)
        assert [body for _, _, _, body in service.seen] == [large.files[8].read_bytes()]
    assert [one["status"] for one in done.json["statements"]] == ["already"] * 8 + ["registered"]
    assert [Path(one["receipt"]).read_bytes() for one in done.json["statements"]] == large.receipts


def test_nothing_but_the_result_is_printed_when_a_service_is_asked_again(large: OnPaper, shell: Shell) -> None:
    busy = Canned(b"", 503, {"Retry-After": "0"})
    with answering({"/entries": [busy, large.together(), busy, large.last()]}) as service:
        done = _submit(shell, service, large)
    assert (done.code, done.err) == (ExitCode.OK, "")
    assert done.json["counts"] == {"registered": 9, "already": 0, "failed": 0}


def test_a_service_that_stays_away_is_not_asked_for_the_files_that_follow(large: OnPaper, shell: Shell) -> None:
    with answering({"/entries": Canned(b"", 503)}) as service:
        done = _submit(shell, service, large, "--retry-for", "0")
        assert len(service.seen) == 1
    assert done.code == ExitCode.UNAVAILABLE
    assert [one["code"] for one in done.json["statements"]] == ["service-unavailable"] * 9


def test_a_service_that_took_some_is_asked_for_the_files_that_follow(large: OnPaper, shell: Shell) -> None:
    busy = Problem(503, "Service Unavailable", "queue-full", "later").as_item()
    with answering({"/entries": [Canned(b"".join([*large.receipts[:7], busy])), large.last()]}) as service:
        done = _submit(shell, service, large, "--retry-for", "0")
    assert done.code == ExitCode.UNAVAILABLE
    assert [one["code"] for one in done.json["statements"]] == [*[None] * 7, "queue-full", None]


def test_receipts_of_others_in_the_answers_are_failures(large: OnPaper, shell: Shell, tmp_path: Path) -> None:
    swapped = [large.receipts[place] for place in (0, 2, 1, 3, 4, 5, 6, 7)]
    with answering({"/entries": [Canned(b"".join(swapped)), large.last()]}) as service:
        done = _submit(shell, service, large, "--receipts", tmp_path)
    assert done.code == ExitCode.UNVERIFIED
    assert [place for place, one in enumerate(done.json["statements"]) if one["status"] == "failed"] == [1, 2]
    kept = {path.read_bytes() for path in tmp_path.iterdir()}
    assert kept == {receipt for place, receipt in enumerate(large.receipts) if place not in {1, 2}}


def test_the_worst_is_the_highest() -> None:
    assert worst([]) is ExitCode.OK
    assert worst([ExitCode.OK, ExitCode.UNVERIFIED, ExitCode.REFUSED, ExitCode.MALFORMED]) is ExitCode.REFUSED
