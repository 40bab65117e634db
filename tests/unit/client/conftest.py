"""Nobody waits between attempts here, and there is one attempt unless a test asks for more."""

from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture(autouse=True)
def _hasty() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield
