"""Pieces of HTML: the only place where text becomes markup, and where it is kept from becoming any."""

from collections.abc import Iterable
from html import escape

from counterfoil.case.views.exhibit import Row
from counterfoil.encoding.printable import printable


def shown(text: str) -> str:
    """Any text as HTML that shows it: no markup in it has effect, and what does not print is spelled out."""
    return escape(printable(text), quote=True)


def logged(text: str) -> str:
    """Text that somebody logged: as ``shown``, and its writing direction turns nothing around it."""
    return f"<bdi>{shown(text)}</bdi>"


def pairs(rows: Iterable[Row]) -> str:
    """Names and values as a description list, or the word none."""
    items = "".join(f"<div><dt>{logged(name)}</dt><dd>{logged(value)}</dd></div>" for name, value in rows)
    return f"<dl>{items}</dl>" if items else "none"


def heading_row(columns: Iterable[str]) -> str:
    """The head of a table."""
    return "<thead><tr>" + "".join(f'<th scope="col">{shown(name)}</th>' for name in columns) + "</tr></thead>"


def table(caption: str, columns: Iterable[str], rows: Iterable[Iterable[str]], *, kind: str) -> str:
    """A table of logged texts, the first cell of each row its heading; ``kind`` is its class, and no logged text."""
    body = "".join(_row(cells) for cells in rows)
    return (
        f'<table class="{kind}"><caption>{shown(caption)}</caption>{heading_row(columns)}<tbody>{body}</tbody></table>'
    )


def bullets(sentences: Iterable[str]) -> str:
    """Sentences as a list."""
    return "<ul>" + "".join(f"<li>{shown(sentence)}</li>" for sentence in sentences) + "</ul>"


def _row(cells: Iterable[str]) -> str:
    first, *others = cells
    return (
        f'<tr><th scope="row">{logged(first)}</th>' + "".join(f"<td>{logged(cell)}</td>" for cell in others) + "</tr>"
    )
