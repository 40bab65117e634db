"""The whole bench once, small, on the embedded store."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_a_small_run_measures_and_its_log_is_clean(tmp_path: Path) -> None:
    if shutil.which("wrk") is None:
        pytest.skip("wrk is not installed; apt-get install wrk")
    out = tmp_path / "bench.json"
    words = ["--smoke", "--stores", "sqlite", "--seconds", "1", "--rounds", "1", "--audits", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.run", *words, "--out", str(out), "--fsck"],
        cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": clean: ") == 2
    assert done.stdout.count("audit of ") == 1
    found = json.loads(out.read_text())
    assert {(one["mode"], one["max_batch"]) for one in found} == {("single", 256), ("single", 1), ("bulk-100", 256)}
    for one in found:
        assert one["trouble"] == ""
        assert one["rate"] > 0
        assert one["verify_ratio"] > 0
        assert one["cpu_ms"] > 0
