"""A port for a program that is told which one to take."""

import itertools
import os
import socket

_FIRST, _NUMBER = 20_000, 12_000
"""Ports that the system hands out to nobody by itself, so that none is taken between here and there."""

_STEP = 16
_next = itertools.count(os.getpid() * _STEP)


def free_port() -> int:
    """A port that nothing listens on; processes that were started one after another choose among others."""
    while True:
        port = _FIRST + next(_next) % _NUMBER
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
