"""The shell commands of a document, run as they stand there.

The shell is a real one. Its ``counterfoil`` hands its arguments to this process, which runs the same command without
starting an interpreter for each; a server is a process of the installed program.
"""

import json
import os
import re
import socket
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from counterfoil.cli.app import run
from tests.cli.commands import PROGRAM, Outcome

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BEGIN = "set -euo pipefail\ntrap 'kill $(jobs -p)' EXIT\n"
_COMMAND = """#!{python} -IS
import json, os, socket, sys
if sys.argv[1] == "serve":
    os.execv("{program}", ["counterfoil", *sys.argv[1:]])
with socket.create_connection(("127.0.0.1", {port})) as connection:
    connection.sendall(json.dumps([os.getcwd(), sys.argv[1:]]).encode())
    connection.shutdown(socket.SHUT_WR)
    code, out, err = json.loads(b"".join(iter(lambda: connection.recv(65536), b"")))
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""


def walk(document: str, folder: Path, replaced: dict[str, str], seconds: float = 120) -> Outcome:
    """How the shell blocks of a document end, run one after another in a folder, and what they print."""
    script = _BEGIN + "".join(_BLOCK.findall(document))
    for old, new in replaced.items():
        script = script.replace(old, new)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        command = folder / "bin" / "counterfoil"
        command.parent.mkdir()
        port = server.getsockname()[1]
        command.write_text(_COMMAND.format(python=sys.executable, program=PROGRAM, port=port))
        command.chmod(0o755)
        # What the document runs with python3 is to be this one: the path below is of its library.
        python = command.with_name("python3")
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)
        found = f"PYTHONPATH={os.pathsep.join(sys.path)}"
        script = f"PATH={command.parent}:$PATH\n{script}"
        with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
            shell = subprocess.Popen(["env", found, "bash", "-c", script], cwd=folder, stdout=out, stderr=err)
            try:
                while shell.poll() is None:
                    _answer(server)
            finally:
                shell.terminate()
                shell.wait(seconds)
    return Outcome(shell.returncode, (folder / "out").read_text(), (folder / "err").read_text())


def _answer(server: socket.socket) -> None:
    try:
        connection, _ = server.accept()
    except TimeoutError:
        return
    with connection:
        connection.settimeout(60)
        folder, arguments = json.loads(b"".join(iter(lambda: connection.recv(65536), b"")))
        out, err = StringIO(), StringIO()
        with chdir(folder), redirect_stdout(out), redirect_stderr(err):
            code = run(arguments)
        connection.sendall(json.dumps([int(code), out.getvalue(), err.getvalue()]).encode())
