"""Parts that the base install does without, and the one line that says how to get them."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import ClassVar, Final

from counterfoil.errors import MisconfiguredError

_PACKAGES: Final = {
    "client": ("httpx", "stamina"),
    "server": ("alembic", "fastapi", "fpdf", "httpx", "prometheus_client", "sqlalchemy", "structlog", "uvicorn"),
}


class ExtraMissingError(MisconfiguredError):
    """The command needs packages that this installation lacks."""

    code: ClassVar[str] = "extra-missing"


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Import something that only ``counterfoil[extra]`` installs.

    Raises:
        ExtraMissingError: A package of that extra is not there.
    """
    try:
        yield
    except ImportError as error:
        if all(_is_there(package) for package in _PACKAGES[extra]):
            raise  # Everything is installed, so this is a defect and no installation to repair.
        raise ExtraMissingError(f"this command needs more: pip install 'counterfoil[{extra}]'") from error


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False
