"""The ZIP of a case file: stored, in a fixed order, with fixed times and modes; and reading one that anybody made."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from typing import Final

from counterfoil.errors import MalformedCaseError, TooLargeError

MAX_CASE_BYTES: Final = 256 * 1024 * 1024
"""Some 50,000 entries; what is larger is not a file to be handed to an arbitrator."""

MAX_CASE_FILE_BYTES: Final = 2 * MAX_CASE_BYTES
"""With what a ZIP says of each file, and with a margin for those that others make."""

_NAME: Final = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]*/)*[A-Za-z0-9][A-Za-z0-9._-]*")
"""Whoever unpacks it finds each file where its name says, and none beside the folder or in the place of another."""

_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
"""The first time that a ZIP can hold: the file says nothing of when it was made."""

_MODE: Final = 0o100644 << 16
_UNIX: Final = 3


def write_case(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A ZIP of these files in this order; the same files give the same bytes.

    Raises:
        TooLargeError: They are more than ``MAX_CASE_BYTES``.
    """
    whole, total = io.BytesIO(), 0
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            total += len(content)
            if total > MAX_CASE_BYTES:
                raise TooLargeError(f"the case file would have more than {MAX_CASE_BYTES} bytes")
            archive.writestr(_info(name), content)
    return whole.getvalue()


def read_case_archive(data: bytes) -> Mapping[str, bytes]:
    """The files of a ZIP by name.

    Raises:
        MalformedCaseError: It is no ZIP, is damaged, packs a file, or has two of one name or one that leads elsewhere.
        TooLargeError: It is larger than a case file is.
    """
    if len(data) > MAX_CASE_FILE_BYTES:
        raise TooLargeError(f"{len(data)} bytes of case file where {MAX_CASE_FILE_BYTES} are read")
    files, lowered = dict[str, bytes](), set[str]()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                # What is stored cannot be longer than the file it is in; what is packed can.
                if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
                    raise MalformedCaseError("a file of the case is packed or encrypted; case files store")
                if not _NAME.fullmatch(info.filename):
                    raise MalformedCaseError("a file of the case has no plain name")
                if info.filename.lower() in lowered:
                    raise MalformedCaseError("two files of the case have one name")
                lowered.add(info.filename.lower())
                files[info.filename] = archive.read(info)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise MalformedCaseError("the case file is no ZIP, or is damaged") from error
    return files


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _LONG_AGO)
    info.compress_type = zipfile.ZIP_STORED
    info.create_system = _UNIX
    info.external_attr = _MODE
    return info
