"""A spool keeps what it returned for, in order, for one writer at a time."""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from counterfoil.client.spool import Spool, SpoolBusyError, SpoolUnwritableError


def made(text: bytes) -> Callable[[int, bytes | None], tuple[bytes, bytes]]:
    return lambda sequence, previous: (text, b"%d after %s" % (sequence, previous or b"nothing"))


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_numbers_go_on_after_a_restart_and_each_writer_has_its_own(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    assert [spool.add("c", "i", made(b"a"))[0], spool.add("c", "i", made(b"b"))[0]] == [0, 1]
    spool.close()
    spool = Spool(tmp_path / "s")
    assert spool.add("c", "i", made(b"c"))[0] == 2
    assert spool.add("c", "other", made(b"d"))[0] == 0
    assert spool.add("other", "i", made(b"e"))[0] == 0
    spool.close()


def test_each_statement_names_the_writers_one_before(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    for text in (b"a", b"b"):
        spool.add("c", "i", made(text))
    (head,) = spool.heads()
    assert head.statement == b"0 after nothing"
    spool.receipted(head.place, b"receipt")
    (head,) = spool.heads()
    assert head.statement == b"1 after a"
    assert (spool.receipt(b"a"), spool.receipt(b"b"), spool.receipt(b"z")) == (b"receipt", None, None)
    assert spool.waiting() == 1
    spool.close()


def test_a_receipt_that_came_is_never_replaced(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    spool.add("c", "i", made(b"a"))
    (head,) = spool.heads()
    spool.receipted(head.place, b"first")
    spool.receipted(head.place, b"second")
    assert spool.receipt(b"a") == b"first"
    spool.close()


def test_a_second_writer_is_told_so_in_this_process_and_in_another(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    with pytest.raises(SpoolBusyError):
        Spool(tmp_path / "s")
    program = (
        "import sys; from pathlib import Path; from counterfoil.client.spool import Spool; Spool(Path(sys.argv[1]))"
    )
    other = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "s")], check=False, capture_output=True, text=True
    )
    assert "SpoolBusyError" in other.stderr
    assert spool.add("c", "i", made(b"a"))[0] == 0
    spool.close()


def test_a_file_that_is_no_spool_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"something else, and long enough to be looked at" * 100)
    with pytest.raises(SpoolUnwritableError):
        Spool(tmp_path / "s")
    with pytest.raises(SpoolUnwritableError):
        Spool(tmp_path / "absent" / "s")


def test_a_full_disk_keeps_nothing_of_what_failed_and_takes_no_number(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    spool.add("c", "i", made(b"a"))
    with no_file_longer_than(1), pytest.raises(SpoolUnwritableError):
        spool.add("c", "i", made(b"b"))
    assert spool.waiting() == 1
    assert spool.add("c", "i", made(b"c"))[0] == 1
    spool.close()
    spool = Spool(tmp_path / "s")
    assert spool.waiting() == 2
    spool.close()


def test_what_cannot_be_signed_takes_no_number(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")

    def failing(_sequence: int, _previous: bytes | None) -> tuple[bytes, bytes]:
        raise KeyError

    with pytest.raises(KeyError):
        spool.add("c", "i", failing)
    assert spool.add("c", "i", made(b"a"))[0] == 0
    spool.close()


def test_a_spool_is_its_owners_alone(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    spool.add("c", "i", made(b"a"))
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    spool.close()
