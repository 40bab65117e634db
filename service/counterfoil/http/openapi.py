"""The OpenAPI document, from the code: ``python -m counterfoil.http.openapi PATH``."""

import sys
from pathlib import Path
from typing import Any

import yaml

from counterfoil.http.app import bare_app
from counterfoil.http.described import CREDENTIAL, problem_components, problem_name


class _Spelled(yaml.SafeDumper):
    """Writes everything out: an anchor for a repeated object tells a reader nothing."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the base class asks for each object
        return True


def openapi_yaml() -> str:
    """The description of every route, the same text each time."""
    document = bare_app().openapi()
    components = document["components"]
    components["responses"] = problem_components()
    components["securitySchemes"] = {CREDENTIAL: {"type": "http", "scheme": "bearer"}}
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"] = _with_problems(operation["responses"])
    return yaml.dump(document, Dumper=_Spelled, sort_keys=False, allow_unicode=True, width=120)


def _with_problems(responses: dict[str, Any]) -> dict[str, Any]:
    """The answers in order of status, each failure by its name."""
    numbered = sorted(status for status in responses if status != "default")
    return {
        status: {"$ref": f"#/components/responses/{problem_name(int(status))}"} if status >= "4" else responses[status]
        for status in numbered
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(openapi_yaml(), encoding="utf-8")
