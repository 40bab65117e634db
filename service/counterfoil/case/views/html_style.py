"""How a timeline looks on a screen and on paper."""

from typing import Final

STYLE: Final = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; background: #fff;
  margin: 2rem auto; padding: 0 1.5rem; max-width: 100rem; }
h1 { font-size: 1.7rem; }
h2 { font-size: 1.25rem; margin-top: 2.2rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
caption { text-align: left; font-weight: bold; padding: .3rem 0; }
th, td { border: 1px solid #8a8a8a; padding: .35rem .5rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
thead th { background: #ececec; }
tbody th { background: #f7f7f7; }
table.facts tbody th { width: 17rem; }
table.entries tbody th { white-space: nowrap; }
table.entries { font-size: .9em; }
dl, dd { margin: 0; }
dl > div { margin-bottom: .25rem; }
dt { font-size: .82em; color: #4a4a4a; }
tr:target th, tr:target td { background: #fff4c2; }
@media print {
  @page { size: A4 landscape; margin: 12mm; }
  body { font-size: 8.5pt; margin: 0; padding: 0; max-width: none; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  h2 { break-after: avoid; }
  a { color: inherit; text-decoration: none; }
}
"""
"""Nothing here loads anything: no font, no image, no other sheet."""
