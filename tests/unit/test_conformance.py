"""The conformance table is whole, and every test it names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
ROWS = {int(number): held for number, held in re.findall(r"^\| (\d+) \| .+? \| (.+) \|$", TABLE, re.MULTILINE)}
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
OPEN: set[int] = set()


def test_every_item_has_one_row() -> None:
    assert list(ROWS) == list(range(1, 61))


def test_every_test_that_the_table_names_is_there() -> None:
    named = NAMED.findall(TABLE)
    assert len(named) > len(ROWS)
    sources = {path: (ROOT / path).read_text(encoding="utf-8") for path, _ in named}
    absent = [
        f"{path}::{name}"
        for path, name in named
        if not re.search(rf"^ *(?:async )?def {name}\(", sources[path], re.MULTILINE)
    ]
    assert absent == []
    assert TABLE.count("::test_") == len(named), "a name is not spelled as file::function"


def test_what_has_no_test_has_a_reason() -> None:
    assert {number for number, held in ROWS.items() if held.startswith("open: ")} == OPEN
    for held in ROWS.values():
        assert NAMED.match(held) or re.match(r"(open|by design): \w.{20}", held), held
