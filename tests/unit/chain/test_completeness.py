"""What the numbers of writers leave out, against a plain reading of them."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from counterfoil.chain.completeness import CAVEAT, MAX_LISTED, report_writers
from counterfoil.chain.names import name_key

NAMES = {name_key(name): name for name in ("a", "b", "c")}
ROWS = st.lists(st.tuples(st.sampled_from([*NAMES, name_key("unknown")]), st.integers(0, 12)), max_size=40)


@given(ROWS, st.dictionaries(st.sampled_from(["a", "b", "c", "nobody"]), st.integers(0, 12)))
def test_the_report_is_what_counting_says(rows: list[tuple[bytes, int]], claimed: dict[str, int]) -> None:
    found = {report.writer: report for report in report_writers(sorted(rows), NAMES, claimed)}
    for writer in {writer for writer, _ in rows}:
        report, numbers = found[writer], Counter(number for each, number in rows if each == writer)
        absent = [number for number in range(max(numbers)) if number not in numbers]
        assert report.issuer == NAMES.get(writer)
        assert (report.events, report.first, report.last) == (numbers.total(), min(numbers), max(numbers))
        assert [number for first, last in report.gaps for number in range(first, last + 1)] == absent
        assert report.missing == len(absent)
        assert list(report.repeated) == sorted(number for number, count in numbers.items() if count > 1)
        assert report.repeats == numbers.total() - len(numbers)
        assert report.claimed == claimed.get(report.issuer or "")
        assert report.claim_holds == (None if report.claimed is None else len(numbers) == report.claimed)
    silent = [report for report in report_writers(sorted(rows), NAMES, claimed) if not report.events]
    said = {NAMES[writer] for writer, _ in rows if writer in NAMES}
    assert {report.issuer for report in silent} == claimed.keys() - said
    assert all(report.claim_holds == (report.claimed == 0) for report in silent)


def test_a_list_of_gaps_has_an_end_and_their_number_is_exact() -> None:
    rows = [(name_key("a"), 2 * number + 1) for number in range(1000)]
    (report,) = report_writers(rows, NAMES, {})
    assert len(report.gaps) == MAX_LISTED
    assert report.missing == 1000
    assert report.gaps[0] == (0, 0)


def test_the_caveat_does_not_promise() -> None:
    assert "complete" not in CAVEAT
    assert "never submitted" in CAVEAT
