"""What a PostgreSQL database is called."""

from typing import Final

SCHEMES: Final = ("postgresql://", "postgres://")


def is_postgres(url: str) -> bool:
    """Whether a database's URL is one of PostgreSQL."""
    return url.startswith(SCHEMES)
