"""Parts of a log: each range by itself shows what it can, and says what it leaves out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from counterfoil.audit.report import Verdict
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.page import parse_page
from counterfoil.statement.signed_statement import parse_signed_statement
from tests.audit.planting import Planted, kinds, planting
from tests.builders import World, sign_statement
from tests.log.material import build_log


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path]:
    path = tmp_path_factory.mktemp("ranges") / "log.db"
    return build_log(path), path


@pytest.fixture
def planted(built: tuple[World, Path], tmp_path: Path) -> Iterator[Planted]:
    with planting(*built, tmp_path) as made:
        yield made


def page_entries(planted: Planted) -> list[int]:
    subject = planted.world.identity.page_subject
    return [
        kept.number
        for kept in planted.store.kept(0, planted.size)
        if kept.content is not None and parse_signed_statement(kept.content.statement).claims.subject == subject
    ]


@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, 1), (0, 2), (1, 2), (1, 284), (2, 3), (100, 200), (255, 257), (256, 257), (123, 284), (283, 284)],
)
def test_each_range_of_an_honest_log_is_clean(planted: Planted, start: int, stop: int) -> None:
    report = planted.audit(start, stop)
    assert (report.verdict, report.faults) == (Verdict.CLEAN, ())
    assert (report.repeated, report.start, report.stop) == (stop - start, start, stop)
    assert any("before it: audit from entry 0" in one for one in report.not_established) == (start > 0)
    assert any("entries after entry" in one for one in report.not_established) == (stop < planted.size)


def test_a_page_that_begins_before_the_range_is_compared_as_a_whole(planted: Planted) -> None:
    first, second = page_entries(planted)
    data = planted.store.content(second)
    assert data is not None
    page = parse_page(parse_signed_statement(data.statement).message.payload or b"")
    assert page.first < second - 10
    start = second - 5
    assert planted.audit(start).pages == 1
    record = parse_decision_record(planted.store.entries(page.first, 1)[0].decision)
    planted.write(
        "UPDATE entries SET decision = ? WHERE number = ?",
        type(record)(record.number, record.policy_entry, bytes(32), record.head_time).encode(),
        page.first,
    )
    assert kinds(planted.audit(start)) == [("page-differs", second)]
    assert kinds(planted.audit(second + 1)) == []
    assert kinds(planted.audit(0, first)) == []


def test_a_page_of_what_is_before_the_range_is_passed_over(planted: Planted) -> None:
    second = page_entries(planted)[-1]
    report = planted.audit(second)
    assert (report.pages, report.uncovered, report.verdict) == (0, planted.size - second, Verdict.CLEAN)


def test_what_is_planted_outside_the_range_is_not_found(planted: Planted) -> None:
    number = planted.append(planted.decided(sign_statement(generate_private_key("ES256"))))
    assert planted.audit(0, number).verdict is Verdict.CLEAN
    assert kinds(planted.audit(number)) == [("not-admitted", number)]


def test_subtrees_that_are_not_those_of_the_tree_lead_nowhere(planted: Planted) -> None:
    """The store names other subtrees before the range than its tree has."""
    planted.write("UPDATE tiles SET root = ? WHERE level = 0 AND position = 0", bytes(32))
    assert kinds(planted.audit(257)) == [("tree-differs", None)]
    assert kinds(planted.audit(0)) == []


def test_several_processes_find_what_one_finds(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterfoil.cli.audit_work.STRETCH", 30)
    planted.append(planted.decided(sign_statement(planted.world.agent, content_type="image/png")))
    planted.write("UPDATE entries SET decision = x'a0' WHERE number = 50")
    alone, together = planted.audit(), planted.audit(jobs=2)
    assert alone == together
    assert alone.fault_count == 3
