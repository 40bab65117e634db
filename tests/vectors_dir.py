"""Where the shared vectors lie, beside the project; they are read there and never copied in."""

from pathlib import Path

import pytest

SHARED_VECTORS: Path = Path(__file__).resolve().parents[2] / "shared" / "vectors"
VECTORS: Path = Path(__file__).resolve().parent / "vectors"


def require_shared(*parts: str) -> Path:
    """Return a file or folder of the shared vectors; skip the test, saying why, where it is absent."""
    path = SHARED_VECTORS.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the shared vectors are absent: no ../shared/vectors/{'/'.join(parts)}")
    return path
