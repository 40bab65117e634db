"""A process that appends to a log until it is killed, again and again. Run by ``test_kill``.

``python append_until_killed.py URL``: for each line on standard input, a child process is forked that appends batches
and says on standard output how large the log is after each commit that was reported to it. The line is the number of
milliseconds after which the child is killed; an empty line says that this happened.
"""

import os
import signal
import sys
import time
from pathlib import Path

from counterfoil.storage.opening import open_store
from tests.contract.rows import append, numbered


def append_for_ever(url: str) -> None:
    store = open_store(url, Path())
    turn = 0
    while True:
        turn += 1
        batch = append(store, numbered(1 + turn * 37 % 90, f"{os.getpid()}/{turn}"))
        # One write, so that a line is never half there.
        os.write(sys.stdout.fileno(), b"%d\n" % batch.head.tree.size)


def kill_one(url: str, milliseconds: int) -> None:
    child = os.fork()
    if child == 0:
        append_for_ever(url)
    time.sleep(milliseconds / 1000)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.write(sys.stdout.fileno(), b"\n")


if __name__ == "__main__":
    for line in sys.stdin:
        kill_one(sys.argv[1], int(line))
