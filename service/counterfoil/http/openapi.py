"""The OpenAPI document, from the code: ``python -m counterfoil.http.openapi PATH``."""

import sys
from pathlib import Path

import yaml

from counterfoil.http.app import bare_app
from counterfoil.http.described import CREDENTIAL, PROBLEMS


class _Spelled(yaml.SafeDumper):
    """Writes everything out: an anchor for a repeated object tells a reader nothing."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the base class asks for each object
        return True


def openapi_yaml() -> str:
    """The description of every route, the same text each time."""
    document = bare_app().openapi()
    components = document["components"]
    components["responses"] = {"Problem": PROBLEMS["default"]}
    components["securitySchemes"] = {CREDENTIAL: {"type": "http", "scheme": "bearer"}}
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
    return yaml.dump(document, Dumper=_Spelled, sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(openapi_yaml(), encoding="utf-8")
