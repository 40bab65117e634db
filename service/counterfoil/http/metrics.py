"""GET /metrics: what this service counts, and how far its log is, in Prometheus' text form."""

import asyncio
from collections.abc import Iterator
from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from counterfoil import errors
from counterfoil.errors import CorruptError, CounterfoilError
from counterfoil.http import problems
from counterfoil.http.attestation_gauges import attestation_gauges
from counterfoil.http.described import GUARDED, PROBLEMS
from counterfoil.http.described import problems as described_problems
from counterfoil.http.problems import Problem, method_not_allowed
from counterfoil.http.responses import answer
from counterfoil.http.visibility import require_reader
from counterfoil.http.wiring import Service, Wired
from counterfoil.log.records import Head
from counterfoil.policy.document import Visibility
from counterfoil.policy.rules import Rules

router = APIRouter(tags=["health"], responses=PROBLEMS)

PUBLISH_SECONDS: Final = 1.0
"""How old what another process holds may be in an answer of this one; scrapes are seconds apart."""


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus' text exposition format, version 0.0.4.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **described_problems(401),
    },
    openapi_extra=GUARDED,
)
def get_metrics(request: Request, service: Wired) -> Response:
    """Rates, problems by code, batches, times and the head, for the operator; several processes answer as one."""
    require_reader(request, Visibility.OPERATOR, service.settings)
    show_holdings(service)
    content = service.metrics.exposition(service.shared_metrics, HeadGauges(service))
    return answer(content, CONTENT_TYPE_PLAIN_0_0_4, "no-store")


def problem_codes() -> frozenset[str]:
    """Every code that a problem of this release can have."""
    kinds = (value for value in vars(errors).values() if isinstance(value, type))
    constants = (value for value in vars(problems).values() if isinstance(value, Problem))
    return frozenset(
        {
            *(kind.code for kind in kinds if issubclass(kind, CounterfoilError)),
            *(problem.code for problem in constants),
            method_not_allowed("").code,
        },
    )


def show_holdings(service: Service) -> None:
    """Set the gauges of what this process holds at this moment."""
    service.metrics.show(service.log.queue_length, service.bodies.held)


async def publish_holdings(service: Service) -> None:
    """Show the other processes what this one holds, until cancelled; nothing to do where there are none."""
    while service.shared_metrics is not None:
        show_holdings(service)
        await asyncio.sleep(PUBLISH_SECONDS)


class HeadGauges(Collector):
    """The latest committed head and the rules at it, read when they are asked for, so that processes show the same."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """The gauges; only the first of them when the head cannot be read, so that the counters are still seen."""
        head = self._head()
        yield _gauge("counterfoil_log_readable", "Whether the head of the log could be read.", int(head is not None))
        if head is not None:
            yield from _gauges(head, self._service.clock())
            text = "Whether the receipt key of this process is in force, so that it takes statements."
            yield _gauge("counterfoil_receipt_key_in_force", text, int(self._signs()))
            rules = self._rules()
            if rules is not None:
                yield from attestation_gauges(rules, self._service.clock())

    def _head(self) -> Head | None:
        try:
            return self._service.log.head()
        except CounterfoilError as error:
            if isinstance(error, CorruptError):
                self._service.failure.report(error)
            return None

    def _rules(self) -> Rules | None:
        try:
            return self._service.log.current_rules()
        except CounterfoilError:
            return None

    def _signs(self) -> bool:
        try:
            self._service.log.require_signing()
        except CounterfoilError:
            return False
        return True


def _gauges(head: Head, now: int) -> Iterator[Metric]:
    yield _gauge("counterfoil_tree_size", "Entries of the log.", head.tree.size)
    yield _gauge("counterfoil_head_age_seconds", "Since the latest head was committed.", now - head.tree.time)
    unpaged = head.tree.size - head.next_page
    yield _gauge("counterfoil_unpaged_decisions", "Decisions that no page commits to yet.", unpaged)


def _gauge(name: str, text: str, value: int) -> Metric:
    return GaugeMetricFamily(name, text, value)
