"""The description of the service that is committed, read once and where it is wanted: that takes a while."""

from functools import cache
from pathlib import Path
from typing import Any

import schemathesis
import yaml
from schemathesis.specs.openapi.schemas import OpenApiSchema

from tests.http import generated_bodies  # noqa: F401 - from here on schemathesis knows the media types of statements

COMMITTED = Path(__file__).resolve().parents[2] / "openapi" / "openapi.yaml"


@cache
def document() -> dict[str, Any]:
    """Everybody's: who changes it changes a copy."""
    read: dict[str, Any] = yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))
    return read


@cache
def schema() -> OpenApiSchema:
    return schemathesis.openapi.from_dict(document())
