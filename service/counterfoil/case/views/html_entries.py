"""The chronological table of a timeline in HTML."""

from collections.abc import Collection, Iterable
from typing import Final

from counterfoil.case.facts import CaseFacts
from counterfoil.case.views.exhibit import Exhibit, exhibit, exhibit_label
from counterfoil.case.views.html_parts import heading_row, logged, pairs, shown

_COLUMNS: Final = ("No.", "Event", "Who", "When", "What was said", "Findings", "Other entries")
_CAPTION: Final = "All entries of the engagement, in the order in which they were registered"


def entries_table(facts: CaseFacts) -> str:
    """Every entry in the order of the facts, each with an anchor that is made of its number."""
    there = frozenset(entry.number for entry in facts.timeline)
    rows = "".join(_row(exhibit(entry), there) for entry in facts.timeline)
    head = f"<caption>{shown(_CAPTION)}</caption>{heading_row(_COLUMNS)}"
    return f'<table class="entries">{head}<tbody>{rows}</tbody></table>'


def _row(one: Exhibit, there: Collection[int]) -> str:
    others = [*_links("refers to", one.references, there), *_links("referred to by", one.annotations, there)]
    return (
        f'<tr id="{exhibit_label(one.number)}"><th scope="row">{shown(one.label)}</th>'
        f"<td><strong>{logged(one.event)}</strong>{pairs(one.identity)}</td>"
        f"<td>{pairs(one.who)}</td><td>{pairs(one.clocks)}</td><td>{pairs(one.said)}</td>"
        f"<td>{pairs(one.findings)}</td><td>{'<br>'.join(others) or 'none'}</td></tr>\n"
    )


def _links(words: str, links: Iterable[tuple[str, int]], there: Collection[int]) -> Iterable[str]:
    return (f"{words} {_anchor(number, there)} ({logged(relation)})" for relation, number in links)


def _anchor(number: int, there: Collection[int]) -> str:
    label = exhibit_label(number)
    return f'<a href="#{label}">{label}</a>' if number in there else label
