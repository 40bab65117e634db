"""Documents tell the truth of the code: what they name is there."""

import re
from pathlib import Path

import pytest

from counterfoil.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/*.md")])
SOURCES = sorted([*ROOT.glob("service/**/*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("migrations/**/*.py")])
TYPE_IGNORES_ALLOWED = 0
NOQA = "# " + "noqa"


def _test_names() -> set[str]:
    return {name for path in ROOT.glob("tests/**/*.py") for name in re.findall(r"def (test_\w+)", path.read_text())}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_test_that_is_named_is_there(document: Path) -> None:
    quoted = re.findall(r"`([^`\n]+)`", document.read_text())
    names = {name for name in quoted if re.fullmatch(r"test_\w+", name)}
    assert names <= _test_names()
    paths = {name for name in quoted if re.fullmatch(r"tests/[\w/.]+", name)}
    assert {path for path in paths if not (ROOT / path).exists()} == set()


def test_the_threat_model_names_tests_at_all() -> None:
    assert len(re.findall(r"`test_\w+`", (ROOT / "SECURITY.md").read_text())) > 30


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_type_checks_are_switched_off_nowhere() -> None:
    marker = "type: " + "ignore"
    found = [path for path in SOURCES for line in path.read_text().splitlines() if marker in line]
    assert len(found) <= TYPE_IGNORES_ALLOWED


def test_every_lint_exception_names_its_rule_and_its_reason() -> None:
    bare = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in SOURCES
        for line in path.read_text().splitlines()
        if NOQA in line and not re.search(NOQA + r": [A-Z]+\d+(, [A-Z]+\d+)* - \S", line)
    ]
    assert bare == []


def test_the_settings_table_names_every_setting() -> None:
    runbook = (ROOT / "deploy" / "RUNBOOK.md").read_text()
    for name in Settings.__dataclass_fields__:
        suffix = name.upper()
        assert f"COUNTERFOIL_{suffix}`" in runbook or f"`_{suffix}`" in runbook
