"""What this machine does in this run: signatures verified, one fdatasync, processor time of processes."""

import os
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

VERIFIERS: Final = 2
_MESSAGE: Final = 1024
_SYNCS: Final = 200
_PARENT, _USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM = 1, 11, 12, 13, 14
"""Places in /proc/PID/stat after the command's name."""


def verify_rate(seconds: float) -> float:
    """ES256 signatures over a kilobyte that two processes verify in a second, and nothing else."""
    with ProcessPoolExecutor(VERIFIERS) as pool:
        return sum(pool.map(_verify_for, [seconds] * VERIFIERS))


def fdatasync_ms(folder: Path) -> float:
    """The median of writing a page to a file and waiting until it is on the disk, in milliseconds."""
    with NamedTemporaryFile(dir=folder) as file:
        taken = []
        for _ in range(_SYNCS):
            file.write(os.urandom(4096))
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    return 1000 * median(taken)


def cpu_seconds(pids: Iterable[int]) -> float:
    """The processor time of these processes and of all below them, those that have ended too."""
    stats = _stats()
    wanted, found = list(pids), 0.0
    for pid in wanted:
        if pid in stats:
            found += sum(stats[pid][at] for at in (_USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM))
            wanted += [child for child, stat in stats.items() if stat[_PARENT] == pid]
    return found / os.sysconf("SC_CLK_TCK")


def _verify_for(seconds: float) -> float:
    key, message = ec.generate_private_key(ec.SECP256R1()), os.urandom(_MESSAGE)
    algorithm = ec.ECDSA(hashes.SHA256())
    signature, public = key.sign(message, algorithm), key.public_key()
    began, count = time.perf_counter(), 0
    while (now := time.perf_counter()) < began + seconds:
        for _ in range(50):
            public.verify(signature, message, algorithm)
        count += 50
    return count / (now - began)


def _stats() -> dict[int, list[int]]:
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(") ")[2].split()
            except OSError:
                continue  # It has ended.
            found[int(folder.name)] = [0, *map(int, fields[1:15])]
    return found
