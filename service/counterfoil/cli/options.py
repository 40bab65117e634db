"""Options that several commands have, each spelled once."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON; errors too, on standard error.")]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="The log's data directory.  [default: COUNTERFOIL_DATA]", metavar="DIR"),
]
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="Where the log is stored if not in the data directory: postgresql://USER@HOST/NAME. A password belongs "
        "into PGPASSFILE or COUNTERFOIL_DATABASE_FILE, not here.  [default: COUNTERFOIL_DATABASE]",
    ),
]
Url = Annotated[str, typer.Option("--url", help="The service, for example http://127.0.0.1:8440.", metavar="URL")]
MaybeUrl = Annotated[str | None, typer.Option("--url", metavar="URL", help="Ask a service instead.")]
Keys = Annotated[
    Path | None,
    typer.Option(
        "--keys",
        metavar="FILE",
        help="Trusted log keys: the log's genesis Transparent Statement or its key history, a COSE Key Set, a COSE_Key "
        "or PEM.",
    ),
]
Origin = Annotated[
    str | None,
    typer.Option("--origin", metavar="HOST/PATH", help="The log's name; receipts of any other log are refused."),
]
OperatorKey = Annotated[
    Path | None,
    typer.Option(
        "--key", metavar="FILE", help="The operator's private key.  [default: COUNTERFOIL_OPERATOR_KEY, beside a store]"
    ),
]
