"""What is kept is on the disk before it has its name, and the name is on the disk before it is relied on."""

import os
from pathlib import Path

import pytest

from counterfoil.client import ReceiptStore

ENTRY_ID = bytes(32)


def test_the_file_is_synced_before_it_gets_its_name_and_the_directory_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, synced = ReceiptStore(tmp_path), list[tuple[str, bool]]()
    store.put(ENTRY_ID, b"old")
    sync = os.fsync

    def noting(descriptor: int) -> None:
        kind = "directory" if os.path.samestat(os.fstat(descriptor), tmp_path.stat()) else "file"
        synced.append((kind, store.get(ENTRY_ID) == b"new"))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    store.put(ENTRY_ID, b"new")
    assert synced == [("file", False), ("directory", True)]


def test_a_crash_before_the_name_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ReceiptStore(tmp_path)
    store.put(ENTRY_ID, b"old")

    def interrupted(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.put(ENTRY_ID, b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(f"{ENTRY_ID.hex()}.receipt", b"old")]
