"""Processor time and what the machine can do."""

import os
from pathlib import Path

from bench.machine import cpu_seconds, fdatasync_ms, verify_rate


def test_processor_time_is_counted() -> None:
    before = cpu_seconds([os.getpid()])
    sum(range(3_000_000))
    assert cpu_seconds([os.getpid()]) > before


def test_a_process_that_is_not_there_used_none() -> None:
    assert cpu_seconds([2**22 + 1]) == 0


def test_the_machine_is_measured(tmp_path: Path) -> None:
    assert verify_rate(0.05) > 0
    assert fdatasync_ms(tmp_path) > 0
    assert list(tmp_path.iterdir()) == []
