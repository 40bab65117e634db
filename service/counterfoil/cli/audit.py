"""``counterfoil audit``: every registration decision, repeated from the log alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from counterfoil.audit.audit import Audit
from counterfoil.audit.report import AuditReport, Verdict
from counterfoil.cli.audit_log import AuditedLog, service_to_audit, store_to_audit
from counterfoil.cli.audit_reply import audit_reply
from counterfoil.cli.audit_source import load_for
from counterfoil.cli.audit_work import Workers, work_on
from counterfoil.cli.data_directory import find_data
from counterfoil.cli.exit_codes import ExitCode
from counterfoil.cli.options import AsJson, Data, Database, Keys, MaybeUrl, Origin
from counterfoil.cli.progress import progress
from counterfoil.errors import MalformedParameterError

_EXITS: Final = {
    Verdict.CLEAN: ExitCode.OK,
    Verdict.INCOMPLETE: ExitCode.INCOMPLETE,
    Verdict.FAULTY: ExitCode.CORRUPT,
}


def audit(
    start: Annotated[int, typer.Option("--from", metavar="N", min=0, help="The first entry.")] = 0,
    stop: Annotated[
        int | None,
        typer.Option("--to", metavar="N", min=1, help="Up to this entry, without it.  [default: the end of the log]"),
    ] = None,
    data: Data = None,
    database: Database = None,
    url: MaybeUrl = None,
    keys: Keys = None,
    origin: Origin = None,
    credential: Annotated[
        Path | None,
        typer.Option(
            "--credential", metavar="FILE", help="The operator's credential, for entries that are not public."
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", metavar="N", min=1, help="Processes that work at a time.  [default: one a processor]"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Repeat every registration decision offline.

    Each entry of the range is decided again by the policy and at the time of its record, and evidence of hardware is
    appraised again; each record is compared with the page that commits to it, what may follow in a chain is asked
    again, and all entries are led to the tree that the log signed. One line for each fault; exit code 7 when there is
    one, 11 when some entry could not be read.

    Example:
      counterfoil audit --url http://127.0.0.1:8440 --keys genesis.cose
    """
    load_for(url, None if url is not None else find_data(data, database).settings.database)
    with Workers(jobs or os.cpu_count() or 1) as workers, _opened(data, database, url, keys, origin, credential) as log:
        size = log.tree.size
        stop = size if stop is None else stop
        if not start < stop <= size:
            raise MalformedParameterError(f"of {size} entries there is no range from {start} up to {stop}")
        report = audit_range(log, start, stop, workers, shown=not as_json)
    audit_reply(report, log.genesis).show(as_json=as_json)
    if report.verdict is not Verdict.CLEAN:
        raise typer.Exit(_EXITS[report.verdict])


def audit_range(log: AuditedLog, start: int, stop: int, workers: Workers, *, shown: bool = False) -> AuditReport:
    """Audit the entries from ``start`` up to ``stop``, with a bar where it is ``shown``.

    Raises:
        CounterfoilError: The log cannot be read.
    """
    work = work_on(log.source, log.genesis, log.rules, log.enrolments)
    whole = Audit(log.tree, work.timeline(log.entries), start, lambda first, last: list(log.entries(first, last)))
    with progress("auditing", stop - start, shown=shown) as advance:
        for stretch in workers.repeat(work, start, stop):
            whole.take(stretch)
            advance(stretch.stop - stretch.start)
    return whole.finish(log.open_points)


@contextmanager
def _opened(
    data: Path | None,
    database: str | None,
    url: str | None,
    keys: Path | None,
    origin: str | None,
    credential: Path | None,
) -> Iterator[AuditedLog]:
    if url is None:
        with store_to_audit(data, database) as log:
            yield log
    else:
        with service_to_audit(url, keys, origin, credential) as log:
            yield log
